/**
 * Everything that `/metrics` says. In: the rooms of a running Cordon. Out: families, read when somebody asks; only the
 * gateway counts as it goes. Names of this process are those that Prometheus clients have everywhere.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ForwarderStatus } from "@cordon/control/events/event-forwarder";
import type { ControlPlane } from "@cordon/control/wire";
import type { IdentitySource } from "@cordon/core/identity/svid";
import { readOnScrape, type MetricFamily } from "@cordon/core/observation/metrics";
import type { EgressTotal, Gateway } from "@cordon/gateway/gateway";
import type { Ledger } from "@cordon/gateway/ledger/ledger";

export interface ScrapedRooms {
  readonly control: ControlPlane;
  readonly ledger: Ledger;
  readonly gateway: Gateway;
  readonly identity: Pick<IdentitySource, "current">;
  readonly events: () => readonly ForwarderStatus[];
  /** Wall clock of the newest checkpoint, in milliseconds; `undefined` before the first of this run. */
  readonly checkpointAt: () => number | undefined;
  readonly version: string;
  readonly now: () => number;
}

export function roomMetrics(rooms: ScrapedRooms): MetricFamily[] {
  return [...gatewayGauges(rooms), ...controlGauges(rooms), ...ledgerGauges(rooms), ...eventMetrics(rooms.events)];
}

function gatewayGauges({ gateway, version }: ScrapedRooms): MetricFamily[] {
  return [
    readOnScrape("gauge", "cordon_build_info", "Always 1; the version is a label.", () => [[{ version }, 1]]),
    readOnScrape("gauge", "cordon_live_exchanges", "Interactions under way.", () => gateway.liveCount()),
    readOnScrape(
      "counter",
      "cordon_egress_bytes_total",
      "Carried to and from destinations outside, TLS included.",
      () =>
        gateway
          .egressTotals()
          .flatMap(({ bytesOut, bytesIn, ...total }) => [
            [{ ...pairOf(total), direction: "out" }, bytesOut] as const,
            [{ ...pairOf(total), direction: "in" }, bytesIn] as const,
          ]),
    ),
    readOnScrape("counter", "cordon_egress_requests_total", "Connections and requests to destinations outside.", () =>
      gateway
        .egressTotals()
        .flatMap(({ requests, refused, ...total }) => [
          [{ ...pairOf(total), effect: "allow" }, requests] as const,
          [{ ...pairOf(total), effect: "deny" }, refused] as const,
        ]),
    ),
    readOnScrape("gauge", "cordon_connections", "Open connections of callers.", () => gateway.connectionCount()),
    readOnScrape("counter", "cordon_would_have_denied_total", "Calls that observe mode let through.", () =>
      [...gateway.wouldHaveDenied()].map(([key, count]) => {
        const [namespace = "", route = ""] = key.split("/");
        return [{ namespace, route }, count] as const;
      }),
    ),
  ];
}

function pairOf({ principal, namespace, destination }: Pick<EgressTotal, "principal" | "namespace" | "destination">) {
  return { principal, namespace, destination };
}

function controlGauges({ control, identity, now }: ScrapedRooms): MetricFamily[] {
  const { snapshots } = control;
  return [
    readOnScrape("gauge", "cordon_snapshot_revision", "Revision in force.", () => snapshots.current().revision),
    readOnScrape(
      "gauge",
      "cordon_snapshot_age_seconds",
      "Since the control plane last confirmed the snapshot.",
      () => (performance.now() - snapshots.confirmedAtMs()) / 1000,
    ),
    readOnScrape(
      "gauge",
      "cordon_snapshot_staleness_limit_seconds",
      "Past it everything is denied.",
      () => snapshots.current().stalenessLimitMs / 1000,
    ),
    readOnScrape("gauge", "cordon_policies", "Policies in force.", () => snapshots.current().policies.size),
    readOnScrape(
      "counter",
      "cordon_policy_shadow_total",
      "Evaluations picked for Cedar's official engine, by what came of it; `disagreed` must stay 0.",
      () => {
        const { compared = 0, disagreements = 0, skipped = 0 } = control.shadow?.status() ?? {};
        return [
          [{ outcome: "agreed" }, compared - disagreements],
          [{ outcome: "disagreed" }, disagreements],
          [{ outcome: "skipped" }, skipped],
        ];
      },
    ),
    readOnScrape("gauge", "cordon_components", "Registered components.", () => snapshots.current().components.size),
    readOnScrape(
      "gauge",
      "cordon_svid_expiry_seconds",
      "Until the gateway's own SVID expires.",
      () => (identity.current().notAfter - now()) / 1000,
    ),
  ];
}

