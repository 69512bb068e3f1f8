/**
 * The gateway: policy enforcement point for AI traffic over HTTP. In: an identity, snapshots, a ledger and the rest of
 * {@link GatewayDependencies}. Out: a listening door that lets through what is decided, and writes down all of it.
 */
import type { AddressInfo } from "node:net";
import type { RouteKey, Signals } from "@cordon/core/policy/decision";
import { CordonError } from "@cordon/core/errors";
import type { Exchange } from "./exchange.ts";
import { openInteractions } from "./interactions.ts";
import { openRefusals } from "./ledger/refusals.ts";
import { openConnections } from "./listener/connections.ts";
import { LiveExchanges } from "./live/live-exchanges.ts";
import { ObservedCalls } from "./observed-calls.ts";
import type { GatewayDependencies } from "./ports.ts";
import { openEgress } from "./egress/egress.ts";
import type { EgressTotal } from "./egress/totals.ts";
import { openPostgresDoors } from "./doors/postgres/postgres-doors.ts";
import type { Sensed } from "./risk/sensing.ts";
import { openTunnels } from "./tunnels/tunnels.ts";
import { openUpstreams } from "./upstream/upstreams.ts";

export type { EgressTotal } from "./egress/totals.ts";

export interface Gateway extends AsyncDisposable {
  /** Ends what is under way, for a reason that is no decision: the ledger is lost, say. */
  readonly endAll: (why: CordonError) => Promise<void>;
  readonly host: string;
  readonly port: number;
  /** Where clients reach it, as tokens name it: scheme, host, port. */
  readonly origin: string;
  /** Interactions under way. */
  readonly liveCount: () => number;
  /** Open connections of callers. */
  readonly connectionCount: () => number;
  /** Calls since the start that routes in observe mode let through and policy denies. */
  readonly wouldHaveDenied: () => ReadonlyMap<RouteKey, number>;
  /** The same by what would have denied: `boundary data`, `policy default/no-deploys`. */
  readonly wouldHaveDeniedBy: () => ReadonlyMap<string, number>;
  /** What each principal has carried to and from destinations outside, since the start. */
  readonly egressTotals: () => readonly EgressTotal[];
  /** Where data doors listen, by `namespace/name`. */
  readonly doorPorts: () => ReadonlyMap<string, number>;
}

/** How often live interactions are looked over for decisions that time has overtaken (a window's end, staleness). */
const overtakenCheckMs = 25;

/** All are decided again this often whatever changed: should the index ever miss one, it does not run on for long. */
const sweepMs = 60_000;

