/**
 * Information flow of connections to the outside. In: what is asked. Out: the same, with what its session holds. A connection
 * carries both ways for as long as it lives, so what its far end may say counts as read before it is opened.
 */
import { fullLabels, joinLabels } from "@cordon/core/flow/flow";
import type { FlowStep, SessionKey } from "@cordon/core/flow/flow";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { sessionKeyOf } from "../flow/session-key.ts";
import type { GatewayDependencies } from "../ports.ts";

export type EgressFlowDeps = Pick<GatewayDependencies, "flows" | "now">;

/** A component that names its sessions names none in a CONNECT: any of them may lie behind it, the worst one too. */
export function withSession(
  deps: EgressFlowDeps,
  snapshot: Snapshot,
  access: AccessRequest,
  id: string,
): AccessRequest {
  const settings = snapshot.informationFlow;
  const resource = snapshot.components.get(access.resource);
  if (settings === undefined || resource === undefined) return access;
  const namesSessions = snapshot.components.get(access.principal)?.namesSessions === true;
  if (deps.flows === undefined || namesSessions) return { ...access, flow: { ...fullLabels, standing: "lost" } };
  const held = deps.flows.look(keyOf(access), settings.idleMs, deps.now());
  const own = stepOf(deps, access, id);
  return {
    ...access,
    flow: {
      ...held,
      ...joinLabels(held, resource.labels),
      ...(held.untrusted === undefined && resource.labels.integrity === "untrusted" ? { untrusted: own } : {}),
    },
  };
}

/** What its far end may say is in the session from here on. */
export function raiseSession(deps: EgressFlowDeps, snapshot: Snapshot, access: AccessRequest, id: string): void {
  const settings = snapshot.informationFlow;
  const resource = snapshot.components.get(access.resource);
  if (settings === undefined || resource === undefined || access.flow === undefined) return;
  const at = deps.now();
  deps.flows?.raise(keyOf(access), resource.labels, stepOf(deps, access, id), settings.idleMs, at);
}

function keyOf(access: AccessRequest): SessionKey {
  return sessionKeyOf(access, "");
}

function stepOf({ now }: EgressFlowDeps, { resource }: AccessRequest, id: string): FlowStep {
  return { id, resource, at: now() };
}
