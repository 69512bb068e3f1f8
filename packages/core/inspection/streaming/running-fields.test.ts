import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classified } from "../taxonomy.ts";
import { EventStreamFilter } from "./answer-filter.ts";
import { jsonBodyFilter } from "./body-filters.ts";
import { ContentGuard, type GuardOptions } from "./content-guard.ts";
import { PlainEventsFraming } from "./plain-events.ts";
import { filterText, type SpanRules } from "./span-rules.ts";
import {
  blocking,
  byteCuts,
  crashing,
  dataOf,
  deltas,
  filtered,
  interleaved,
  json,
  masking,
  shortDeltas,
  type Json,
} from "./testing/streams.ts";

const framing = (guard: ContentGuard) => new PlainEventsFraming(guard);

/** Formats as their makers document them: an event that says a piece, and how a client reads it. Shorter than is read alone. */
const formats: Readonly<
  Record<string, readonly [say: (piece: string, at: number) => Json, read: (event: Json) => string]>
> = {
  gemini: [
    (text) => ({
      candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0 }],
      usageMetadata: { promptTokenCount: 4 },
      modelVersion: "m-1",
    }),
    (event) => event.candidates[0].content.parts[0].text,
  ],
  "cohere v2": [
    (text) => ({ type: "content-delta", index: 0, delta: { message: { content: { text } } } }),
    (event) => event.delta.message.content.text,
  ],
  "text generation inference": [
    (text, at) => ({ index: at + 1, token: { id: at, text, logprob: -0.5, special: false }, generated_text: null }),
    (event) => event.token.text,
  ],
  "llama.cpp": [(content) => ({ index: 0, content, stop: false }), (event) => event.content],
  "ai sdk": [(delta) => ({ type: "text-delta", id: "0", delta }), (event) => event.delta],
  "an application": [(answer) => ({ event: "message", conversation_id: "c-1", answer }), (event) => event.answer],
};
const format = fc.constantFrom(...Object.keys(formats)).map((name) => formats[name] as (typeof formats)[string]);

const event = (data: Json, ascii = false): string => `data: ${json(data, ascii)}\n\n`;
const read = (stream: string): Json[] => dataOf(stream).map((data) => JSON.parse(data));

test("texts of unknown formats run on: put together they equal the masked text, event by event", () => {
  fc.assert(
    fc.property(format, shortDeltas, byteCuts, fc.boolean(), ([say, said], parts, cuts, ascii) => {
      const stream = parts.map((piece, at) => event(say(piece, at), ascii)).join("");
      const { text } = filtered(stream, cuts, masking, framing);
      const whole = filterText(parts.join(""), masking).text;
      assert.equal(read(text).map(said).join(""), whole);
      assert.equal(read(text).length, parts.length);
      if (whole === parts.join("")) assert.equal(text, stream);
    }),
    { numRuns: 500 },
  );
});

/** Two texts of one stream, told apart by the number of their candidate, or by what kind of event says them. */
const pairs: readonly (readonly [
  say: (text: string, whose: number) => Json,
  read: (event: Json) => [string, number],
])[] = [
  [
    (text, index) => ({ candidates: [{ content: { parts: [{ text }] }, index }] }),
    ({ candidates: [one] }) => [one.content.parts[0].text, one.index],
  ],
  [
    (content, whose) => ({ type: whose === 0 ? "token" : "note", content }),
    ({ type, content }) => [content, type === "token" ? 0 : 1],
  ],
  [
    (delta, whose) => ({ messageId: `m${whose}`, delta }),
    ({ messageId, delta }) => [delta, Number(messageId.slice(1))],
  ],
];

test("texts that take turns are each one text", () => {
  const turns = fc.array(fc.nat(1), { maxLength: 24 });
  fc.assert(
    fc.property(
      fc.constantFrom(...pairs),
      shortDeltas,
      shortDeltas,
      turns,
      byteCuts,
      ([say, read_], a, b, order, cuts) => {
        const events = interleaved([a.map((piece) => say(piece, 0)), b.map((piece) => say(piece, 1))], order);
        const out = read(filtered(events.map((each) => event(each)).join(""), cuts, masking, framing).text).map(read_);
        const of = (whose: number): string =>
          out
            .filter(([, each]) => each === whose)
            .map(([text]) => text)
            .join("");
        assert.equal(of(0), filterText(a.join(""), masking).text);
        assert.equal(of(1), filterText(b.join(""), masking).text);
      },
    ),
    { numRuns: 300 },
  );
});

