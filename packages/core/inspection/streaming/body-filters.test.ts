import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AnswerFilter } from "./answer-filter.ts";
import {
  jsonBodyFilter,
  JsonLinesFilter,
  pageBodyFilter,
  TextBodyFilter,
  type BodyFilterOptions,
} from "./body-filters.ts";
import { ContentGuard } from "./content-guard.ts";
import { filterText, type SpanRules } from "./span-rules.ts";
import { cutBytes } from "./testing/pieces.ts";
import { blocking, byteCuts, json, masking, shortDeltas, texts } from "./testing/streams.ts";

function options(rules: SpanRules, mode: "closed" | "open" = "closed"): BodyFilterOptions {
  return { guard: new ContentGuard(rules), words: () => "found something", onFailure: () => mode };
}

function run(
  filter: AnswerFilter,
  body: string | Uint8Array,
  cuts: readonly number[] = [0],
): { text: string; words?: string } {
  const out: Uint8Array[] = [];
  for (const piece of [...cutBytes(Buffer.from(body), cuts), undefined]) {
    const { bytes, cut } = piece === undefined ? filter.end() : filter.push(piece);
    out.push(bytes);
    if (cut !== undefined) return { text: Buffer.concat(out).toString(), words: cut.words };
  }
  return { text: Buffer.concat(out).toString() };
}

test("plain text is masked as it flows, whatever its bytes, and breaks off before what is blocked", () => {
  fc.assert(
    fc.property(texts, byteCuts, (text, cuts) => {
      assert.equal(run(new TextBodyFilter(options(masking)), text, cuts).text, filterText(text, masking).text);
      const whole = filterText(text, blocking);
      const { text: out, words } = run(new TextBodyFilter(options(blocking)), text, cuts);
      assert.ok(whole.text.startsWith(out));
      assert.equal(words !== undefined, whole.blocked !== undefined);
    }),
  );
});

test("a JSON body is decided whole: masked in place, or refused without a byte of it", () => {
  const body = {
    choices: [{ message: { content: "it is hunter2 .", tool_calls: [{ arguments: '{"a":"\\u0068unter2"}' }] } }],
  };
  const { text } = run(jsonBodyFilter(options(masking), 10_000), JSON.stringify(body), []);
  const { content, tool_calls: calls } = JSON.parse(text).choices[0].message;
  assert.equal(content, "it is [test-secret:7] .");
  assert.equal(calls[0].arguments, '{"a":"[test-secret:7]"}');
  assert.deepEqual(run(jsonBodyFilter(options(blocking), 10_000), JSON.stringify(body), []), {
    text: "",
    words: "found something",
  });
});

test("a JSON body without findings passes byte for byte", () => {
  const body = '{ "n": 1.0, "big": 12345678901234567890, "s": "\\u00e9" }\n';
  assert.equal(run(jsonBodyFilter(options(masking), 10_000), body, []).text, body);
});

test("numbers and names are read too", () => {
  const rules = { ...masking, detectors: [{ ...masking.detectors[1], detect: find("4111111111111111") }] } as SpanRules;
  const { text } = run(jsonBodyFilter(options(rules), 10_000), '{"card":4111111111111111,"4111111111111111":1}');
  assert.ok(!text.includes("4111111111111111"));
});

const find = (word: string) => (text: string) => {
  const start = text.indexOf(word);
  const facts = { detector: "test-secret/card", category: "pii" as const, owasp: "", atlas: "", score: 1 };
  return start < 0 ? [] : [{ ...facts, start, end: start + word.length }];
};

