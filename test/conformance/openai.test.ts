/**
 * OpenAI's official client, started by `cordon run` and changed in nothing, through a real Cordon to an upstream that
 * speaks OpenAI's wire format. Answers are scripted in the shape of the public API reference, with fields that no client
 * knows yet, which must arrive all the same.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { upstreamKey, until, type Estate, type Seen } from "../e2e/estate.ts";
import { runWithCordon, runWithoutCordon, type ClientProgram } from "./client-program.ts";
import type { OpenaiCases } from "./clients/openai.ts";
import { bodyOf, event, events, json, openConformanceEstate } from "./estate.ts";

const opened = new AsyncDisposableStack();
let estate: Estate;
let assistant: ClientProgram<OpenaiCases>;
let rival: ClientProgram<OpenaiCases>;
const everythingSeen: Seen[] = [];
const keepSeen = (): void => void everythingSeen.push(...estate.chat.seen.splice(0));

before(async () => {
  estate = opened.use(await openConformanceEstate());
  assistant = opened.use(runWithCordon<OpenaiCases>(estate.folder, "assistant", "openai.ts"));
  rival = opened.use(runWithCordon<OpenaiCases>(estate.folder, "rival", "openai.ts"));
});
beforeEach(() => {
  keepSeen();
  estate.chat.hear = () => undefined;
});
after(() => opened.disposeAsync());

const model = "gpt-5.4";
const messages = [{ role: "user" as const, content: "Say hello, 世界 😀" }];

function completion(message: object, finish = "stop") {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_790_000_000,
    model: "gpt-5.4-2026-03-05",
    choices: [{ index: 0, message: { role: "assistant", ...message }, logprobs: null, finish_reason: finish }],
    usage: {
      prompt_tokens: 19,
      completion_tokens: 10,
      total_tokens: 29,
      prompt_tokens_details: { cached_tokens: 0, tokens_of_tomorrow: 7 },
    },
    service_tier: "default",
    system_fingerprint: "fp_1",
    field_of_tomorrow: { nested: [1, null, "x"], big: 1e300 },
  };
}

function chunk(delta: object, finish: string | null = null) {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_790_000_000,
    model: "gpt-5.4-2026-03-05",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    obfuscation: "x7",
  };
}

test("a chat completion arrives as the upstream wrote it, unknown fields and all", async () => {
  const answer = completion({ content: "Hello, 世界 😀", refusal: null, annotations: [] });
  estate.chat.answer = (_seen, out) => json(out, answer);
  assert.deepEqual(await assistant.call("chat", { model, messages, temperature: 0.5, seed: 7 }), answer);
  const [seen] = estate.chat.seen;
  assert.deepEqual([seen?.method, seen?.url], ["POST", "/v1/chat/completions"]);
  assert.deepEqual(bodyOf(seen), { model, messages, temperature: 0.5, seed: 7 });
});

test("the client is told the upstream's request id and limits, and the receipt of its own call", async () => {
  estate.chat.answer = (_seen, out) =>
    json(out, completion({ content: "x" }), 200, { "x-request-id": "req_1", "x-ratelimit-remaining-tokens": "9" });
  const headers = await assistant.call("chatHeaders", { model, messages });
  assert.equal(headers["x-request-id"], "req_1");
  assert.equal(headers["x-ratelimit-remaining-tokens"], "9");
  assert.match(headers["cordon-ledger-index"] ?? "", /^\d+$/);
  assert.match(headers["cordon-request-id"] ?? "", /^[0-9a-f]{16}-/);
});

test("a stream arrives piece by piece: the first delta is with the client before the upstream sends the second", async () => {
  const chunks = [chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo" })];
  const last = chunk({}, "stop");
  let send: (text: string) => void = () => undefined;
  let end: () => void = () => undefined;
  estate.chat.answer = (_seen, out) => {
    out.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" }).flushHeaders();
    send = (text) => void out.write(text);
    end = () => void out.end();
  };
  const stream = assistant.start("chatStream", { model, messages, stream_options: { include_usage: true } });
  await until(() => estate.chat.seen.length === 1, "the request reached the upstream");
  for (const one of chunks) {
    send(event(one));
    assert.deepEqual(await stream.next(), one);
  }
  send(`: a comment\n\n${event(last).slice(0, 30)}`);
  send(`${event(last).slice(30)}${event("[DONE]")}`);
  end();
  assert.deepEqual(await stream.rest(), [last]);
  assert.deepEqual(bodyOf(estate.chat.seen[0])["stream_options"], { include_usage: true });
});

test("an error in the middle of a stream is raised by the client as the upstream worded it", async () => {
  const error = { message: "The model is overloaded", type: "server_error", code: "overloaded" };
  estate.chat.answer = (_seen, out) => events(out, [chunk({ content: "Hel" }), { error }]);
  const stream = assistant.start("chatStream", { model, messages });
  assert.deepEqual(await stream.next(), chunk({ content: "Hel" }));
  const failure = await stream.failure();
  assert.deepEqual([failure.name, failure.code], ["APIError", "overloaded"]);
  assert.match(failure.message, /The model is overloaded/);
});

test("an upstream that breaks off in the middle of a stream never looks finished", async () => {
  let breakOff = (): unknown => undefined;
  estate.chat.answer = (_seen, out) => {
    breakOff = () => out.destroy();
    out.writeHead(200, { "content-type": "text/event-stream" });
    out.write(event(chunk({ content: "Hel" })));
  };
  const stream = assistant.start("chatStream", { model, messages });
  assert.deepEqual(await stream.next(), chunk({ content: "Hel" }));
  breakOff();
  assert.match((await stream.failure()).message, /terminated|Connection error/);
});

const tools = [
  {
    type: "function" as const,
    function: {
      name: "get_weather",
      description: "The weather of a city",
      strict: true,
      parameters: { type: "object", properties: { city: { type: "string" }, file_id: { type: "string" } } },
    },
  },
];

test("tool calls and their results travel unchanged in both directions", async () => {
  const call = { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"São Paulo"}' } };
  estate.chat.answer = (_seen, out) => json(out, completion({ content: null, tool_calls: [call] }, "tool_calls"));
  const asked = await assistant.call("chat", {
    model,
    messages,
    tools,
    tool_choice: "auto",
    parallel_tool_calls: true,
  });
  assert.deepEqual(asked.choices[0]?.message.tool_calls, [call]);

  estate.chat.answer = (_seen, out) => json(out, completion({ content: "It rains." }));
  const history = [
    ...messages,
    { role: "assistant" as const, content: null, tool_calls: asked.choices[0]?.message.tool_calls ?? [] },
    { role: "tool" as const, tool_call_id: "call_1", content: "rain, 19 °C" },
  ];
  const answered = await assistant.call("chat", { model, messages: history, tools });
  assert.equal(answered.choices[0]?.message.content, "It rains.");
  assert.deepEqual(bodyOf(estate.chat.seen[1]), { model, messages: history, tools });
});

test("the deltas of streamed tool arguments are put together by the client's own helper", async () => {
  const start = { index: 0, id: "call_1", type: "function", function: { name: "get_weather", arguments: "" } };
  const pieces = ['{"ci', 'ty":"S', 'ão Paulo"', "}"];
  estate.chat.answer = (_seen, out) =>
    events(out, [
      chunk({ role: "assistant", content: null, tool_calls: [start] }),
      ...pieces.map((text) => chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] })),
      chunk({}, "tool_calls"),
      "[DONE]",
    ]);
  const assembled = await assistant.call("chatAssembled", { model, messages });
  const [call] = assembled.choices[0]?.message.tool_calls ?? [];
  assert.ok(call?.type === "function");
  assert.deepEqual([call.function.name, call.function.arguments], ["get_weather", pieces.join("")]);
  assert.equal(assembled.choices[0]?.finish_reason, "tool_calls");
});

test("images, audio and files given in the message pass through unchanged", async () => {
  estate.chat.answer = (_seen, out) => json(out, completion({ content: "A cat." }));
  const data = Buffer.alloc(300_000, "cat").toString("base64");
  const content = [
    { type: "text" as const, text: "What is this?" },
    { type: "image_url" as const, image_url: { url: `data:image/png;base64,${data}`, detail: "high" as const } },
    { type: "image_url" as const, image_url: { url: "https://example.com/cat.png?a=1&b=%20" } },
    { type: "input_audio" as const, input_audio: { data: "UklGRg==", format: "wav" as const } },
    { type: "file" as const, file: { filename: "cat.pdf", file_data: `data:application/pdf;base64,${data}` } },
  ];
  const sent = { model, messages: [{ role: "user" as const, content }] };
  await assistant.call("chat", sent);
  assert.deepEqual(bodyOf(estate.chat.seen[0]), sent);
});

test("legacy completions work", async () => {
  const answer = {
    id: "cmpl-1",
    object: "text_completion",
    created: 1,
    model,
    choices: [{ text: " there", index: 0, logprobs: null, finish_reason: "length" }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
  estate.chat.answer = (_seen, out) => json(out, answer);
  for (const prompt of ["Hello", ["Hello", "Hi"], [1, 2, 3]])
    assert.deepEqual(await assistant.call("complete", { model, prompt, max_tokens: 1 }), answer);
  assert.equal(estate.chat.seen[0]?.url, "/v1/completions");
});

test("embeddings come in the base64 that the client asks for by default, and as numbers when asked", async () => {
  const vector = [0.25, -1.5, 3.402823466e38, 0];
  estate.chat.answer = (seen, out) => {
    const base64 = bodyOf(seen)["encoding_format"] === "base64";
    const embedding = base64 ? Buffer.from(new Float32Array(vector).buffer).toString("base64") : vector;
    json(out, {
      object: "list",
      data: [{ object: "embedding", index: 0, embedding }],
      model: "text-embedding-3-small",
      usage: { prompt_tokens: 2, total_tokens: 2 },
    });
  };
  const params = { model: "text-embedding-3-small", input: ["a text"], dimensions: 4 };
  const decoded = await assistant.call("embed", params);
  assert.equal(bodyOf(estate.chat.seen[0])["encoding_format"], "base64");
  assert.deepEqual([...new Float32Array(decoded.data[0]?.embedding ?? [])], [...new Float32Array(vector)]);
  const plain = await assistant.call("embed", { ...params, encoding_format: "float" });
  assert.deepEqual(plain.data[0]?.embedding, vector);
});

function response(id: string, text = "Hello") {
  return {
    id,
    object: "response",
    created_at: 1_790_000_000,
    status: "completed",
    error: null,
    model,
    output: [
      {
        id: "msg_1",
        type: "message",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
      },
    ],
    previous_response_id: null,
    usage: { input_tokens: 3, output_tokens: 1, total_tokens: 4 },
    field_of_tomorrow: true,
  };
}

test("a response is created, streamed with every event, and continued by the one who made it", async () => {
  estate.chat.answer = (_seen, out) => json(out, response("resp_1"));
  const made = await assistant.call("respond", { model, input: "Hi", instructions: "Be brief", store: true });
  assert.equal(made.output_text, "Hello");
  assert.deepEqual(made, { ...response("resp_1"), output_text: "Hello" });

  const all = [
    { type: "response.created", sequence_number: 0, response: { ...response("resp_2"), status: "in_progress" } },
    { type: "response.output_text.delta", sequence_number: 1, item_id: "msg_1", output_index: 0, delta: "Hel" },
    { type: "response.function_call_arguments.delta", sequence_number: 2, item_id: "fc_1", delta: '{"a' },
    { type: "response.event_of_tomorrow", sequence_number: 3, anything: [1] },
    { type: "response.completed", sequence_number: 4, response: response("resp_2") },
  ];
  estate.chat.answer = (_seen, out) => events(out, all);
  const goOn = { model, input: "Go on", previous_response_id: "resp_1" };
  assert.deepEqual(await assistant.start("respondStream", goOn).rest(), all);
  assert.equal(bodyOf(estate.chat.seen[1])["previous_response_id"], "resp_1");

  estate.chat.answer = (_seen, out) => json(out, response("resp_3"));
  await assistant.call("respond", { model, input: "More", previous_response_id: "resp_2" });
  assert.equal((await assistant.call("readResponse", "resp_3")).id, "resp_3");
});

test("a response that a stream made is its maker's from its first event on", async () => {
  const first = { type: "response.created", sequence_number: 0, response: response("resp_young") };
  let end: () => void = () => undefined;
  estate.chat.answer = (seen, out) => {
    if (seen.method === "GET") return json(out, response("resp_young"));
    out.writeHead(200, { "content-type": "text/event-stream" }).write(event(first));
    end = () => void out.end();
  };
  const stream = assistant.start("respondStream", { model, input: "Hi" });
  assert.deepEqual(await stream.next(), first);
  assert.equal((await assistant.call("readResponse", "resp_young")).id, "resp_young");
  end();
  await stream.rest();
});

test("a response that works in the background is watched, paged through and cancelled by its maker", async () => {
  const delta = { type: "response.output_text.delta", sequence_number: 2, item_id: "msg_1", delta: "Hel" };
  estate.chat.answer = (seen, out) => {
    const { pathname, searchParams } = new URL(seen.url, "http://upstream");
    if (searchParams.get("stream") === "true") return events(out, [delta]);
    if (!pathname.endsWith("/input_items")) return json(out, { ...response("resp_long"), background: true });
    const first = searchParams.get("after") === null;
    const id = first ? "msg_a" : "msg_b";
    json(out, { object: "list", data: [{ id, type: "message" }], has_more: first, first_id: id, last_id: id });
  };
  await assistant.call("respond", { model, input: "Think long", background: true });
  assert.deepEqual(await assistant.start("resumeResponse", "resp_long").rest(), [delta]);
  assert.deepEqual(await assistant.start("inputItems", "resp_long").rest(), ["msg_a", "msg_b"]);
  assert.equal((await assistant.call("cancelResponse", "resp_long")).id, "resp_long");
  assert.deepEqual(
    estate.chat.seen.map(({ method, url }) => `${method} ${url}`),
    [
      "POST /v1/responses",
      "GET /v1/responses/resp_long?stream=true&starting_after=1",
      "GET /v1/responses/resp_long/input_items?limit=1",
      "GET /v1/responses/resp_long/input_items?limit=1&after=msg_a",
      "POST /v1/responses/resp_long/cancel",
    ],
  );
  assert.equal((await rival.failing("cancelResponse", "resp_long")).code, "OBJECT_NOT_OWNED");
  assert.equal((await rival.start("inputItems", "resp_long").failure()).code, "OBJECT_NOT_OWNED");
});

test("another component can neither continue, read nor delete a response, though its upstream would let it", async () => {
  estate.chat.answer = (_seen, out) => json(out, response("resp_mine"));
  await assistant.call("respond", { model, input: "Hi" });
  await assistant.call("readResponse", "resp_mine");
  const reached = estate.chat.seen.length;
  const attempts = [
    await rival.failing("respond", { model, input: "Go on", previous_response_id: "resp_mine" }),
    await rival.failing("readResponse", "resp_mine"),
    await rival.failing("deleteResponse", "resp_mine"),
  ];
  for (const { name, code } of attempts) assert.deepEqual([name, code], ["NotFoundError", "OBJECT_NOT_OWNED"]);
  assert.equal(estate.chat.seen.length, reached, "the upstream heard nothing of it");
  await assistant.call("deleteResponse", "resp_mine");
  assert.equal((await assistant.failing("readResponse", "resp_mine")).code, "OBJECT_NOT_OWNED");
});

const file = (id: string) => ({
  id,
  object: "file",
  bytes: 9,
  created_at: 1,
  filename: "notes.txt",
  purpose: "user_data",
});

test("a file is uploaded whole, read and deleted by its owner, used in a message, and refused to others", async () => {
  const path = join(estate.folder, "notes.txt");
  const notes = Buffer.alloc(2_000_000, "notes\r\n--boundary?\0é");
  await writeFile(path, notes);
  estate.chat.answer = (seen, out) => {
    if (seen.method === "DELETE") return json(out, { id: "file-1", object: "file", deleted: true });
    if (seen.url.endsWith("/content")) return void out.end("contents");
    json(out, seen.url === "/v1/chat/completions" ? completion({ content: "x" }) : file("file-1"));
  };
  assert.deepEqual(await assistant.call("upload", path), file("file-1"));
  const [seen] = estate.chat.seen;
  const form = await new Response(seen?.body, {
    headers: { "content-type": seen?.headers["content-type"] ?? "" },
  }).formData();
  const uploaded = form.get("file");
  assert.ok(uploaded instanceof File);
  assert.deepEqual([form.get("purpose"), uploaded.name], ["user_data", "notes.txt"]);
  assert.ok(Buffer.from(await uploaded.arrayBuffer()).equals(notes));

  assert.equal((await assistant.call("readFile", "file-1")).id, "file-1");
  assert.equal(await assistant.call("readFileContent", "file-1"), "contents");
  const using = {
    model,
    messages: [{ role: "user" as const, content: [{ type: "file" as const, file: { file_id: "file-1" } }] }],
  };
  await assistant.call("chat", using);
  for (const refused of [
    await rival.failing("readFile", "file-1"),
    await rival.failing("readFileContent", "file-1"),
    await rival.failing("deleteFile", "file-1"),
    await rival.failing("chat", using),
  ])
    assert.deepEqual([refused.name, refused.code], ["NotFoundError", "OBJECT_NOT_OWNED"]);
  assert.equal((await assistant.call("deleteFile", "file-1")).deleted, true);
  assert.equal((await assistant.failing("readFile", "file-1")).code, "OBJECT_NOT_OWNED");
});

test("an upload streams through: the upstream has its beginning before the client has its end", async () => {
  let heard = "";
  estate.chat.hear = (piece) => void (heard += piece.toString());
  estate.chat.answer = (_seen, out) => json(out, file("file-2"));
  const upload = assistant.start("uploadSlowly", 2);
  upload.tell("the first piece");
  await until(() => heard.includes("the first piece"), "the upstream heard the first piece");
  assert.equal(estate.chat.seen.length, 0, "the request is not whole yet");
  upload.tell("the second piece");
  assert.deepEqual(await upload.returned, file("file-2"));
  assert.match(heard, /name="file"; filename="slow\.txt"[^]*the first piecethe second piece/);
});

test("the models listed are those that the caller may use", async () => {
  assert.deepEqual(await assistant.start("models").rest(), [model, "text-embedding-3-small"]);
  assert.equal((await assistant.call("model", model)).object, "model");
  assert.equal((await assistant.failing("model", "board-room")).name, "NotFoundError");
  assert.equal(estate.chat.seen.length, 0, "the registry answers, not the upstream");
});

test("a denied call raises PermissionDeniedError with the reason, its code and its receipt, and is not retried", async () => {
  const denied = await assistant.failing("chat", { model: "board-room", messages });
  assert.deepEqual([denied.name, denied.status, denied.code], ["PermissionDeniedError", 403, "ACCESS_DENIED"]);
  assert.equal(denied.type, "permission_error");
  assert.match(denied.message, /no policy .* permits default\/agent\/assistant to infer default\/endpoint\/board-room/);
  assert.match(denied.ledgerIndex ?? "", /^\d+$/);
  const streamed = await assistant.start("chatStream", { model: "board-room", messages }).failure();
  assert.deepEqual([streamed.name, streamed.code], ["PermissionDeniedError", "ACCESS_DENIED"]);
  assert.equal(estate.chat.seen.length, 0);
});

test("an unknown model raises NotFoundError, and a malformed request BadRequestError, each with words", async () => {
  const unknown = await assistant.failing("chat", { model: "gpt-1", messages });
  assert.deepEqual([unknown.name, unknown.code], ["NotFoundError", "ROUTE_UNKNOWN"]);
  assert.match(unknown.message, /offers no model `gpt-1`/);
  const strange = await assistant.failing("chat", { model, messages, stream: "yes" } as never);
  assert.deepEqual([strange.name, strange.code], ["BadRequestError", "REQUEST_MALFORMED"]);
  const ambiguous = await assistant.failing("chat", { model, Model: "board-room", messages } as never);
  assert.deepEqual([ambiguous.name, ambiguous.code], ["BadRequestError", "BODY_AMBIGUOUS"]);
  assert.equal(estate.chat.seen.length, 0);
});

test("the upstream's own errors pass through with their own bodies", async () => {
  const expected = {
    400: "BadRequestError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    500: "InternalServerError",
  };
  for (const [status, name] of Object.entries(expected)) {
    const error = {
      message: `said upstream, ${status}`,
      type: "its_type",
      param: "messages",
      code: "its_code",
      more: [1],
    };
    estate.chat.answer = (_seen, out) => json(out, { error }, Number(status));
    const failure = await assistant.failing("chat", { model, messages }, { maxRetries: 0 });
    assert.deepEqual([failure.name, failure.status, failure.error], [name, Number(status), error]);
  }
});

test("the client retries 429 and 500 as it would without Cordon, and the upstream sees each attempt", async () => {
  const statuses = [429, 500];
  estate.chat.answer = (_seen, out) => {
    const status = statuses.shift();
    if (status === undefined) json(out, completion({ content: "at last" }));
    else json(out, { error: { message: "later" } }, status, { "retry-after-ms": "5" });
  };
  const answer = await assistant.call("chat", { model, messages });
  assert.equal(answer.choices[0]?.message.content, "at last");
  assert.deepEqual(
    estate.chat.seen.map((seen) => seen.headers["x-stainless-retry-count"]),
    ["0", "1", "2"],
  );

  keepSeen();
  estate.chat.answer = (_seen, out) =>
    json(out, { error: { message: "never" } }, 500, { "x-should-retry": "false", "retry-after-ms": "5" });
  assert.equal((await assistant.failing("chat", { model, messages })).name, "InternalServerError");
  assert.equal(estate.chat.seen.length, 1, "the upstream's word against a retry is heard");
});

/** Lets the upstream never answer (or never end its stream), and tells when the caller has gone. */
function silent(begin?: string): () => boolean {
  let left = false;
  estate.chat.answer = (_seen, out, raw) => {
    raw.socket.once("close", () => (left = true));
    if (begin !== undefined) out.writeHead(200, { "content-type": "text/event-stream" }).write(begin);
  };
  return () => left;
}

