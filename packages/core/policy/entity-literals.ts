/** Entities that a policy writes out. In: Cedar's JSON form, or any part of it. Out: each `{type, id}` in it. */

/** Every entity that is written out below `node`, with its type. */
export function* entityLiterals(node: unknown): Generator<{ readonly type: string; readonly id: string }> {
  if (typeof node !== "object" || node === null) return;
  const { type, id } = node as { type?: unknown; id?: unknown };
  if (typeof type === "string" && typeof id === "string") yield { type, id };
  for (const child of Object.values(node)) yield* entityLiterals(child);
}