function ledgerGauges({ ledger, checkpointAt, now }: ScrapedRooms): MetricFamily[] {
  return [
    readOnScrape("gauge", "cordon_ledger_up", "1 while entries can be written; 0: nothing is served.", () =>
      ledger.health.state === "open" ? 1 : 0,
    ),
    readOnScrape(
      "counter",
      "cordon_ledger_entries_total",
      "Durable entries, of this log's whole life.",
      () => ledger.size,
    ),
    readOnScrape("gauge", "cordon_ledger_outstanding", "Entries not durable yet.", () => ledger.health.outstanding),
    readOnScrape("gauge", "cordon_ledger_uncheckpointed", "Durable entries that no signed checkpoint covers yet.", () =>
      Math.max(0, ledger.size - ledger.health.checkpointSize),
    ),
    readOnScrape("gauge", "cordon_ledger_checkpoint_age_seconds", "Since the newest checkpoint of this run.", () => {
      const at = checkpointAt();
      return at === undefined ? undefined : (now() - at) / 1000;
    }),
    readOnScrape(
      "gauge",
      "cordon_ledger_failing_copies",
      "Folders that checkpoints do not reach.",
      () => ledger.health.failingSinks.length,
    ),
  ];
}

function eventMetrics(events: () => readonly ForwarderStatus[]): MetricFamily[] {
  const each = (value: (status: ForwarderStatus) => number) => () =>
    events().map((status) => [{ sink: status.name }, value(status)] as const);
  return [
    readOnScrape(
      "counter",
      "cordon_events_sent_total",
      "Events that a sink took.",
      each(({ sent }) => sent),
    ),
    readOnScrape(
      "counter",
      "cordon_events_dropped_total",
      "Events that a sink never gets.",
      each((one) => one.dropped),
    ),
    readOnScrape(
      "gauge",
      "cordon_events_behind",
      "Entries that a sink has yet to get.",
      each(({ behind }) => behind),
    ),
    readOnScrape(
      "gauge",
      "cordon_events_failing",
      "1 while a sink takes nothing.",
      each((one) => (one.state === "ok" ? 0 : 1)),
    ),
  ];
}

/** The process's own, with a monitor of the event loop that runs from here on. */
export function processMetrics(): MetricFamily[] & Disposable {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const started = Date.now() / 1000 - process.uptime();
  const quantiles = [0.5, 0.99, 1];
  const families = [
    readOnScrape("counter", "process_cpu_seconds_total", "User and system CPU, all threads.", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    readOnScrape("gauge", "process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss()),
    readOnScrape("gauge", "process_start_time_seconds", "Start, in seconds since 1970.", () => started),
    readOnScrape(
      "gauge",
      "nodejs_heap_size_used_bytes",
      "Heap in use, main thread.",
      () => process.memoryUsage().heapUsed,
    ),
    readOnScrape(
      "gauge",
      "nodejs_heap_size_total_bytes",
      "Heap taken, main thread.",
      () => process.memoryUsage().heapTotal,
    ),
    readOnScrape(
      "gauge",
      "nodejs_external_memory_bytes",
      "Buffers and other memory outside of the heap, main thread.",
      () => process.memoryUsage().external,
    ),
    readOnScrape("gauge", "nodejs_eventloop_lag_seconds", "Delay of the event loop since the last scrape.", () => {
      // The histogram holds whole periods of its timer, 10 ms, not the delay beyond them.
      const lag = (quantile: number): number => Math.max(0, delay.percentile(quantile * 100) / 1e9 - 0.01);
      const values = delay.count === 0 ? [] : quantiles.map((one) => [{ quantile: String(one) }, lag(one)] as const);
      delay.reset();
      return values;
    }),
  ];
  return Object.assign(families, { [Symbol.dispose]: () => void delay.disable() });
}
