/**
 * The tunnels' door: connections that asked for `cordon-tunnel/1` in their handshake. In: a connection whose peer was
 * verified. Out: a tunnel to the component it asked for, when policy lets it; a refusal in words when not.
 *
 * The order is the loop's: who (verified), what (one message), decide, record, then dial; no byte of the protocol moves
 * before the far end has proved itself too. A tunnel is decided again at every change, and needs a newer proof of its
 * client before the SVID it was opened with is long over.
 */
import type { TLSSocket } from "node:tls";
import { readTunnelMessage } from "@cordon/core/contract/read-message";
import { encodeTunnelMessage, gatewayQuestion, type TunnelQuestion } from "@cordon/core/contract/tunnel";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Decision, Signals } from "@cordon/core/policy/decision";
import type { Snapshot, Tunnel } from "@cordon/core/policy/snapshot";
import { refusalWords } from "../admission.ts";
import type { Egress } from "../egress/egress.ts";
import type { Refusals } from "../ledger/refusals.ts";
import { actingFor, personBehind } from "../listener/acting-for.ts";
import type { Caller } from "../listener/caller.ts";
import type { GatewayDependencies } from "../ports.ts";
import { openingFailure } from "../observation/bug-words.ts";
import { requestIds } from "../request-ids.ts";
import { senseConnection } from "../risk/sense-request.ts";
import type { Sensed } from "../risk/sensing.ts";
import { openCarriers } from "./carriers.ts";
import type { LiveTunnel } from "./live-tunnel.ts";
import { dialServerEnd, type ServerEnd } from "./server-end.ts";
import { qualifiedName } from "./tunnel-name.ts";
import { withdrawn } from "./withdrawn.ts";

export interface TunnelDeps extends GatewayDependencies {
  readonly refusals: Refusals;
  readonly signals: (sensed?: Sensed) => Signals;
  readonly draining: () => boolean;
  /** Data doors, which tunnels lead to as well. */
  readonly doors: TunnelledDoors;
  /** Destinations outside, which are asked for in the same protocol. */
  readonly egress: Pick<Egress, "open" | "renew">;
}

/** What the tunnels' door needs of the data doors. */
export interface TunnelledDoors {
  /** Takes a connection over, where a door has that name; it answers the question itself. */
  enter(name: string, socket: TLSSocket, caller: Caller, chain: readonly Uint8Array[]): boolean;
  /** True where a session of that id is open, and the caller's. */
  renew(id: string, caller: Caller, chain: readonly Uint8Array[]): boolean;
}

export interface Tunnels extends AsyncDisposable {
  /** Takes over a connection that speaks the tunnels' protocol. */
  accept(socket: TLSSocket, caller: Caller, chain: readonly Uint8Array[]): void;
  /** Decides those open tunnels again that a new snapshot may concern. */
  follow(snapshot: Snapshot): void;
  /** Decides every open tunnel again. */
  redecideAll(): void;
  /** Decides those again whose time has come. */
  redecideDue(): void;
  endAll(why: CordonError): Promise<void>;
  readonly size: number;
}

const openTimeoutMs = 10_000;

