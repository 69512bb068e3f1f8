import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChatCompletionsFraming } from "./chat-completions.ts";
import type { RunningText } from "./content-guard.ts";
import type { ServerSentEvent } from "./event-stream.ts";
import { MessagesFraming } from "./messages.ts";
import { RepeatedEvent } from "./repeated-event.ts";
import { filterText } from "./span-rules.ts";
import { byteCuts, dataOf, deltas, filtered, masking, type Json } from "./testing/streams.ts";

const parsed = (data: string): Json => JSON.parse(data);

/** A running text that lets everything pass but capitals, and remembers what it was given. */
function textThatHears(): RunningText & { readonly heard: string[] } {
  const heard: string[] = [];
  const push = (piece: string): string => (heard.push(piece), piece.replaceAll(/[A-Z]/g, "*"));
  return { heard, push, end: () => "", held: 0, changed: false };
}

function event(data: string): ServerSentEvent {
  return { raw: `data: ${data}\n\n`, name: "", data, others: "", lineEnd: "\n" };
}

function learned(data: string, name = "content", piece = "one"): { repeated: RepeatedEvent; heard: string[] } {
  const repeated = new RepeatedEvent();
  const text = textThatHears();
  repeated.learn(event(data), name, piece, text);
  return { repeated, heard: text.heard };
}

test("an event that differs in its text alone is filtered without being read anew", () => {
  const { repeated, heard } = learned('{"id":7, "delta":{"content":"one"}}');
  const two = event('{"id":7, "delta":{"content":"two"}}');
  assert.equal(repeated.released(two), two.raw);
  assert.equal(
    repeated.released(event('{"id":7, "delta":{"content":"A \\"b\\"\\n\\u0041"}}')),
    'data: {"id":7, "delta":{"content":"* \\"b\\"\\n*"}}\n\n',
  );
  assert.deepEqual(heard, ["two", 'A "b"\nA']);
});

test("an event that says anything else is read as any other", () => {
  const { repeated, heard } = learned('{"id":7,"delta":{"content":"one"}}');
  for (const data of [
    '{"id":8,"delta":{"content":"two"}}',
    '{"id":7,"delta":{"content":"two","refusal":"A"}}',
    '{"id":7,"delta":{"content":"two"},"more":{"content":"A"}}',
    '{"id":7,"delta":{"content":"two\\"}}',
    '{"id":7,"delta":{"content":"a\tb"}}',
    '{"id":7,"delta":{"content":"\\x"}}',
    '{"id":7,"delta":{"content":""}}',
    '{"id":7,"delta":{"content":"}}',
    '{"id":7,"delta":{"content":',
  ])
    assert.equal(repeated.released(event(data)), undefined, data);
  repeated.forget();
  assert.equal(repeated.released(event('{"id":7,"delta":{"content":"two"}}')), undefined);
  assert.deepEqual(heard, []);
});

test("an event is not learned where its text may be something else than what stands behind the name", () => {
  for (const data of [
    '{"content":"one","delta":{"content" :"one"}}',
    '{"content":"one","delta":{"\\u0063ontent":"one"}}',
    '{"x\\"content":"one","delta":{"content" :"one"}}',
    '{"say":"content","delta":{"content":"one"}}',
    '{"delta":{"content":"o\\u006ee"}}',
    '{"delta":\n{"content":"one"}}',
    '{"delta":{"content": "one"}}',
  ]) {
    const { repeated, heard } = learned(data);
    assert.equal(repeated.released(event(data)), undefined, data);
    assert.equal(repeated.released(event(data.replace("one", "two"))), undefined, data);
    assert.deepEqual(heard, []);
  }
});

const chunk = (delta: object, more: object): object => ({ id: "c", ...more, choices: [{ index: 0, delta }] });
/** Chunks that hide their text: a name said twice, a second text beside it, a field that changes, all of it in turn. */
const disguises: readonly ((piece: string, say: (value: unknown) => string) => string)[] = [
  (piece, say) => say(chunk({ content: piece }, {})),
  (piece, say) => say(chunk({ content: piece, refusal: null }, { model: "m" })),
  (piece, say) => say(chunk({ content: piece }, { content: "said" })),
  (piece, say) => say(chunk({ content: piece }, { note: piece.length })),
  (piece, say) => say(chunk({ content: piece }, {})).replace('"content":', '"content" :'),
  (piece, say) => say(chunk({ content: piece }, {})).replace('"content":', '"\\u0063ontent":'),
];

test("a chat stream whose chunks are alike, or are not, comes out as the filtered text", () => {
  const ways = fc.array(fc.nat(disguises.length - 1), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(deltas, ways, byteCuts, (said, turns, cuts) => {
      const stream = said.map((piece, at) => {
        const disguise = disguises[turns[(at >> 1) % turns.length] ?? 0];
        return `data: ${disguise?.(piece, JSON.stringify) ?? ""}\n\n`;
      });
      const { text } = filtered(
        `${stream.join("")}data: [DONE]\n\n`,
        cuts,
        masking,
        (g) => new ChatCompletionsFraming(g),
      );
      const content = dataOf(text)
        .filter((data) => data !== "[DONE]")
        .map((data) => parsed(data).choices[0]?.delta.content ?? "");
      assert.equal(content.join(""), filterText(said.join(""), masking).text);
    }),
    { numRuns: 500 },
  );
});

test("a second block's text does not go on in the first one's, although their events are alike", () => {
  const say = (data: object): string => `event: x\ndata: ${JSON.stringify(data)}\n\n`;
  const block = (index: number, text: string): string =>
    say({ type: "content_block_start", index, content_block: { type: "text", text: "" } }) +
    text
      .split("")
      .map((unit) => say({ type: "content_block_delta", index, delta: { type: "text_delta", text: unit } }))
      .join("") +
    say({ type: "content_block_stop", index });
  const through = (stream: string): string => filtered(stream, [], masking, (g) => new MessagesFraming(g)).text;
  const said = dataOf(through(block(0, "so hunter2") + block(1, "2 and a@b.co"))).map(
    (data) => parsed(data).delta?.text ?? "",
  );
  assert.equal(said.join(""), "so [test-secret:7]2 and [test-email:6]");
  // Blocks that begin anew in the same stream are another answer: clients would mix the two.
  assert.throws(() => through(block(0, "one") + block(0, "two")), /do not begin in their order/);
});
