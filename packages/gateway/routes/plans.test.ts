import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { isCordonError } from "@cordon/core/errors";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { ModelRoute, ModelTarget, Upstream } from "@cordon/core/policy/snapshot";
import { planAnthropic } from "./anthropic.ts";
import { watchCreatedObject } from "./created-object.ts";
import type { Intent, Plan, PlanInput } from "./intent.ts";
import { objectsUsed, planOpenai } from "./openai.ts";

const namespace = "default" as Namespace;
const upstream = (name: string): Upstream => ({
  namespace,
  name,
  url: "https://127.0.0.1:1/base",
  external: false,
  authentication: { kind: "webpki" },
  timeouts: { connectMs: 1, firstByteMs: 1, idleMs: 1 },
});
const one = upstream("one");
const target = (name: string, at = one): ModelTarget => ({
  component: parseSpiffeId(`spiffe://td/ns/default/model/${name}`),
  upstream: at,
});
const route = (kind: "openai" | "anthropic", models: Record<string, ModelTarget>): ModelRoute => ({
  namespace,
  name: "r",
  path: "/v1",
  maxBodyBytes: 1000,
  mode: "enforce",
  kind,
  models: new Map(Object.entries(models)),
});
const openai = route("openai", { m: target("m"), n: target("n") });
const input = (method: string, rest: string, ownerOf: PlanInput["ownerOf"] = () => undefined): PlanInput => ({
  head: { method, path: `/v1${rest}`, query: "" },
  rest,
  ownerOf,
});
function intentOf(plan: Plan, body: JsonObject = {}): Intent {
  assert.equal(plan.kind, "forward");
  return (plan as Plan & { kind: "forward" }).intent(body);
}
const refusedBody = (body: JsonObject, code?: "ROUTE_UNGOVERNED" | "REQUEST_MALFORMED" | "ROUTE_UNKNOWN"): void =>
  assert.throws(
    () => intentOf(planOpenai(openai, input("POST", "/responses")), { model: "m", ...body }),
    (error) => isCordonError(error, code),
    JSON.stringify(body),
  );

test("a chat call is an inference on the component that the model's name stands for", () => {
  const intent = intentOf(planOpenai(openai, input("POST", "/chat/completions")), { model: "n", stream: true });
  assert.deepEqual([intent.action, intent.resource, intent.stream], ["infer", target("n").component, true]);
  assert.equal(intent.creates, undefined);
  assert.equal(intentOf(planOpenai(openai, input("POST", "/embeddings")), { model: "m" }).action, "embed");
});

test("endpoints that are not governed are refused, also when they look like governed ones", () => {
  for (const [method, rest] of [
    ["GET", "/chat/completions"],
    ["POST", "/chat/completions/x"],
    ["POST", "/chat/other"],
    ["POST", "/batches"],
    ["GET", "/files"],
    ["GET", "/realtime"],
    ["POST", "/responses/resp_1"],
    ["POST", "/assistants"],
    ["POST", "/images/generations"],
    ["PUT", "/files/f"],
    ["GET", ""],
  ] as const)
    assert.equal(planOpenai(openai, input(method, rest)).kind, "refuse", `${method} ${rest}`);
  for (const [method, rest] of [
    ["POST", "/v1/messages/batches"],
    ["POST", "/v1/files"],
    ["GET", "/v1/messages"],
    ["POST", "/v1/complete"],
  ] as const)
    assert.equal(planAnthropic(route("anthropic", { m: target("m") }), input(method, rest)).kind, "refuse", rest);
});

test("a model that the route does not offer, or none, or one that is no text, is refused", () => {
  refusedBody({ model: "other" }, "ROUTE_UNKNOWN");
  refusedBody({ model: null }, "REQUEST_MALFORMED");
  refusedBody({ model: ["m"] }, "REQUEST_MALFORMED");
  refusedBody({ model: "__proto__" }, "ROUTE_UNKNOWN");
  refusedBody({ stream: "true" }, "REQUEST_MALFORMED");
});

