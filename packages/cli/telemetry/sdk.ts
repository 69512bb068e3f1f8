/**
 * The OpenTelemetry SDK, put together. In: what the environment asks for. Out: telemetry that goes to the collector in
 * batches. Queues are bounded: a collector that is down costs spans and log records, never an interaction. Loaded only
 * when telemetry is on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { diag, DiagLogLevel, SeverityNumber, type Logger } from "@opentelemetry/api";
import { detectResources, envDetector, resourceFromAttributes, type Resource } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace";
import { withoutSecretsIn, type LogEvent } from "@cordon/core/observation/log-event";
import type { Telemetry, TelemetryOptions, TelemetryPlan } from "./open-telemetry.ts";
import { samplerOf } from "./sampler.ts";
import { traceObserver } from "./traces.ts";

/** How long the end of a process waits for the last batch. */
const lastBatchMs = 2_000;

export async function openSdk(plan: TelemetryPlan, options: TelemetryOptions): Promise<Telemetry> {
  complainTo(options.complain);
  const resource = await resourceOf(options);
  const tracers = plan.signals.includes("traces") ? await openTraces(plan, resource, options) : undefined;
  const loggers = plan.signals.includes("logs") ? await openLogs(plan, resource) : undefined;
  const logger = loggers?.getLogger("cordon", options.version);
  return {
    observer: tracers === undefined ? undefined : traceObserver(tracers.getTracer("cordon", options.version)),
    log: logger === undefined ? undefined : (event) => emit(logger, event),
    async [Symbol.asyncDispose]() {
      const flushed = Promise.allSettled([tracers?.shutdown(), loggers?.shutdown()]);
      await Promise.race([flushed, sleep(lastBatchMs, undefined, { ref: false })]);
      diag.disable();
    },
  };
}

async function openTraces(plan: TelemetryPlan, resource: Resource, { env }: TelemetryOptions): Promise<TracerProvider> {
  const sampler = samplerOf(env, () => performance.now());
  const { OTLPTraceExporter } =
    plan.protocol("traces") === "http/json"
      ? await import("@opentelemetry/exporter-trace-otlp-http")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  const exporter: SpanExporter = new OTLPTraceExporter();
  return new TracerProvider({ resource, sampler, spanProcessors: [new BatchSpanProcessor({ exporter })] });
}

async function openLogs(plan: TelemetryPlan, resource: Resource): Promise<LoggerProvider> {
  const { OTLPLogExporter } =
    plan.protocol("logs") === "http/json"
      ? await import("@opentelemetry/exporter-logs-otlp-http")
      : await import("@opentelemetry/exporter-logs-otlp-proto");
  const exporter: LogRecordExporter = new OTLPLogExporter();
  return new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
}

/** What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, over what is known here. */
async function resourceOf({ version, instance }: TelemetryOptions): Promise<Resource> {
  const known = resourceFromAttributes({
    "service.name": "cordon",
    "service.version": version,
    "service.instance.id": instance,
  });
  const said = detectResources({ detectors: [envDetector] });
  await said.waitForAsyncAttributes?.();
  return known.merge(said);
}

const severities: Readonly<Record<LogEvent["level"], SeverityNumber>> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

function emit(logger: Logger, event: LogEvent): void {
  const { level, words, requestId, code, from, facts } = withoutSecretsIn(event);
  logger.emit({
    eventName: `cordon.${event.event}`,
    severityNumber: severities[level],
    severityText: level.toUpperCase(),
    body: words,
    attributes: {
      ...(requestId === undefined ? {} : { "cordon.request_id": requestId }),
      ...(code === undefined ? {} : { "error.type": code }),
      ...(from === undefined ? {} : { "cordon.from": from }),
      ...Object.fromEntries(Object.entries(facts ?? {}).map(([name, value]) => [`cordon.${name}`, value])),
    },
  });
}

/** What the SDK says of itself: warnings and errors, in its own words. */
function complainTo(complain: (words: string) => void): void {
  const say = (message: string): void => complain(message.slice(0, 500));
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
