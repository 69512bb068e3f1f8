/** Whose tokens a command speaks of. In: its options. Out: what the control plane is told of them. */
import { once } from "node:events";
import { CordonError } from "@cordon/core/errors";
import { tokenScopes } from "@cordon/core/inspection/settings";
import { socketOptions, socketUsage } from "../control-socket.ts";
import type { Io } from "../io.ts";

export const tokenOptions = {
  ...socketOptions,
  as: { type: "string" },
  on: { type: "string" },
  namespace: { type: "string" },
  scope: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const tokenUsage = `  --as COMPONENT       who asks; tokens are its own, and policy decides for it
  --on COMPONENT       on what: the component whose data it is
  --namespace NAME     whose key: the namespace of the component that asks
  --scope SCOPE        principal (of that component alone) or namespace (of all in it)
${socketUsage}`;

export interface TokenValues {
  readonly as?: string | undefined;
  readonly on?: string | undefined;
  readonly namespace?: string | undefined;
  readonly scope?: string | undefined;
}

export interface Whose {
  readonly principal: string;
  readonly resource: string;
  readonly namespace: string;
  readonly scope: (typeof tokenScopes)[number];
}

/** @throws {CordonError} `USAGE` naming what is missing: nothing is taken for granted here */
export function whoseTokens({ as, on, namespace, scope }: TokenValues): Whose {
  const missing = Object.entries({ as, on, namespace, scope }).flatMap(([name, value]) =>
    value === undefined ? [`--${name}`] : [],
  );
  if (as === undefined || on === undefined || namespace === undefined || scope === undefined)
    throw new CordonError("USAGE", `say whose tokens these are: ${missing.join(", ")} is missing`);
  const known = tokenScopes.find((each) => each === scope);
  if (known === undefined) throw new CordonError("USAGE", `--scope ${scope}: ${tokenScopes.join(" or ")} is expected`);
  return { principal: as, resource: on, namespace, scope: known };
}

/** Writes, and waits for a slow reader: what is read stops too. */
export async function write(io: Io, text: string): Promise<void> {
  if (text !== "") io.stdout(text);
  if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
}

/** In groups of at most so many. */
export function groupsOf<T>(all: readonly T[], most: number): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < all.length; at += most) groups.push(all.slice(at, at + most));
  return groups;
}
