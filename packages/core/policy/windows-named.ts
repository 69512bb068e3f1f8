/**
 * Which windows a policy names. In: its JSON form. Out: every literal that it looks for in `context.windows`. A name that
 * is no window's would never be open: a permit would never apply, and a forbid that says "while it is open" would be a
 * hole. So the registry refuses policies that name one.
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";

export function windowsNamed({ conditions }: PolicyJson): readonly string[] {
  return [...new Set(namesIn(conditions))];
}

function* namesIn(node: unknown): Generator<string> {
  if (typeof node !== "object" || node === null) return;
  for (const operator of ["contains", "containsAll", "containsAny", "==", "!="]) {
    const { left, right } = ((node as Record<string, unknown>)[operator] ?? {}) as { left?: unknown; right?: unknown };
    if (isWindows(left)) yield* literals(right);
    else if (isWindows(right)) yield* literals(left);
  }
  for (const child of Object.values(node)) yield* namesIn(child);
}

function isWindows(node: unknown): boolean {
  const { left, attr } = ((node as Record<string, unknown> | undefined)?.["."] ?? {}) as {
    left?: unknown;
    attr?: unknown;
  };
  return attr === "windows" && (left as { Var?: unknown } | undefined)?.Var === "context";
}

function* literals(node: unknown): Generator<string> {
  if (typeof node !== "object" || node === null) return;
  const { Value: value, Set: set } = node as { Value?: unknown; Set?: unknown };
  if (typeof value === "string") yield value;
  if (Array.isArray(set)) for (const item of set) yield* literals(item);
}