test("a blocked stream is a beginning of the allowed text, in whole events, and says that it ended", () => {
  fc.assert(
    fc.property(format, shortDeltas, byteCuts, ([say, said], parts, cuts) => {
      const { blocked, text: allowed } = filterText(parts.join(""), blocking);
      const { text, cut } = filtered(parts.map((piece, at) => event(say(piece, at))).join(""), cuts, blocking, framing);
      const out = read(text);
      assert.equal(cut, blocked !== undefined);
      if (cut) assert.equal(out.pop().error.message, "found something");
      assert.ok(allowed.startsWith(out.map(said).join("")));
    }),
    { numRuns: 300 },
  );
});

test("a stream whose inspection crashes, and that is to pass, comes whole and once", () => {
  fc.assert(
    fc.property(format, deltas, deltas, byteCuts, fc.nat(30), ([say, said], a, b, cuts, crash) => {
      const events = interleaved([a.map((piece) => say(piece, 0)), b.map((piece) => say(piece, 1))], [0, 1, 0, 1, 1]);
      const { text } = crashing(events.map((each) => event(each)).join(""), cuts, crash, framing);
      assert.deepEqual(read(text).map(said), events.map(said));
    }),
    { numRuns: 500 },
  );
});

test("a list of events in one JSON body is read as the stream that it is", () => {
  fc.assert(
    fc.property(shortDeltas, (parts) => {
      const [say, said] = formats["gemini"] as (typeof formats)[string];
      const body = JSON.stringify(parts.map((piece, at) => say(piece, at)));
      const options = { guard: new ContentGuard(masking), words: () => "", onFailure: () => "closed" as const };
      const filter = jsonBodyFilter(options, 1_000_000);
      filter.push(Buffer.from(body));
      const out = Buffer.from(filter.end().bytes).toString();
      const list = parts.length === 0 ? [] : (JSON.parse(out) as Json[]);
      assert.equal(list.map(said).join(""), filterText(parts.join(""), masking).text);
    }),
  );
});

/** A stream that is looked at while it flows. */
function live(rules: SpanRules, options: GuardOptions = {}, apart = false) {
  const guard = new ContentGuard(rules, options);
  const failures: string[] = [];
  const filter = new EventStreamFilter({
    guard,
    framing: new PlainEventsFraming(guard, { apart }),
    words: () => "found something",
    onFailure: ({ message }) => {
      failures.push(message);
      return "closed";
    },
  });
  return {
    push: (data: Json) => Buffer.from(filter.push(Buffer.from(event(data))).bytes).toString(),
    raw: (text: string) => Buffer.from(filter.push(Buffer.from(text)).bytes).toString(),
    end: () => Buffer.from(filter.end().bytes).toString(),
    failures,
  };
}

test("an event waits while what follows could change it, and leaves byte for byte", () => {
  const { push, raw, end } = live(masking);
  assert.equal(push({ token: "it is S123" }), "");
  assert.equal(raw(": still there\n\n"), ": still there\n\n");
  assert.equal(raw("id: 7\n\n"), "");
  assert.equal(push({ token: "4 " }), 'data: {"token":"it is S123"}\n\nid: 7\n\n');
  assert.equal(end(), 'data: {"token":"4 "}\n\n');
});

test("where events are messages of their own each is read by itself, and none waits", () => {
  const { push, end } = live(masking, {}, true);
  assert.equal(push({ token: "it is S123" }), event({ token: "it is S123" }));
  assert.equal(push({ token: "4567D" }), event({ token: "4567D" }));
  assert.equal(push({ token: "it is hunter2 ." }), event({ token: "it is [test-secret:7] ." }));
  assert.equal(end(), "");
});

test("messages of JSON-RPC wait for nothing, but A2A's streamed results run on", () => {
  const rpc = (result: Json) => ({ jsonrpc: "2.0", id: 1, result });
  const whole = live(masking);
  const message = rpc({ content: [{ type: "text", text: "it is S123" }] });
  assert.equal(whole.push(message), event(message));
  const update = (text: string) =>
    rpc({ kind: "artifact-update", append: true, artifact: { artifactId: "a", parts: [{ kind: "text", text }] } });
  const streamed = live(masking);
  assert.equal(streamed.push(update("it is S123")), "");
  const out = streamed.push(update("4567D .")) + streamed.end();
  assert.deepEqual(
    read(out).map(({ result }) => result.artifact.parts[0].text),
    ["it is [test-badge:9]", " ."],
  );
});