test("what cannot be read is refused when closed, and passes as it came when open", () => {
  for (const [make, body] of [
    [(o: BodyFilterOptions) => jsonBodyFilter(o, 1000), '{"a":1,"a":2}'],
    [(o: BodyFilterOptions) => jsonBodyFilter(o, 1000), "{"],
    [(o: BodyFilterOptions) => jsonBodyFilter(o, 8), '{"a":"123456789"}'],
    [(o: BodyFilterOptions) => jsonBodyFilter(o, 1000), Buffer.from([0x22, 0xff, 0x22])],
    [(o: BodyFilterOptions) => new TextBodyFilter(o), Buffer.from([0x61, 0xff, 0x62])],
    [(o: BodyFilterOptions) => new JsonLinesFilter(o), '{"a":1}\n{broken\n{"c":3}\n'],
  ] as const) {
    const closed = run(make(options(masking)), body);
    assert.match(closed.words ?? "", /could not be inspected/);
    assert.equal(run(make(options(masking, "open")), body).text, Buffer.from(body).toString());
  }
});

test("JSON lines whose texts run on equal the masked text, whatever their pieces", () => {
  fc.assert(
    fc.property(shortDeltas, fc.boolean(), byteCuts, fc.boolean(), (pieces, chat, cuts, ascii) => {
      const line = (text: string, done: boolean) =>
        `${json({ model: "m", ...(chat ? { message: { role: "assistant", content: text } } : { response: text }), done }, ascii)}\n`;
      const body = pieces.map((piece) => line(piece, false)).join("") + line("", true);
      const { text } = run(new JsonLinesFilter(options(masking)), body, cuts);
      const lines = text
        .trim()
        .split("\n")
        .map((one) => JSON.parse(one));
      const said = lines.map((one) => (chat ? one.message.content : one.response)).join("");
      assert.equal(said, filterText(pieces.join(""), masking).text);
      assert.equal(lines.at(-1).done, true);
      const cut = run(new JsonLinesFilter(options(blocking)), body, cuts);
      const { blocked, text: allowed } = filterText(pieces.join(""), blocking);
      assert.equal(cut.words !== undefined, blocked !== undefined);
      const before = cut.text
        .split("\n")
        .filter((one) => one !== "")
        .map((one) => JSON.parse(one))
        .map((one) => (chat ? one.message?.content : one.response) ?? "")
        .join("");
      assert.ok(blocked === undefined ? before === allowed : allowed.startsWith(before), `${before} of ${allowed}`);
    }),
  );
});

test("a line is one, in however many chunks it comes, and passes whole and once where it cannot be read", () => {
  const long = json({ response: "so it is hunter2 é😀 ".repeat(400), done: true }, false);
  const body = `${json({ response: "é" }, false)}\n\n${long}\n${json({ response: "last" }, false)}`;
  const lines = (mode: "closed" | "open") => new JsonLinesFilter(options(masking, mode), { apart: true });
  const { text } = run(lines("closed"), body);
  assert.equal(text, body.replaceAll("hunter2", "[test-secret:7]"));
  assert.equal(run(lines("closed"), body, []).text, text);
  fc.assert(fc.property(byteCuts, (cuts) => assert.equal(run(lines("closed"), body, cuts).text, text)));
  const broken = [
    Buffer.from('{"a":1}\n\n{broken\n{"c":3}\n{"d"'),
    Buffer.concat([Buffer.from('{"a":1}\n{"b":"'), Buffer.from("😀").subarray(0, 3)]),
    Buffer.concat([Buffer.from('{"a":1}\n{"b":"'), Buffer.from([0xff, 0x0a, 0x7b])]),
  ];
  const running = Buffer.concat([Buffer.from(`${json({ response: "so S123" }, false)}\n{"b":"`), Buffer.from([0xff])]);
  for (const bytes of [...broken, running])
    fc.assert(
      fc.property(byteCuts, (cuts) => {
        const apart = bytes !== running;
        const filter = new JsonLinesFilter(options(masking, "open"), { apart });
        assert.equal(run(filter, bytes, cuts).text, bytes.toString());
        assert.match(run(lines("closed"), bytes, cuts).words ?? "", /could not be inspected/);
      }),
    );
});

