/** Inspection as Anthropic's official client meets it: streams, whole messages, tools. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { identifierDetector } from "@cordon/core/inspection/pii/detector";
import type { Estate } from "../e2e/estate.ts";
import { runWithCordon, type ClientProgram } from "./client-program.ts";
import type { AnthropicCases } from "./clients/anthropic.ts";
import { events, json, openConformanceEstate } from "./estate.ts";
import { wordDetector } from "./word-detector.ts";

const secret = "SWORDFISH-9";
const spanDetectors = [identifierDetector, wordDetector("test-secret", [secret], "secret")];
const inspection = "inspection: { response: { pii: redact, secret: block } }\n";

const opened = new AsyncDisposableStack();
let estate: Estate;
let open: Estate;
let guarded: ClientProgram<AnthropicCases>;
let unguarded: ClientProgram<AnthropicCases>;

before(async () => {
  estate = opened.use(await openConformanceEstate(inspection, { spanDetectors }));
  open = opened.use(await openConformanceEstate("", { spanDetectors }));
  guarded = opened.use(runWithCordon<AnthropicCases>(estate.folder, "assistant", "anthropic.ts"));
  unguarded = opened.use(runWithCordon<AnthropicCases>(open.folder, "assistant", "anthropic.ts"));
});
after(() => opened.disposeAsync());

const call = {
  model: "claude-opus-5",
  max_tokens: 100,
  messages: [{ role: "user" as const, content: "Who is the customer?" }],
};
const start = {
  type: "message_start",
  message: {
    ...{ id: "msg_1", type: "message", role: "assistant", model: "claude-opus-5", content: [] },
    ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } },
  },
};
const stop = [
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 20 } },
  { type: "message_stop" },
];

function block(index: number, content: object, deltas: readonly object[]): object[] {
  return [
    { type: "content_block_start", index, content_block: content },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}

const inPieces = (text: string): string[] => text.match(/.{1,4}/gsu) ?? [];
const textBlock = (index: number, text: string): object[] =>
  block(
    index,
    { type: "text", text: "" },
    inPieces(text).map((piece) => ({ type: "text_delta", text: piece })),
  );
const toolBlock = (index: number, input: object): object[] =>
  block(
    index,
    { type: "tool_use", id: "toolu_1", name: "send_mail", input: {} },
    inPieces(JSON.stringify(input)).map((piece) => ({ type: "input_json_delta", partial_json: piece })),
  );

function answer(all: readonly object[]): void {
  for (const { spare } of [estate, open]) spare.answer = (_seen, out) => events(out, all);
}

test("text is masked while it streams, and the client's helper puts together what it was sent", async () => {
  answer([start, ...textBlock(0, "NRIC S1234567D, born in Bedok."), ...stop]);
  const message = await guarded.call("stream", call);
  assert.deepEqual(
    [message.stop_reason, message.content],
    ["end_turn", [{ type: "text", text: "NRIC [SG_NRIC], born in Bedok." }]],
  );
  const through = await unguarded.call("stream", call);
  assert.match(JSON.stringify(through.content), /S1234567D/);
});

test("a secret ends the message as a refusal, with words", async () => {
  answer([start, ...textBlock(0, `The password is ${secret}.`), ...stop]);
  const message = await guarded.call("stream", call);
  assert.equal(message.stop_reason, "refusal");
  assert.deepEqual(message.content, [{ type: "text", text: "The password is " }]);
  assert.match(message.stop_details?.explanation ?? "", /inspection found secret/);
  assert.match(JSON.stringify((await unguarded.call("stream", call)).content), /SWORDFISH-9/);
});

test("a tool call that carries a secret is never seen; one that does not arrives whole", async () => {
  answer([start, ...textBlock(0, "I send it. "), ...toolBlock(1, { to: "x", body: secret }), ...stop]);
  const refused = await guarded.call("stream", call);
  assert.deepEqual([refused.stop_reason, refused.content.length], ["refusal", 1]);
  answer([start, ...textBlock(0, "I send it. "), ...toolBlock(1, { to: "x", body: "NRIC S1234567D" }), ...stop]);
  const masked = await guarded.call("stream", call);
  assert.deepEqual(masked.content[1], {
    ...{ type: "tool_use", id: "toolu_1", name: "send_mail" },
    input: { to: "x", body: "NRIC [SG_NRIC]" },
  });
});

test("a whole message is masked in place, and one with a secret is refused in the API's own shape", async () => {
  const message = (text: string) => ({ ...start.message, content: [{ type: "text", text }], stop_reason: "end_turn" });
  estate.spare.answer = (_seen, out) => json(out, message("NRIC S1234567D."));
  assert.deepEqual((await guarded.call("message", call)).content, [{ type: "text", text: "NRIC [SG_NRIC]." }]);
  estate.spare.answer = (_seen, out) => json(out, message(secret));
  const failure = await guarded.failing("message", call);
  assert.deepEqual([failure.name, failure.status], ["PermissionDeniedError", 403]);
  assert.match(failure.message, /inspection found secret/);
});

test("a stream that the client gives up in the middle ends at the upstream too, and is on record", async () => {
  let closed = false;
  estate.spare.answer = (_seen, out) => {
    out.writeHead(200, { "content-type": "text/event-stream" });
    for (const one of [start, ...textBlock(0, "Dear customer, how").slice(0, 4)])
      out.write(`event: ${(one as { type: string }).type}\ndata: ${JSON.stringify(one)}\n\n`);
    out.on("close", () => (closed = true));
  };
  const stream = guarded.start("events", call);
  await stream.next();
  stream.abort();
  for (let tries = 0; !closed && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(closed);
});