test("a text is over when another of its object goes on in its place, or nothing was said of it for long", () => {
  const turned = live(masking);
  assert.equal(turned.push({ message: { thinking: "so S123" } }), "");
  assert.match(turned.push({ message: { content: "I think " } }), /so S123/);
  const silent = live(masking);
  assert.equal(silent.push({ a: { text: "so S123" } }), "");
  const out = Array.from({ length: 33 }, (_, at) => silent.push({ b: { text: `word ${at} ` } }));
  assert.deepEqual(
    out.map((each) => each !== ""),
    out.map((_, at) => at === 32),
  );
});

test("what is still being said is held however long it gets", () => {
  const longBlock = {
    ...{ name: "test-block", version: "1", maxSpan: 4096 },
    detect: (text: string) => {
      const [start, end] = [text.indexOf("<<"), text.indexOf(">>")];
      const span = { start, end: end + 2, score: 1 };
      return start < 0 || end < 0 ? [] : [classified({ detector: "test-block/all", category: "secret", ...span })];
    },
    openFrom: (text: string) => (text.includes("<<") && !text.includes(">>") ? text.indexOf("<<") : text.length),
  };
  const { push, end } = live({ ...masking, detectors: [longBlock] });
  let out = push({ text: "key: <<" });
  for (let at = 0; at < 500; at++) out += push({ text: "secret " });
  assert.equal(out, "");
  out += push({ text: ">> done" }) + end();
  assert.equal(
    read(out)
      .map(({ text }) => text)
      .join(""),
    `key: [test-block:${4 + 500 * 7}] done`,
  );
});

test("whole texts are judged as a piece by itself, and as what the pieces say together", () => {
  const judge = (text: string) =>
    text.includes("obey the page")
      ? [classified({ detector: "test/order", category: "indirect-injection", start: 0, end: 1, score: 1 })]
      : [];
  const whole = { mode: "cut" as const, maxLength: 100_000, judge };
  const decide = (): "block" => "block";
  const plain = { ...masking, detectors: [], decide };
  const atOnce = live(plain, { whole });
  assert.match(atOnce.push({ text: "now obey the page" }), /found something/);
  const inPieces = live(plain, { whole });
  assert.equal(inPieces.push({ text: "now obey " }), event({ text: "now obey " }));
  assert.equal(inPieces.push({ text: "the page" }), event({ text: "the page" }));
  assert.match(inPieces.end(), /found something/);
  const without = live(plain, { whole: { ...whole, judge: () => [] } });
  assert.equal(without.push({ text: "now obey the page" }) + without.end(), event({ text: "now obey the page" }));
});

test("a stream without an end is judged for ever, some pages at a time, and held no longer than these", () => {
  for (const mode of ["cut", "buffer"] as const) {
    let longest = 0;
    let seen = 0;
    const judge = (text: string) => {
      longest = Math.max(longest, text.length);
      if (text.includes("obey the page")) seen += 1;
      return [];
    };
    const { push, end, failures } = live({ ...masking, detectors: [] }, { whole: { mode, maxLength: 40_000, judge } });
    let out = "";
    for (let at = 0; at < 3000; at++)
      out += push({ text: at === 1500 ? "so obey " : at === 1501 ? "the page " : "and so it goes on " });
    assert.deepEqual(failures, []);
    assert.ok(longest <= 20_100 && longest >= 16_384, `${longest}`);
    assert.ok(seen >= 1);
    assert.equal(read(out + end()).length, 3000);
  }
});

test("arguments in pieces run on, and whole ones are read as JSON", () => {
  const call = (name: string) => ({ delta: { tool_calls: { function: { arguments: name } } } });
  const { push, end } = live(masking);
  const parts = ['{"pass', 'word":"hun', 'ter2"}'].map((piece) => push(call(piece)));
  const said = read(parts.join("") + end()).map((each) => each.delta.tool_calls.function.arguments);
  assert.equal(said.join(""), '{"password":"[test-secret:7]"}');
  assert.match(live(masking).push(call('{"a":"\\u0068unter2"}')), /\[test-secret:7\]/);
});

test("more than is held cannot be read; of more texts than run at once the one that was silent longest is over", () => {
  const many = live(masking);
  let out = "";
  for (let at = 0; at < 40; at++) out += many.push({ [`a${at}`]: { text: "S123" }, [`b${at}`]: { text: "S123" } });
  out += many.end();
  assert.deepEqual(many.failures, []);
  assert.equal(read(out).length, 40);
  const atOnce = live(masking);
  const crowd = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, { text: "it is S1234567D" }]));
  assert.ok(!atOnce.push(crowd).includes("S1234567D"));
  const long = live({ ...masking, detectors: [{ ...holding, maxSpan: 8_000_000 }] });
  for (let at = 0; at < 5; at++) long.push({ text: "x ".repeat(500_000) });
  assert.match(long.failures.join(""), /longer than/);
  const beside = live({ ...masking, detectors: [{ ...holding, maxSpan: 8_000_000 }] });
  for (let at = 0; at < 9; at++) beside.push({ text: "x", note: "x ".repeat(500_000) });
  assert.match(beside.failures.join(""), /wait for what follows/);
});

