/**
 * Long bodies through a real gateway with everything that is built in: they are read in a thread of their own, streams go on
 * meanwhile, and what cannot be read in time is refused and on record.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { chatCall, openEstate, type Answer, type Estate } from "./estate.ts";

const inspection = (budget: number): string =>
  `inspection: { maxBytes: 4194304, timeBudgetMs: ${budget}, request: { pii: redact }, response: { pii: redact } }\n`;

const opened = new AsyncDisposableStack();
let estate: Estate;
let hasty: Estate;
let assistant: X509Svid;

before(async () => {
  estate = opened.use(await openEstate({ more: inspection(60_000) }));
  hasty = opened.use(await openEstate({ more: inspection(25) }));
  assistant = await estate.svidFor("agent", "assistant");
});
beforeEach(() => {
  estate.chat.seen.length = 0;
});
after(() => opened.disposeAsync());

const sentence = "The committee met on the ninth and asked for the figures of the second quarter. ";
const long = (bytes: number): string => `${sentence.repeat(Math.ceil(bytes / sentence.length))} NRIC S1234567D`;
const chat = (on: Estate, who: X509Svid, content: string): Promise<Answer> =>
  on.call(who, "/v1/chat/completions", chatCall({ model: "m", messages: [{ role: "user", content }] }));

test("a long request is masked as a short one is, and so is a long answer", async () => {
  estate.chat.answer = (seen, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        choices: [{ index: 0, message: { role: "assistant", content: long(200_000) } }],
        got: seen.body.length,
      }),
    );
  const answer = await chat(estate, assistant, long(200_000));
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  const sent = estate.chat.seen[0]?.body.toString() ?? "";
  assert.ok(sent.length > 200_000 && sent.includes("NRIC [SG_NRIC]") && !sent.includes("S1234567D"));
  assert.ok(answer.text.includes("NRIC [SG_NRIC]") && !answer.text.includes("S1234567D"));
});

test("a long page of text is read in the thread as well, and refused whole where it may not pass", async () => {
  estate.chat.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(long(300_000));
  const answer = await chat(estate, assistant, "Hello");
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(answer.text, long(300_000).replace("S1234567D", "[SG_NRIC]"));
  const hurried = await chat(hasty, await hasty.svidFor("agent", "assistant"), "Hello");
  assert.equal(hurried.status, 200, hurried.text.slice(0, 300));
  hasty.chat.answer = (_seen, response) =>
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(long(4_000_000));
  const refused = await chat(hasty, await hasty.svidFor("agent", "assistant"), "Hello");
  assert.equal(refused.status, 403);
  assert.match(refused.text, /could not be inspected: inspection took longer than 25 ms/);
  hasty.chat.seen.length = 0;
});

test("others are served while a body of a megabyte is inspected", async () => {
  await chat(estate, assistant, long(50_000)); // the thread is there
  estate.chat.answer = (_seen, response) =>
    void response.writeHead(200, { "content-type": "application/json" }).end("{}");
  let turns = 0;
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    turns += 1;
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  const began = performance.now();
  let done = false;
  const pending = chat(estate, assistant, long(1_000_000)).finally(() => (done = true));
  let served = 0;
  for (; !done; served++) await chat(estate, assistant, "Hello");
  const answer = await pending;
  const took = performance.now() - began;
  clearInterval(beat);
  assert.equal(answer.status, 200);
  assert.ok(served >= 5, `${served} others were served in ${took.toFixed(0)} ms`);
  // Everything runs in this process: a gateway that read the body itself would stop this clock for nearly all of it.
  assert.ok(
    longest < took * 0.8,
    `the longest stop was ${longest.toFixed(0)} of ${took.toFixed(0)} ms, in ${turns} turns`,
  );
});

test("a body that takes longer than its budget is refused, and on record as uninspectable", async () => {
  const who = await hasty.svidFor("agent", "assistant");
  const answer = await chat(hasty, who, long(3_000_000));
  assert.equal(answer.status, 403);
  assert.match(answer.text, /could not be inspected: inspection took longer than 25 ms/);
  assert.equal(hasty.chat.seen.length, 0);
  const entries = await hasty.entries();
  const denied = entries.find((entry): entry is DecisionEntry => entry.kind === "decision" && entry.effect === "deny");
  assert.match(JSON.stringify(denied?.findings), /"detector":"gateway\/inspection-timeout","category":"uninspectable"/);
});
