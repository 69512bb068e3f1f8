/**
 * Information flow of connections whose bytes go both ways for as long as they live: tunnels, data doors, egress. In: what is
 * asked. Out: the same, with what its session holds, so that `decide` can refuse a way out; and, once it is let through, the
 * session with what its far end may say, which counts as read before it is opened.
 *
 * A connection names no session (`cordon-session` is a header): it is of the component's unnamed one, which counts in each.
 */
import { joinLabels } from "@cordon/core/flow/flow";
import { fullLabels, type FlowFacts, type FlowStep } from "@cordon/core/flow/flow";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { GatewayDependencies } from "../ports.ts";
import { onceDone } from "./once-done.ts";
import { sessionKeyOf } from "./session-key.ts";
import type { MayWait } from "@cordon/core/flow/sessions";

export type ConnectionFlowDeps = Pick<GatewayDependencies, "flows" | "now" | "monotonicMs" | "snapshots">;

export interface ConnectionFlow {
  /** What is asked, with what its session holds, whichever gateway brought it in. */
  about(snapshot: Snapshot, access: AccessRequest, id: string): MayWait<AccessRequest>;
  /** The same as far as it is known here: for a connection that is decided again. */
  now(snapshot: Snapshot, access: AccessRequest, id: string): AccessRequest;
  /** What its far end may say is in the session from here on. */
  admitted(snapshot: Snapshot, access: AccessRequest, id: string): MayWait<void>;
  /** True now and then where sessions are followed: then what other calls have brought into them is to be looked at. */
  due(): boolean;
}

/** How often open connections are held against what their sessions hold by now. */
const checkMs = 100;

export function connectionFlow(deps: ConnectionFlowDeps): ConnectionFlow {
  const { flows, now } = deps;
  let lookedAtMs = 0;
  const stepOf = ({ resource }: AccessRequest, id: string): FlowStep => ({ id, resource, at: now() });

  function joined(snapshot: Snapshot, access: AccessRequest, id: string, held: FlowFacts): AccessRequest {
    const labels = snapshot.components.get(access.resource)?.labels;
    if (labels === undefined) return access;
    const untrusted = held.integrity === "trusted" && labels.integrity === "untrusted";
    const flow = { ...held, ...joinLabels(held, labels), ...(untrusted ? { untrusted: stepOf(access, id) } : {}) };
    return { ...access, flow };
  }

  return {
    about(snapshot, access, id) {
      const settings = snapshot.informationFlow;
      if (settings === undefined) return access;
      // Nothing is allowed because nobody looked.
      if (flows === undefined) return { ...access, flow: { ...fullLabels, standing: "lost" } };
      const held = flows.look(sessionKeyOf(access, ""), settings.idleMs, now());
      return onceDone(held, (facts) => joined(snapshot, access, id, facts));
    },
    now(snapshot, access, id) {
      const settings = snapshot.informationFlow;
      if (settings === undefined) return access;
      if (flows === undefined) return { ...access, flow: { ...fullLabels, standing: "lost" } };
      return joined(snapshot, access, id, flows.held(sessionKeyOf(access, ""), settings.idleMs, now()));
    },
    admitted(snapshot, access, id) {
      const settings = snapshot.informationFlow;
      const labels = snapshot.components.get(access.resource)?.labels;
      if (flows === undefined || settings === undefined || labels === undefined) return;
      const key = sessionKeyOf(access, "");
      return onceDone(flows.raise(key, labels, stepOf(access, id), settings.idleMs, now()), () => undefined);
    },
    due() {
      if (deps.snapshots.current().informationFlow === undefined || deps.monotonicMs() - lookedAtMs < checkMs)
        return false;
      lookedAtMs = deps.monotonicMs();
      return true;
    },
  };
}