test("an abort cancels the call at the upstream, before the answer and in the middle of a stream", async () => {
  const gone = silent();
  const call = assistant.start("abortable", { model, messages });
  await until(() => estate.chat.seen.length === 1, "the upstream has the call");
  assert.equal(gone(), false);
  call.abort();
  assert.equal((await call.failure()).name, "APIUserAbortError");
  await until(gone, "the upstream saw the caller leave");

  const goneFromStream = silent(event(chunk({ content: "Hel" })));
  const stream = assistant.start("chatStream", { model, messages });
  await stream.next();
  stream.abort();
  await until(goneFromStream, "the upstream saw the reader leave");
});

test("a reader that stops in the middle of a stream cancels it at the upstream", async () => {
  const gone = silent(event(chunk({ content: "Hel" })));
  const reader = assistant.start("firstChunk", { model, messages });
  assert.deepEqual(await reader.next(), chunk({ content: "Hel" }));
  await reader.returned;
  await until(gone, "the upstream saw the reader leave");
});

test("the client's own timeout ends the call on both sides", async () => {
  const gone = silent();
  const failure = await assistant.failing("chat", { model, messages }, { timeout: 600, maxRetries: 0 });
  assert.equal(failure.name, "APIConnectionTimeoutError");
  await until(gone, "the upstream saw the caller leave");
});

