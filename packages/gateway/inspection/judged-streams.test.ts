/**
 * Answers of every kind before a judge that is a real HTTP server, as properties: whatever is said, however choices, texts and
 * tool calls take turns, and wherever the bytes are cut.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { PartDetector } from "@cordon/core/inspection/inspect";
import { identifierDetector } from "@cordon/core/inspection/pii/detector";
import {
  chunk,
  openFilter,
  openJudgeServer,
  sse,
  through,
  type Delivered,
  type JudgeServer,
  type Judging,
} from "./testing/judged.ts";

let judge: JudgeServer;

before(async () => {
  judge = await openJudgeServer();
});
after(() => judge[Symbol.asyncDispose]());

interface Said {
  /** Texts in pieces. */
  readonly texts: readonly (readonly string[])[];
  readonly turns: readonly number[];
  readonly call: string | undefined;
}

/** Every word is one that only a model says: none of them may be seen where nothing of the answer may. */
const word = fc.oneof(
  fc.nat(999).map((number) => `qz${number} `),
  fc.constantFrom("S1234567D ", "é qz1 ", '"qz2" ', "\\qz3\n", "😀qz4 "),
);
const said: fc.Arbitrary<Said> = fc.record({
  texts: fc.array(fc.array(word, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
  turns: fc.array(fc.nat(2), { maxLength: 12 }),
  call: fc.option(word, { nil: undefined }),
});

/** In which text the next piece is, and the piece. */
function* inTurn({ texts, turns }: Said): Generator<readonly [number, string]> {
  const left = texts.map((pieces) => [...pieces]);
  for (const turn of turns) {
    const at = turn % left.length;
    const piece = left[at]?.shift();
    if (piece !== undefined) yield [at, piece];
  }
  for (const [at, pieces] of left.entries()) for (const piece of pieces) yield [at, piece];
}

const tool = (args: string) => ({
  index: 0,
  id: "call_1",
  type: "function",
  function: { name: "send", arguments: args },
});
const kinds: Record<string, Judging & { readonly write: (said: Said) => string }> = {
  "Chat Completions": {
    write: (all) =>
      [
        ...[...inTurn(all)].map(([index, content]) => chunk({ content }, null, index)),
        ...(all.call === undefined ? [] : [chunk({ tool_calls: [tool(JSON.stringify({ to: all.call }))] })]),
        ...all.texts.map((_, index) => chunk({}, "stop", index)),
        "data: [DONE]\n\n",
      ].join(""),
  },
  Messages: {
    api: "anthropic",
    path: "/v1/messages",
    write: ({ texts, call }) =>
      [
        {
          type: "message_start",
          message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [] },
        },
        ...texts.flatMap((pieces, index) => [
          { type: "content_block_start", index, content_block: { type: "text", text: "" } },
          ...pieces.map((text) => ({ type: "content_block_delta", index, delta: { type: "text_delta", text } })),
          { type: "content_block_stop", index },
        ]),
        ...(call === undefined
          ? []
          : [
              {
                type: "content_block_start",
                index: texts.length,
                content_block: { type: "tool_use", id: "t", name: "send", input: {} },
              },
              {
                type: "content_block_delta",
                index: texts.length,
                delta: { type: "input_json_delta", partial_json: JSON.stringify({ to: call }) },
              },
              { type: "content_block_stop", index: texts.length },
            ]),
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } },
        { type: "message_stop" },
      ]
        .map(sse)
        .join(""),
  },
  Responses: {
    path: "/responses",
    write: (all) =>
      [
        { type: "response.created", response: { id: "resp_1", object: "response", status: "in_progress", output: [] } },
        ...[...inTurn(all)].map(([output_index, delta]) => ({
          ...{ type: "response.output_text.delta", item_id: `i${output_index}`, output_index, content_index: 0, delta },
        })),
        ...all.texts.map((pieces, output_index) => ({
          ...{ type: "response.output_text.done", item_id: `i${output_index}`, output_index, content_index: 0 },
          text: pieces.join(""),
        })),
        { type: "response.completed", response: { id: "resp_1", object: "response", status: "completed", output: [] } },
      ]
        .map((event, sequence_number) => sse({ ...event, sequence_number }))
        .join(""),
  },
  "plain text over SSE": {
    api: "http",
    path: "/",
    write: (all) => [...inTurn(all)].map(([, piece]) => sse(piece.replaceAll(/["\n]/g, " "))).join(""),
  },
  "MCP over SSE": {
    api: "mcp",
    path: "/",
    write: ({ texts }) =>
      texts
        .map((pieces, id) =>
          sse({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: pieces.join("") }] } }),
        )
        .join(""),
  },
  "JSON lines": {
    api: "http",
    path: "/api/chat",
    contentType: "application/x-ndjson",
    write: (all) =>
      [
        ...[...inTurn(all)].map(([, content]) => ({ message: { content }, done: false })),
        { message: { content: "" }, done: true },
      ]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
  },
  JSON: {
    contentType: "application/json",
    write: ({ texts, call }) =>
      JSON.stringify({
        choices: texts.map((pieces) => ({
          message: { content: pieces.join(""), tool_calls: call && [tool(JSON.stringify({ to: call }))] },
        })),
      }),
  },
  "a page of text": {
    api: "http",
    path: "/",
    contentType: "text/plain",
    write: ({ texts }) => texts.map((pieces) => pieces.join("")).join("\n"),
  },
};

