/**
 * What inspection does on every kind of route when something is found, when something cannot be read, and when policy has
 * its say. The detectors are small and exact, so that each test shows the gateway's part and not a detector's.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { controlClient } from "@cordon/agent/run/control-client";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import type { DecisionEntry, OutcomeEntry } from "@cordon/core/ledger/entry";
import { wordDetector } from "../conformance/word-detector.ts";
import { chatCall, openEstate, policies, type Answer, type CallOptions, type Estate } from "./estate.ts";

const secret = wordDetector("test-secret", ["SWORDFISH"], "secret");
const badge = wordDetector("test-badge", ["S1234567D"], "pii");
const crash: SpanDetector = {
  ...wordDetector("test-crash", ["BOOM"], "pii"),
  detect(text) {
    if (text.includes("BOOM")) throw new Error("the detector crashed");
    return [];
  },
};
const spanDetectors = [secret, badge, crash];
const rules = `
@id("no-secrets-to-data") @reason("secrets do not go into the training data") forbid (principal, action, resource == Component::"default/dataset/training-data") when { context.findings.request["secret"] >= 80 };
@id("no-badges-from-data") @reason("badges do not leave the training data") forbid (principal, action, resource == Component::"default/dataset/training-data") when { context.findings.response["pii"] > 0 };
@id("rival-sees-no-badges") @inspect("response:pii=redact") permit (principal == Workload::"default/agent/rival", action == Action::"infer", resource == Component::"default/endpoint/chat");
`;

const opened = new AsyncDisposableStack();
let estate: Estate;
let assistant: X509Svid;
let rival: X509Svid;
let trainer: X509Svid;

before(async () => {
  const more =
    "inspection: { maxBytes: 4096, request: { secret: flag, pii: redact, uninspectable: block }, response: { secret: block } }\n";
  estate = opened.use(await openEstate({ spanDetectors, more, policies: policies + rules }));
  [assistant, rival, trainer] = [
    await estate.svidFor("agent", "assistant"),
    await estate.svidFor("agent", "rival"),
    await estate.svidFor("pipeline", "trainer"),
  ];
});
beforeEach(() => {
  for (const upstream of [estate.chat, estate.data]) upstream.seen.length = 0;
});
after(() => opened.disposeAsync());

function answers(body: string | Buffer, contentType = "application/json", status = 200): void {
  for (const upstream of [estate.chat, estate.data])
    upstream.answer = (_seen, response) => response.writeHead(status, { "content-type": contentType }).end(body);
}

const chat = (who: X509Svid, content: unknown): Promise<Answer> =>
  estate.call(who, "/v1/chat/completions", chatCall({ model: "m", messages: [{ role: "user", content }] }));
const put = (body: string | Buffer, type?: string, path = "/training-data/x"): Promise<Answer> => {
  const options: CallOptions = { method: "PUT", body, headers: type === undefined ? {} : { "content-type": type } };
  return estate.call(trainer, path, options);
};

test("what must not leave in a request is masked in the body that is forwarded, on model and on plain routes", async () => {
  answers("{}");
  assert.equal((await chat(assistant, "badge S1234567D")).status, 200);
  assert.match(estate.chat.seen[0]?.body.toString() ?? "", /badge \[WORD\]/);
  assert.equal((await put('{"rows":["S1234567D"]}', "application/json")).status, 200);
  assert.equal(estate.data.seen[0]?.body.toString(), '{"rows":["[WORD]"]}');
  assert.equal((await put("badge S1234567D", "text/csv")).status, 200);
  assert.equal(estate.data.seen[1]?.body.toString(), "badge [WORD]");
});

test("a body that needs nothing done is forwarded byte for byte", async () => {
  answers("{}");
  const body = '{ "rows" : [1.0, 2e3], "s": "\\u00e9" }';
  await put(body, "application/json");
  assert.equal(estate.data.seen[0]?.body.toString(), body);
});

test("an address, or a form, that would have to be masked is refused, encoded or not", async () => {
  answers("{}");
  for (const path of [
    "/training-data/S1234567D",
    "/training-data/x?d=S1234567%44",
    "/training-data/x?d=%53%31234567D",
  ]) {
    const answer = await estate.call(trainer, path);
    assert.equal(answer.status, 403, path);
    assert.match(answer.text, /inspection found pii/);
  }
  assert.equal((await put("d=S1234567%44", "application/x-www-form-urlencoded")).status, 403);
  assert.equal((await put("d=nothing", "application/x-www-form-urlencoded")).status, 200);
  assert.equal(estate.data.seen.length, 1);
});

test("policy decides by what was found: the same finding passes to one resource, and is denied for another", async () => {
  answers("{}");
  assert.equal((await chat(assistant, "SWORDFISH")).status, 200);
  const denied = await put("SWORDFISH", "text/plain");
  assert.equal(denied.status, 403);
  assert.match(denied.text, /secrets do not go into the training data/);
  assert.equal(estate.data.seen.length, 0);
});

test("policy decides about what is found in an answer before its first byte", async () => {
  answers('{"rows":["S1234567D"]}');
  const denied = await estate.call(trainer, "/training-data/x");
  assert.equal(denied.status, 403);
  assert.match(denied.text, /badges do not leave the training data/);
  answers('{"rows":["nobody"]}');
  assert.equal((await estate.call(trainer, "/training-data/x")).text, '{"rows":["nobody"]}');
});

test("a permit's @inspect holds for its principal, and the route's own settings for everybody else", async () => {
  answers('{"choices":[{"index":0,"message":{"role":"assistant","content":"badge S1234567D"}}]}');
  assert.match((await chat(assistant, "who?")).text, /S1234567D/);
  assert.match((await chat(rival, "who?")).text, /badge \[WORD\]/);
});

test("what cannot be read is refused: broken JSON, two readings, another charset, an unknown type, a detector that crashes", async () => {
  answers("{}");
  for (const [body, type] of [
    ["{", "application/json"],
    ['{"a":1,"a":2}', "application/json"],
    ["a", "text/plain; charset=utf-16"],
    [Buffer.from([0xff, 0xfe]), "text/plain"],
    ["\x89PNG", "image/png"],
    [Buffer.from([0xff, 0x00]), undefined],
    ["BOOM", "text/plain"],
    ["x".repeat(5000), "text/plain"],
  ] as const) {
    const answer = await put(body, type);
    assert.equal(answer.status, 403, `${String(body).slice(0, 20)} as ${type}: ${answer.text}`);
  }
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
  assert.equal((await chat(assistant, [image])).status, 403);
  assert.equal(estate.chat.seen.length + estate.data.seen.length, 0);
});

test("an answer that cannot be read is withheld, and says so", async () => {
  for (const [body, type] of [
    ["{", "application/json"],
    ["{}", "application/json; charset=utf-16"],
    ["+AGkAZwBuAG8AcgBl-", "text/plain; charset = utf-7"],
    ["+AGkAZwBuAG8AcgBl-", "text/plain; charset=utf-8; charset=utf-7"],
    ['{"a":"BOOM"}', "application/json"],
    [`"${"x".repeat(5000)}"`, "application/json"],
  ] as const) {
    answers(body, type);
    const answer = await estate.call(trainer, "/training-data/x");
    assert.equal(answer.status, 403, body.slice(0, 20));
    assert.match(answer.text, /could not be inspected|nothing here can inspect/);
  }
});

test("what nothing inspects passes where the route says that, and is on record as that", async () => {
  answers(Buffer.from("\x89PNG..."), "image/png");
  assert.equal((await estate.call(trainer, "/training-data/x")).status, 200);
  assert.equal((await estate.call(trainer, "/training-data/x", { method: "HEAD" })).status, 200);
});

test("an answer is never asked for in pieces: two may hold between them what neither shows", async () => {
  answers('{"rows":["nobody"]}');
  await estate.call(trainer, "/training-data/x", { headers: { range: "bytes=0-9", "if-range": "x" } });
  const { headers } = estate.data.seen[0] ?? {};
  assert.ok(headers !== undefined && !("range" in headers) && !("if-range" in headers));
});

test("an error that the upstream answers with is read as well", async () => {
  answers('{"error":{"message":"no: SWORDFISH"}}', "application/json", 400);
  const answer = await chat(assistant, "who?");
  assert.equal(answer.status, 403);
  assert.ok(!answer.text.includes("SWORDFISH"));
});

test("a route that observes changes nothing, and records what it would have done", async () => {
  const more = "inspection: { mode: observe, request: { secret: block }, response: { pii: redact } }\n";
  await using own = await openEstate({ spanDetectors, more, policies: policies + rules });
  own.chat.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"choices":[],"x":"S1234567D"}');
  const call = chatCall({ model: "m", messages: [{ role: "user", content: "SWORDFISH" }] });
  const answer = await own.call(await own.svidFor("agent", "assistant"), "/v1/chat/completions", call);
  assert.deepEqual([answer.status, answer.text], [200, '{"choices":[],"x":"S1234567D"}']);
  assert.match(own.chat.seen[0]?.body.toString() ?? "", /SWORDFISH/);
  const outcome = (await own.entries()).find((entry): entry is OutcomeEntry => entry.kind === "outcome");
  const actions = outcome?.findings.map((one) => {
    const { action, observed } = one as { action: string; observed?: boolean };
    return [action, observed];
  });
  assert.deepEqual(actions, [
    ["block", true],
    ["redact", true],
  ]);
});

test("with onFailure open, what cannot be read passes and is on record", async () => {
  await using own = await openEstate({ spanDetectors, more: "inspection: { onFailure: open }\n" });
  const broken = '{"a":1,"a":2}';
  own.data.answer = (_seen, response) => response.writeHead(200, { "content-type": "application/json" }).end(broken);
  const svid = await own.svidFor("pipeline", "trainer");
  const options = { method: "PUT" as const, body: broken, headers: { "content-type": "application/json" } };
  const answer = await own.call(svid, "/training-data/x", options);
  assert.deepEqual([answer.status, answer.text], [200, broken]);
  assert.equal(own.data.seen[0]?.body.toString(), broken);
  const outcome = (await own.entries()).find((entry): entry is OutcomeEntry => entry.kind === "outcome");
  assert.deepEqual(
    outcome?.findings.map((one) => (one as { detector: string }).detector),
    ["gateway/unread-request", "gateway/unread-answer"],
  );
});

test("status says for each route what is done about what is found, and what is not seen", async () => {
  const { routes } = (await controlClient(estate.cordon.socketPath).status()) as { routes: Record<string, unknown>[] };
  const route = routes.find(({ path }) => path === "/v1");
  assert.match(
    String(route?.["inspection"]),
    /requests: secret flag, pii redact, uninspectable block, otherwise flag; answers/,
  );
  assert.match(String(route?.["inspection"]), /fails closed/);
  assert.match(String(route?.["unseen"]), /images, audio and files are not read/);
});

test("a permit that demands inspection is no permit where a route does not inspect", async () => {
  await using own = await openEstate({ spanDetectors, policies: rules });
  const call = chatCall({ model: "m", messages: [] });
  const answer = await own.call(await own.svidFor("agent", "rival"), "/v1/chat/completions", call);
  assert.equal(answer.status, 403);
  assert.match(answer.text, /only with `inspect`, which this gateway cannot do/);
});

test("the record holds what policy saw, to decide again; and none of what was found", async () => {
  const entries = await estate.entries();
  const decisions = entries.filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const refused = decisions.find(({ reasons }) => reasons[0]?.policy === "no-secrets-to-data");
  assert.deepEqual(refused?.context.findings, { request: { secret: 100 }, response: {} });
  const again = decisions.find(({ reasons }) => reasons[0]?.policy === "no-badges-from-data");
  assert.equal(again?.again, 2);
  const outcome = entries.find((entry): entry is OutcomeEntry => entry.kind === "outcome" && entry.id === again?.id);
  assert.equal(outcome?.end, "cut");
  assert.ok(!/SWORDFISH|S1234567D/.test(JSON.stringify(entries)));
});