test("fifty calls at once each get their own answer", async () => {
  const waiting: (() => void)[] = [];
  estate.chat.answer = (seen, out) => {
    const [message] = bodyOf(seen)["messages"] as [{ content: string }];
    waiting.push(() => json(out, completion({ content: `answer to ${message.content}` })));
    if (waiting.length === 50) for (const answer of waiting.toReversed()) answer();
  };
  const questions = Array.from({ length: 50 }, (_, index) => `question ${index}`);
  assert.deepEqual(
    await assistant.call("atOnce", { model, messages: [] }, questions),
    questions.map((question) => `answer to ${question}`),
  );
});

test("endpoints that Cordon does not govern are refused in words, not passed on", async () => {
  const stored = await assistant.failing("chat", { model, messages, store: true });
  assert.deepEqual([stored.name, stored.code], ["NotFoundError", "ROUTE_UNGOVERNED"]);
  assert.match(stored.message, /`store`/);
  assert.equal(estate.chat.seen.length, 0);
});

test("without `cordon run` the same program gets nothing, not even with the key of a run", async () => {
  const { key = "" } = await assistant.call("environment");
  for (const OPENAI_API_KEY of [key, "sk-of-its-own"]) {
    await using stray = runWithoutCordon<OpenaiCases>("openai.ts", {
      OPENAI_BASE_URL: `${estate.cordon.gatewayUrl}/v1`,
      OPENAI_API_KEY,
      // It is the gateway that refuses: the client is made to trust whatever answers.
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    });
    const failure = await stray.failing("chat", { model, messages }, { maxRetries: 0 });
    assert.deepEqual([failure.name, failure.code], ["AuthenticationError", "TOKEN_INVALID"]);
  }
  assert.equal(estate.chat.seen.length, 0);
});

test("the endpoint of a run serves nobody who lacks its key", async () => {
  const { baseURL = "" } = await assistant.call("environment");
  await using stray = runWithoutCordon<OpenaiCases>("openai.ts", {
    OPENAI_BASE_URL: baseURL,
    OPENAI_API_KEY: "sk-guess",
  });
  const failure = await stray.failing("chat", { model, messages }, { maxRetries: 0 });
  assert.deepEqual([failure.name, failure.code], ["AuthenticationError", "invalid_api_key"]);
  assert.equal(estate.chat.seen.length, 0);
});

test("no upstream ever saw a run's key: each call carried the upstream's own credential", async () => {
  const keys = [await assistant.call("environment"), await rival.call("environment")].map(({ key }) => key ?? "");
  assert.ok(keys.every((key) => key.length >= 32) && keys[0] !== keys[1]);
  assert.ok(everythingSeen.length > 80);
  for (const seen of everythingSeen) {
    assert.equal(seen.headers.authorization, `Bearer ${upstreamKey}`);
    const all = JSON.stringify([seen.url, seen.headers]) + seen.body.toString("latin1");
    for (const key of keys) assert.ok(!all.includes(key));
  }
});
