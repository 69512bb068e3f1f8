/**
 * Connections that carry bytes under a decision: tunnels, sessions at data doors, connections outside. In: what tells one
 * kind from another. Out: the one way in which each is taken in, proved anew, decided again and ended.
 */
import type { Duplex } from "node:stream";
import { CordonError } from "@cordon/core/errors";
import { standingOfCertificate } from "@cordon/core/identity/standing";
import type { SessionKey } from "@cordon/core/flow/flow";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { AccessRequest, Decision, Signals } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { namespaceOf, recordDecision } from "../admission.ts";
import { sessionKeyOf } from "../flow/session-key.ts";
import { connectionFlow, type ConnectionFlow } from "../flow/connection-flow.ts";
import type { Caller } from "../listener/caller.ts";
import { LiveExchanges } from "../live/live-exchanges.ts";
import type { GatewayDependencies } from "../ports.ts";
import type { Sensed } from "../risk/sensing.ts";
import { LiveTunnel, type Carrier, type TunnelHost, type TunnelStart } from "./live-tunnel.ts";
import { withdrawn } from "./withdrawn.ts";

export interface CarriersDeps extends Pick<
  GatewayDependencies,
  "ledger" | "now" | "snapshots" | "flows" | "monotonicMs"
> {
  readonly signals: (sensed?: Sensed) => Signals;
}

export interface CarrierKind<T> {
  /** @param access what was asked, with what its session holds by now */
  readonly decide: (snapshot: Snapshot, access: AccessRequest, carried: T) => Decision;
  /** Why what it was opened for is not what is declared now; or its far end not who it was. */
  readonly changed: (carried: T, snapshot: Snapshot) => string | undefined;
  /** What to say of a client that has not proved itself anew in time. */
  readonly unproven: string;
  /** What to say of a client that left before anything was carried. */
  readonly left: string;
  readonly outcome?: (outcome: OutcomeEntry) => OutcomeEntry;
  readonly over?: (carried: T) => void;
}

export interface Carriers<C extends Carrier, F extends { readonly socket: Duplex }> extends AsyncDisposable {
  /** What sessions hold, for what is to be carried. */
  readonly flow: Pick<ConnectionFlow, "about" | "admitted" | "now">;
  /** Takes one in, and decides it again: what changed while it was being recorded counts too. Undefined: it was cut. */
  readonly begin: (
    start: TunnelStart<C>,
    chain: readonly Uint8Array[],
    decision: Decision,
  ) => Promise<LiveTunnel<C, F> | undefined>;
  readonly find: (id: string) => LiveTunnel<C, F> | undefined;
  /** True where one of that id is open, and the caller's. */
  readonly renew: (id: string, caller: Caller, chain: readonly Uint8Array[]) => boolean;
  readonly record: (
    id: string,
    caller: Caller,
    access: AccessRequest,
    decision: Decision,
    sensed: Sensed,
    again?: number,
  ) => Promise<number>;
  readonly follow: (snapshot: Snapshot) => void;
  readonly redecideAll: () => void;
  readonly redecideDue: () => void;
  /** Ends all that is carried. */
  readonly endAll: (why: CordonError) => Promise<void>;
  readonly size: number;
}

export function openCarriers<C extends Carrier, F extends { readonly socket: Duplex }>(
  deps: CarriersDeps,
  kind: CarrierKind<LiveTunnel<C, F>>,
): Carriers<C, F> {
  type Carried = LiveTunnel<C, F>;
  const { ledger, now, snapshots, signals } = deps;
  const flow = connectionFlow(deps);
  const live = new LiveExchanges();
  const byId = new Map<string, Carried>();
  const host: TunnelHost<Carried> = {
    now,
    redecide,
    recordAgain: ({ start, caller }, decision) =>
      record(start.id, caller, flow.now(snapshots.current(), start.access, start.id), decision, start.sensed, 2),
    record: (outcome) => ledger.append(kind.outcome?.(outcome) ?? outcome),
    over(carried) {
      kind.over?.(carried);
      live.remove(carried);
      byId.delete(carried.start.id);
    },
  };

  const unfollow = deps.flows?.follow(lookAgain);

  return {
    flow,
    async begin(start, chain, decision) {
      const carried: Carried = new LiveTunnel(start, chain, decision, host);
      live.add(carried);
      byId.set(start.id, carried);
      start.socket.once("close", () => {
        if (carried.server === undefined)
          void carried.fail("client-closed", new CordonError("REQUEST_TIMEOUT", kind.left));
      });
      const denied = carried.redecide(snapshots.current());
      if (denied === undefined) return carried;
      await carried.cut(denied);
      return undefined;
    },
    find: (id) => byId.get(id),
    renew(id, caller, chain) {
      const carried = byId.get(id);
      if (carried === undefined || carried.caller.id !== caller.id) return false;
      carried.renew(caller, chain);
      return true;
    },
    record,
    follow: (snapshot) => void live.follow(snapshot),
    redecideAll: () => void live.redecideAll(snapshots.current()),
    redecideDue() {
      void live.redecideDue(snapshots.current(), now());
      if (flow.due()) void live.redecideAll(snapshots.current());
    },
    get size() {
      return live.size;
    },
    endAll,
    [Symbol.asyncDispose]() {
      unfollow?.();
      return endAll(new CordonError("DRAINING", "the gateway shut down"));
    },
  };

  /** What a session comes to hold is told before it is read: whoever reads it cannot say it here first. */
  function lookAgain(key?: SessionKey): void {
    const snapshot = snapshots.current();
    if (snapshot.informationFlow === undefined) return;
    for (const carried of byId.values()) {
      const { principal, user } = sessionKeyOf(carried.start.access, "");
      if (key !== undefined && (key.principal !== principal || key.user !== user)) continue;
      const denied = carried.redecide(snapshot);
      if (denied !== undefined) void carried.cut(denied);
    }
  }

  async function endAll(why: CordonError): Promise<void> {
    await Promise.all([...byId.values()].map((carried) => carried.fail("cut", why)));
  }

  function redecide(carried: Carried, snapshot: Snapshot): Decision {
    const { access, id } = carried.start;
    const decision = kind.decide(snapshot, flow.now(snapshot, access, id), carried);
    if (decision.effect === "deny") return decision;
    const why = noLongerStands(carried, snapshot);
    if (why === undefined) return decision;
    return { ...decision, effect: "deny", obligations: [], reasons: [{ code: "revoked", words: why }] };
  }

  /** Declared as it was when it was opened, its ends not withdrawn, and its client proven lately. */
  function noLongerStands(carried: Carried, snapshot: Snapshot): string | undefined {
    const { opener } = carried.start;
    const changed = kind.changed(carried, snapshot);
    if (changed !== undefined) return changed;
    if (now() >= carried.provenUntil)
      return `${carried.caller.id} has not proved itself anew since its SVID expired; ${kind.unproven}`;
    // The connection itself hangs on the SVID that it was opened with; who the client is now, on its newest proof.
    const opened = standingOfCertificate(opener.svid, snapshot);
    if (opened.stands === false) return opened.words;
    return withdrawn(carried.caller.svid, carried.chain, snapshot);
  }

  function record(
    id: string,
    caller: Caller,
    access: AccessRequest,
    decision: Decision,
    sensed: Sensed,
    again?: number,
  ): Promise<number> {
    const namespace = namespaceOf(snapshots.current(), access.resource);
    const facts = { id, caller, access, decision, namespace, signals: signals(sensed), body: undefined };
    return recordDecision(ledger, now(), { ...facts, findings: [] }, again);
  }
}
