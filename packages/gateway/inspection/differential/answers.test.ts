/**
 * What is masked in an answer must not reach the client's program in any way that its parser offers. A server of bad faith says
 * a secret in pieces, in any field, under any name and in any order; the answer goes through inspection and then through the
 * official clients: the secret is in no text that these give to their user.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inspectionSchema, inspectionSettings } from "@cordon/core/contract/inspection-schema";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import { openInspection } from "../open-inspection.ts";
import { Screening } from "../screening.ts";
import { readBy, type Client } from "./clients.ts";

const secret = "hunter2";
const detector: SpanDetector = {
  ...{ name: "test", version: "1", maxSpan: secret.length },
  detect(text) {
    const at = text.indexOf(secret);
    const span = { detector: "test/word", category: "secret" as const, owasp: "", atlas: "", score: 1 };
    return at < 0 ? [] : [{ ...span, start: at, end: at + secret.length }];
  },
  openFrom(text) {
    for (let at = Math.max(0, text.length - secret.length + 1); at < text.length; at++)
      if (secret.startsWith(text.slice(at))) return at;
    return text.length;
  },
};
const nobody = "spiffe://example.test/agent/a" as SpiffeId;
const places = {
  chat: { api: "openai", path: "/chat/completions" },
  responses: { api: "openai", path: "/responses" },
  messages: { api: "anthropic", path: "/v1/messages" },
} as const;

async function passed(
  client: Client,
  contentType: string,
  body: Uint8Array,
  cuts: readonly number[],
): Promise<Uint8Array> {
  const screening = new Screening(inspectionSettings(inspectionSchema.parse({ response: { secret: "redact" } })));
  const inspection = openInspection({ detectors: { spans: [detector], parts: [] }, monotonicMs: () => 0 });
  const subject = { screening, requestId: "r", principal: nobody, resource: nobody, ...places[client] };
  const filter = inspection.openResponse(subject, { status: 200, contentType });
  assert.ok(filter);
  const out: Uint8Array[] = [];
  const ends = [...new Set(cuts.map((cut) => cut % body.length)), body.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const step of [...ends, undefined]) {
    const told = await (step === undefined ? filter.end() : filter.push(body.subarray(from, step)));
    from = step ?? from;
    if (told instanceof Uint8Array) out.push(told);
    else {
      out.push(told.last ?? new Uint8Array(0));
      break;
    }
  }
  return Buffer.concat(out);
}

/** The secret in two pieces or three, with something around it. */
const pieces = fc
  .tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 6 }),
    fc.constantFrom("", "so "),
    fc.constantFrom("", "\\"),
  )
  .map(([a, b, before]) => {
    const [first, second] = [Math.min(a, b), Math.max(a, b)];
    return [before + secret.slice(0, first), secret.slice(first, second), `${secret.slice(second)} it is`].filter(
      (one) => one !== "",
    );
  });
const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
const contentTypes = fc.constantFrom(
  ...["text/event-stream", "text/event-stream", "text/event-stream; charset=utf-8", "text/plain", "TEXT/HTML"],
  ...[
    "application/octet-stream",
    "application/x",
    "",
    "text/event-stream; charset=utf-16",
    "application/json",
    "text/plain, text/event-stream",
  ],
);

/** Events as a server writes them: with any line end, marks and names, and with any letter of the secret escaped. */
function written(events: readonly object[], end: string, mark: string, escape: boolean): Buffer {
  const lines = events.map((event) => {
    const json = JSON.stringify(event).replaceAll("u", (letter) => (escape ? letter : letter));
    const said = escape
      ? json.replaceAll(/hu|nt|er/g, (two) => `${two[0]}\\u00${two.charCodeAt(1).toString(16)}`)
      : json;
    const type = (event as { type?: string }).type;
    return `${type === undefined ? "" : `event: ${type}${end}`}${mark}data: ${said}${end}${end}`;
  });
  return Buffer.from(lines.join(""));
}