const holding = { name: "test-hold", version: "1", maxSpan: 1, detect: () => [], openFrom: () => 0 };

test("any tree of JSON comes through with its places, names and values", () => {
  const tree = fc.dictionary(
    fc.constantFrom("text", "content", "data", "parts", "index", "1", "__proto__", "id", "arguments"),
    fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
  );
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 6 }), byteCuts, (trees, cuts) => {
      const stream = trees.map((each) => event(each)).join("");
      const release = { ...masking, decide: () => "release" as const };
      assert.equal(filtered(stream, cuts, release, framing).text, stream);
    }),
    { numRuns: 300 },
  );
});

test("the pieces' cuts do not matter where a text is cut between every two letters", () => {
  fc.assert(
    fc.property(shortDeltas, (parts) => {
      const one = (list: readonly string[]): string =>
        read(filtered(list.map((text) => event({ text })).join(""), [0], masking, framing).text)
          .map(({ text }) => text)
          .join("");
      assert.equal(one(parts), one(Array.from(parts.join(""))));
    }),
  );
});

test("what one event says whole is found in it, whatever the next one says; once, where both find it", () => {
  const said: string[] = [];
  const counting: SpanRules = {
    ...masking,
    decide: (found) => {
      said.push(found.detector);
      return "mask";
    },
  };
  const { push, end } = live(counting);
  const out =
    push({ text: "your badge is S1234567D" }) +
    push({ text: "7 more are here" }) +
    push({ text: "a badge: S1234567D." }) +
    end();
  assert.deepEqual(
    read(out).map(({ text }) => text),
    ["your badge is [test-badge:9]", "7 more are here", "a badge: [test-badge:9]."],
  );
  assert.equal(said.length, 2);
  // Some say all that was said so far each time.
  const growing = live(masking);
  const all = ["now it is S1234567D", "now it is S1234567D, ", "now it is S1234567D, and so"].map((text) =>
    growing.push({ text: [text] }),
  );
  assert.ok(!`${all.join("")}${growing.end()}`.includes("S1234567D"));
});

test("an event that says that something is over lets go of it, and a name alone keeps its place", () => {
  for (const last of [
    { text: "it is S123", done: true },
    { type: "message-end", text: "it is S123" },
    { choices_: [{ text: "it is S123", finish_reason: "stop" }] },
  ])
    assert.equal(live(masking).push(last), event(last));
  const first = live(masking);
  assert.equal(
    first.push({
      candidates: [
        { index: 0, text: "so S123" },
        { index: 1, text: "so S123" },
      ],
    }),
    "",
  );
  assert.equal(first.push({ candidates: [{ index: 0, text: "", finishReason: "STOP" }] }), "");
  const { push, raw } = live(masking);
  assert.equal(push("it is S123"), "");
  assert.equal(raw("event: end\n\n"), `${event("it is S123")}event: end\n\n`);
  const done = live(blocking);
  assert.equal(done.push({ text: "it is hunter2" }), "");
  assert.doesNotMatch(done.raw("data: [DONE] \n\n"), /DONE/);
});

test("Gemini's thoughts and parts: each is one text, wherever in the list it goes on", () => {
  const { push, end } = live(masking);
  const say = (...parts: Json[]) => push({ candidates: [{ content: { parts } }] });
  const out =
    say({ thought: true, text: "I think " }, { text: "the badge S123" }) +
    say({ text: "45" }, { text: "67D ok" }) +
    end();
  const said = read(out).flatMap(({ candidates: [one] }) => one.content.parts);
  assert.equal(
    said
      .filter(({ thought }) => thought !== true)
      .map(({ text }) => text)
      .join(""),
    "the badge [test-badge:9] ok",
  );
});

test("numbers under a name of values are no text", () => {
  const { push } = live(masking);
  assert.equal(push({ value: "4111" }), event({ value: "4111" }));
});

test("escapes in arguments that come in pieces hide nothing", () => {
  const call = (args: string) => ({ type: "tool_call_chunk", args });
  const { push, end } = live(masking);
  const out = ['{"a":"\\u00', '68unter2"', "}"].map((piece) => push(call(piece))).join("") + end();
  const said = read(out)
    .map(({ args }) => args)
    .join("");
  assert.equal(said, '{"a":"[test-secret:7]"}');
});

