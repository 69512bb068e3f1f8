/**
 * Anthropic's official client, started by `cordon run` and changed in nothing, through a real Cordon to an upstream that
 * speaks Anthropic's wire format. Answers are scripted in the shape of the public API reference, with fields and blocks
 * that no client knows yet, which must arrive all the same.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { upstreamKey, until, type Estate, type Seen } from "../e2e/estate.ts";
import { runWithCordon, runWithoutCordon, type ClientProgram } from "./client-program.ts";
import type { AnthropicCases } from "./clients/anthropic.ts";
import { bodyOf, event, events, json, openConformanceEstate } from "./estate.ts";

const opened = new AsyncDisposableStack();
let estate: Estate;
let assistant: ClientProgram<AnthropicCases>;
const everythingSeen: Seen[] = [];
const keepSeen = (): void => void everythingSeen.push(...estate.spare.seen.splice(0));

before(async () => {
  estate = opened.use(await openConformanceEstate());
  assistant = opened.use(runWithCordon<AnthropicCases>(estate.folder, "assistant", "anthropic.ts"));
});
beforeEach(keepSeen);
after(() => opened.disposeAsync());

const model = "claude-opus-5";
const hello = { model, max_tokens: 1024, messages: [{ role: "user" as const, content: "Say hello, 世界 😀" }] };

function message(content: readonly object[], stop: string | null = "end_turn") {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-opus-5-20260901",
    content,
    stop_reason: stop,
    stop_sequence: null,
    usage: { input_tokens: 12, output_tokens: 6, cache_read_input_tokens: 0, tokens_of_tomorrow: 3 },
    field_of_tomorrow: { nested: [1, null, "x"] },
  };
}

test("a message arrives as the upstream wrote it, unknown fields and blocks and all", async () => {
  const answer = message([
    { type: "thinking", thinking: "They greet me.", signature: "c2ln" },
    { type: "text", text: "Hello, 世界 😀", citations: null },
    { type: "block_of_tomorrow", anything: [1] },
  ]);
  estate.spare.answer = (_seen, out) => json(out, answer, 200, { "request-id": "req_1" });
  const sent = {
    ...hello,
    system: [{ type: "text" as const, text: "Be brief", cache_control: { type: "ephemeral" as const } }],
    thinking: { type: "enabled" as const, budget_tokens: 1024 },
    max_tokens: 2048,
  };
  assert.deepEqual(await assistant.call("message", sent), answer);
  const [seen] = estate.spare.seen;
  assert.deepEqual([seen?.method, seen?.url], ["POST", "/v1/messages"]);
  assert.deepEqual(bodyOf(seen), sent);
  assert.match(String(seen?.headers["anthropic-version"]), /^\d{4}-\d{2}-\d{2}$/);
});

test("images and documents given in the message pass through unchanged", async () => {
  estate.spare.answer = (_seen, out) => json(out, message([{ type: "text", text: "A cat." }]));
  const data = Buffer.alloc(300_000, "cat").toString("base64");
  const content = [
    { type: "image" as const, source: { type: "base64" as const, media_type: "image/png" as const, data } },
    { type: "image" as const, source: { type: "url" as const, url: "https://example.com/cat.png?a=1&b=%20" } },
    {
      type: "document" as const,
      source: { type: "base64" as const, media_type: "application/pdf" as const, data },
      title: "Cats",
      citations: { enabled: true },
    },
    { type: "text" as const, text: "What is this?" },
  ];
  const sent = { ...hello, messages: [{ role: "user" as const, content }] };
  await assistant.call("message", sent);
  assert.deepEqual(bodyOf(estate.spare.seen[0]), sent);
});

const streamed = [
  { type: "message_start", message: { ...message([], null), usage: { input_tokens: 12, output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
  { type: "ping" },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "They ask for " } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "the weather." } },
  { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "c2ln" } },
  { type: "content_block_stop", index: 0 },
  { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Let me " } },
  { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "look 😀" } },
  { type: "content_block_stop", index: 1 },
  {
    type: "content_block_start",
    index: 2,
    content_block: { type: "tool_use", id: "toolu_1", name: "weather", input: {} },
  },
  { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "" } },
  { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"city": "S' } },
  { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: 'ão Paulo"}' } },
  { type: "content_block_stop", index: 2 },
  { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 89 } },
  { type: "message_stop" },
];

test("every event of a stream is with the client before the upstream sends the next", async () => {
  let send: (text: string) => void = () => undefined;
  let end: () => void = () => undefined;
  estate.spare.answer = (_seen, out) => {
    out.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" }).flushHeaders();
    send = (text) => void out.write(text);
    end = () => void out.end();
  };
  const stream = assistant.start("events", hello);
  await until(() => estate.spare.seen.length === 1, "the request reached the upstream");
  for (const one of streamed) {
    send(event(one));
    if (one.type !== "ping") assert.deepEqual(await stream.next(), one); // the client keeps pings to itself
  }
  end();
  await stream.returned;
  assert.equal(bodyOf(estate.spare.seen[0])["stream"], true);
});

test("the client's own helper puts thinking, text and streamed tool input together", async () => {
  estate.spare.answer = (_seen, out) => events(out, streamed);
  const stream = assistant.start("stream", hello);
  const whole = await stream.returned;
  assert.deepEqual(whole.content, [
    { type: "thinking", thinking: "They ask for the weather.", signature: "c2ln" },
    { type: "text", text: "Let me look 😀" },
    { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "São Paulo" } },
  ]);
  assert.deepEqual([whole.stop_reason, whole.usage.output_tokens], ["tool_use", 89]);
  assert.deepEqual(
    (await stream.rest()).filter((said) => JSON.stringify(said) !== '{"inputJson":""}'),
    [
      { thinking: "They ask for " },
      { thinking: "the weather." },
      { text: "Let me " },
      { text: "look 😀" },
      { inputJson: '{"city": "S' },
      { inputJson: 'ão Paulo"}' },
    ],
  );
});

test("an error in the middle of a stream is raised by the client as the upstream worded it", async () => {
  const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  estate.spare.answer = (_seen, out) => events(out, [...streamed.slice(0, 2), error]);
  const stream = assistant.start("events", hello);
  assert.equal((await stream.failure()).type, "overloaded_error");
});

const tools = [
  {
    name: "weather",
    description: "The weather of a city",
    input_schema: { type: "object" as const, properties: { city: { type: "string" }, file_id: { type: "string" } } },
  },
];

test("tool calls and their results travel unchanged, also where a tool's input is named like an object's id", async () => {
  const call = {
    type: "tool_use" as const,
    id: "toolu_1",
    name: "weather",
    input: { city: "São Paulo", file_id: "7" },
  };
  estate.spare.answer = (_seen, out) => json(out, message([call], "tool_use"));
  const asked = await assistant.call("message", { ...hello, tools, tool_choice: { type: "any" } });
  assert.deepEqual(asked.content, [call]);
  estate.spare.answer = (_seen, out) => json(out, message([{ type: "text", text: "It rains." }]));
  const result = {
    type: "tool_result" as const,
    tool_use_id: "toolu_1",
    content: [{ type: "text" as const, text: "rain" }],
  };
  const sent = {
    ...hello,
    tools,
    messages: [
      ...hello.messages,
      { role: "assistant" as const, content: [call] },
      { role: "user" as const, content: [result] },
    ],
  };
  await assistant.call("message", sent);
  assert.deepEqual(bodyOf(estate.spare.seen[1]), sent);
});

test("tokens are counted, and beta calls keep their flags", async () => {
  estate.spare.answer = (seen, out) =>
    json(out, seen.url.includes("count_tokens") ? { input_tokens: 2095, more: 1 } : message([]));
  assert.deepEqual(await assistant.call("countTokens", { model, messages: hello.messages }), {
    input_tokens: 2095,
    more: 1,
  });
  await assistant.call("beta", { ...hello, betas: ["context-1m-2025-08-07"] });
  const [counted, beta] = estate.spare.seen;
  assert.equal(counted?.url, "/v1/messages/count_tokens");
  assert.match(beta?.url ?? "", /^\/v1\/messages(\?beta=true)?$/); // some versions of the client say it in the query
  assert.equal(beta?.headers["anthropic-beta"], "context-1m-2025-08-07");
});

test("the models listed are those that the caller may use", async () => {
  assert.deepEqual(await assistant.start("models").rest(), [model, "slow"]);
  assert.equal((await assistant.call("model", model)).type, "model");
  assert.equal((await assistant.failing("model", "board-room")).name, "NotFoundError");
  assert.equal(estate.spare.seen.length, 0, "the registry answers, not the upstream");
});

test("a denied call raises PermissionDeniedError of type permission_error with the reason, and is not retried", async () => {
  for (const failure of [
    await assistant.failing("message", { ...hello, model: "board-room" }),
    await assistant.start("events", { ...hello, model: "board-room" }).failure(),
    await assistant.failing("countTokens", { messages: hello.messages, model: "board-room" }),
  ]) {
    assert.deepEqual([failure.name, failure.status, failure.type], ["PermissionDeniedError", 403, "permission_error"]);
    assert.match(
      failure.message,
      /no policy .* permits default\/agent\/assistant to infer default\/endpoint\/board-room/,
    );
    const body = failure.error as { readonly error: { readonly code: string }; readonly request_id: string };
    assert.deepEqual([body.error.code, body.request_id], ["ACCESS_DENIED", failure.requestId]);
    assert.match(failure.ledgerIndex ?? "", /^\d+$/);
  }
  assert.equal(estate.spare.seen.length, 0);
});

test("an unknown model raises NotFoundError, and a malformed request BadRequestError, each with words", async () => {
  const unknown = await assistant.failing("message", { ...hello, model: "claude-0" });
  assert.deepEqual([unknown.name, unknown.type], ["NotFoundError", "not_found_error"]);
  assert.match(unknown.message, /offers no model `claude-0`/);
  const strange = await assistant.failing("message", { ...hello, Model: "board-room" } as never);
  assert.deepEqual([strange.name, strange.type], ["BadRequestError", "invalid_request_error"]);
  assert.equal(estate.spare.seen.length, 0);
});

test("the upstream's own errors pass through with their own bodies, and the client retries as it would without Cordon", async () => {
  for (const [status, type, name] of [
    [400, "invalid_request_error", "BadRequestError"],
    [429, "rate_limit_error", "RateLimitError"],
    [529, "overloaded_error", "OverloadedError"],
  ] as const) {
    const body = {
      type: "error",
      error: { type, message: `said upstream, ${status}`, more: [1] },
      request_id: "req_1",
    };
    estate.spare.answer = (_seen, out) => json(out, body, status);
    const failure = await assistant.failing("message", hello, { maxRetries: 0 });
    assert.deepEqual([failure.name, failure.type, failure.error], [name, type, body]);
  }
  keepSeen();
  const statuses = [529, 429];
  estate.spare.answer = (_seen, out) => {
    const status = statuses.shift();
    if (status === undefined) json(out, message([]));
    else json(out, { type: "error", error: { type: "x", message: "later" } }, status, { "retry-after-ms": "5" });
  };
  assert.equal((await assistant.call("message", hello)).id, "msg_1");
  assert.deepEqual(
    estate.spare.seen.map((seen) => seen.headers["x-stainless-retry-count"]),
    ["0", "1", "2"],
  );
});

test("an upstream that takes too long is a 504 that the client reads as a timeout_error", async () => {
  estate.spare.answer = () => undefined;
  const failure = await assistant.failing("message", { ...hello, model: "slow" }, { maxRetries: 0 });
  assert.deepEqual([failure.status, failure.type], [504, "timeout_error"]);
  assert.match(failure.message, /took too long/);
});

test("an abort cancels the call at the upstream, before the answer and in the middle of a stream", async () => {
  let gone = false;
  estate.spare.answer = (seen, out, raw) => {
    raw.socket.once("close", () => (gone = true));
    if (bodyOf(seen)["stream"] === true)
      out.writeHead(200, { "content-type": "text/event-stream" }).write(event(streamed[0] ?? {}));
  };
  const call = assistant.start("abortable", hello);
  await until(() => estate.spare.seen.length === 1, "the upstream has the call");
  assert.equal(gone, false);
  call.abort();
  assert.equal((await call.failure()).name, "APIUserAbortError");
  await until(() => gone, "the upstream saw the caller leave");

  gone = false;
  const stream = assistant.start("events", hello);
  await stream.next();
  stream.abort();
  await until(() => gone, "the upstream saw the reader leave");
});

test("what refers to objects behind the shared credential is refused, and its account cannot be chosen", async () => {
  estate.spare.answer = (_seen, out) => json(out, message([]));
  const file = { type: "document", source: { type: "file", file_id: "file_of_another" } };
  for (const reference of [
    { messages: [{ role: "user", content: [file] }] },
    { container: "container_of_another" },
    { thread: { type: "continue", previous_message_id: "msg_of_another" } },
    { diagnostics: { previous_message_id: "msg_of_another" } },
  ]) {
    const refused = await assistant.failing("beta", { ...hello, ...reference } as never);
    assert.deepEqual([refused.name, refused.type], ["NotFoundError", "not_found_error"], JSON.stringify(reference));
    assert.match(refused.message, /cannot be tied to its owner/);
  }
  const elsewhere = await assistant.failing("beta", { ...hello, fallbacks: [{ model: "board-room" }] });
  assert.match(elsewhere.message, /another model, which would answer undecided/);
  assert.match((await assistant.failing("batch", { requests: [] })).message, /is not governed yet/);
  assert.equal(estate.spare.seen.length, 0, "nothing of this reached the upstream, where it would have worked");

  await assistant.call("message", { ...hello, workspace_id: "wrkspc_of_another", user_profile_id: "uprof_of_another" });
  assert.ok(!JSON.stringify(estate.spare.seen[0]?.headers).includes("of_another"));
});

test("without `cordon run` the same program gets nothing, not even with the key of a run", async () => {
  const { key = "" } = await assistant.call("environment");
  await using stray = runWithoutCordon<AnthropicCases>("anthropic.ts", {
    ANTHROPIC_BASE_URL: `${estate.cordon.gatewayUrl}/anthropic`,
    ANTHROPIC_API_KEY: key,
    // It is the gateway that refuses: the client is made to trust whatever answers.
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  });
  const failure = await stray.failing("message", hello, { maxRetries: 0 });
  assert.deepEqual([failure.name, failure.type], ["AuthenticationError", "authentication_error"]);
  assert.equal(estate.spare.seen.length, 0);
});

test("no upstream ever saw the run's key: each call carried the upstream's own credential", async () => {
  const { key = "" } = await assistant.call("environment");
  assert.ok(key.length >= 32);
  const withCredential = everythingSeen.filter((seen) => bodyOf(seen)["model"] !== "slow");
  assert.ok(withCredential.length > 12);
  for (const seen of everythingSeen) {
    const all = JSON.stringify([seen.url, seen.headers]) + seen.body.toString("latin1");
    assert.ok(!all.includes(key));
  }
  for (const seen of withCredential) assert.equal(seen.headers["x-api-key"], upstreamKey);
});
