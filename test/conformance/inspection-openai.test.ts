/**
 * Inspection as OpenAI's official client meets it: the same upstream answers with inspection, where secrets are blocked
 * and identity numbers masked while the answer streams, and without it, where they arrive.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { identifierDetector } from "@cordon/core/inspection/pii/detector";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { Estate } from "../e2e/estate.ts";
import { runWithCordon, type ClientProgram } from "./client-program.ts";
import type { OpenaiCases } from "./clients/openai.ts";
import { event, events, json, openConformanceEstate } from "./estate.ts";
import { wordDetector } from "./word-detector.ts";

const nric = "S1234567D";
const secret = "SWORDFISH-9";
const spanDetectors = [identifierDetector, wordDetector("test-secret", [secret], "secret")];
const inspection = "inspection: { response: { pii: redact, secret: block }, request: { secret: block } }\n";

const opened = new AsyncDisposableStack();
let estate: Estate;
let open: Estate;
let guarded: ClientProgram<OpenaiCases>;
let unguarded: ClientProgram<OpenaiCases>;

before(async () => {
  estate = opened.use(await openConformanceEstate(inspection, { spanDetectors }));
  open = opened.use(await openConformanceEstate("", { spanDetectors }));
  guarded = opened.use(runWithCordon<OpenaiCases>(estate.folder, "assistant", "openai.ts"));
  unguarded = opened.use(runWithCordon<OpenaiCases>(open.folder, "assistant", "openai.ts"));
});
beforeEach(() => {
  estate.chat.seen.length = 0;
});
after(() => opened.disposeAsync());

const call = { model: "gpt-5.4", messages: [{ role: "user" as const, content: "Who is the customer?" }] };

interface Chunk {
  readonly choices: readonly {
    readonly index: number;
    readonly delta: { readonly content?: string | null };
    readonly finish_reason: string | null;
  }[];
}

function chunk(delta: object, finish: string | null = null, index = 0) {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_790_000_000,
    model: "gpt-5.4-2026-03-05",
    choices: [{ index, delta, logprobs: null, finish_reason: finish }],
  };
}

/** A text as a model sends it: a few characters at a time. */
function tokens(text: string, size = 3): object[] {
  const deltas = text.match(new RegExp(`.{1,${size}}`, "gsu")) ?? [];
  return [chunk({ role: "assistant", content: "" }), ...deltas.map((content) => chunk({ content })), chunk({}, "stop")];
}

/** Both estates answer with the same events. */
function answer(all: readonly (object | string)[]): void {
  for (const upstream of [estate.chat, open.chat]) upstream.answer = (_seen, out) => events(out, all);
}

async function streamed(client: ClientProgram<OpenaiCases>): Promise<{ text: string; finish: (string | null)[] }> {
  const chunks = (await client.start("chatStream", call).rest()) as Chunk[];
  const choices = chunks.flatMap((one) => one.choices);
  return {
    text: choices.map(({ delta }) => delta.content ?? "").join(""),
    finish: choices.flatMap(({ finish_reason: reason }) => (reason === null ? [] : [reason])),
  };
}

test("an identity number is masked while the answer streams; without inspection it arrives", async () => {
  answer([...tokens(`The customer is Tan, NRIC ${nric}, of Bedok.`), "[DONE]"]);
  assert.deepEqual(await streamed(guarded), {
    text: "The customer is Tan, NRIC [SG_NRIC], of Bedok.",
    finish: ["stop"],
  });
  assert.match((await streamed(unguarded)).text, /S1234567D/);
});

test("a secret ends the stream before its first character, in the API's own way, and that is on record", async () => {
  answer([...tokens(`The password is ${secret}, keep it.`), "[DONE]"]);
  assert.deepEqual(await streamed(guarded), { text: "The password is ", finish: ["content_filter"] });
  assert.match((await streamed(unguarded)).text, /SWORDFISH-9/);
});

test("the client's own helper puts a blocked answer together, and says what finished it", async () => {
  answer([...tokens(`The password is ${secret}, keep it.`), "[DONE]"]);
  const { choices } = await guarded.call("chatAssembled", call);
  assert.deepEqual([choices[0]?.message.content, choices[0]?.finish_reason], ["The password is ", "content_filter"]);
});

test("what needs no filtering arrives as the upstream sent it, piece by piece", async () => {
  const all = tokens("Hello, world.", 40);
  answer([...all, "[DONE]"]);
  const chunks = await guarded.start("chatStream", call).rest();
  assert.deepEqual(chunks.slice(0, 1), all.slice(0, 1));
  assert.equal((await streamed(guarded)).text, "Hello, world.");
});

test("a first word is with the client before the upstream says the second", async () => {
  let say: (text: string) => void = () => undefined;
  let end: () => void = () => undefined;
  estate.chat.answer = (_seen, out) => {
    out.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    say = (text) => void out.write(text);
    end = () => void out.end();
    say(event(chunk({ content: "Dear customer, " })));
  };
  const stream = guarded.start("chatStream", call);
  assert.equal(((await stream.next()) as Chunk).choices[0]?.delta.content, "Dear customer, ");
  say(event(chunk({}, "stop")));
  say(event("[DONE]"));
  end();
  await stream.rest();
});

test("a request that holds a secret is refused in the API's own shape, and never leaves", async () => {
  answer([...tokens("never said"), "[DONE]"]);
  const failure = await guarded.failing("chat", {
    ...call,
    messages: [{ role: "user", content: `My password is ${secret}` }],
  });
  assert.deepEqual([failure.name, failure.status], ["PermissionDeniedError", 403]);
  assert.match(failure.message, /inspection found secret/);
  assert.equal(estate.chat.seen.length, 0);
});

