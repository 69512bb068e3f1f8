import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventStreamFilter } from "./answer-filter.ts";
import { ContentGuard } from "./content-guard.ts";
import { PlainEventsFraming } from "./plain-events.ts";
import { filterText } from "./span-rules.ts";
import { blocking, byteCuts, crashing, dataOf, filtered, masking, texts } from "./testing/streams.ts";

const framing = (guard: ConstructorParameters<typeof PlainEventsFraming>[0]) => new PlainEventsFraming(guard);

test("MCP messages are filtered one by one, and a blocked one is answered by an error with its id", () => {
  const result = { jsonrpc: "2.0", id: 7, result: { content: [{ type: "text", text: "it is hunter2 ." }] } };
  const stream = `event: message\ndata: ${JSON.stringify(result)}\n\n`;
  const masked = filtered(stream, [0], masking, framing);
  assert.equal(JSON.parse(dataOf(masked.text)[0] ?? "").result.content[0].text, "it is [test-secret:7] .");
  const { text, cut } = filtered(stream, [0], blocking, framing);
  assert.equal(cut, true);
  assert.deepEqual(JSON.parse(dataOf(text)[0] ?? ""), {
    jsonrpc: "2.0",
    id: 7,
    error: { code: -32_001, message: "found something" },
  });
});

test("plain text, or JSON strings, runs through events, and equals the masked text", () => {
  // A client of plain-text events sees lines only; and what begins like JSON is read as JSON.
  const plain = fc
    .array(texts, { maxLength: 6 })
    .map((all) => all.flatMap((text) => text.match(/.{1,7}/gsu) ?? [""]))
    .map((all) => all.map((text) => text.replaceAll(/[\r\n"]|^[\s[{]+/g, "")));
  fc.assert(
    fc.property(plain, byteCuts, fc.boolean(), (pieces, cuts, quoted) => {
      const said = (piece: string): string => (quoted ? JSON.stringify(piece) : piece);
      const stream = pieces.map((piece) => `data: ${said(piece)}\n\n`).join("");
      const data = dataOf(filtered(stream, cuts, masking, framing).text);
      const out = data.map((one) => (quoted ? (JSON.parse(one) as string) : one)).join("");
      assert.equal(out, filterText(pieces.join(""), masking).text);
    }),
    { numRuns: 300 },
  );
});

test("plain text whose inspection crashes, and that is to pass, comes whole and once", () => {
  const plain = fc.array(
    texts.map((text) => text.replaceAll(/[\r\n"]|^[\s[{]+/g, "")),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(plain, byteCuts, fc.nat(20), (pieces, cuts, crash) => {
      const stream = pieces.map((piece) => `data: ${piece}\n\n`).join("");
      assert.equal(dataOf(crashing(stream, cuts, crash, framing).text).join(""), pieces.join(""));
    }),
    { numRuns: 300 },
  );
});

test("what came before bytes that are no text passes whole and once, where it is to pass", () => {
  for (const event of [
    (text: string) => `data: {"text":"${text}"}\n\n`,
    (text: string) => `data: {"choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`,
  ]) {
    const guard = new ContentGuard(masking);
    const onFailure = () => "open" as const;
    const filter = new EventStreamFilter({ guard, framing: framing(guard), words: () => "", onFailure });
    const said = [Buffer.from(event("so it ")), Buffer.from(event("is S123")), Buffer.from([0x64, 0xff, 0x0a])];
    const out = Buffer.concat([...said.map((chunk) => filter.push(chunk).bytes), filter.end().bytes]);
    const heard = [...out.toString("latin1").matchAll(/"(?:text|content)":"([^"]*)"/g)].map(([, text]) => text);
    assert.equal(heard.join(""), "so it is S123");
    assert.ok(out.subarray(-3).equals(said[2] as Buffer));
  }
});

test("events of a known API are recognised on a route of any kind", () => {
  const chunk = (content: string) =>
    `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta: { content } }] })}\n\n`;
  const { text, cut } = filtered(
    `: hi\n\n${chunk("it is hun")}${chunk("ter2 .")}data: [DONE]\n\n`,
    [0],
    blocking,
    framing,
  );
  assert.equal(cut, true);
  assert.match(text, /content_filter/);
  assert.ok(!text.includes("hun"));
});

test("a line end of any kind in what stands in place of a text begins a line of data", () => {
  for (const lineEnd of ["\r", "\n", "\r\n"]) {
    const put = { ...masking, replace: () => `one${lineEnd}two` };
    const { text } = filtered("data: it is hunter2 .\n\n", [0], put, framing);
    assert.equal(text, "data: it is one\ndata: two .\n\n");
  }
});
