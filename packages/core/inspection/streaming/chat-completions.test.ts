import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChatCompletionsFraming } from "./chat-completions.ts";
import { filterText } from "./span-rules.ts";
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
  texts,
} from "./testing/streams.ts";

const framing = (guard: ConstructorParameters<typeof ChatCompletionsFraming>[0]) => new ChatCompletionsFraming(guard);
const chunk = (index: number, delta: object, finish: string | null = null) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1_790_000_000,
  model: "m",
  choices: [{ index, delta, logprobs: null, finish_reason: finish }],
});
const usage = { id: "chatcmpl-1", object: "chat.completion.chunk", choices: [], usage: { total_tokens: 7 } };

const choice = fc.record({
  content: deltas,
  reasoning: deltas,
  refusal: deltas,
  call: fc.option(texts),
  turns: fc.array(fc.nat(2)),
});
const answers = fc.record({
  choices: fc.array(choice, { minLength: 1, maxLength: 3 }),
  turns: fc.array(fc.nat(2), { maxLength: 40 }),
  ascii: fc.boolean(),
  cuts: byteCuts,
});
type Answer = typeof answers extends fc.Arbitrary<infer A> ? A : never;

function streamOf({ choices, turns, ascii }: Answer): string {
  const lists = choices.map(({ content, reasoning, refusal, call, turns: mix }, index) => {
    const said = interleaved<object>(
      [
        content.map((piece) => ({ content: piece })),
        reasoning.map((piece) => ({ reasoning_content: piece })),
        refusal.map((piece) => ({ refusal: piece })),
      ],
      mix,
    );
    const text = JSON.stringify({ to: call });
    const middle = text.length >> 1;
    const calls = [
      { index: 0, id: "call_1", type: "function", function: { name: "send", arguments: "" } },
      { index: 0, function: { arguments: text.slice(0, middle) } },
      { index: 0, function: { arguments: text.slice(middle) } },
    ].map((one) => ({ tool_calls: [one] }));
    return [
      chunk(index, { role: "assistant", content: "" }),
      ...[...said, ...(call === null ? [] : calls)].map((delta) => chunk(index, delta)),
      chunk(index, {}, "stop"),
    ];
  });
  const events = [...interleaved(lists, turns), usage].map((one) => `data: ${json(one, ascii)}\n\n`);
  return `: ping\n\n${events.join("")}data: [DONE]\n\n`;
}

interface Put {
  content: string;
  reasoning_content: string;
  refusal: string;
  arguments: string;
  finish: string[];
}

/** Puts the answer together as clients do. */
function assembled(stream: string): { choices: Put[]; done: boolean; usage: boolean } {
  const choices: Put[] = [];
  const all = dataOf(stream);
  let used = false;
  for (const data of all.filter((one) => one !== "[DONE]")) {
    const parsed = JSON.parse(data);
    used ||= parsed.usage !== undefined;
    for (const { index, delta, finish_reason: finish } of parsed.choices) {
      const put: Put = (choices[index] ??= {
        content: "",
        reasoning_content: "",
        refusal: "",
        arguments: "",
        finish: [],
      });
      assert.equal(put.finish.length, 0, "nothing of a choice comes after its end");
      for (const name of ["content", "reasoning_content", "refusal"] as const) put[name] += delta[name] ?? "";
      for (const call of delta.tool_calls ?? []) put.arguments += call.function.arguments;
      if (finish !== null) put.finish.push(finish);
    }
  }
  return { choices, done: all.at(-1) === "[DONE]", usage: used };
}

/** What a field's text becomes when it is filtered whole. */
const masked = (cut: readonly string[]) => filterText(cut.join(""), masking).text;

test("every text of a masked stream equals the masked text, whatever its deltas, choices and bytes", () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const { text, cut } = filtered(streamOf(answer), answer.cuts, masking, framing);
      const out = assembled(text);
      assert.equal(cut, false);
      assert.deepEqual([out.done, out.usage], [true, true]);
      for (const [index, said] of answer.choices.entries()) {
        const put = out.choices[index];
        assert.equal(put?.content, masked(said.content));
        assert.equal(put?.reasoning_content, masked(said.reasoning));
        assert.equal(put?.refusal, masked(said.refusal));
        assert.deepEqual(put?.finish, ["stop"]);
        if (said.call === null) assert.equal(put?.arguments, "");
        else assert.deepEqual(JSON.parse(put?.arguments ?? ""), { to: masked([said.call]) });
      }
    }),
    { numRuns: 400 },
  );
});

test("an answer whose inspection crashes, and that is to pass, comes whole and once, whenever it crashes", () => {
  fc.assert(
    fc.property(answers, fc.nat(60), (answer, crash) => {
      const stream = streamOf(answer);
      const { text, cut } = crashing(stream, answer.cuts, crash, framing);
      assert.equal(cut, false);
      assert.deepEqual(assembled(text), assembled(stream));
    }),
    { numRuns: 1000 },
  );
});

