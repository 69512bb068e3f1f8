/**
 * As whom a command speaks, and where the gateway is. In: `--agent` and `--as`, or the control plane's socket. Out: an
 * identity that stays fresh. With an agent, the kernel says who this process is; with the control plane's own socket, its
 * user may be any component.
 */
import { resolve } from "node:path";
import { controlClient } from "@cordon/agent/run/control-client";
import { askEgress } from "@cordon/agent/run/ask-egress";
import { openGatewayLink } from "@cordon/agent/run/gateway-link";
import { openIdentity, type WorkloadIdentity } from "@cordon/agent/run/identity";
import { fetchBundle, issueThrough } from "@cordon/agent/run/issue";
import type { EgressGateway } from "@cordon/agent/node/node-state";
import { gatewayOf, openAgentIdentity } from "@cordon/agent/workload-api/agent-client";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { controlSocket, socketOptions, socketUsage } from "./control-socket.ts";
import { issuedOf, loadLogin } from "./login/login-file.ts";

export const identityOptions = { ...socketOptions, as: { type: "string" }, agent: { type: "string" } } as const;
/** Of commands that a person may run as themselves, too. */
export const personOptions = { ...identityOptions, me: { type: "boolean", default: false } } as const;

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
  readonly gateway: EgressGateway;
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
  const { url, id, egress, interception } = await client.gateway();
  return {
    identity,
    gateway: { url, id: parseSpiffeId(id), egress, interception },
    [Symbol.asyncDispose]: () => identity[Symbol.asyncDispose](),
  };
}

/** As whoever is signed in on this machine (`cordon login`). @throws {CordonError} `IDENTITY_REQUIRED` */
export async function openPersonIdentity(
  env: NodeJS.ProcessEnv,
  say: (words: string) => void,
): Promise<OpenedIdentity> {
  const { credential } = await loadLogin(env);
  const issue = (): ReturnType<typeof issuedOf> => issuedOf(env);
  await using opening = new AsyncDisposableStack();
  const identity = opening.use(
    await openIdentity({ issue, fetchBundle: async () => (await issue()).bundle, onTrouble: say }),
  );
  const gateway = { ...credential.gateway, id: parseSpiffeId(credential.gateway.id) };
  const link = opening.use(openGatewayLink(identity, gateway));
  const offered = await askEgress(link);
  const owned = opening.move();
  return { identity, gateway: { ...gateway, ...offered }, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