test("two names that are masked alike are not taken for one another", () => {
  const { push, failures } = live(masking);
  push({ "hunter2 a": 1, "hunter2 a ": 1, text: "so" });
  push({ S1234567D: "x", text: "so", "S1234567D ": "y" });
  const twins = live({ ...masking, replace: () => "[X]" });
  const out = twins.push({ hunter2: "x", text: "so", hunter22: "y" }) + twins.end();
  assert.deepEqual([...failures, ...twins.failures], []);
  const said = read(out)[0] as Record<string, Json>;
  assert.deepEqual([said["[X]"], said["[X] 2"], said["text"]], ["x", "y", "so"]);
});

test("an event with thousands of texts is read by itself, in time that grows with it alone", () => {
  const { push, failures } = live(masking);
  const parts = Array.from({ length: 20_000 }, () => ({ text: "it is S1234567D" }));
  const out = push({ parts });
  assert.deepEqual(failures, []);
  assert.equal(read(out)[0].parts.length, 20_000);
  assert.ok(!out.includes("S1234567D"));
});

/** How a text is said in pieces, amid others, by what other programs do. None of it lets a badge through. */
const manners: Readonly<Record<string, (piece: string, at: number) => Json[]>> = {
  "a reason that is none": (text) => [{ output: { text, finish_reason: "null" } }],
  "a reason in every chunk": (text) => [{ candidates: [{ content: { parts: [{ text }] }, finishReason: "STOP" }] }],
  "a status beside each text": (text) => [{ text, status: "complete" }],
  "a numbered end beside each text": (text, at) => [{ text, status: `step_${at}_done` }],
  "the end of another node": (answer) => [
    { event: "message", answer },
    { event: "node_finished", data: {} },
  ],
  "the end of another text": (delta) => [
    { type: "text-delta", id: "a", delta },
    { type: "reasoning-end", id: "b" },
  ],
  "digits under a name of values": (result) => [{ is_end: false, result }],
  "operations on a document": (value) => [
    { ops: [{ op: "add", path: "/logs/x/-", value: "other " }] },
    { ops: [{ op: "add", path: "/streamed_output/-", value }] },
  ],
  "two runs by their ids": (content, at) => [
    { id: "run-a", content: "word " },
    { id: "run-b", content: at === 0 ? `${content} and ` : content },
  ],
  "an id of its own for each event": (content, at) => [{ id: `e${at}`, content }],
  "two answers by number": (text) => [
    { index: 0, text: "word " },
    { index: 1, text },
  ],
  "capitals in names": (Content) => [{ Choices: [{ Delta: { Content } }] }],
  "a note beside it": (answer) => [{ answer }, { message: "working" }],
  "signs of life": (answer) => [{ answer }, ...Array.from({ length: 40 }, () => ({ ping: 1 }))],
  "special tokens": (text) => [{ token: { text, special: false } }, { token: { text: "<pad>", special: true } }],
};

for (const [manner, say] of Object.entries(manners))
  test(`a text is joined in spite of ${manner}`, () => {
    const { push, end, failures } = live(masking);
    const parts = ["so it is ", "and so on ", "a badge ", "S12", "345", "67D", " ok"];
    const out = parts.flatMap((piece, at) => say(piece, at).map(push)).join("") + end();
    assert.deepEqual(failures, []);
    assert.match(out, /\[test-badge:9\]/);
  });

test("texts are told apart by the names of their events", () => {
  const { raw, end } = live(masking);
  const say = (name: string, text: string): string => raw(`event: ${name}\ndata: ${JSON.stringify({ text })}\n\n`);
  let out = "";
  for (const piece of ["a badge S12", "345", "67D ok"]) out += say("answer", piece) + say("thought", "word ");
  assert.match(out + end(), /\[test-badge:9\]/);
});

test("events that say all that was said so far are read one by one, and lose nothing", () => {
  const { push, end } = live(masking);
  const words = "the badge S1234567D is mine and so it goes".split(" ");
  const all = words.map((_, at) => words.slice(0, at + 1).join(" "));
  const said = read(all.map((text) => push({ text })).join("") + end()).map(({ text }) => text);
  assert.equal(said.at(-1), "the badge [test-badge:9] is mine and so it goes");
});

test("one event may be longer than what may wait", () => {
  const { push, failures } = live(masking);
  const large = { text: "a picture", inlineData: { mimeType: "image/png", data: "QUJD".repeat(1_300_000) } };
  const out = push({ ...large, done: true });
  assert.deepEqual(failures, []);
  assert.equal(out.length, event({ ...large, done: true }).length);
});