test("every text of a blocked stream is a beginning of the text up to its block, and the stream ends as the API's do", () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const { text, cut } = filtered(streamOf(answer), answer.cuts, blocking, framing);
      const out = assembled(text);
      const whole = (pieces: readonly string[]) => filterText(pieces.join(""), blocking);
      const blocked = answer.choices.some(({ content, reasoning, refusal, call }) =>
        [content, reasoning, refusal, [call ?? ""]].some((pieces) => whole(pieces).blocked !== undefined),
      );
      assert.equal(cut, blocked);
      assert.equal(out.done, true);
      for (const [index, said] of answer.choices.entries()) {
        const put = out.choices[index];
        if (put === undefined) continue;
        assert.ok(whole(said.content).text.startsWith(put.content));
        assert.ok(whole(said.reasoning).text.startsWith(put.reasoning_content));
        assert.ok(whole(said.refusal).text.startsWith(put.refusal));
        assert.ok(put.arguments === "" || whole([said.call ?? ""]).blocked === undefined);
        assert.equal(put.finish.length, 1);
      }
      if (blocked) assert.ok(out.choices.some((put) => put?.finish[0] === "content_filter"));
    }),
    { numRuns: 400 },
  );
});

const simple = fc.array(fc.constantFrom("so ", "it goes. ", "é ", "😀 "), { maxLength: 5 });

test("a stream in which nothing is found or could begin passes byte for byte", () => {
  fc.assert(
    fc.property(simple, byteCuts, fc.boolean(), (words, cuts, ascii) => {
      const events = [
        chunk(0, { role: "assistant", content: "" }),
        ...words.map((content) => chunk(0, { content })),
        usage,
      ];
      const stream = `${events.map((one) => `id: 7\r\ndata:${json(one, ascii)}\r\n\r\n`).join("")}data: [DONE]\n\n`;
      const none = { ...masking, detectors: [] };
      assert.equal(filtered(stream, cuts, none, framing).text, stream);
    }),
  );
});

const one = (value: object) => `data: ${JSON.stringify(value)}\n\n`;

test("log probabilities leave only with text that is unchanged", () => {
  const spelt = (content: string, token = content) => ({
    ...chunk(0, { content }),
    choices: [{ index: 0, delta: { content }, logprobs: { content: [{ token, logprob: -1 }] }, finish_reason: null }],
  });
  const { text } = filtered(
    one(spelt("so. ")) + one(spelt("hunter2 ")) + one(spelt("x ", "hunter2")),
    [0],
    masking,
    framing,
  );
  assert.ok(!text.includes("hunter2"), text);
});

test("a secret in a field that no client knows yet is masked all the same, and so is one in a comment", () => {
  const tree = { ...chunk(0, { tomorrow: { notes: ["hunter2 "] }, content: "" }), system_fingerprint: "of hunter2" };
  const { text } = filtered(`: hunter2\n${one(tree)}${one(chunk(0, {}, "stop"))}`, [0], masking, framing);
  assert.ok(!text.includes("hunter2"), text);
  assert.match(text, /\[test-secret:7\]/);
});

test("two readings of one chunk are refused", () => {
  const twice = 'data: {"choices":[{"index":0,"delta":{"content":"a","content":"hunter2"}}]}\n\n';
  assert.throws(() => filtered(twice, [0], masking, framing), /same name twice/);
});

test("the arguments of a call are held until they are whole, and escapes hide nothing in them", () => {
  const call = (args: string) =>
    chunk(0, { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: args } }] });
  const stream = one(call('{"to":"\\u0068unt')) + one(call('er2"}'));
  assert.equal(filtered(stream, [0], masking, framing).text.match(/data:/g)?.length, 1);
  assert.match(filtered(stream, [0], masking, framing).text, /\[test-secret:7\]/);
  const broken = one(call('{"to":"\\u0068unter2 '));
  assert.equal(filtered(broken, [0], masking, framing).cut, true);
});

test("more held in calls than the bound is an error", () => {
  const call = chunk(0, { tool_calls: [{ index: 0, function: { arguments: "x".repeat(600_000) } }] });
  assert.throws(() => filtered(one(call) + one(call), [0], masking, framing), /longer than 1048576/);
});

test("what was said before an error leaves before it", () => {
  for (const error of [
    'data: {"error":{"message":"overloaded"}}\n\n',
    'event: error\ndata: {"message":"overloaded"}\n\n',
  ]) {
    const { text } = filtered(one(chunk(0, { content: "it is hunter" })) + error, [0], masking, framing);
    assert.ok(text.endsWith(error) && text.includes(" hunter"), text);
  }
});
