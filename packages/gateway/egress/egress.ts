/**
 * Egress: connections to declared destinations outside the trust domain. In: the target of a CONNECT, from a caller who has
 * proved itself. Out: the destination's bytes, when policy lets it; a refusal in words when not.
 *
 * The order is the loop's: who (verified), what (one exact destination), decide, record, and only then look the name up and
 * dial. No byte reaches the far end before the client's ClientHello names the host that was decided on. What TLS carries is
 * not seen, unless the destination is declared to be looked into: then TLS ends here, and each request is decided. A
 * connection is decided again at every change, and cut when it no longer stands.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { parseEgressTarget, type EgressTarget } from "@cordon/core/contract/egress-schema";
import { encodeTunnelMessage, type EgressQuestion } from "@cordon/core/contract/tunnel";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Decision, Obligation, Signals } from "@cordon/core/policy/decision";
import {
  destinationOf,
  egressKey,
  egressVia,
  findDestination,
  type EgressDestination,
} from "@cordon/core/policy/egress";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { denied, refusalWords } from "../admission.ts";
import { personBehind } from "../listener/acting-for.ts";
import type { Caller } from "../listener/caller.ts";
import type { GatewayDependencies } from "../ports.ts";
import { requestIds } from "../request-ids.ts";
import { senseConnection } from "../risk/sense-request.ts";
import type { Sensed } from "../risk/sensing.ts";
import { openCarriers, type Carriers } from "../tunnels/carriers.ts";
import type { LiveTunnel } from "../tunnels/live-tunnel.ts";
import { dialOutside, systemResolver, type OutsideEnd } from "./dial.ts";
import { openInnerDoor } from "./inner-door.ts";
import { innerConnection, isIntercepted, type InnerConnection, type Intercepted } from "./inner-requests.ts";
import { openOutsideClient } from "./outside-client.ts";
import { readHello, requireHost } from "./read-hello.ts";
import { openEgressTotals, type EgressAccount, type EgressTotal } from "./totals.ts";

export interface EgressDeps extends GatewayDependencies {
  readonly signals: (sensed?: Sensed) => Signals;
  /** Serves a request inside an intercepted connection. */
  readonly serve: (request: IncomingMessage, response: ServerResponse, within: InnerConnection) => void;
  /** Hears of what never became a decision. */
  readonly refused: (error: CordonError, from: string) => void;
}

export interface Egress extends AsyncDisposable {
  /** Takes a connection over. Rejects, without an answer, where it never became a decision. */
  open(question: EgressQuestion, socket: TLSSocket, caller: Caller, chain: readonly Uint8Array[]): Promise<void>;
  /** True where a connection of that id is open, and the caller's. */
  renew(id: string, caller: Caller, chain: readonly Uint8Array[]): boolean;
  follow(snapshot: Snapshot): void;
  redecideAll(): void;
  redecideDue(): void;
  endAll(why: CordonError): Promise<void>;
  /** What each principal has carried, since the start. */
  readonly totals: () => readonly EgressTotal[];
  readonly size: number;
}

interface Carried extends EgressDestination {
  readonly target: EgressTarget;
}
/** What the client's bytes go to: the destination, or the door inside. */
interface FarEnd {
  readonly socket: Duplex;
  readonly address: string;
  /** Ends what is looked into, and says why. */
  readonly close?: (why: CordonError) => void;
  /** Of what is looked into: whether a request is under way that was let through before it was here whole. */
  readonly isSaying?: () => boolean;
}
type Connection = LiveTunnel<Carried, FarEnd>;

const helloMs = 10_000;
/** `fatal`, `access_denied`: what a TLS client understands before it has sent anything secret. RFC 8446, 6. */
const accessDenied = Buffer.from([21, 3, 3, 0, 2, 2, 49]);

