/** A request or a tunnel as sensing sees it. In: the connection, the caller, what is asked for. Out: a {@link Sensed}. */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { deviceHeader } from "@cordon/core/risk/device-proof";
import { personBehind } from "../listener/acting-for.ts";
import type { Caller } from "../listener/caller.ts";
import type { GatewayDependencies } from "../ports.ts";
import type { Intent } from "../routes/intent.ts";
import type { JsonValue } from "@cordon/core/contract/strict-json";
import { deviceOf } from "./device-standing.ts";
import { promptThreats } from "./prompt-threats.ts";
import type { Sensed } from "./sensing.ts";

type SenseDeps = Pick<GatewayDependencies, "identity" | "snapshots" | "now">;

/** Bearer tokens live this long at most: one that ends at T began no later than this before it. */
const tokenLifeMs = 300_000;

/** When each connection was first seen; a session that was revoked before may come again on a new one. */
const openedAt = new WeakMap<object, number>();

export function senseRequest(
  deps: SenseDeps,
  asked: {
    readonly request: IncomingMessage;
    readonly caller: Caller;
    readonly intent: Intent;
    readonly tree?: JsonValue | undefined;
    readonly snapshot: Snapshot;
  },
): Sensed {
  const { request, caller, intent, snapshot, tree } = asked;
  const header = request.headers[deviceHeader];
  const proof = typeof header === "string" ? header : undefined;
  const { external, url } = intent.upstream;
  const host = external ? hostOf(url) : undefined;
  const sensed = sense(deps, { socket: request.socket, caller, resource: intent.resource, proof, host, snapshot });
  // Looked at once: the request does not change, and a list that changes meanwhile is for what comes next.
  const prompts = promptThreats(tree, snapshot.threats, deps.now());
  return prompts.length === 0 ? sensed : { ...sensed, prompts: () => prompts };
}

export function senseConnection(
  deps: SenseDeps,
  asked: {
    readonly socket: TLSSocket;
    readonly caller: Caller;
    readonly resource: SpiffeId;
    readonly snapshot: Snapshot;
  },
): Sensed {
  return sense(deps, { ...asked, proof: undefined, host: undefined });
}

interface Asked {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly caller: Caller;
  readonly resource: SpiffeId;
  readonly proof: string | undefined;
  readonly host: string | undefined;
  readonly snapshot: Snapshot;
}

function sense(deps: SenseDeps, { socket, caller, resource, proof, host, snapshot }: Asked): Sensed {
  // Where a workload acts for a person, it is the workload's network, device and conduct that are seen, not the person's.
  const behind = personBehind(caller).user;
  const user = behind?.id === caller.id ? behind : undefined;
  let since = openedAt.get(socket);
  if (since === undefined) openedAt.set(socket, (since = deps.now()));
  const gateway = deps.identity.current().id;
  return {
    who: user?.id ?? caller.id,
    isPerson: user !== undefined,
    session: user?.session,
    address: socket.remoteAddress ?? "unknown",
    since: caller.assurance === "jwt-svid" ? caller.svid.notAfter - tokenLifeMs : since,
    device: deviceOf(caller, user?.session, proof, gateway, () => deps.snapshots.current(), deps.now),
    host,
    modelDigest: snapshot.components.get(resource)?.modelDigest,
    resource,
  };
}

const hosts = new Map<string, string>();

/** An upstream's host name; there are few. */
function hostOf(url: string): string {
  let host = hosts.get(url);
  if (host === undefined) {
    if (hosts.size > 10_000) hosts.clear();
    hosts.set(url, (host = new URL(url).hostname));
  }
  return host;
}
