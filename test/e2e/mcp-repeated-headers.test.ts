/** What inspection masks in the body of an MCP message does not go on in the headers that repeat it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { message, openMcpEstate } from "./mcp-estate.ts";

const reads = `@id("r") permit (principal, action == Action::"read", resource == Component::"default/tool/desk");\n`;
const nric = "S1234567D";
const token = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");

for (const action of ["redact", "tokenize"])
  test(`${action}: header and body say the same upstream, and neither what was masked`, async () => {
    const rules = `, inspection: { timeBudgetMs: 60000, request: { pii: ${action}, secret: redact } }`;
    await using mcp = await openMcpEstate({ open_ticket: "Opens." }, rules, false, reads);
    mcp.estate.chat.answer = (_seen, response) =>
      void response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ jsonrpc: "2.0", id: 5, result: { content: [] } }));
    const assistant = await mcp.estate.svidFor("agent", "assistant");
    const sent = async (method: string, params: object, headers: Record<string, string>) => {
      const answer = await mcp.estate.call(assistant, "/mcp", message(method, params, headers));
      assert.equal(answer.status, 200, answer.text);
      const seen = mcp.estate.chat.seen.at(-1);
      const text = seen?.body.toString() ?? "";
      return { headers: seen?.headers ?? {}, text, params: JSON.parse(text).params };
    };
    const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString("base64")}?=`;

    for (const secret of [nric, token])
      for (const said of [secret, encoded(secret)]) {
        const given = { subject: secret, city: "Köln", seats: 2 };
        const repeats = { "mcp-param-subject": said, "mcp-param-city": encoded("Köln"), "mcp-param-seats": "2.0" };
        const named = { "mcp-method": "tools/call", "mcp-name": "open_ticket" };
        const { headers, text, params } = await sent(
          "tools/call",
          { name: "open_ticket", arguments: given },
          { ...repeats, ...named },
        );
        assert.ok(!text.includes(secret), text);
        assert.ok(!JSON.stringify(headers).includes(secret), JSON.stringify(headers));
        assert.deepEqual(
          Object.fromEntries(Object.entries(headers).filter(([name]) => /^mcp-(?:param|name|method)/.test(name))),
          { ...repeats, ...named, "mcp-param-subject": params.arguments.subject },
        );
      }

    const uri = "mail://a@b.com/1";
    const read = await sent("resources/read", { uri }, { "mcp-name": uri });
    assert.ok(!read.text.includes("a@b.com"), read.text);
    assert.equal(read.headers["mcp-name"], read.params.uri);

    const before = mcp.estate.chat.seen.length;
    const astray = await mcp.estate.call(assistant, "/mcp", message("ping", {}, { "mcp-param-subject": nric }));
    assert.deepEqual([astray.status, astray.json().error.code], [400, -32020], astray.text);
    const twice = { name: "open_ticket", arguments: { to: { [nric]: 17 } } };
    const lost = await mcp.estate.call(assistant, "/mcp", message("tools/call", twice, { "mcp-param-to": "17" }));
    assert.ok(lost.status >= 400, lost.text);
    assert.equal(mcp.estate.chat.seen.length, before, "what cannot be said anew does not go on");
  });
