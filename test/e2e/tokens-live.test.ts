/** The leave to see what tokens stand for is taken away while an answer streams: from then on tokens stay, and the stream goes on. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { identifierDetector } from "@cordon/core/inspection/pii/detector";
import { openEstate, policies, until, type Estate } from "./estate.ts";

const undo = `@id("sees-values") permit (principal == Workload::"default/agent/assistant", action == Action::"detokenize", resource == Component::"default/endpoint/chat");\n`;

/** A stream that shows a value; `takeAway` is what happens to the leave to see it. */
async function showsNoMore(leave: string, takeAway: (estate: Estate) => Promise<void>): Promise<void> {
  await using estate = await openEstate({
    spanDetectors: [identifierDetector],
    policies: policies + leave,
    more: "inspection: { request: { pii: tokenize } }\n",
  });
  let token = "";
  estate.chat.answer = (seen, response) => {
    token = /tok_sg-nric_[a-z2-7]+/.exec(seen.body.toString())?.[0] ?? "none";
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => {
      const chunk = { id: "1", choices: [{ index: 0, delta: { content: `of ${token}, ` }, finish_reason: null }] };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    }, 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await estate.agent(await estate.svidFor("agent", "assistant")).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Who is NRIC S1234567D?" }] }),
  });
  let text = "";
  let ended = false;
  body.on("data", (chunk: Buffer) => (text += chunk.toString()));
  body.on("end", () => (ended = true)).on("error", () => (ended = true));
  await until(() => text.includes("S1234567D"), "the value arrived");
  assert.ok(token.startsWith("tok_") && !text.includes("tok_"));
  await takeAway(estate);
  await until(() => text.includes(token), "tokens stay");
  const after = text.slice(text.indexOf(token));
  await until(() => text.length > after.length + 400, "the stream goes on");
  assert.equal(ended, false);
  assert.ok(!text.slice(text.indexOf(token)).includes("S1234567D"));
}

async function load(estate: Estate, text: string): Promise<void> {
  await writeFile(join(estate.folder, "policies.cedar"), text);
  await estate.cordon.control.watch.reload();
}

test("a stream whose caller may not see values any more goes on with tokens in their place", () =>
  showsNoMore(undo, (estate) => load(estate, policies)));

test("so does one whose caller has become a risk", () => {
  const whileLow = undo.replace(");\n", ") when { context.risk.score < 10 };\n");
  return showsNoMore(whileLow, async (estate) => {
    const svid = await estate.svidFor("agent", "assistant");
    for (let tries = 0; tries < 4; tries++) assert.equal((await estate.call(svid, "/training-data/x")).status, 403);
    const more = '@id("again") forbid (principal, action == Action::"administer", resource);\n'; // decided again
    await load(estate, policies + whileLow + more);
  });
});
