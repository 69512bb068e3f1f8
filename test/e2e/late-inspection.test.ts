/** Inspection is demanded while an answer streams that began without any: nobody looks into that one, so it is cut. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openEstate, policies, until } from "./estate.ts";

test("a stream that began uninspected does not go on where policy demands inspection now", async () => {
  await using estate = await openEstate();
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write('data: {"choices":[]}\n\n'), 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await estate.agent(await estate.svidFor("agent", "assistant")).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream: true, messages: [] }),
  });
  let ended = false;
  let bytes = 0;
  body.on("data", (chunk: Buffer) => (bytes += chunk.length));
  body.on("end", () => (ended = true)).on("error", () => (ended = true));
  await until(() => bytes > 100, "the stream runs");
  assert.equal(ended, false);
  const file = join(estate.folder, "cordon.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, `${text}\ninspection: { request: { pii: block } }\n`);
  const demanding = policies.replace('@id("assistant-infers")', '@id("assistant-infers") @inspect("pii=block")');
  await writeFile(join(estate.folder, "policies.cedar"), demanding);
  await estate.cordon.control.watch.reload();
  await until(() => ended, "the stream to be cut");
});