test("references to objects at the upstream are found wherever the API takes them", () => {
  assert.deepEqual(
    objectsUsed({
      previous_response_id: "resp_1",
      input: [{ role: "user", content: [{ type: "input_file", file_id: "file-1" }] }],
      tools: [{ type: "code_interpreter", container: { type: "auto", file_ids: ["file-2"] } }],
    }),
    [
      { type: "response", id: "resp_1" },
      { type: "file", id: "file-1" },
      { type: "file", id: "file-2" },
    ],
  );
});

test("references that cannot be tied to an owner are refused", () => {
  refusedBody({ conversation: "conv_1" }, "ROUTE_UNGOVERNED");
  refusedBody({ prompt: { id: "pmpt_1" } }, "ROUTE_UNGOVERNED");
  refusedBody({ input: [{ type: "item_reference", id: "msg_1" }] }, "ROUTE_UNGOVERNED");
  refusedBody({ input: [{ id: "msg_1" }] }, "ROUTE_UNGOVERNED");
  refusedBody({ input: [{ id: "msg_1", type: null }] }, "ROUTE_UNGOVERNED");
  refusedBody({ tools: [{ type: "file_search", vector_store_ids: ["vs_1"] }] }, "ROUTE_UNGOVERNED");
  refusedBody({ tools: [{ type: "code_interpreter", container: "cntr_1" }] }, "ROUTE_UNGOVERNED");
  const reused = { type: "container_reference", container_id: "cntr_1" };
  refusedBody({ tools: [{ type: "shell", environment: reused }] }, "ROUTE_UNGOVERNED");
  refusedBody({ input: [{ type: "code_interpreter_call", id: "ci_1", container_id: "cntr_1" }] }, "ROUTE_UNGOVERNED");
  refusedBody({ input: [{ type: "image_generation_call", id: "ig_1" }] }, "ROUTE_UNGOVERNED");
  refusedBody({ messages: [{ role: "assistant", audio: { id: "audio_1" } }] }, "ROUTE_UNGOVERNED");
  const skill = { type: "skill_reference", skill_id: "skill_1" };
  refusedBody(
    { tools: [{ type: "shell", environment: { type: "container_auto", skills: [skill] } }] },
    "ROUTE_UNGOVERNED",
  );
  refusedBody({ tools: [{ type: "mcp", tunnel_id: "tunnel_1" }] }, "ROUTE_UNGOVERNED");
  refusedBody({ previous_response_id: "../files/x" }, "REQUEST_MALFORMED");
  refusedBody({ previous_response_id: 7 }, "REQUEST_MALFORMED");
});

test("a response that is only compared with must be the caller's own, like one that is continued", () => {
  const uses = objectsUsed({ prompt_cache_options: { comparison_response_id: "resp_1" } });
  assert.deepEqual(uses, [{ type: "response", id: "resp_1" }]);
});

test("audio that is given, or asked for, is no reference", () => {
  const given = { type: "input_audio", input_audio: { data: "UklG", format: "wav" } };
  assert.deepEqual(
    objectsUsed({ audio: { voice: "alloy", format: "mp3" }, messages: [{ role: "user", content: [given] }] }),
    [],
  );
});

const claude = (body: JsonObject): Intent =>
  intentOf(planAnthropic(route("anthropic", { m: target("m") }), input("POST", "/v1/messages")), {
    model: "m",
    messages: [],
    ...body,
  });

test("a message that refers to what the upstream holds, or brings in a model that nobody decided on, is refused", () => {
  for (const body of [
    { messages: [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: "file_1" } }] }] },
    { container: "container_1" },
    { container: { skills: [{ type: "custom", skill_id: "skill_1" }] } },
    { thread: { type: "create" } },
    { thread: { type: "continue", previous_message_id: "msg_1" } },
    { diagnostics: { previous_message_id: "msg_1" } },
    { fallbacks: [{ model: "other" }] },
    { fallbacks: "default" },
    { tools: [{ type: "advisor_20260301", name: "advisor", model: "other" }] },
    { input: { file_id: "file_1" } },
  ] satisfies JsonObject[])
    assert.throws(
      () => claude(body),
      (error) => isCordonError(error, "ROUTE_UNGOVERNED"),
      JSON.stringify(body),
    );
});

