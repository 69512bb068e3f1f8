/**
 * Answers before a judge, as the official clients meet them: held until it has spoken or cut on its word, streams and whole
 * answers. The judge is an HTTP server that looks for a word; where it looks away, the same answers arrive.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { openEstate, until, type Estate } from "../e2e/estate.ts";
import { runWithCordon, type ClientProgram } from "./client-program.ts";
import type { AnthropicCases } from "./clients/anthropic.ts";
import type { OpenaiCases } from "./clients/openai.ts";
import { bodyOf, conformanceConfiguration, conformancePolicies, event, json } from "./estate.ts";

const secret = "THE-HIDDEN-RULES";
const modes = ["buffer", "cut"] as const;
type Mode = (typeof modes)[number];

interface Setting {
  readonly estate: Estate;
  readonly openai: ClientProgram<OpenaiCases>;
  readonly anthropic: ClientProgram<AnthropicCases>;
}

const opened = new AsyncDisposableStack();
const settings = new Map<Mode, Setting>();

/** The judge looks away. */
let blind = false;

async function open(mode: Mode): Promise<Setting> {
  const judge = (port: number): string =>
    `inspection: { response: { prompt-extraction: block }, judge: { url: "http://127.0.0.1:${port}/v1/chat/completions", model: guard, timeoutMs: 60000, answers: { mode: ${mode}, holdMs: 600000 } } }\n`;
  const estate = opened.use(
    await openEstate({
      configuration: (ports) => conformanceConfiguration(ports, judge(ports.data)),
      policies: conformancePolicies,
    }),
  );
  // The judge: it says what it finds, a little late.
  estate.data.answer = (seen, response) => {
    const [, { content }] = bodyOf(seen)["messages"] as [unknown, { content: string }];
    const { text } = JSON.parse(content) as { text: string };
    const label = JSON.stringify({ label: text.includes(secret) && !blind ? "leak" : "benign" });
    setTimeout(() => json(response, { choices: [{ message: { role: "assistant", content: label } }] }), 20);
  };
  return {
    estate,
    openai: opened.use(runWithCordon<OpenaiCases>(estate.folder, "assistant", "openai.ts")),
    anthropic: opened.use(runWithCordon<AnthropicCases>(estate.folder, "assistant", "anthropic.ts")),
  };
}

before(async () => {
  for (const mode of modes) settings.set(mode, await open(mode));
});
beforeEach(() => {
  blind = false;
  for (const { estate } of settings.values()) estate.data.seen.length = 0;
});
after(() => opened.disposeAsync());

const of = (mode: Mode): Setting => settings.get(mode) as Setting;
/** Where a long answer flows, its end comes once the judge was asked about what came before: by then the client has that. */
const answer = (from: "chat" | "spare", all: readonly (object | string)[]): void => {
  const long = JSON.stringify(all).length > 4000;
  for (const [mode, { estate }] of settings)
    estate[from].answer = (_seen, out) => {
      const { seen } = estate.data;
      const known = seen.length;
      const end = (): void => void out.end(all.slice(-3).map(event).join(""));
      out.writeHead(200, { "content-type": "text/event-stream" });
      for (const one of all.slice(0, -3)) out.write(event(one));
      if (mode === "cut" && long) void until(() => seen.length > known, "the judge is asked").then(end);
      else end();
    };
};
const whole = (from: "chat" | "spare", body: object): void => {
  for (const { estate } of settings.values()) estate[from].answer = (_seen, out) => json(out, body);
};

const chat = { model: "gpt-5.4", messages: [{ role: "user" as const, content: "Who are you?" }] };
const message = { model: "claude-opus-5", max_tokens: 100, messages: chat.messages };
const harmless = "I help with questions about accounts and transfers. ".repeat(20);
const leaking = `${harmless}My instructions begin so: ${secret}, and they go on.`;
const inPieces = (text: string): string[] => text.match(/.{1,24}/gsu) ?? [];

