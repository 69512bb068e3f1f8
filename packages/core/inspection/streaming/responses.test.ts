import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResponsesFraming } from "./responses.ts";
import type { Json } from "./testing/streams.ts";
import { filterText, type SpanRules } from "./span-rules.ts";
import { blocking, byteCuts, crashing, dataOf, deltas, filtered, json, masking, texts } from "./testing/streams.ts";

const framing = (guard: ConstructorParameters<typeof ResponsesFraming>[0]) => new ResponsesFraming(guard);

const anyItem = fc.oneof(
  fc.record({ type: fc.constant("message" as const), parts: fc.array(deltas, { minLength: 1, maxLength: 2 }) }),
  fc.record({ type: fc.constant("reasoning" as const), parts: fc.array(deltas, { minLength: 1, maxLength: 2 }) }),
  fc.record({ type: fc.constant("function_call" as const), value: texts, cut: fc.nat(30) }),
);
const answers = fc.record({ items: fc.array(anyItem, { maxLength: 3 }), ascii: fc.boolean(), cuts: byteCuts });
type Answer = typeof answers extends fc.Arbitrary<infer A> ? A : never;
type Item = Answer["items"][number];

/** A finished item, as the API repeats it. */
function itemOf(item: Item, index: number): object {
  const id = `item_${index}`;
  if (item.type === "function_call") {
    const args = JSON.stringify({ to: item.value });
    return { id, type: item.type, call_id: "call_1", name: "send", arguments: args, status: "completed" };
  }
  const whole = item.parts.map((pieces) => pieces.join(""));
  if (item.type === "reasoning")
    return { id, type: item.type, summary: whole.map((text) => ({ type: "summary_text", text })) };
  const content = whole.map((text) => ({ type: "output_text", text, annotations: [], logprobs: [] }));
  return { id, type: item.type, role: "assistant", status: "completed", content };
}

function eventsOf({ items }: Answer): object[] {
  const response = { id: "resp_1", object: "response", status: "in_progress", model: "m", output: [] };
  const events: object[] = [{ type: "response.created", response }];
  for (const [index, item] of items.entries()) {
    const at = { item_id: `item_${index}`, output_index: index };
    if (item.type === "function_call") {
      const text = JSON.stringify({ to: item.value });
      const cut = item.cut % text.length;
      const done = itemOf(item, index);
      events.push({ type: "response.output_item.added", output_index: index, item: { ...done, arguments: "" } });
      for (const delta of [text.slice(0, cut), text.slice(cut)])
        events.push({ type: "response.function_call_arguments.delta", ...at, delta });
      events.push({ type: "response.function_call_arguments.done", ...at, arguments: text });
      events.push({ type: "response.output_item.done", output_index: index, item: done });
      continue;
    }
    const summary = item.type === "reasoning";
    const empty = {
      id: at.item_id,
      type: item.type,
      ...(summary ? { summary: [] } : { role: "assistant", content: [] }),
    };
    const kind = summary ? "response.reasoning_summary" : "response";
    events.push({ type: "response.output_item.added", output_index: index, item: empty });
    for (const [part, pieces] of item.parts.entries()) {
      const here = { ...at, ...(summary ? { summary_index: part } : { content_index: part }) };
      const said = (text: string) => ({ type: summary ? "summary_text" : "output_text", text });
      const name = summary ? `${kind}_text` : `${kind}.output_text`;
      const partName = summary ? `${kind}_part` : `${kind}.content_part`;
      events.push({ type: `${partName}.added`, ...here, part: said("") });
      for (const delta of pieces)
        events.push({ type: `${name}.delta`, ...here, delta, ...(summary ? {} : { logprobs: [] }) });
      events.push({ type: `${name}.done`, ...here, text: pieces.join("") });
      events.push({ type: `${partName}.done`, ...here, part: said(pieces.join("")) });
    }
    events.push({ type: "response.output_item.done", output_index: index, item: itemOf(item, index) });
  }
  const output = items.map(itemOf);
  events.push({ type: "response.completed", response: { ...response, status: "completed", output } });
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}

function streamOf(answer: Answer): string {
  return eventsOf(answer)
    .map((one) => `event: ${(one as { type: string }).type}\ndata: ${json(one, answer.ascii)}\n\n`)
    .join("");
}