test("a line that is longer than any may be is refused, or passes as it came", () => {
  const chunk = Buffer.alloc(1024 * 1024, "a");
  for (const mode of ["closed", "open"] as const) {
    const filter = new JsonLinesFilter(options(masking, mode));
    let length = 0;
    let words: string | undefined;
    for (let chunks = 0; chunks < 18 && words === undefined; chunks++) {
      const { bytes, cut } = filter.push(chunk);
      length += bytes.length;
      words = cut?.words;
    }
    if (mode === "open") assert.deepEqual([length, words], [18 * chunk.length, undefined]);
    else assert.match(words ?? "", /a line is longer than/);
  }
});

test("the line that says the rest of a text repeats nothing of its line that was masked, and no call", () => {
  const line = {
    model: "m",
    note: "hunter2",
    message: { role: "assistant", content: "it is S123", tool_calls: [{ id: 1 }] },
  };
  const { text } = run(new JsonLinesFilter(options(masking)), `${JSON.stringify(line)}\n`, [0]);
  const lines = text
    .trim()
    .split("\n")
    .map((one) => JSON.parse(one));
  assert.ok(!text.includes("hunter2"));
  assert.equal(lines.map(({ message }) => message.content).join(""), "it is S123");
  assert.equal(lines.filter(({ message }) => message.tool_calls !== undefined).length, 1);
});

const notJson = (text: string): boolean => !text.trimStart().startsWith('"');

test("a page that is JSON is read as who parses it reads it, and NUL is in no text", () => {
  const said = run(pageBodyFilter(options(masking), 1_000_000), '{"a":"\\u0068unter2","b":[1]}');
  assert.deepEqual(said.text, '{"a":"[test-secret:7]","b":[1]}');
  for (const filter of [pageBodyFilter(options(masking), 1_000_000), new TextBodyFilter(options(masking))])
    assert.match(run(filter, Buffer.from("hunter2", "utf16le")).words ?? "", /NUL/);
});

test("log probabilities that spell something else than the answer are taken out", () => {
  const token = (word: string, more: object = {}) => ({
    token: word,
    logprob: -1,
    bytes: [...Buffer.from(word)],
    top_logprobs: [],
    ...more,
  });
  const body = (content: unknown[]) =>
    JSON.stringify({ choices: [{ message: { content: "so it is" }, logprobs: { content } }] });
  const honest = body([token("so"), token(" it is", { top_logprobs: [{ token: " he", logprob: -2, bytes: null }] })]);
  assert.equal(run(jsonBodyFilter(options(masking), 1_000_000), honest).text, honest);
  for (const content of [
    [token("hunter2")],
    [token("hun"), token("ter2")],
    [token("so", { bytes: [...Buffer.from("hunter2")] })],
    [token("so", { top_logprobs: [token("hun")] }), token("it", { top_logprobs: [token("ter2")] })],
    [token("so", { note: "hunter2" })],
    ["hunter2"],
    "hunter2",
  ])
    assert.match(run(jsonBodyFilter(options(masking), 1_000_000), body(content as unknown[])).text, /"logprobs":null/);
});

test("a page is decided whole, whatever its pieces, and passes byte for byte where nothing is found", () => {
  fc.assert(
    fc.property(texts.filter(notJson), byteCuts, (text, cuts) => {
      assert.equal(run(pageBodyFilter(options(masking), 1_000_000), text, cuts).text, filterText(text, masking).text);
      const { text: out, words } = run(pageBodyFilter(options(blocking), 1_000_000), text, cuts);
      const { blocked } = filterText(text, blocking);
      assert.deepEqual(
        [out, words !== undefined],
        [blocked === undefined ? filterText(text, blocking).text : "", blocked !== undefined],
      );
    }),
  );
  const marked = Buffer.from("\ufeffplain ".repeat(9));
  assert.deepEqual(run(pageBodyFilter(options(masking), 1_000_000), marked).text, marked.toString());
  // A page of base64's signs alone is a page all the same.
  assert.match(run(pageBodyFilter(options(blocking), 1_000_000), "hunter2-".repeat(400)).words ?? "", /found/);
  for (const body of [Buffer.from([0x61, 0xff]), Buffer.from("longer than eight")])
    assert.match(run(pageBodyFilter(options(masking), 8), body).words ?? "", /could not be inspected/);
});