export async function openGateway(deps: GatewayDependencies): Promise<Gateway> {
  let draining = false;
  let origin = ""; // known once it listens; no token is for the empty one
  const live = new LiveExchanges();
  const observed = new ObservedCalls();
  const signals = (sensed?: Sensed): Signals => {
    const snapshotAgeMs = Math.max(0, Math.round(deps.monotonicMs() - deps.snapshots.confirmedAtMs()));
    const risk = sensed && deps.sensing?.signals(sensed, deps.snapshots.current(), deps.now());
    return risk === undefined ? { snapshotAgeMs } : { snapshotAgeMs, risk };
  };
  const refusals = openRefusals(deps.ledger, deps.now, (error) =>
    deps.log({ level: "error", event: "ledger-failed", words: (error as Error).message }),
  );
  const upstreams = openUpstreams(deps);
  const connections = openConnections({
    ...deps,
    refused(error, from) {
      refusals.note(error, from);
      deps.observer?.connectionRefused?.(error.code);
      deps.log({ level: "warn", event: "connection-refused", words: error.message, code: error.code, from });
    },
    serve: (request, response) => interactions.serve(request, response),
    tunnel: (socket, caller, chain) => tunnels.accept(socket, caller, chain),
  });
  const doors = openPostgresDoors({ ...deps, refusals, signals, draining: () => draining });
  const egress = openEgress({
    ...{ ...deps, signals },
    serve: (request, response, within) => interactions.serve(request, response, within),
    refused: (error, from) => refusals.note(error, from),
  });
  const tunnels = openTunnels({ ...deps, refusals, signals, draining: () => draining, doors, egress });
  const interactions = openInteractions({
    ...deps,
    connections,
    upstreams,
    refusals,
    live,
    observed,
    signals,
    draining: () => draining,
    origin: () => origin,
  });

  const unsubscribe = deps.snapshots.subscribe((snapshot) => {
    void live.follow(snapshot); // first, so that what is cut says why
    tunnels.follow(snapshot);
    egress.follow(snapshot);
    doors.follow(snapshot);
    connections.reverify(snapshot);
    upstreams.follow(snapshot);
  });
  void live.follow(deps.snapshots.current()); // what changes are told against from here on
  tunnels.follow(deps.snapshots.current());
  egress.follow(deps.snapshots.current());
  const sweep = setInterval(() => {
    void live.redecideAll(deps.snapshots.current());
    tunnels.redecideAll();
    doors.redecideAll();
    egress.redecideAll();
  }, sweepMs);
  sweep.unref();
  const overtaken = setInterval(() => {
    void live.redecideDue(deps.snapshots.current(), deps.now());
    tunnels.redecideDue();
    egress.redecideDue();
    doors.redecideDue();
  }, overtakenCheckMs);
  overtaken.unref();

  const endExchanges = async (why: CordonError): Promise<void> => {
    await Promise.all(([...live] as Exchange[]).map((exchange) => exchange.cutFor(why, 503)));
  };
  const endAll = async (why: CordonError): Promise<void> => {
    await Promise.all([endExchanges(why), tunnels.endAll(why), egress.endAll(why), doors.endAll(why)]);
  };

  await listen(connections.server, deps.options.listen);
  await doors.listen();
  const { address, port } = connections.server.address() as AddressInfo;
  origin = deps.options.url?.(port) ?? `https://localhost:${port}`;

  return {
    host: address,
    port,
    origin,
    liveCount: () => live.size + tunnels.size + egress.size + doors.size,
    connectionCount: () => connections.count() + tunnels.size + egress.size + doors.size,
    wouldHaveDenied: () => observed.counts,
    wouldHaveDeniedBy: () => observed.causes,
    egressTotals: egress.totals,
    doorPorts: doors.ports,
    endAll,
    async [Symbol.asyncDispose]() {
      draining = true;
      const closed = new Promise<void>((resolve) => connections.server.close(() => resolve()));
      connections.server.closeIdleConnections();
      await drained(live, deps.options.drainMs);
      await endExchanges(new CordonError("DRAINING", "the gateway shut down"));
      await tunnels[Symbol.asyncDispose]();
      await egress[Symbol.asyncDispose]();
      await doors[Symbol.asyncDispose]();
      connections.closeAll();
      await closed;
      clearInterval(sweep);
      clearInterval(overtaken);
      unsubscribe();
      await upstreams[Symbol.asyncDispose]();
      await refusals[Symbol.asyncDispose]();
    },
  };
}

function listen(
  server: {
    listen(port: number, host: string, done: () => void): unknown;
    once(event: "error", listener: (error: Error) => void): unknown;
    off(event: "error", listener: (error: Error) => void): unknown;
  },
  at: { host: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      const code = (error as NodeJS.ErrnoException).code;
      const remedy =
        code === "EADDRINUSE"
          ? "another program has the port; stop it or set `gateway.listen`"
          : "check `gateway.listen`";
      reject(
        new CordonError("CONFIG_INVALID", `cannot listen on ${at.host}:${at.port} (${code}): ${remedy}`, {
          cause: error,
        }),
      );
    };
    server.once("error", failed);
    server.listen(at.port, at.host, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

async function drained(live: LiveExchanges, drainMs: number): Promise<void> {
  const deadline = performance.now() + drainMs;
  while (live.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}
