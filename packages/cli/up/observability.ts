/**
 * How a running Cordon lets itself be watched: events, metrics, traces, log. In: its configuration and its rooms, as
 * they open. Out: the observer that the gateway tells, the log that all rooms use, and the handlers of `/metrics`.
 */
import { randomUUID } from "node:crypto";
import { openEvents, type Events } from "@cordon/control/events/open-events";
import type { OperationsHandlers } from "@cordon/control/operations/listener";
import type { ControlPlane } from "@cordon/control/wire";
import { readEntries } from "@cordon/core/ledger/reader";
import type { LogEvent } from "@cordon/core/observation/log-event";
import { metricsContentType, renderMetrics, type MetricFamily } from "@cordon/core/observation/metrics";
import { gatewayMetrics } from "@cordon/gateway/observation/gateway-metrics";
import type { CheckpointSink, Ledger } from "@cordon/gateway/ledger/ledger";
import { observers, type GatewayObserver } from "@cordon/gateway/observation/observer";
import { folderReader } from "../commands/ledger/folder.ts";
import { openTelemetry, type Telemetry } from "../telemetry/open-telemetry.ts";
import { passageLog } from "./passage-log.ts";
import { processMetrics, roomMetrics, type ScrapedRooms } from "./metrics.ts";

export interface ObservabilityOptions {
  readonly control: ControlPlane;
  /** Folder of the `cordon.yaml`, where relative paths start. */
  readonly folder: string;
  /** Makes traces, where OpenTelemetry is on. */
  readonly traces: GatewayObserver | undefined;
  readonly log: (event: LogEvent) => void;
  readonly now: () => number;
}

export interface Observability extends AsyncDisposable {
  /** Goes to the ledger with the other checkpoint sinks. */
  readonly checkpoints: CheckpointSink;
  /** Absent where nobody watches: the gateway then pays nothing. */
  readonly observer: GatewayObserver | undefined;
  /** Starts the configured event sinks. */
  openEvents(ledger: Ledger, files: { readonly folder: string; readonly origin: string }): Promise<void>;
  readonly events: () => ReturnType<Events["status"]>;
  /** `/metrics`. */
  handlers(rooms: Omit<ScrapedRooms, "control" | "events" | "checkpointAt" | "now">): OperationsHandlers;
}

/** Opened before the ledger, and closed after it: the last entries of a run are events too. */
export function openObservability(options: ObservabilityOptions): Observability {
  const { control, log, now } = options;
  const { configuration, stateFolder } = control;
  const scraped = configuration.operations !== undefined;
  const metrics = scraped ? gatewayMetrics() : undefined;
  const ofProcess = scraped ? processMetrics() : undefined;
  const watching = [metrics, options.traces, passageLog(log)].filter((one) => one !== undefined);
  let checkpointAt: number | undefined;
  let events: Events | undefined;
  return {
    checkpoints: { kind: "callback", publish: () => void (checkpointAt = now()) },
    observer:
      watching.length === 0
        ? undefined
        : observers(watching, (error) =>
            log({ level: "error", event: "observer-failed", words: (error as Error).message }),
          ),
    events: () => events?.status() ?? [],
    async openEvents(ledger, { folder, origin }) {
      const reader = folderReader(folder);
      events = await openEvents({
        configured: configuration.events,
        folder: options.folder,
        stateFolder,
        source: {
          origin,
          size: () => ledger.size,
          published: () => ledger.health.checkpointSize,
          read: (size, from) => readEntries(reader, size, from),
        },
        log,
      });
    },
    handlers(rooms) {
      const families: MetricFamily[] = [
        ...(metrics?.families ?? []),
        ...roomMetrics({
          ...rooms,
          control,
          events: () => events?.status() ?? [],
          checkpointAt: () => checkpointAt,
          now,
        }),
        ...(ofProcess ?? []),
      ];
      return {
        "/metrics": () => ({ status: 200, contentType: metricsContentType, body: renderMetrics(families) }),
      };
    },
    async [Symbol.asyncDispose]() {
      ofProcess?.[Symbol.dispose]();
      await events?.[Symbol.asyncDispose]();
    },
  };
}

/** OpenTelemetry, as the environment asks for it; its complaints go to the operator's log. */
export function openConfiguredTelemetry(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly log: (event: LogEvent) => void;
}): Promise<Telemetry | undefined> {
  const { env, version, log } = options;
  const complain = (words: string): void => log({ level: "warn", event: "telemetry-failing", words });
  return openTelemetry({ env, version, instance: randomUUID(), complain });
}

/** The operator's log, and the collector's beside it. */
export function teeLog<L extends (event: LogEvent) => void>(
  first: L,
  second: ((event: LogEvent) => void) | undefined,
): L {
  if (second === undefined) return first;
  const both = (event: LogEvent): void => {
    first(event);
    second(event);
  };
  return Object.assign(both, first);
}