export function openEgress(deps: EgressDeps): Egress {
  const { now, snapshots, signals } = deps;
  const resolve = deps.resolveHost ?? systemResolver;
  const addresses = new WeakMap<Connection, string>();
  const nextId = requestIds();
  const innerDoor = openInnerDoor(deps);
  const totals = openEgressTotals(now);
  const carriers: Carriers<Carried, FarEnd> = openCarriers(deps, {
    decide: decideAgain,
    changed({ start: { tunnel } }, snapshot) {
      const declared = findDestination(snapshot.egress, tunnel.target);
      if (declared !== undefined && isAlike(declared, tunnel)) return undefined;
      return `the destination ${tunnel.name} was withdrawn or changed`;
    },
    unproven: "connect again",
    left: "the client left before it was open",
    outcome(outcome) {
      const connection = carriers.find(outcome.id);
      const at = connection === undefined ? undefined : addresses.get(connection);
      const target = connection === undefined ? "" : ` ${egressKey(connection.start.tunnel.target)}`;
      return { ...outcome, upstream: `${outcome.upstream}${target}${at === undefined ? "" : ` at ${at}`}` };
    },
    over: ({ server }) => server?.close?.(new CordonError("ACCESS_DENIED", "the connection that it came by is over")),
  });

  return {
    async open(question, socket, caller, chain) {
      const target = parseEgressTarget(question.egress);
      const destination = findDestination(snapshots.current().egress, target);
      if (destination === undefined)
        throw new CordonError(
          "ROUTE_UNKNOWN",
          `\`${egressKey(target)}\` is no destination here; declare it under \`egress.destinations\``,
        );
      await decideAndOpen({ ...destination, target }, socket, caller, chain);
    },
    renew: carriers.renew,
    follow: carriers.follow,
    redecideAll: carriers.redecideAll,
    redecideDue: carriers.redecideDue,
    endAll: carriers.endAll,
    totals: totals.list,
    get size() {
      return carriers.size;
    },
    async [Symbol.asyncDispose]() {
      await carriers[Symbol.asyncDispose]();
      innerDoor[Symbol.dispose]();
    },
  };

  async function decideAndOpen(
    carried: Carried,
    socket: TLSSocket,
    caller: Caller,
    chain: readonly Uint8Array[],
  ): Promise<void> {
    const id = nextId();
    const snapshot = snapshots.current();
    const access = accessOf(caller, carried);
    const asked = await carriers.flow.about(snapshot, access, id);
    const sensed = senseConnection(deps, { socket, caller, resource: access.resource, snapshot });
    const account = totals.of(caller.id, carried);
    const policy = decideConnection(snapshot, asked, sensed);
    const usedUp = policy.effect === "allow" ? account.usedUp() : undefined;
    const decision = usedUp === undefined ? policy : denied(policy, "egress-limit", usedUp);
    if (!isIntercepted(carried) || decision.effect === "deny") account.decided(decision.effect);
    deps.sensing?.decided(sensed, decision, snapshot, now());
    const digestKey = await deps.digestKeys.current(carried.namespace, now());
    if (decision.effect === "allow") await carriers.flow.admitted(snapshot, asked, id);
    // Durable before anything is looked up: a name that is asked for is something said to the outside.
    await carriers.record(id, caller, asked, decision, sensed);
    const refused = (code: string, words: string): Buffer =>
      encodeTunnelMessage({ v: 1, ok: false, code, words: words.slice(0, 1000), id });
    if (decision.effect === "deny") return void socket.end(refused("ACCESS_DENIED", refusalWords(decision)));

    let answered = false;
    let code = "ACCESS_DENIED";
    /** What would go past the destination's limit does not pass, and nothing after it. */
    const within = (over: string | undefined): void => {
      if (over !== undefined) void carriers.find(id)?.cut(denied(decision, "egress-limit", over));
    };
    const connection = await carriers.begin(
      {
        ...{ id, tunnel: carried, access, socket, sensed, opener: caller, digestKey },
        counting: {
          sent: (bytes) => within(account.sent(bytes)),
          received: (bytes) => within(account.received(bytes)),
        },
        farewell: (words, open) => {
          if (!answered) return refused(code, words);
          return open ? undefined : accessDenied;
        },
      },
      chain,
      decision,
    );
    if (connection === undefined) return;

    let outside: OutsideEnd | undefined;
    try {
      outside = await dialOutside(carried.target, carried, resolve);
      addresses.set(connection, outside.address);
      if (connection.ended || socket.destroyed) return void outside.socket.destroy();
      answered = true;
      socket.write(encodeTunnelMessage({ v: 1, ok: true, id }));
      if (carried.protocol === "tls") requireHost(await readHello(socket, helloMs), carried.target.host);
      if (connection.ended || socket.destroyed) return void outside.socket.destroy();
      const far = isIntercepted(carried) ? await lookInto(carried, connection, outside, account) : outside;
      if (connection.ended || socket.destroyed) return endFar(far);
      connection.flow(far);
    } catch (error) {
      outside?.socket.destroy();
      if (!isCordonError(error)) throw error;
      code = error.code;
      await connection.fail(answered ? "cut" : "upstream-failed", error);
    }
  }

  /** TLS ends here, with a certificate of our own for the host; each request inside is decided by itself. */
  async function lookInto(
    carried: Carried & Intercepted,
    connection: Connection,
    outside: OutsideEnd,
    account: EgressAccount,
  ): Promise<FarEnd> {
    if (deps.interception === undefined)
      throw new CordonError("ACCESS_DENIED", `${carried.name} is to be looked into, and this gateway cannot do that`);
    const leaf = carried.protocol === "http" ? undefined : await deps.interception.leafFor(carried.target.host);
    const client = openOutsideClient(carried.target, carried, outside);
    const saying = new Set<ServerResponse>();
    const within = innerConnection(
      carried,
      client.dispatcher,
      () => connection.caller,
      account,
      (request, response) => {
        if (!request.complete) {
          saying.add(response);
          response.once("close", () => saying.delete(response));
        }
        return overrun(connection);
      },
    );
    const inner = innerDoor.open(leaf, within, connection.start.socket.remoteAddress ?? "unknown");
    return {
      ...{ socket: inner.socket, address: outside.address, isSaying: () => saying.size > 0 },
      close(why) {
        inner.close(why);
        client.close();
      },
    };
  }

  /**
   * What is looked into is not cut for what its session has come to hold: by it leave requests alone, and each that is not let
   * through yet is refused for just that, with an answer (`overrun`). One that was let through before it was here whole might
   * say what came in since, and is cut with the connection. All else that would refuse the connection does so at once.
   */
  function decideAgain(snapshot: Snapshot, access: AccessRequest, { start, server }: Connection): Decision {
    const decision = decideConnection(snapshot, access, start.sensed);
    const { flow, ...asked } = access;
    if (flow === undefined || !isOfFlow(decision) || server?.isSaying?.() !== false) return decision;
    return decideConnection(snapshot, asked, start.sensed);
  }

  /** The refusal of a connection for what its session holds by now. */
  function overrun({ start: { id, access, sensed } }: Connection): Decision | undefined {
    const snapshot = snapshots.current();
    if (snapshot.informationFlow === undefined) return undefined;
    const decision = decideConnection(snapshot, carriers.flow.now(snapshot, access, id), sensed);
    return isOfFlow(decision) ? decision : undefined;
  }

  function decideConnection(snapshot: Snapshot, access: AccessRequest, sensed: Sensed): Decision {
    const decision = decide(snapshot, access, signals(sensed), now());
    // What is looked into is decided again, request by request, with what its content asks for.
    const intercept = destinationOf(snapshot.egress, access.via)?.intercept;
    const met = (kind: Obligation["kind"]): boolean =>
      kind === "restrictTo" ||
      (intercept !== undefined && kind === "keepContent") ||
      (intercept?.inspection !== undefined && kind === "inspect");
    const unmet = decision.obligations.find(({ kind }) => !met(kind));
    if (decision.effect === "deny" || unmet === undefined) return decision;
    const words = `policy allows this only with \`${unmet.kind}\`, which a connection whose content is not seen cannot do`;
    return { ...decision, effect: "deny", obligations: [], reasons: [{ code: "obligation-unmet", words }] };
  }
}

/** Where information flow refuses, nothing was asked that comes after it, policies among it. */
function isOfFlow({ effect, reasons }: Decision): boolean {
  return effect === "deny" && reasons.every(({ code }) => code === "information-flow");
}

function endFar({ socket, close }: FarEnd): void {
  close?.(new CordonError("REQUEST_TIMEOUT", "the client left before it was open"));
  socket.destroy();
}

function accessOf(caller: Caller, destination: EgressDestination): AccessRequest {
  const { resource, name } = destination;
  return {
    principal: caller.id,
    action: "egress",
    resource,
    context: { assurance: caller.assurance, route: name, method: "CONNECT", stream: true, external: true },
    via: egressVia(destination),
    ...personBehind(caller),
  };
}

function isAlike(a: EgressDestination, b: EgressDestination): boolean {
  const { namespace, name, host, port, resource, protocol, privateAddresses } = a;
  return (
    namespace === b.namespace &&
    name === b.name &&
    host === b.host &&
    port === b.port &&
    resource === b.resource &&
    protocol === b.protocol &&
    privateAddresses === b.privateAddresses &&
    isDeepStrictEqual([a.intercept, a.limit], [b.intercept, b.limit])
  );
}