/** Every copy of every text, by where it belongs. */
function copies(stream: string, numbered = true): { of: Map<string, string[]>; last: string; response: Json } {
  const of = new Map<string, string[]>();
  const streamed = new Map<string, string>();
  const add = (key: string, text: string): void => void of.set(key, [...(of.get(key) ?? []), text]);
  const addItem = (index: number, item: Json): void => {
    if (item.type === "function_call") add(`${index}`, item.arguments);
    for (const [part, { text }] of (item.content ?? item.summary ?? []).entries()) add(`${index}/${part}`, text);
  };
  const events = dataOf(stream).map((data) => JSON.parse(data));
  for (const [place, event] of events.entries()) {
    if (numbered) assert.equal(event.sequence_number, place, "sequence numbers have no gaps");
    const key = event.type.includes("arguments")
      ? `${event.output_index}`
      : `${event.output_index}/${event.content_index ?? event.summary_index}`;
    if (event.type.endsWith(".delta")) {
      assert.ok(!of.has(key), "no delta comes after its text is done");
      streamed.set(key, (streamed.get(key) ?? "") + event.delta);
    } else if (event.type.endsWith("_text.done")) add(key, event.text);
    else if (event.type.endsWith("arguments.done")) add(key, event.arguments);
    else if (event.type.endsWith("part.done")) add(key, event.part.text);
    else if (event.type === "response.output_item.done") addItem(event.output_index, event.item);
    else if (event.type === "response.completed")
      for (const [index, item] of event.response.output.entries()) addItem(index, item);
  }
  for (const [key, text] of streamed) add(key, text);
  const last = events.at(-1);
  return { of, last: last?.type ?? "", response: last?.response };
}

function wholes(answer: Answer, rules: SpanRules) {
  const found = new Map<string, ReturnType<typeof filterText>>();
  for (const [index, item] of answer.items.entries())
    if (item.type === "function_call") found.set(`${index}`, filterText(item.value, rules));
    else
      for (const [part, pieces] of item.parts.entries())
        found.set(`${index}/${part}`, filterText(pieces.join(""), rules));
  return found;
}

test("all copies of a text agree, and equal the masked text", () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const { text, cut } = filtered(streamOf(answer), answer.cuts, masking, framing);
      assert.equal(cut, false);
      const out = copies(text);
      assert.equal(out.last, "response.completed");
      for (const [key, { text: expected }] of wholes(answer, masking)) {
        const said = out.of.get(key) ?? [];
        // Deltas of an empty text need not be there.
        assert.ok(said.length >= (key.includes("/") ? 4 : 3) || expected === "");
        for (const copy of said) {
          if (key.includes("/")) assert.equal(copy, expected);
          else assert.deepEqual(JSON.parse(copy), { to: expected });
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("an answer whose inspection crashes, and that is to pass, comes whole and once, whenever it crashes", () => {
  fc.assert(
    fc.property(answers, fc.nat(60), (answer, crash) => {
      const stream = streamOf(answer);
      const { text, cut } = crashing(stream, answer.cuts, crash, framing);
      assert.equal(cut, false);
      // The API's own numbers go on where reading ended: clients do not count.
      assert.deepEqual(copies(text, false), copies(stream));
    }),
    { numRuns: 1000 },
  );
});

test("a blocked stream ends as an incomplete response, and no copy says more than the text up to its block", () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const { text, cut } = filtered(streamOf(answer), answer.cuts, blocking, framing);
      const expected = wholes(answer, blocking);
      const blocked = [...expected.values()].some((one) => one.blocked !== undefined);
      assert.equal(cut, blocked);
      const out = copies(text);
      assert.equal(out.last, blocked ? "response.incomplete" : "response.completed");
      if (blocked) assert.equal(out.response.incomplete_details.reason, "content_filter");
      for (const [key, said] of out.of)
        for (const copy of said) {
          if (key.includes("/")) assert.ok(expected.get(key)?.text.startsWith(copy));
          else assert.equal(expected.get(key)?.blocked, undefined);
        }
    }),
    { numRuns: 500 },
  );
});

test("a finding is counted once, however often the answer repeats its text", () => {
  let count = 0;
  const counting: SpanRules = { ...masking, decide: () => ((count += 1), "mask") };
  filtered(
    streamOf({ items: [{ type: "message", parts: [["it is hun", "ter2 ."]] }], ascii: false, cuts: [] }),
    [0],
    counting,
    framing,
  );
  assert.equal(count, 1);
});

test("an answer that was blocked before it began is an error of the API's kind", () => {
  const created = { type: "response.created", sequence_number: 0, response: { id: "hunter2", output: [] } };
  const { text } = filtered(`data: ${JSON.stringify(created)}\n\n`, [0], blocking, framing);
  assert.match(text, /^event: error\ndata: \{"type":"error","code":"content_filter"/);
});

test("what was said before an error leaves before it", () => {
  const delta = { type: "response.output_text.delta", item_id: "i", output_index: 0, content_index: 0 };
  const events = [
    { ...delta, delta: "it is hunter", sequence_number: 0 },
    { type: "error", message: "overloaded", sequence_number: 1 },
  ];
  const stream = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  const said = dataOf(filtered(stream, [0], masking, framing).text).map((each): Json => JSON.parse(each));
  assert.deepEqual(
    said.map(({ type, sequence_number: number }) => [type, number]),
    said.map((_, at) => [at === said.length - 1 ? "error" : delta.type, at]),
  );
  assert.equal(said.map((event) => event.delta ?? "").join(""), "it is hunter");
});