/** As in a gateway, something judges whole texts: pages of text are held for it. */
const silent: PartDetector = { name: "none", version: "1", judge: () => ({ probability: 0, findings: [] }) };
const detectors = { spans: [identifierDetector], parts: [silent] };
const masking = { response: { pii: "redact", jailbreak: "block" } };

function cutAt(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

for (const [name, { write, ...kind }] of Object.entries(kinds)) {
  const run = (
    url: string | undefined,
    stream: string,
    cuts: readonly number[],
    more: Judging = {},
    seen?: (text: string) => void,
  ) => through(openFilter(url, { detectors, inspection: masking, ...kind, ...more }).filter, cutAt(stream, cuts), seen);
  const property = (check: (stream: string, cuts: readonly number[], all: Said) => Promise<void>, numRuns: number) =>
    fc.assert(
      fc.asyncProperty(said, fc.array(fc.nat(100_000), { maxLength: 12 }), (all, cuts) => check(write(all), cuts, all)),
      { numRuns },
    );

  test(`${name}: what the judge has nothing against arrives as it would without one, and not before its word`, async () => {
    judge.says = async () => (await sleep(1), "benign");
    await property(async (stream, cuts, { texts }) => {
      const alone = await run(undefined, stream, cuts);
      judge.asked.length = judge.spoken = 0;
      const judged = await run(judge.url, stream, cuts, {}, (text) => {
        if (text !== "")
          assert.ok(judge.out === 0 && judge.asked.length > 0, "text left while the judge was being asked");
      });
      assert.deepEqual(judged, alone);
      const heard = judge.asked.map(({ text }) => text).join("\n");
      for (const number of texts.flat().join("").match(/qz\d+/g) ?? []) assert.ok(heard.includes(number), number);
      assert.doesNotMatch(heard, /S1234567D/);
      assert.deepEqual(await run(judge.url, stream, cuts, { answers: { mode: "cut" } }), alone);
    }, 25);
  });

  test(`${name}: of what the judge objects to not a word arrives where it is held, and no end where it flows`, async () => {
    judge.says = () => "harmful";
    await property(async (stream, cuts) => {
      const held = await run(judge.url, stream, cuts);
      assert.doesNotMatch(held.text, /qz/);
      assert.match(held.cut?.cut ?? "", /judge\/harmful/);
      assert.ok(endsWell(kind, held), held.text);
      const cut = await run(judge.url, stream, cuts, { answers: { mode: "cut" } });
      assert.match(cut.cut?.cut ?? "", /judge\/harmful/);
      assert.ok(endsWell(kind, cut), cut.text);
      assert.doesNotMatch(cut.text, /"send"|"stop"|end_turn|response\.completed|"done":true/);
    }, 25);
  });
}

/** Whether clients of the API understand how it ended; an answer that was held whole is refused by its status instead. */
function endsWell(
  { api = "openai", path, contentType = "text/event-stream" }: Judging,
  { text, cut }: Delivered,
): boolean {
  if (contentType === "application/json" || contentType === "text/plain") return text === "" && cut?.last === undefined;
  const last = text.trim().split("\n\n").at(-1) ?? "";
  if (contentType === "application/x-ndjson") return /^\{"error":"[^"]*"\}$/.test(text.trim().split("\n").at(-1) ?? "");
  if (api === "anthropic") return /^event: (?:message_stop|error)\n/.test(last);
  if (api === "mcp")
    return /"jsonrpc":"2.0","id":\d+,"error":\{"code":-32001/.test(last) || last.startsWith("event: error\n");
  if (api === "http") return last.startsWith("event: error\n");
  return path === "/responses" ? /^event: (?:response\.incomplete|error)\n/.test(last) : last === "data: [DONE]";
}
