/** Whose tokens a command speaks of, and who is asked. In: its options. Out: the desk that seals and opens them. */
import { once } from "node:events";
import { controlClient } from "@cordon/agent/run/control-client";
import {
  maxPersonTokensAtOnce,
  maxTokensAtOnce,
  openResponse,
  sealResponse,
  type OpenResponse,
  type SealRequest,
  type SealResponse,
} from "@cordon/core/contract/token-api";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, userPartsOf } from "@cordon/core/identity/spiffe-id";
import { tokenScopes } from "@cordon/core/inspection/settings";
import { controlSocket, socketOptions, socketUsage } from "../control-socket.ts";
import type { Io } from "../io.ts";
import { askConsole, signedCall } from "../login/console-client.ts";
import { loadLogin } from "../login/login-file.ts";

export const tokenOptions = {
  ...socketOptions,
  as: { type: "string" },
  me: { type: "boolean", default: false },
  on: { type: "string" },
  namespace: { type: "string" },
  scope: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const tokenUsage = `  --as COMPONENT       who asks; tokens are its own, and policy decides for it
  --me                 instead: whoever \`cordon login\` signed in here asks, of the console; the namespace is their own
  --on COMPONENT       on what: the component whose data it is
  --namespace NAME     whose key: the namespace of the component that asks
  --scope SCOPE        principal (of that component or person alone) or namespace (of all in it)
${socketUsage}`;

export interface TokenValues {
  readonly as?: string | undefined;
  readonly me?: boolean;
  readonly on?: string | undefined;
  readonly namespace?: string | undefined;
  readonly scope?: string | undefined;
  readonly socket?: string | undefined;
  readonly state?: string | undefined;
}

/** Where values are sealed and tokens opened, for one asker. */
export interface Desk {
  readonly asker: "component" | "person";
  readonly namespace: string;
  readonly scope: (typeof tokenScopes)[number];
  /** Values or tokens in one request. */
  readonly atOnce: number;
  readonly seal: (asked: Pick<SealRequest, "values" | "lifetimeHours">) => Promise<SealResponse>;
  readonly open: (tokens: string[]) => Promise<OpenResponse>;
}

/** @throws {CordonError} `USAGE` naming what is missing: nothing is taken for granted here; `IDENTITY_REQUIRED` with `--me` */
export async function openDesk(values: TokenValues, env: NodeJS.ProcessEnv): Promise<Desk> {
  const { as, on, scope: asked } = values;
  const wanted = values.me === true ? { on, scope: asked } : { as, on, namespace: values.namespace, scope: asked };
  const missing = Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
  if (missing.length > 0)
    throw new CordonError("USAGE", `say whose tokens these are: ${missing.join(", ")} is missing`);
  const scope = tokenScopes.find((each) => each === asked);
  if (scope === undefined) throw new CordonError("USAGE", `--scope ${asked}: ${tokenScopes.join(" or ")} is expected`);
  if (values.me !== true) {
    const { namespace = "" } = values;
    const whose = { principal: as ?? "", resource: on ?? "", namespace, scope };
    const client = controlClient(controlSocket(values, env));
    return {
      ...{ asker: "component", namespace, scope, atOnce: maxTokensAtOnce },
      seal: (more) => client.sealTokens({ ...whose, ...more }),
      open: (tokens) => client.openTokens({ ...whose, tokens }),
    };
  }
  if (as !== undefined || values.namespace !== undefined)
    throw new CordonError(
      "USAGE",
      "--me is whoever is signed in, in their own namespace: leave out --as and --namespace",
    );
  const login = await loadLogin(env);
  const namespace = userPartsOf(parseSpiffeId(login.credential.person.id))?.namespace ?? "";
  const whose = { resource: on ?? "", namespace, scope };
  const call = (path: string, body: unknown) => signedCall(login, { method: "POST", path, body });
  return {
    ...{ asker: "person", namespace, scope, atOnce: maxPersonTokensAtOnce },
    seal: (more) => askConsole(sealResponse, call("/v1/tokens/seal", { ...whose, ...more })),
    open: (tokens) => askConsole(openResponse, call("/v1/tokens/open", { ...whose, tokens })),
  };
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