test("a tool's own input may be named like a reference, in a call and in an example", () => {
  const call = { type: "tool_use", id: "toolu_1", name: "f", input: { file_id: "7", previous_message_id: "8" } };
  claude({
    messages: [{ role: "assistant", content: [call] }],
    tools: [{ name: "f", input_schema: { properties: { file_id: {} } }, input_examples: [{ file_id: "7" }] }],
    container: null,
    diagnostics: { previous_message_id: null },
    fallbacks: null,
  });
});

test("a tool whose schema has a property named like a reference is left alone", () => {
  const tools = [
    {
      type: "function",
      name: "f",
      parameters: { type: "object", properties: { file_id: { type: "string" }, vector_store_ids: {} } },
    },
  ];
  assert.deepEqual(objectsUsed({ tools }), []);
});

test("a stored object can be reached only where its owner is known, and is governed by its component", () => {
  assert.equal(planOpenai(openai, input("GET", "/responses/resp_1")).kind, "refuse");
  const owned = () => ({
    component: target("m").component,
    principal: parseSpiffeId("spiffe://td/ns/default/agent/a"),
  });
  const read = intentOf(planOpenai(openai, input("GET", "/responses/resp_1", owned)));
  assert.deepEqual([read.action, read.resource], ["read", target("m").component]);
  const gone = intentOf(planOpenai(openai, input("DELETE", "/files/file-1", owned)));
  assert.deepEqual([gone.action, gone.deletes], ["write", { type: "file", id: "file-1" }]);
  assert.equal(planOpenai(openai, input("GET", "/responses/a%20b", owned)).kind, "refuse");
});

test("files go only to a route whose models share one upstream", () => {
  assert.equal(intentOf(planOpenai(openai, input("POST", "/files"))).creates, "file");
  const two = route("openai", { m: target("m"), n: target("n", upstream("two")) });
  assert.equal(planOpenai(two, input("POST", "/files")).kind, "refuse");
});

test("Responses make an object unless told not to store it; Chat Completions that ask to store are refused", () => {
  assert.equal(intentOf(planOpenai(openai, input("POST", "/responses")), { model: "m" }).creates, "response");
  assert.equal(
    intentOf(planOpenai(openai, input("POST", "/responses")), { model: "m", store: false }).creates,
    undefined,
  );
  assert.throws(() =>
    intentOf(planOpenai(openai, input("POST", "/chat/completions")), { model: "m", messages: [], store: true }),
  );
});

const json = { "content-type": "application/json" };

test("the id of a created object is seen in a body and in a stream, however it is cut into chunks", () => {
  const whole = watchCreatedObject("response", json);
  for (const byte of Buffer.from('{"object":"response","id":"resp_9","output":[]}'))
    assert.equal(whole.push(Uint8Array.of(byte)), undefined);
  assert.equal(whole.end(), "resp_9");
  const events = watchCreatedObject("response", { "content-type": "text/event-stream" });
  const text =
    'event: response.created\r\ndata: {"type":"response.created","response":{"id":"resp_8"}}\r\n\r\ndata: {"response":{"id":"other"}}\n\n';
  const seen = [...Buffer.from(text)].map((byte) => events.push(Uint8Array.of(byte))).filter((id) => id !== undefined);
  assert.deepEqual(seen, ["resp_8"]);
});

test("an answer that is no JSON makes no object and does not fail", () => {
  const watch = watchCreatedObject("response", json);
  watch.push(Buffer.from("not json"));
  assert.equal(watch.end(), undefined);
});
