import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import type { DecisionEntry, OutcomeEntry } from "@cordon/core/ledger/entry";
import { chatCall, openEstate, upstreamKey, until, type Estate } from "./estate.ts";

let estate: Estate;
before(async () => (estate = await openEstate()));
after(async () => await estate[Symbol.asyncDispose]());

test("an allowed call reaches its upstream byte for byte, and its answer the client byte for byte", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  const body =
    '{ "model":"m",  "messages":[{"role":"user","content":"h\\u00e9llo 😀"}], "unknown_field": {"n": 1.0, "e": 1E2} }';
  const answer = '{"id":"x","choices":[],  "unknown": 1.50, "usage":{"total_tokens":3}}';
  estate.chat.seen.length = 0;
  estate.chat.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "application/json", "x-ratelimit-remaining": "7" }).end(answer);
  const got = await estate.call(assistant, "/v1/chat/completions?beta=1", {
    ...chatCall(body),
    headers: { "content-type": "application/json", authorization: "Bearer client-secret", "openai-beta": "x" },
  });
  assert.equal(got.status, 200);
  assert.equal(got.text, answer);
  assert.equal(got.headers["x-ratelimit-remaining"], "7");
  assert.match(String(got.headers["cordon-request-id"]), /^[0-9a-f]{16}-/);
  assert.match(String(got.headers["cordon-ledger-index"]), /^\d+$/);
  const [seen] = estate.chat.seen;
  assert.equal(seen?.body.toString(), body);
  assert.equal(seen?.url, "/base/chat/completions?beta=1");
  assert.equal(seen?.headers.authorization, `Bearer ${upstreamKey}`, "the upstream's credential replaces the client's");
  assert.equal(seen?.headers["openai-beta"], "x");
});

test("the assistant that reads training data is refused with a reason, and the store hears nothing", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  estate.data.seen.length = 0;
  const got = await estate.call(assistant, "/training-data/rows?page=1");
  assert.equal(got.status, 403);
  assert.match(
    got.json()["error"].message,
    /no policy .* permits default\/agent\/assistant to read default\/dataset\/training-data/,
  );
  assert.equal(got.json()["error"].code, "ACCESS_DENIED");
  assert.equal(estate.data.seen.length, 0);
  const trainer = await estate.svidFor("pipeline", "trainer");
  estate.data.answer = (_seen, response) => response.end("rows");
  assert.equal(
    (await estate.call(trainer, "/training-data/rows?page=1")).text,
    "rows",
    "the same call by the one who may",
  );
});

test("a call without an identity gets nothing", async () => {
  estate.chat.seen.length = 0;
  await assert.rejects(estate.call(undefined, "/v1/chat/completions", chatCall({ model: "m" })));
  assert.equal(estate.chat.seen.length, 0);
});

test("a model's name at the upstream replaces the client's, and nothing else changes", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  estate.chat.seen.length = 0;
  await estate.call(assistant, "/v1/chat/completions", chatCall('{"model" : "renamed" ,"temperature":0.10}'));
  assert.equal(estate.chat.seen[0]?.body.toString(), '{"model" : "real/name" ,"temperature":0.10}');
});

test("bodies that two parsers would read differently are refused before anything is decided", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  estate.chat.seen.length = 0;
  for (const body of [
    '{"model":"m","model":"renamed"}',
    '{"model":"m","Model":"renamed"}',
    '{"model":"m","x":"\\ud800"}',
    '[{"model":"m"}]',
    '{"model":"m"',
    "",
  ]) {
    const got = await estate.call(assistant, "/v1/chat/completions", chatCall(body));
    assert.equal(got.status, 400, body);
    assert.equal(typeof got.json()["error"].message, "string");
  }
  const compressed = await estate.call(assistant, "/v1/chat/completions", {
    ...chatCall({ model: "m" }),
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
  });
  assert.equal(compressed.status, 415);
  const charset = await estate.call(assistant, "/v1/chat/completions", {
    ...chatCall({ model: "m" }),
    headers: { "content-type": "application/json; charset=utf-16" },
  });
  assert.equal(charset.status, 415);
  assert.equal(estate.chat.seen.length, 0);
});

