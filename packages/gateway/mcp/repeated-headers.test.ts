import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import { repeatedHeaders } from "./repeated-headers.ts";

const call = (given: JsonObject, name = "book"): JsonObject => ({
  ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
  params: { name, arguments: given },
});
const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString("base64")}?=`;
const bytes = (tree: JsonObject): Buffer => Buffer.from(JSON.stringify(tree));

test("what a header repeats is taken anew from where it stood; the others stay byte for byte", () => {
  const before = call({ who: "S1234567D", city: "Köln", near: { seats: 2, ok: true }, note: "Müller, S1234567D" });
  const after = call({ who: "[SG_NRIC]", city: "Köln", near: { seats: 2, ok: true }, note: "Müller, [SG_NRIC]" });
  const raw = ["Host", "S1234567D", "Mcp-Method", "tools/call", "MCP-Name", encoded("book"), "X-Other", " a "];
  const same = ["Mcp-Param-City", encoded("Köln"), "mcp-param-Seats", "2.0", "Mcp-Param-Ok", "true"];
  const given = ["Mcp-Param-Who", "S1234567D", "mcp-param-enc", encoded("S1234567D"), "mcp-param-n"];
  assert.deepEqual(repeatedHeaders([...raw, ...same, ...given, encoded("Müller, S1234567D")], before, bytes(after)), [
    ...[...raw, ...same],
    ...["Mcp-Param-Who", "[SG_NRIC]", "mcp-param-enc", "[SG_NRIC]", "mcp-param-n", encoded("Müller, [SG_NRIC]")],
  ]);
});

test("a number that was masked is said as the text that stands in its place, in a list as well", () => {
  const before = call({ cards: [1, 4111111111111111] });
  const after = call({ cards: [1, "[CARD]"] });
  assert.deepEqual(repeatedHeaders(["mcp-param-c", "4111111111111111"], before, bytes(after)), [
    ...["mcp-param-c", "[CARD]"],
  ]);
});

test("what no header carries as it is, is encoded", () => {
  for (const now of ["", " a", "a\nb", "名", "=?base64?YQ==?="])
    assert.deepEqual(repeatedHeaders(["mcp-param-a", "x"], call({ a: "x" }), bytes(call({ a: now }))), [
      ...["mcp-param-a", encoded(now)],
    ]);
});

test("the name of a resource or a prompt is taken anew", () => {
  for (const [method, member] of [
    ["resources/read", "uri"],
    ["prompts/get", "name"],
  ] as const) {
    const named = (name: string): JsonObject => ({ jsonrpc: "2.0", id: 1, method, params: { [member]: name } });
    const [was, is] = [named("mail://a@b.com/1"), named("mail://[EMAIL]/1")];
    for (const said of ["mail://a@b.com/1", encoded("mail://a@b.com/1")])
      assert.deepEqual(repeatedHeaders(["Mcp-Name", said], was, bytes(is)), ["Mcp-Name", "mail://[EMAIL]/1"]);
  }
});

test("what cannot be said anew is refused", () => {
  const cases: readonly (readonly [string, readonly string[], JsonObject, JsonObject])[] = [
    ["masked in one place alone", ["mcp-param-a", "x"], call({ a: "x", b: "x" }), call({ a: "[X]", b: "x" })],
    ["masked in two ways", ["mcp-param-a", "x"], call({ a: "x", b: "x" }), call({ a: "[X1]", b: "[X2]" })],
    ["gone", ["mcp-param-a", "x"], call({ a: "x" }), call({})],
    ["under another name", ["mcp-param-a", "1"], call({ to: { "a@x.com": 1 } }), call({ to: { "[EMAIL]": 1 } })],
    ["no value of a header", ["mcp-param-a", "x"], call({ a: "x" }), call({ a: ["x"] })],
    ["another tool", [], call({}), call({}, "[NAME]")],
    ["another tool, and it is named", ["mcp-name", "book"], call({}), call({}, "[NAME]")],
  ];
  for (const [label, raw, before, after] of cases)
    assert.throws(() => repeatedHeaders(raw, before, bytes(after)), { code: "MCP_HEADER_MISMATCH" }, label);
});
