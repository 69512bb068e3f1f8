/** What the commands that look at policies before deployment share: names of components in words, and finding them. */
import { loadOfflineSnapshot, type OfflineSnapshot } from "@cordon/control/registry/offline-snapshot";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Io } from "../../io.ts";
import type { User } from "@cordon/core/policy/people";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";

/** Options of every command that reads a configuration without a running Cordon. */
export const offlineOptions = { state: { type: "string" } } as const;
export const offlineUsage = `  --state DIR               also what this state folder knows: revocations, isolations, grants, people, admissions`;

/** Reads a configuration, with the state where one is named; says so on stderr where none is. */
export async function loadOffline(
  io: Io,
  config: string,
  { state }: { readonly state?: string | undefined },
): Promise<OfflineSnapshot> {
  const loaded = await loadOfflineSnapshot(config, { state, env: process.env });
  if (state === undefined)
    io.stderr(
      "revocations, isolations, grants and people were not looked at, and models were taken for admitted; --state DIR reads them\n",
    );
  return loaded;
}

/** `namespace/kind/name`, as policies write it. */
export function shortName(snapshot: Snapshot, id: SpiffeId): string {
  const component = snapshot.components.get(id);
  return component === undefined ? id : `${component.namespace}/${component.kind}/${component.name}`;
}

/**
 * The component that somebody typed: `name`, `namespace/name`, `namespace/kind/name` or a whole SPIFFE ID.
 *
 * @throws {CordonError} `USAGE` where there is none, or several
 */
export function findComponent(snapshot: Snapshot, typed: string): Component {
  const all = [...snapshot.components.values()];
  const found = all.filter(({ id, namespace, kind, name }) =>
    [id, name, `${namespace}/${name}`, `${namespace}/${kind}/${name}`].includes(typed),
  );
  const [one, ...more] = found;
  if (one !== undefined && more.length === 0) return one;
  if (one === undefined)
    throw new CordonError("USAGE", `there is no component \`${typed}\`; \`cordon policy reach\` without it lists all`);
  const names = found.map(({ id }) => shortName(snapshot, id)).join(", ");
  throw new CordonError("USAGE", `\`${typed}\` may be ${names}: say which`);
}

/**
 * The person that somebody typed: `name`, `namespace/name` or a whole SPIFFE ID.
 *
 * @throws {CordonError} `USAGE` where there is none, or several
 */
export function findPerson({ users }: Snapshot, typed: string): User {
  const found = [...(users?.values() ?? [])].filter(({ id, namespace, name }) =>
    [id, name, `${namespace}/${name}`].includes(typed),
  );
  const [one, ...more] = found;
  if (one !== undefined && more.length === 0) return one;
  if (one === undefined)
    throw new CordonError("USAGE", `there is no person \`${typed}\`; people are known to a state folder: --state DIR`);
  const names = found.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
  throw new CordonError("USAGE", `\`${typed}\` may be ${names}: say which`);
}

/** When something is allowed, in words. */
export function duringWords(during: readonly (readonly string[])[] | undefined): string {
  if (during === undefined) return "";
  const windows = new Set(during.flat());
  if (windows.size === 0) return "at some times";
  return `during ${[...windows].toSorted().join(", ")}${during.some((open) => open.length === 0) ? ", and when none is open" : ""}`;
}
