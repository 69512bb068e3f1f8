/**
 * OpenTelemetry, switched on by its own environment variables and by nothing else. In: the environment. Out: an observer
 * that makes traces and a log that makes log records, sent by OTLP over HTTP; or `undefined`, and then not a line of the
 * SDK is loaded.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
import { CordonError } from "@cordon/core/errors";
import type { LogEvent } from "@cordon/core/observation/log-event";
import type { GatewayObserver } from "@cordon/gateway/observation/observer";

export interface Telemetry extends AsyncDisposable {
  /** Makes a trace of each passage; absent where traces are off. */
  readonly observer: GatewayObserver | undefined;
  /** Makes a log record of each event; absent where logs are off. */
  readonly log: ((event: LogEvent) => void) | undefined;
}

export interface TelemetryOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Names this process among its replicas. */
  readonly instance: string;
  /** Hears what the SDK complains of. Must not lead back into {@link Telemetry.log}. */
  readonly complain: (words: string) => void;
}

export type Signal = "traces" | "logs";

/** What the environment asks for. */
export interface TelemetryPlan {
  readonly signals: readonly Signal[];
  readonly protocol: (signal: Signal) => "http/protobuf" | "http/json";
}

/** @throws {CordonError} `CONFIG_INVALID` where the environment asks for what is not spoken here */
export function telemetryPlan(env: TelemetryOptions["env"]): TelemetryPlan {
  const off = env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true";
  const wanted = (signal: Signal): boolean => {
    const name = signal.toUpperCase();
    const exporter = env[`OTEL_${name}_EXPORTER`] ?? "otlp";
    if (exporter !== "otlp" && exporter !== "none")
      throw new CordonError(
        "CONFIG_INVALID",
        `OTEL_${name}_EXPORTER is \`${exporter}\`; set it to \`otlp\` or \`none\``,
      );
    const endpoint = env[`OTEL_EXPORTER_OTLP_${name}_ENDPOINT`] ?? env["OTEL_EXPORTER_OTLP_ENDPOINT"];
    return exporter === "otlp" && endpoint !== undefined && endpoint !== "";
  };
  const signals = off ? [] : (["traces", "logs"] as const).filter(wanted);
  const protocol = (signal: Signal) => {
    const name = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`;
    const asked = env[name] ?? env["OTEL_EXPORTER_OTLP_PROTOCOL"] ?? "http/protobuf";
    if (asked === "http/protobuf" || asked === "http/json") return asked;
    throw new CordonError(
      "CONFIG_INVALID",
      `OTEL_EXPORTER_OTLP_PROTOCOL is \`${asked}\`; set it to \`http/protobuf\` or \`http/json\`, and the port to match (4318)`,
    );
  };
  for (const signal of signals) protocol(signal); // a wrong one is told at the start
  return { signals, protocol };
}

/** @throws {CordonError} `CONFIG_INVALID` where the environment asks for what is not spoken here */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry | undefined> {
  const plan = telemetryPlan(options.env);
  if (plan.signals.length === 0) return undefined;
  const { openSdk } = await import("./sdk.ts");
  return await openSdk(plan, options);
}
