import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MessagesFraming } from "./messages.ts";
import { filterText, type SpanRules } from "./span-rules.ts";
import { blocking, byteCuts, crashing, dataOf, deltas, filtered, json, masking, texts } from "./testing/streams.ts";

const framing = (guard: ConstructorParameters<typeof MessagesFraming>[0]) => new MessagesFraming(guard);

const anyBlock = fc.oneof(
  fc.record({ type: fc.constant("text" as const), deltas }),
  fc.record({ type: fc.constant("thinking" as const), deltas }),
  fc.record({ type: fc.constant("tool_use" as const), value: texts, cut: fc.nat(30) }),
);
const answers = fc.record({ blocks: fc.array(anyBlock, { maxLength: 4 }), ascii: fc.boolean(), cuts: byteCuts });
type Answer = typeof answers extends fc.Arbitrary<infer A> ? A : never;

function eventsOf({ blocks }: Answer): object[] {
  const message = { id: "msg_1", type: "message", role: "assistant", content: [], model: "c", stop_reason: null };
  return [
    { type: "message_start", message: { ...message, usage: { input_tokens: 1, output_tokens: 1 } } },
    ...blocks.flatMap((block, index): object[] => {
      const delta = (value: object) => ({ type: "content_block_delta", index, delta: value });
      const stop = { type: "content_block_stop", index };
      const start = (value: object) => ({ type: "content_block_start", index, content_block: value });
      if (block.type === "text") {
        const said = block.deltas.map((text) => delta({ type: "text_delta", text }));
        return [start({ type: "text", text: "" }), ...said, stop];
      }
      if (block.type === "thinking") {
        const said = block.deltas.map((thinking) => delta({ type: "thinking_delta", thinking }));
        const signature = delta({ type: "signature_delta", signature: "EqQBCgIYAhIM" });
        return [start({ type: "thinking", thinking: "", signature: "" }), ...said, signature, stop];
      }
      const text = JSON.stringify({ to: block.value });
      const at = block.cut % text.length;
      const said = [text.slice(0, at), text.slice(at)].map((piece) =>
        delta({ type: "input_json_delta", partial_json: piece }),
      );
      return [start({ type: "tool_use", id: "toolu_1", name: "send", input: {} }), { type: "ping" }, ...said, stop];
    }),
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ];
}

function streamOf(answer: Answer): string {
  return eventsOf(answer)
    .map((one) => `event: ${(one as { type: string }).type}\ndata: ${json(one, answer.ascii)}\n\n`)
    .join("");
}

interface Put {
  type: string;
  said: string;
  signature: string;
  stopped: boolean;
}

/** Puts the message together as clients do, and holds it to the API's order. */
function assembled(stream: string): { blocks: Map<number, Put>; stopReason: string; stopped: boolean } {
  const put = new Map<number, Put>();
  let stopReason = "";
  let stopped = false;
  for (const data of dataOf(stream)) {
    const event = JSON.parse(data);
    assert.equal(stopped, false, "nothing comes after message_stop");
    const block = put.get(event.index);
    switch (event.type) {
      case "content_block_start":
        assert.equal(block, undefined);
        put.set(event.index, { type: event.content_block.type, said: "", signature: "", stopped: false });
        break;
      case "content_block_delta": {
        assert.equal(block?.stopped, false, "no delta before its block starts, or after it stops");
        const { text, thinking, partial_json: input, signature } = event.delta;
        block.said += text ?? thinking ?? input ?? "";
        block.signature += signature ?? "";
        break;
      }
      case "content_block_stop":
        assert.equal(block?.stopped, false);
        block.stopped = true;
        break;
      case "message_delta":
        assert.ok([...put.values()].every((one) => one.stopped));
        stopReason = event.delta.stop_reason;
        break;
      case "message_stop":
        stopped = true;
        break;
    }
  }
  return { blocks: put, stopReason, stopped };
}

const said = (block: Answer["blocks"][number]): string =>
  block.type === "tool_use" ? block.value : block.deltas.join("");
const whole = (block: Answer["blocks"][number], rules: SpanRules) => filterText(said(block), rules);