export function openTunnels(deps: TunnelDeps): Tunnels {
  const { now, snapshots, signals } = deps;
  const nextId = requestIds();
  const carriers = openCarriers<Tunnel, ServerEnd>(deps, {
    decide: (snapshot, access, { start }) => decideTunnel(snapshot, access, start.sensed),
    changed({ start, server }, snapshot) {
      if (snapshot.tunnels?.get(qualifiedName(start.tunnel))?.resource !== start.tunnel.resource)
        return `the tunnel ${start.tunnel.name} was withdrawn`;
      return server && withdrawn(server.svid, server.chain, snapshot);
    },
    unproven: "its agent may be down, or refuses it",
    left: "the client left before it was open",
  });

  return {
    accept(socket, caller, chain) {
      socket.on("error", () => undefined);
      socket.allowHalfOpen = true; // a client that has said everything may still be answered
      socket.setNoDelay(true);
      open(socket, caller, chain).catch((error: unknown) => refuse(socket, caller, error));
    },
    follow: carriers.follow,
    redecideAll: carriers.redecideAll,
    redecideDue: carriers.redecideDue,
    endAll: carriers.endAll,
    get size() {
      return carriers.size;
    },
    [Symbol.asyncDispose]: () => carriers[Symbol.asyncDispose](),
  };

  async function open(socket: TLSSocket, peer: Caller, chain: readonly Uint8Array[]): Promise<void> {
    const timer = setTimeout(() => socket.destroy(), openTimeoutMs);
    const question = await readTunnelMessage(socket, gatewayQuestion).finally(() => clearTimeout(timer));
    if (deps.draining())
      throw new CordonError("DRAINING", "the gateway is shutting down; ask another, or again shortly");
    if (question.renew !== undefined) return renew(socket, peer, chain, question.renew);
    const caller = actingFor(peer, question.delegation, deps.identity.current().id, now());
    if ("egress" in question) return await deps.egress.open(question, socket, caller, chain);
    if (deps.doors.enter(question.tunnel, socket, caller, chain)) return;
    const tunnel = find(question);
    const id = nextId();
    const access = accessOf(caller, tunnel);
    const sensed = senseConnection(deps, { socket, caller, resource: access.resource, snapshot: snapshots.current() });
    const asked = await carriers.flow.about(snapshots.current(), access, id);
    const decision = decideTunnel(snapshots.current(), asked, sensed);
    deps.sensing?.decided(sensed, decision, snapshots.current(), now());
    const held = await deps.digestKeys.current(tunnel.namespace, now());
    // A tunnel can do anything: its decision is durable before anything else happens.
    if (decision.effect === "allow") await carriers.flow.admitted(snapshots.current(), access, id);
    await carriers.record(id, caller, asked, decision, sensed);
    if (decision.effect === "deny") return answerRefusal(socket, id, "ACCESS_DENIED", refusalWords(decision));
    const start = { id, tunnel, access, socket, sensed, opener: caller, digestKey: held };
    const opened = await carriers.begin(start, chain, decision);
    if (opened !== undefined) await connect(opened, socket);
  }

  async function connect(opened: LiveTunnel, socket: TLSSocket): Promise<void> {
    const { tunnel, id } = opened.start;
    try {
      const server = await dialServerEnd(tunnel, id, deps.identity, () => snapshots.current(), now);
      if (opened.ended || socket.destroyed) return void server.socket.destroy();
      socket.write(encodeTunnelMessage({ v: 1, ok: true, id }));
      opened.flow(server);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      if (!opened.ended && !socket.destroyed)
        socket.write(encodeTunnelMessage({ v: 1, ok: false, code: error.code, words: clip(error.message), id }));
      await opened.fail("upstream-failed", error);
    }
  }

  /** A connection of its own proves, by its handshake, that the tunnel's client still holds its identity. */
  function renew(socket: TLSSocket, caller: Caller, chain: readonly Uint8Array[], id: string): void {
    if (!carriers.renew(id, caller, chain) && !renewElsewhere(caller, chain, id))
      return answerRefusal(socket, id, "ROUTE_UNKNOWN", "no such tunnel of yours is open");
    socket.end(encodeTunnelMessage({ v: 1, ok: true, id }));
  }

  function renewElsewhere(caller: Caller, chain: readonly Uint8Array[], id: string): boolean {
    return deps.doors.renew(id, caller, chain) || deps.egress.renew(id, caller, chain);
  }

  function find({ tunnel: name }: TunnelQuestion): Tunnel {
    const tunnel = snapshots.current().tunnels?.get(name);
    if (tunnel === undefined) throw new CordonError("ROUTE_UNKNOWN", `there is no tunnel \`${name}\` here`);
    return tunnel;
  }

  function decideTunnel(snapshot: Snapshot, access: AccessRequest, sensed: Sensed): Decision {
    const decision = decide(snapshot, access, signals(sensed), now());
    // How sensitive the resource is was held against `restrictTo` already; nobody can filter behind a tunnel.
    const unmet = decision.obligations.find(({ kind }) => kind !== "restrictTo");
    if (decision.effect === "deny" || unmet === undefined) return decision;
    const words = `policy allows this only with \`${unmet.kind}\`, which a tunnel of opaque bytes cannot do`;
    return { ...decision, effect: "deny", obligations: [], reasons: [{ code: "obligation-unmet", words }] };
  }

  /** Never became a tunnel: counted in the ledger, answered in words. */
  function refuse(socket: TLSSocket, caller: Caller, error: unknown): void {
    const known = openingFailure(error, "the tunnel could not be opened", (words) =>
      deps.log({ level: "error", event: "interaction-failed", words }),
    );
    deps.refusals.note(known, caller.id);
    answerRefusal(socket, "", known.code, known.message);
  }
}

function accessOf(caller: Caller, tunnel: Tunnel): AccessRequest {
  return {
    principal: caller.id,
    action: tunnel.action,
    resource: tunnel.resource,
    context: { assurance: caller.assurance, route: tunnel.name, method: "CONNECT", stream: true, external: false },
    ...personBehind(caller),
  };
}

function answerRefusal(socket: TLSSocket, id: string, code: string, words: string): void {
  if (socket.destroyed) return;
  socket.end(encodeTunnelMessage({ v: 1, ok: false, code, words: clip(words), id }));
}

function clip(words: string): string {
  return words.length <= 1000 ? words : `${words.slice(0, 1000)}...`;
}
