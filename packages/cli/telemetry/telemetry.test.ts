import assert from "node:assert/strict";
import { test } from "node:test";
import { SpanKind, ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";
import { SamplingDecision, type Sampler } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import { openTelemetry, telemetryPlan } from "./open-telemetry.ts";
import { samplerOf } from "./sampler.ts";
import { formatTraceparent, parseTraceparent } from "./trace-context.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test("nothing is on unless an endpoint is named, and OTEL_SDK_DISABLED switches all of it off", () => {
  const signals = (env: Record<string, string>) => telemetryPlan(env).signals;
  assert.deepEqual(signals({}), []);
  assert.deepEqual(signals({ OTEL_SERVICE_NAME: "cordon", OTEL_TRACES_SAMPLER: "always_on" }), []);
  assert.deepEqual(signals({ OTEL_EXPORTER_OTLP_ENDPOINT: "" }), []);
  assert.deepEqual(signals(endpoint), ["traces", "logs"]);
  assert.deepEqual(signals({ ...endpoint, OTEL_LOGS_EXPORTER: "none" }), ["traces"]);
  assert.deepEqual(signals({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://127.0.0.1:4318/v1/logs" }), ["logs"]);
  assert.deepEqual(signals({ ...endpoint, OTEL_SDK_DISABLED: "true" }), []);
});

test("what is not spoken here is refused at the start, with the remedy", async () => {
  for (const [env, remedy] of [
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /http\/protobuf/],
    [{ OTEL_TRACES_EXPORTER: "zipkin" }, /otlp/],
    [{ OTEL_TRACES_SAMPLER: "jaeger_remote" }, /always_on/],
    [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" }, /0 to 1/],
    [{ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "all" }, /0 to 1/],
  ] as const)
    await assert.rejects(
      openTelemetry({ env: { ...endpoint, ...env }, version: "1", instance: "1", complain: () => undefined }),
      (error) => isCordonError(error, "CONFIG_INVALID") && remedy.test(error.message),
      JSON.stringify(env),
    );
});

const remote = (flags: number) =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    traceFlags: flags,
    isRemote: true,
  });
const samples = (sampler: Sampler, context = ROOT_CONTEXT): boolean =>
  sampler.shouldSample(context, "1".repeat(32), "GET", SpanKind.SERVER, {}, []).decision ===
  SamplingDecision.RECORD_AND_SAMPLED;

test("a caller that asks for traces gets so many a second, and not one more", () => {
  const clock = { now: 0 };
  const sampler = samplerOf({ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, () => clock.now);
  const asked = () =>
    Array.from({ length: 500 }, () => samples(sampler, remote(TraceFlags.SAMPLED))).filter(Boolean).length;
  assert.equal(asked(), 50);
  assert.equal(asked(), 0);
  clock.now = 1_000;
  assert.equal(asked(), 50);
  assert.equal(samples(sampler, remote(TraceFlags.NONE)), false);
  assert.equal(samples(sampler), false);
});

test("the sampler is the one that the environment names", () => {
  const named = (name: string, argument?: string) =>
    samplerOf(
      { OTEL_TRACES_SAMPLER: name, ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }) },
      () => 0,
    );
  assert.equal(samples(samplerOf({}, () => 0)), true);
  assert.equal(samples(named("always_off")), false);
  assert.equal(samples(named("always_on"), remote(TraceFlags.NONE)), true);
  assert.equal(samples(named("parentbased_always_on"), remote(TraceFlags.NONE)), false);
  assert.equal(samples(named("traceidratio", "0")), false);
  assert.equal(samples(named("traceidratio", "1")), true);
});

test("a traceparent comes back from its context; what is not exactly one is none", () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: length, maxLength: length });
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
      fc.pre(!/^0+$/.test(traceId) && !/^0+$/.test(spanId));
      const header = `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`;
      const parsed = parseTraceparent(header);
      assert.ok(parsed);
      assert.equal(formatTraceparent(parsed), header);
    }),
  );
  const id = "0af7651916cd43dd8448eb211c80319c";
  const span = "b7ad6b7169203331";
  for (const header of [
    undefined,
    "",
    [`00-${id}-${span}-01`],
    `00-${id}-${span}-01, 00-${id}-${span}-01`,
    `00-${id.toUpperCase()}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${id}-${"0".repeat(16)}-01`,
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-01-more`,
    `00-${id}-${span}`,
    `00-${id}-${span}-01\r\nx: y`,
    "x".repeat(100_000),
  ])
    assert.equal(parseTraceparent(header), undefined, String(header).slice(0, 80));
  assert.ok(parseTraceparent(`01-${id}-${span}-01-what.the.future.brings`));
});