async function assertMasked(client: Client, contentType: string, body: Buffer, cuts: readonly number[]): Promise<void> {
  const out = await passed(client, contentType, body, cuts);
  for (const text of await readBy(client, contentType, out))
    assert.ok(!text.includes(secret), `${JSON.stringify(text)} of ${JSON.stringify(Buffer.from(out).toString())}`);
}

const nestedIn = (path: readonly string[], text: string): object =>
  path.toReversed().reduce<unknown>((value, name) => (name === "#" ? [value] : { [name]: value }), text) as object;

const deltaPaths = fc.constantFrom(
  ...[
    ["content"],
    ["refusal"],
    ["reasoning_content"],
    ["reasoning", "text"],
    ["audio", "transcript"],
    ["unknown", "#", "words"],
  ],
  ...[
    ["annotations", "#", "title"],
    ["tool_calls", "#", "function", "arguments"],
    ["function_call", "arguments"],
  ],
);
const chatChunk = fc.constantFrom(
  (delta: object) => ({ choices: [{ index: 0, delta }] }),
  (delta: object) => ({ choices: [{ delta }] }),
  (delta: object) => ({ choices: [{ index: "0", delta }] }),
  (delta: object) => ({ choices: { 0: { index: 0, delta } } }),
  (delta: object) => ({ choices: [{ index: 0, delta: {}, message: delta }] }),
  (delta: object) => ({
    choices: [
      {
        index: 0,
        delta: { content: "x" },
        logprobs: { content: [{ token: "x", bytes: null, top_logprobs: [{ token: JSON.stringify(delta) }] }] },
      },
    ],
  }),
);
const spelt = fc.constantFrom("token", "bytes", "top");
/** A token that says `x`, and a piece of something else somewhere. */
function logprobsOf(piece: string, how: string): object {
  const bytes = how === "bytes" ? [...Buffer.from(piece)] : null;
  const top = how === "top" ? [{ token: piece, logprob: -1, bytes: null }] : [];
  return { content: [{ token: how === "token" ? piece : "x", logprob: -1, bytes, top_logprobs: top }] };
}
const chats = fc.oneof(
  fc
    .tuple(pieces, deltaPaths, fc.array(chatChunk, { minLength: 1, maxLength: 3 }))
    .map(([said, path, shapes]) =>
      said.map((piece, at) => (shapes[at % shapes.length] as (delta: object) => object)(nestedIn(path, piece))),
    ),
  fc
    .tuple(pieces, spelt)
    .map(([said, how]) =>
      said.map((piece) => ({ choices: [{ index: 0, delta: { content: "x" }, logprobs: logprobsOf(piece, how) }] })),
    ),
);
const finished = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };

const here = { item_id: "i", output_index: 0, content_index: 0 };
const deltaTypes = fc.constantFrom(
  ...[
    "response.output_text.delta",
    "response.refusal.delta",
    "response.reasoning_text.delta",
    "response.audio.transcript.delta",
  ],
  ...[
    "response.function_call_arguments.delta",
    "response.mcp_call_arguments.delta",
    "response.custom_tool_call_input.delta",
  ],
  ...["response.code_interpreter_call_code.delta", "response.words_of_tomorrow.delta", "tomorrow.delta"],
);
const responses = fc
  .tuple(pieces, deltaTypes, fc.constantFrom("none", "done", "completed", "logprobs"))
  .map(([said, type, how]) => {
    const events: object[] = [
      { type: "response.created", response: { id: "r", output: [] } },
      {
        type: "response.output_item.added",
        output_index: 0,
        item: { id: "i", type: "message", role: "assistant", content: [] },
      },
      { type: "response.content_part.added", ...here, part: { type: "output_text", text: "", annotations: [] } },
    ];
    for (const delta of said)
      events.push(
        how === "logprobs"
          ? { type: "response.output_text.delta", ...here, delta: "x", logprobs: logprobsOf(delta, "top") }
          : { type, ...here, delta },
      );
    const text = said.join("");
    const content = [{ type: "output_text", text, annotations: [], logprobs: [] }];
    const output = [{ id: "i", type: "message", role: "assistant", content }];
    if (how === "done")
      events.push({ type: type.replace("delta", "done"), ...here, text, arguments: JSON.stringify({ text }) });
    if (how === "completed")
      events.push({ type: "response.completed", response: { id: "r", status: "completed", output } });
    return events;
  });

