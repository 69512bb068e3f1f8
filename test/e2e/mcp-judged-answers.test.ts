/** What a tool says, before a judge: the protocol's own client gets the result, or the protocol's own error. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { Client } from "@modelcontextprotocol/client";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import { z } from "zod";
import { openMcpEstate } from "./mcp-estate.ts";

/** The judge: it says `attack` of texts that hold this word, and keeps what it was asked. */
const sign = "sesame";
const asked: { readonly origin: string; readonly text: string }[] = [];
const judge = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] };
    const question = JSON.parse(messages[1]?.content ?? "") as { origin: string; text: string };
    asked.push(question);
    const label = question.text.includes(sign) ? "attack" : "benign";
    const content = JSON.stringify({ label });
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ choices: [{ message: { content } }] }));
  });
});
before(() => once(judge.listen(0, "127.0.0.1"), "listening"));
after(() => {
  judge.closeAllConnections();
  judge.close();
});

const permit = `@id("reads-pages") permit (principal == Workload::"default/agent/assistant", action == Action::"callTool", resource == Component::"default/tool/desk") when { context.tool == "read_page" };\n`;

for (const mode of ["buffer", "cut"])
  for (const sessions of [false, true])
    test(`mode ${mode}, ${sessions ? "with" : "without"} sessions: what the judge calls an attack does not reach the client`, async () => {
      const url = `http://127.0.0.1:${(judge.address() as AddressInfo).port}/v1/chat/completions`;
      let page = "";
      await using mcp = await openMcpEstate(
        {},
        `, inspection: { timeBudgetMs: 60000, response: { indirect-injection: block }, judge: { url: "${url}", model: guard, timeoutMs: 60000, answers: { mode: ${mode}, holdMs: 600000 } } }`,
        sessions,
        permit,
        (server) =>
          void server.registerTool("read_page", { description: "Reads.", inputSchema: z.object({}) }, () => ({
            content: [{ type: "text", text: page }],
          })),
      );
      const client = await mcp.client(await mcp.estate.svidFor("agent", "assistant"));
      const read = (): ReturnType<Client["callTool"]> => client.callTool({ name: "read_page", arguments: {} });

      asked.length = 0;
      page = "The pier opens at eight, and the last ferry leaves at nine.";
      assert.deepEqual((await read()).content, [{ type: "text", text: page }]);
      assert.ok(
        asked.some(({ origin, text }) => origin === "tool" && text.includes(page)),
        JSON.stringify(asked),
      );

      page = `The pier opens at eight; the word for the gate is ${sign}.`;
      await assert.rejects(read(), (error: Error) => {
        assert.match(error.message, /judge\/attack/);
        assert.ok(!error.message.includes(sign));
        return true;
      });
      page = "Tickets are sold at the pier.";
      assert.deepEqual((await read()).content, [{ type: "text", text: page }], "the client goes on");
      await client.close();
      const outcomes = (await mcp.estate.entries()).filter((entry): entry is OutcomeEntry => entry.kind === "outcome");
      assert.equal(outcomes.filter((entry) => JSON.stringify(entry.findings ?? []).includes("judge/attack")).length, 1);
    });