test("a fallback answers when the upstream cannot, is decided afresh, and both are on record", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  estate.chat.answer = (_seen, response) => response.writeHead(503).end("busy");
  estate.spare.seen.length = 0;
  estate.spare.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"from":"spare"}');
  const got = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "brittle" }));
  assert.deepEqual([got.status, got.text], [200, '{"from":"spare"}']);
  assert.equal(JSON.parse(estate.spare.seen[0]?.body.toString() ?? "").model, "spare-1");
  const rival = await estate.svidFor("agent", "rival");
  const refused = await estate.call(rival, "/v1/chat/completions", chatCall({ model: "brittle" }));
  assert.equal(refused.status, 403, "rival may use chat, but not the spare that would answer instead");
  estate.chat.answer = (_seen, response) => response.end("{}");
});

test("an upstream's own error passes through unchanged", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  estate.chat.answer = (_seen, response) =>
    response
      .writeHead(429, { "retry-after": "3", "content-type": "application/json" })
      .end('{"error":{"message":"slow down"}}');
  const got = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.deepEqual([got.status, got.headers["retry-after"], got.text], [429, "3", '{"error":{"message":"slow down"}}']);
  estate.chat.answer = (_seen, response) => response.end("{}");
});

test("an upstream that does not answer is a 502 with words, not a hang", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  estate.chat.answer = (_seen, response) => response.destroy();
  const got = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.equal(got.status, 502);
  assert.match(got.json()["error"].message, /upstream failed/);
  estate.chat.answer = (_seen, response) => response.end("{}");
});

test("a stream arrives piece by piece, while the upstream is still speaking", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  let speak: (text: string) => void = () => undefined;
  let finish: () => void = () => undefined;
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    speak = (text) => void response.write(text);
    finish = () => void response.end();
  };
  const { body, statusCode } = await estate.agent(assistant).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  assert.equal(statusCode, 200);
  const pieces = body[Symbol.asyncIterator]();
  for (const text of ["data: one\n\n", "data: two\n\n"]) {
    speak(text);
    assert.equal(String((await pieces.next()).value), text);
  }
  finish();
  assert.equal((await pieces.next()).done, true);
  estate.chat.answer = (_seen, response) => response.end("{}");
});

test("a client that leaves cancels its call at the upstream", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  let closed = false;
  estate.chat.answer = (_seen, response, raw) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: one\n\n");
    raw.once("close", () => (closed = true));
  };
  const { body } = await estate.agent(assistant).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  body.on("error", () => undefined);
  await body[Symbol.asyncIterator]().next();
  body.destroy();
  await until(() => closed, "the upstream saw the client leave");
  estate.chat.answer = (_seen, response) => response.end("{}");
});

test("a stored response belongs to who made it: nobody else can continue, read or delete it", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  const rival = await estate.svidFor("agent", "rival");
  estate.chat.answer = (_seen, response) =>
    response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"id":"resp_of_assistant","object":"response"}');
  await estate.call(assistant, "/v1/responses", chatCall({ model: "m", input: "hello" }));
  estate.chat.seen.length = 0;
  const steal = await estate.call(
    rival,
    "/v1/responses",
    chatCall({ model: "m", input: "go on", previous_response_id: "resp_of_assistant" }),
  );
  assert.deepEqual([steal.status, steal.json()["error"].code], [404, "OBJECT_NOT_OWNED"]);
  for (const [method, path] of [
    ["GET", ""],
    ["DELETE", ""],
    ["GET", "/input_items"],
    ["POST", "/cancel"],
  ] as const)
    assert.equal(
      (await estate.call(rival, `/v1/responses/resp_of_assistant${path}`, { method })).status,
      404,
      `${method} ${path}`,
    );
  assert.equal(estate.chat.seen.length, 0, "nothing of this reached the upstream, where it would have worked");
  assert.equal((await estate.call(assistant, "/v1/responses/resp_of_assistant")).status, 200);
  const goOn = await estate.call(
    assistant,
    "/v1/responses",
    chatCall({ model: "m", input: "go on", previous_response_id: "resp_of_assistant" }),
  );
  assert.equal(goOn.status, 200);
  assert.equal((await estate.call(assistant, "/v1/responses/resp_never_made")).status, 404);
});