const chunk = (delta: object, finish: string | null = null) => ({
  ...{ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_790_000_000, model: "gpt-5.4" },
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
});
const chunks = (text: string): (object | string)[] => [
  chunk({ role: "assistant", content: "" }),
  ...inPieces(text).map((content) => chunk({ content })),
  chunk({}, "stop"),
  "[DONE]",
];
const calling = [
  chunk({ role: "assistant", content: "I will write to them." }),
  chunk({
    tool_calls: [
      { index: 0, id: "call_1", type: "function", function: { name: "send_mail", arguments: `{"body":"${secret}"}` } },
    ],
  }),
  chunk({}, "tool_calls"),
  "[DONE]",
];
const messageEvents = (text: string): object[] => [
  {
    type: "message_start",
    message: {
      ...{ id: "msg_1", type: "message", role: "assistant", model: "claude-opus-5", content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } },
    },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  ...inPieces(text).map((piece) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text: piece },
  })),
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 20 } },
  { type: "message_stop" },
];
const responseEvents = (text: string): object[] => {
  const response = { id: "resp_1", object: "response", status: "in_progress", model: "gpt-5.4", output: [] };
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const item = { id: "msg_1", type: "message", role: "assistant" };
  const part = { type: "output_text", text, annotations: [], logprobs: [] };
  return [
    { type: "response.created", response },
    { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
    ...inPieces(text).map((delta) => ({ type: "response.output_text.delta", ...at, delta, logprobs: [] })),
    { type: "response.output_text.done", ...at, text, logprobs: [] },
    { type: "response.output_item.done", output_index: 0, item: { ...item, status: "completed", content: [part] } },
    {
      type: "response.completed",
      response: { ...response, status: "completed", output: [{ ...item, content: [part] }] },
    },
  ].map((one, sequence_number) => ({ ...one, sequence_number }));
};

interface Chunk {
  readonly choices: readonly {
    readonly delta: { readonly content?: string; readonly tool_calls?: unknown };
    readonly finish_reason: string | null;
  }[];
}
async function streamed(mode: Mode): Promise<{ text: string; finish: string[]; calls: number }> {
  const all = ((await of(mode).openai.start("chatStream", chat).rest()) as Chunk[]).flatMap(({ choices }) => choices);
  return {
    text: all.map(({ delta }) => delta.content ?? "").join(""),
    finish: all.flatMap(({ finish_reason: finish }) => (finish === null ? [] : [finish])),
    calls: all.filter(({ delta }) => delta.tool_calls !== undefined).length,
  };
}

for (const mode of modes) {
  test(`Chat Completions, ${mode}: a harmless stream arrives`, async () => {
    answer("chat", chunks(harmless));
    assert.deepEqual(await streamed(mode), { text: harmless, finish: ["stop"], calls: 0 });
    assert.ok(of(mode).estate.data.seen.length > 0, "the judge was asked");
  });

  test(`Chat Completions, ${mode}: what the judge objects to ends as a filtered answer does`, async () => {
    answer("chat", chunks(leaking));
    const { text, finish } = await streamed(mode);
    assert.deepEqual(finish, ["content_filter"]);
    if (mode === "buffer") assert.equal(text, "");
    else assert.ok(leaking.startsWith(text) && text.length > 0);
    const { choices } = await of(mode).openai.call("chatAssembled", chat);
    assert.equal(choices[0]?.finish_reason, "content_filter");
    blind = true;
    assert.deepEqual(await streamed(mode), { text: leaking, finish: ["stop"], calls: 0 });
  });

  test(`Chat Completions, ${mode}: no client is given a tool call that the judge objects to`, async () => {
    answer("chat", calling);
    const { calls, finish } = await streamed(mode);
    assert.deepEqual([calls, finish], [0, ["content_filter"]]);
    blind = true;
    assert.equal((await streamed(mode)).calls, 1);
  });

  test(`Responses, ${mode}: a harmless stream arrives; what the judge objects to ends it in the API's own way`, async () => {
    answer("chat", responseEvents(harmless));
    const params = { model: "gpt-5.4", input: "Who are you?" };
    const all = (await of(mode).openai.start("respondStream", params).rest()) as { type: string; delta?: string }[];
    assert.equal(all.map(({ delta }) => delta ?? "").join(""), harmless);
    assert.equal(all.at(-1)?.type, "response.completed");
    answer("chat", responseEvents(leaking));
    const running = of(mode).openai.start("respondStream", params);
    if (mode === "buffer") {
      assert.match((await running.failure()).message, /prompt-extraction \(judge\/leak\)/);
      return;
    }
    const last = (await running.rest()).at(-1) as { type: string; response: { incomplete_details: object } };
    assert.deepEqual(
      [last.type, last.response.incomplete_details],
      ["response.incomplete", { reason: "content_filter" }],
    );
  });

  test(`Messages, ${mode}: a harmless stream is put together; what the judge objects to is a refusal or an error`, async () => {
    answer("spare", messageEvents(harmless));
    const put = await of(mode).anthropic.call("stream", message);
    assert.deepEqual([put.stop_reason, put.content], ["end_turn", [{ type: "text", text: harmless }]]);
    answer("spare", messageEvents(leaking));
    if (mode === "buffer") {
      const failure = await of(mode).anthropic.failing("stream", message);
      assert.match(failure.message, /prompt-extraction \(judge\/leak\)/);
      return;
    }
    const ended = await of(mode).anthropic.call("stream", message);
    assert.equal(ended.stop_reason, "refusal");
    const [block] = ended.content;
    assert.ok(block?.type === "text" && leaking.startsWith(block.text));
  });

  test(`whole answers, ${mode}: harmless ones are the same, others are refused by both APIs' own errors`, async () => {
    const completion = (content: string) => ({
      ...{ id: "chatcmpl-1", object: "chat.completion", created: 1_790_000_000, model: "gpt-5.4" },
      choices: [{ index: 0, message: { role: "assistant", content }, logprobs: null, finish_reason: "stop" }],
    });
    whole("chat", completion(harmless));
    assert.deepEqual({ ...(await of(mode).openai.call("chat", chat)) }, completion(harmless));
    whole("chat", completion(leaking));
    const refused = await of(mode).openai.failing("chat", chat, { maxRetries: 0 });
    assert.deepEqual([refused.name, refused.status], ["PermissionDeniedError", 403]);
    assert.doesNotMatch(refused.message, new RegExp(secret));
    whole("spare", {
      ...{ id: "msg_1", type: "message", role: "assistant", model: "claude-opus-5" },
      ...{ content: [{ type: "text", text: leaking }], stop_reason: "end_turn", stop_sequence: null },
      usage: { input_tokens: 9, output_tokens: 1 },
    });
    const error = await of(mode).anthropic.failing("message", message, { maxRetries: 0 });
    assert.deepEqual([error.name, error.status], ["PermissionDeniedError", 403]);
  });
}

test("cut: the first words are with the client before the answer is over", async () => {
  const { estate, openai } = of("cut");
  let end: () => void = () => undefined;
  estate.chat.answer = (_seen, out) => {
    out.writeHead(200, { "content-type": "text/event-stream" });
    out.write(`data: ${JSON.stringify(chunk({ content: "Good day, and " }))}\n\n`);
    end = () => void out.end(`data: ${JSON.stringify(chunk({}, "stop"))}\n\ndata: [DONE]\n\n`);
  };
  const stream = openai.start("chatStream", chat);
  assert.match(((await stream.next()) as Chunk).choices[0]?.delta.content ?? "", /^Good/);
  end();
  await stream.rest();
});
