import assert from "node:assert/strict";
import { test } from "node:test";
import { startCordonProcess } from "./cordon-process.ts";
import { chatCall, until, type Json } from "./estate.ts";
import { attributesOf, openOtlpReceiver, type Posted } from "./otlp-receiver.ts";

interface SpanJson {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
  readonly events?: readonly { name: string }[];
  readonly status: { readonly code?: number };
}

function spansOf(posted: readonly Posted[]): SpanJson[] {
  return posted
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ body }) => JSON.parse(body.toString()).resourceSpans as Json[])
    .flatMap((resource) => resource.scopeSpans as Json[])
    .flatMap((scope) => scope.spans as SpanJson[]);
}

const chat = chatCall({ model: "m", messages: [{ role: "user", content: "hello" }] });
const traceId = "0af7651916cd43dd8448eb211c80319c";
const parent = "b7ad6b7169203331";

test("an allowed call is a server span within the caller's trace, around a GenAI span that the upstream hears of", async () => {
  await using receiver = await openOtlpReceiver();
  await using cordon = await startCordonProcess({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=k1",
      OTEL_SERVICE_NAME: "gateway-of-the-test",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    },
  });
  const assistant = await cordon.svidFor("assistant");
  const headers = { ...chat.headers, traceparent: `00-${traceId}-${parent}-01`, tracestate: "vendor=1" };
  assert.equal(
    (await cordon.call(assistant, "/v1/chat/completions?key=in-the-query", { ...chat, headers })).status,
    200,
  );
  assert.equal((await cordon.call(assistant, "/training-data/x")).status, 403);
  await cordon.stop();

  const spans = spansOf(receiver.posted);
  const [server] = spans.filter((span) => span.kind === 2 && span.traceId === traceId);
  const [client] = spans.filter((span) => span.kind === 3);
  assert.ok(server && client, JSON.stringify(spans.map(({ name, kind }) => [name, kind])));
  assert.deepEqual([server.name, server.parentSpanId], ["POST /v1", parent]);
  assert.deepEqual([client.name, client.parentSpanId, client.traceId], ["chat m", server.spanId, traceId]);
  const [seen] = cordon.upstream.seen;
  assert.equal(seen?.headers["traceparent"], `00-${traceId}-${client.spanId}-01`);
  assert.equal(seen?.headers["tracestate"], "vendor=1");
  assert.ok(BigInt(client.startTimeUnixNano) >= BigInt(server.startTimeUnixNano));
  assert.ok(BigInt(client.endTimeUnixNano) <= BigInt(server.endTimeUnixNano));
  const said = attributesOf(server.attributes);
  assert.equal(said["http.route"], "/v1");
  assert.equal(said["http.request.method"], "POST");
  assert.equal(Number(said["http.response.status_code"]), 200);
  assert.equal(said["cordon.effect"], "allow");
  assert.deepEqual(
    server.events?.map(({ name }) => name),
    ["decided", "recorded"],
  );
  const model = attributesOf(client.attributes);
  assert.deepEqual(
    [model["gen_ai.operation.name"], model["gen_ai.provider.name"], model["gen_ai.request.model"]],
    ["chat", "openai", "m"],
  );
  const denied = spans.find((span) => attributesOf(span.attributes)["cordon.effect"] === "deny");
  assert.equal(attributesOf(denied?.attributes ?? [])["error.type"], "no-permit");
  assert.notEqual(denied?.status.code, 2, "a denial is no failure of the gateway");

  const traces = receiver.posted.find(({ path }) => path === "/v1/traces");
  assert.equal(traces?.headers["x-collector-key"], "k1");
  const resource = attributesOf(JSON.parse(traces?.body.toString() ?? "").resourceSpans[0].resource.attributes);
  assert.equal(resource["service.name"], "gateway-of-the-test");
  assert.equal(resource["deployment.environment.name"], "test");
  const logs = receiver.posted.filter(({ path }) => path === "/v1/logs").map(({ body }) => body.toString());
  assert.match(logs.join(""), /cordon\.stopping/);
});

test("a traceparent that is not one starts a trace here, and its tracestate goes no further", async () => {
  await using receiver = await openOtlpReceiver();
  await using cordon = await startCordonProcess({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
  });
  const assistant = await cordon.svidFor("assistant");
  const headers = { ...chat.headers, traceparent: `00-${traceId}-${parent}-01-extra`, tracestate: "vendor=1" };
  await cordon.call(assistant, "/v1/chat/completions", { ...chat, headers });
  const [seen] = cordon.upstream.seen;
  assert.match(String(seen?.headers["traceparent"]), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.ok(!String(seen?.headers["traceparent"]).includes(traceId));
  assert.ok(!seen?.headers["tracestate"]);
});

test("protobuf is what is spoken unless JSON is asked for", async () => {
  await using receiver = await openOtlpReceiver();
  await using cordon = await startCordonProcess({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
  const assistant = await cordon.svidFor("assistant");
  const headers = { ...chat.headers, traceparent: `00-${traceId}-${parent}-01` };
  await cordon.call(assistant, "/v1/chat/completions", { ...chat, headers });
  await cordon.stop();
  const traces = receiver.posted.find(({ path }) => path === "/v1/traces");
  assert.equal(traces?.contentType, "application/x-protobuf");
  assert.ok(traces.body.includes(Buffer.from(traceId, "hex")) && traces.body.includes("gen_ai.request.model"));
});

test("a collector that is down costs no call, and is complained of", async () => {
  const gone = await openOtlpReceiver();
  await gone[Symbol.asyncDispose]();
  await using cordon = await startCordonProcess({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: gone.url, OTEL_EXPORTER_OTLP_TIMEOUT: "500" },
  });
  const assistant = await cordon.svidFor("assistant");
  assert.equal((await cordon.call(assistant, "/v1/chat/completions", chat)).status, 200);
  await until(() => cordon.stderr().includes("telemetry-failing"), "the operator hears of it");
  assert.equal((await cordon.call(assistant, "/v1/chat/completions", chat)).status, 200);
  assert.equal(await cordon.stop(), 0);
});

test("without an endpoint nothing is sent, and the caller's trace context passes through", async () => {
  await using cordon = await startCordonProcess();
  const assistant = await cordon.svidFor("assistant");
  const headers = { ...chat.headers, traceparent: `00-${traceId}-${parent}-01` };
  await cordon.call(assistant, "/v1/chat/completions", { ...chat, headers });
  assert.equal(cordon.upstream.seen[0]?.headers["traceparent"], `00-${traceId}-${parent}-01`);
});