const blockDeltas = fc.constantFrom(
  ...[
    ["text_delta", "text"],
    ["thinking_delta", "thinking"],
    ["input_json_delta", "partial_json"],
    ["compaction_delta", "content"],
  ],
  ...[
    ["text_delta", "words"],
    ["tomorrow_delta", "text"],
    ["citations_delta", "text"],
    ["signature_delta", "signature"],
  ],
);
const startTexts = fc.constantFrom("start", "delta", "restart", "other index", "buffer");
const messages = fc
  .tuple(pieces, blockDeltas, startTexts, fc.constantFrom("text", "thinking", "tool_use", "tomorrow"))
  .map(([said, [type = "", field = ""], how, blockType]) => {
    const start = (index: number, more: object): object => ({
      type: "content_block_start",
      index,
      content_block: { type: blockType, id: "t", name: "n", input: {}, text: "", thinking: "", ...more },
    });
    const events: object[] = [
      { type: "message_start", message: { id: "m", type: "message", role: "assistant", content: [], usage: {} } },
    ];
    const [first = "", ...rest] = said;
    const delta = (index: number, text: string): object => ({
      type: "content_block_delta",
      index,
      delta: { type, [field]: text },
    });
    if (how === "delta") events.push(start(0, {}), delta(0, first));
    else if (how === "other index") events.push(start(5, { [field]: first }), start(0, {}));
    else if (how === "buffer") events.push(start(0, { __json_buf: first }));
    else events.push(start(0, { [field]: first }));
    if (how === "restart") events.push({ type: "content_block_stop", index: 0 }, start(0, {}));
    for (const piece of rest) events.push(delta(0, piece));
    return [
      ...events,
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: {} },
      { type: "message_stop" },
    ];
  });

const cuts = fc.array(fc.nat(4_000), { maxLength: 4 });
const ways = fc.tuple(contentTypes, lineEnd, fc.constantFrom("", "", "\uFEFF", ": \u2028"), fc.boolean(), cuts);
const runs = { numRuns: 120, seed: 20_261_126 };

for (const [client, events] of [
  ["chat", chats],
  ["responses", responses],
  ["messages", messages],
] as const)
  test(`what is masked in a stream of ${client} reaches nobody through its official client`, async () => {
    await fc.assert(
      fc.asyncProperty(events, ways, async (said, [type, end, mark, escape, places_]) => {
        const all = client === "chat" ? [...said, finished] : said;
        await assertMasked(client, type, written(all, end, mark, escape), places_);
      }),
      runs,
    );
  });

test("the secret would reach every client where nothing is masked", async () => {
  const said = [
    { type: "message_start", message: { id: "m", content: [] } },
    { choices: [{ index: 0, delta: { content: "hun" } }] },
    { choices: [{ index: 0, delta: { content: "ter2" } }] },
  ];
  assert.ok(
    (await readBy("chat", "text/plain", written(said.slice(1), "\n", "", true))).some((text) => text.includes(secret)),
  );
  const deltas = ["hun", "ter2"].map((delta) => ({ type: "response.output_text.delta", ...here, delta }));
  assert.ok(
    (await readBy("responses", "", written(deltas, "\r", "\uFEFF", false))).some((text) => text.includes(secret)),
  );
  const texts = ["hun", "ter2"].map((text) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "x_delta", text },
  }));
  assert.ok(
    (await readBy("messages", "text/html", written(texts, "\r\n", "", false))).some((text) => text.includes(secret)),
  );
});
