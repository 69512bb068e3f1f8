/**
 * As whom a command speaks, and where the gateway is. In: `--agent` and `--as`, or the control plane's socket. Out: an
 * identity that stays fresh. With an agent, the kernel says who this process is; with the control plane's own socket, its
 * user may be any component.
 */
import { resolve } from "node:path";
import { controlClient } from "@cordon/agent/run/control-client";
import { openIdentity, type WorkloadIdentity } from "@cordon/agent/run/identity";
import { fetchBundle, issueThrough } from "@cordon/agent/run/issue";
import { gatewayOf, openAgentIdentity } from "@cordon/agent/workload-api/agent-client";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import { controlSocket, socketOptions, socketUsage } from "./control-socket.ts";

export const identityOptions = { ...socketOptions, as: { type: "string" }, agent: { type: "string" } } as const;

export const identityUsage = `  --agent PATH         the agent's socket (default: CORDON_AGENT_SOCKET); without one, the control plane's own socket:
${socketUsage}`;

export interface IdentityValues {
  readonly agent?: string | undefined;
  readonly as?: string | undefined;
  readonly socket?: string | undefined;
  readonly state?: string | undefined;
}

export interface OpenedIdentity extends AsyncDisposable {
  readonly identity: WorkloadIdentity;
  readonly gateway: { readonly url: string; readonly id: SpiffeId };
}

/** The agent's socket, where one is named. */
export function agentSocket({ agent }: IdentityValues, env: NodeJS.ProcessEnv): string | undefined {
  const named = agent ?? env["CORDON_AGENT_SOCKET"];
  return named === undefined || named === "" ? undefined : resolve(named.replace(/^unix:(?:\/\/)?/, ""));
}

/** @throws {CordonError} `USAGE`, and as the agent or the control plane refuses */
export async function openWorkloadIdentity(
  values: IdentityValues,
  env: NodeJS.ProcessEnv,
  say: (words: string) => void,
): Promise<OpenedIdentity> {
  const socket = agentSocket(values, env);
  if (socket !== undefined) {
    const identity = await openAgentIdentity(socket, values.as, say);
    return { identity, gateway: await gatewayOf(socket), [Symbol.asyncDispose]: () => identity[Symbol.asyncDispose]() };
  }
  const { as } = values;
  if (as === undefined) throw new CordonError("USAGE", "say as which component (--as), or name an agent (--agent)");
  const client = controlClient(controlSocket(values, env));
  const identity = await openIdentity({
    issue: issueThrough(client, as),
    fetchBundle: () => fetchBundle(client),
    onTrouble: say,
  });
  const { url, id } = await client.gateway();
  return {
    identity,
    gateway: { url, id: parseSpiffeId(id) },
    [Symbol.asyncDispose]: () => identity[Symbol.asyncDispose](),
  };
}