test("every block of a masked stream equals its masked text, and signatures stay only on thinking that is unchanged", () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const { text, cut } = filtered(streamOf(answer), answer.cuts, masking, framing);
      const out = assembled(text);
      assert.equal(cut, false);
      assert.deepEqual([out.stopReason, out.stopped], ["end_turn", true]);
      assert.equal(out.blocks.size, answer.blocks.length);
      for (const [index, block] of answer.blocks.entries()) {
        const put = out.blocks.get(index);
        const expected = whole(block, masking).text;
        assert.equal(put?.type, block.type);
        if (block.type === "tool_use") assert.deepEqual(JSON.parse(put?.said ?? ""), { to: expected });
        else assert.equal(put?.said, expected);
        if (block.type === "thinking") assert.equal(put?.signature !== "", expected === said(block));
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
      assert.deepEqual(assembled(text), assembled(stream));
    }),
    { numRuns: 1000 },
  );
});

test("a blocked stream ends as a refusal; of a call that was blocked nothing is seen", () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const { text, cut } = filtered(streamOf(answer), answer.cuts, blocking, framing);
      const out = assembled(text);
      const first = answer.blocks.findIndex((block) => whole(block, blocking).blocked !== undefined);
      assert.equal(cut, first >= 0);
      assert.deepEqual([out.stopReason, out.stopped], [first >= 0 ? "refusal" : "end_turn", true]);
      for (const [index, put] of out.blocks) {
        const block = answer.blocks[index];
        assert.ok(block !== undefined && (first < 0 || index <= first));
        if (block.type !== "tool_use") assert.ok(whole(block, blocking).text.startsWith(put.said));
        else assert.notEqual(index, first);
      }
    }),
    { numRuns: 500 },
  );
});

test("a stream in which nothing is found or could begin passes byte for byte", () => {
  fc.assert(
    fc.property(byteCuts, fc.boolean(), (cuts, ascii) => {
      const blocks = [
        { type: "text" as const, deltas: ["so ", "é 😀 "] },
        { type: "thinking" as const, deltas: ["it goes. "] },
      ];
      const stream = streamOf({ blocks, ascii, cuts });
      assert.equal(filtered(stream, cuts, { ...masking, detectors: [] }, framing).text, stream);
    }),
  );
});

const sent = (...events: object[]) => events.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("");

test("what a web search or a document brings in is masked where it stands", () => {
  const result = {
    type: "web_search_tool_result",
    tool_use_id: "t",
    content: [{ type: "web_search_result", title: "hunter2 " }],
  };
  const { text } = filtered(
    sent({ type: "content_block_start", index: 0, content_block: result }),
    [0],
    masking,
    framing,
  );
  assert.match(text, /"title":"\[test-secret:7\] "/);
});

test("a secret before the message begins is an error of the API's kind", () => {
  const { text, cut } = filtered(
    sent({ type: "message_start", message: { model: "hunter2" } }),
    [0],
    blocking,
    framing,
  );
  assert.equal(cut, true);
  assert.match(text, /^event: error\ndata: \{"type":"error","error":\{"type":"permission_error"/);
});

test("a call that is longer than may be held comes whole and once where it is to pass", () => {
  const piece = "x".repeat(600_000);
  const stream = sent(
    { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "send", input: {} } },
    ...[`{"to":"${piece}`, `${piece}"}`].map((partial_json) => ({
      ...{ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json } },
    })),
    { type: "content_block_stop", index: 0 },
  );
  const { text, crashed } = crashing(stream, [0], Infinity, framing);
  assert.equal(crashed, true);
  assert.deepEqual(assembled(text), assembled(stream));
});

test("deltas without a block, and blocks that start twice, are refused", () => {
  const delta = { type: "content_block_delta", index: 3, delta: { type: "text_delta", text: "x" } };
  assert.throws(() => filtered(sent(delta), [0], masking, framing), /has no content block/);
  const start = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
  assert.throws(() => filtered(sent(start, start), [0], masking, framing), /in their order/);
});