test("what goes on from a stored response is not sent to a fallback that does not hold it, whatever lies there by that id", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  const made = (id: string) => (_seen: unknown, response: ServerResponse) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ id, object: "response" }));
  // An upstream says which ids it gives: this one gives the id of what somebody else keeps at the other.
  estate.chat.answer = made("resp_of_a_victim");
  await estate.call(assistant, "/v1/responses", chatCall({ model: "brittle", input: "hello" }));
  estate.chat.answer = (_seen, response) => response.writeHead(503).end("busy");
  estate.spare.answer = made("resp_2");
  estate.spare.seen.length = 0;
  const goOn = () =>
    estate.call(
      assistant,
      "/v1/responses",
      chatCall({ model: "brittle", input: "what did they say?", previous_response_id: "resp_of_a_victim" }),
    );
  const refused = await goOn();
  assert.deepEqual([refused.status, refused.text, estate.spare.seen.length], [503, "busy", 0]);
  assert.match(estate.log.join("\n"), /fallback-impossible.*does not hold the response/);

  // The same id at the spare, made there by the caller itself, is the caller's there too.
  estate.spare.answer = made("resp_of_a_victim");
  assert.equal((await estate.call(assistant, "/v1/responses", chatCall({ model: "s", input: "hi" }))).status, 200);
  assert.equal((await goOn()).status, 200);
  estate.chat.answer = (_seen, response) => response.end("{}");
});

test("models are listed by what the caller may use", async () => {
  const assistant = await estate.svidFor("agent", "assistant");
  const trainer = await estate.svidFor("pipeline", "trainer");
  const names = async (svid: typeof assistant) =>
    (await estate.call(svid, "/v1/models")).json()["data"].map((model: { id: string }) => model.id);
  assert.deepEqual(await names(assistant), ["m", "renamed", "brittle", "s"]);
  assert.deepEqual(await names(trainer), []);
  assert.equal((await estate.call(assistant, "/v1/models/m")).json()["id"], "m");
  assert.equal((await estate.call(trainer, "/v1/models/m")).status, 404);
});

test("errors come in the shape of each API", async () => {
  const trainer = await estate.svidFor("pipeline", "trainer");
  const claude = await estate.call(trainer, "/anthropic/v1/messages", chatCall({ model: "c", messages: [] }));
  assert.equal(claude.status, 403);
  assert.deepEqual([claude.json()["type"], claude.json()["error"].type], ["error", "permission_error"]);
  const openai = await estate.call(trainer, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.deepEqual([openai.status, openai.json()["error"].type], [403, "permission_error"]);
});

test("a body that streams through arrives whole, and is measured", async () => {
  const trainer = await estate.svidFor("pipeline", "trainer");
  const rows = Buffer.alloc(3_000_000, "row,");
  estate.data.seen.length = 0;
  estate.data.answer = (_seen, response) => response.writeHead(201).end();
  const got = await estate.call(trainer, "/training-data/new", { method: "PUT", body: rows });
  assert.equal(got.status, 201);
  assert.ok(estate.data.seen[0]?.body.equals(rows));
  assert.equal(estate.data.seen[0]?.headers["content-length"], String(rows.length));
});

test("every interaction is in the ledger twice, without its content", async () => {
  const entries = await estate.entries();
  const decisions = entries.filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const outcomes = entries.filter((entry): entry is OutcomeEntry => entry.kind === "outcome");
  const key = (entry: DecisionEntry | OutcomeEntry) => `${entry.id}/${entry.again ?? 1}`;
  const allowed = decisions.filter((entry) => entry.effect === "allow").map(key);
  assert.deepEqual(allowed.toSorted(), outcomes.map(key).toSorted(), "each allowed decision has exactly one outcome");
  assert.ok(decisions.some((entry) => entry.effect === "deny" && entry.action === "read"));
  assert.ok(outcomes.some((entry) => entry.end === "client-closed"));
  assert.ok(entries.some((entry) => entry.kind === "refusal" && entry.code === "IDENTITY_REQUIRED"));
  assert.ok(entries.some((entry) => entry.kind === "change"));
  assert.ok(entries.some((entry) => entry.kind === "discovery"));
  const text = JSON.stringify(entries);
  for (const secret of ["héllo", upstreamKey, "client-secret", "row,row"]) assert.ok(!text.includes(secret), secret);
  assert.match(decisions[0]?.body?.hmac ?? "", /^[0-9a-f]{64}$/);
});