test("choices are judged each for itself, and each keeps its own text", async () => {
  const said = (text: string, index: number): object[] =>
    (text.match(/.{1,4}/gsu) ?? []).map((content) => chunk({ role: "assistant", content }, null, index));
  const [first, second] = [said(`NRIC ${nric}, yes.`, 0), said("No number here.", 1)];
  const mixed = first.flatMap((one, at) => [one, ...second.slice(at, at + 1)]);
  answer([...mixed, ...second.slice(first.length), chunk({}, "stop", 0), chunk({}, "stop", 1), "[DONE]"]);
  const { choices } = await guarded.call("chatAssembled", { ...call, n: 2 });
  assert.deepEqual(
    choices.map(({ message, finish_reason: finish }) => [message.content, finish]),
    [
      ["NRIC [SG_NRIC], yes.", "stop"],
      ["No number here.", "stop"],
    ],
  );
});

test("the arguments of a tool call are decided before the client sees any of it", async () => {
  const calls = (args: string): object[] => [
    chunk({ role: "assistant", content: null }),
    chunk({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "send", arguments: "" } }] }),
    ...(args.match(/.{1,5}/gsu) ?? []).map((piece) =>
      chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
    ),
    chunk({}, "tool_calls"),
  ];
  answer([...calls(JSON.stringify({ to: "x", text: nric })), "[DONE]"]);
  const masked = await guarded.call("chatAssembled", call);
  assert.match(JSON.stringify(masked.choices[0]?.message.tool_calls), /\[SG_NRIC\]/);
  answer([...calls(`{"to":"x","text":"\\u0053WORDFISH-9"}`), "[DONE]"]);
  const chunks = await guarded.start("chatStream", call).rest();
  assert.ok(!JSON.stringify(chunks).includes('tool_calls":['));
  assert.match(JSON.stringify(chunks.at(-1)), /content_filter/);
  assert.match(JSON.stringify(await unguarded.start("chatStream", call).rest()), /tool_calls":\[/);
});

test("a completion that is not streamed is masked in place, and one with a secret is refused", async () => {
  const completion = (content: string) => ({
    ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "m" },
    choices: [{ index: 0, message: { role: "assistant", content, refusal: null }, finish_reason: "stop" }],
  });
  estate.chat.answer = (_seen, out) => json(out, completion(`NRIC ${nric}.`));
  assert.equal((await guarded.call("chat", call)).choices[0]?.message.content, "NRIC [SG_NRIC].");
  estate.chat.answer = (_seen, out) => json(out, completion(secret));
  const failure = await guarded.failing("chat", call, { maxRetries: 0 });
  assert.deepEqual([failure.name, failure.status, failure.code], ["PermissionDeniedError", 403, "inspection"]);
});

test("every copy of a Responses answer is masked, and a blocked one is incomplete", async () => {
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const part = (text: string) => ({ type: "output_text", text, annotations: [] });
  const item = (text: string) => ({
    id: "msg_1",
    type: "message",
    role: "assistant",
    status: "completed",
    content: [part(text)],
  });
  const response = { id: "resp_1", object: "response", status: "in_progress", output: [] as object[] };
  const said = (text: string): object[] =>
    [
      { type: "response.created", response },
      { type: "response.output_item.added", output_index: 0, item: { ...item(""), content: [] } },
      { type: "response.content_part.added", ...at, part: part("") },
      ...(text.match(/.{1,3}/gsu) ?? []).map((delta) => ({
        type: "response.output_text.delta",
        ...at,
        delta,
        logprobs: [],
      })),
      { type: "response.output_text.done", ...at, text, logprobs: [] },
      { type: "response.content_part.done", ...at, part: part(text) },
      { type: "response.output_item.done", output_index: 0, item: item(text) },
      { type: "response.completed", response: { ...response, status: "completed", output: [item(text)] } },
    ].map((one, sequence_number) => ({ ...one, sequence_number }));
  const params = { model: "gpt-5.4", input: "Who?" };
  answer(said(`It is NRIC ${nric}.`));
  const masked = JSON.stringify(await guarded.start("respondStream", params).rest());
  assert.ok(!masked.includes(nric));
  assert.equal(masked.match(/It is NRIC \[SG_NRIC\]\./g)?.length, 4);
  assert.match(JSON.stringify(await unguarded.start("respondStream", params).rest()), /S1234567D/);
  answer(said(`It is ${secret}.`));
  const blocked = await guarded.start("respondStream", params).rest();
  assert.match(JSON.stringify(blocked.at(-1)), /"type":"response.incomplete".*"reason":"content_filter"/);
  assert.ok(!JSON.stringify(blocked).includes("SWORD"));
});

test("findings are on record without their text, and so is the cut", async () => {
  const entries = await estate.entries();
  const outcomes = entries.filter((entry): entry is OutcomeEntry => entry.kind === "outcome");
  const cut = outcomes.find(({ end }) => end === "cut");
  assert.match(cut?.why?.words ?? "", /inspection found secret \(test-secret\/word\) in the answer/);
  const masked = outcomes.find(({ masks }) => masks === 1);
  assert.deepEqual(
    masked?.findings.map((one) => {
      const { detector, action, direction, count } = one as Record<string, unknown>;
      return { detector, action, direction, count };
    }),
    [{ detector: "pii/sg-nric", action: "redact", direction: "response", count: 1 }],
  );
  const refused = entries.find((entry) => entry.kind === "decision" && entry.effect === "deny");
  assert.match(JSON.stringify(refused), /"findings":\[\{"direction":"request","detector":"test-secret\/word"/);
  const text = JSON.stringify(entries);
  assert.ok(!text.includes(nric) && !text.includes(secret));
});
