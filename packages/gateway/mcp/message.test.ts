import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import { isCordonError } from "@cordon/core/errors";
import { mcpMethods } from "@cordon/core/mcp/methods";
import { readMcpHeaders, readMcpMessage, refuseRepeating, type McpHeaders } from "./message.ts";

const call = (params: JsonObject, more: JsonObject = {}): JsonObject => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params,
  ...more,
});

function refusal(tree: JsonObject | undefined, headers: McpHeaders = {}): string {
  try {
    readMcpMessage(tree, headers);
  } catch (error) {
    if (isCordonError(error)) return error.code;
    throw error;
  }
  return "";
}

test("a call names its tool; everything else names none", () => {
  assert.deepEqual(readMcpMessage(call({ name: "open_ticket", arguments: {} }), {}), {
    method: "tools/call",
    tool: "open_ticket",
    arguments: {},
  });
  const reply = { jsonrpc: "2.0", id: 7, result: { action: "accept" } };
  assert.deepEqual(readMcpMessage(reply, {}), { method: "", tool: "", answers: 7 }, "policy decides by what was asked");
  assert.deepEqual(readMcpMessage({ ...reply, result: {} }, {}), { method: "", tool: "" });
  const get = { jsonrpc: "2.0", id: "a", method: "prompts/get", params: { name: "open_ticket" } };
  assert.deepEqual(readMcpMessage(get, {}), {
    ...{ method: "prompts/get", tool: "", arguments: { name: "open_ticket" } },
  });
});

test("what is no message of MCP is refused, with a code that says which kind of wrong it is", () => {
  const cases: readonly (readonly [string, JsonObject | undefined, McpHeaders?])[] = [
    ["REQUEST_MALFORMED", undefined],
    ["REQUEST_MALFORMED", {}],
    ["REQUEST_MALFORMED", { jsonrpc: "1.0", id: 1, method: "ping" }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", method: "ping" }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: null, method: "ping" }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: 1.5, method: "ping" }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: 1, method: "notifications/initialized" }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: 1, method: ["tools/call"] }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: 1, method: "ping", extra: true }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: 1, method: "ping", result: {} }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: 1, method: "tools/list", params: [] }],
    ["REQUEST_MALFORMED", call({})],
    ["REQUEST_MALFORMED", call({ name: "open_ticket\u200b" })],
    ["REQUEST_MALFORMED", call({ name: "open_ticket", arguments: "subject" })],
    ["BODY_AMBIGUOUS", call({ name: "open_ticket", Name: "delete_all" })],
    ["BODY_AMBIGUOUS", call({ name: "open_ticket", ARGUMENTS: {} })],
    ["ROUTE_UNGOVERNED", { jsonrpc: "2.0", id: 1, method: "tools/Call", params: { name: "x" } }],
    ["ROUTE_UNGOVERNED", { jsonrpc: "2.0", id: 1, method: "tasks/cancel" }],
    ["REQUEST_MALFORMED", { jsonrpc: "2.0", id: 1, result: "accept" }],
    ["MCP_HEADER_MISMATCH", call({ name: "open_ticket" }), { method: "tools/list" }],
    ["MCP_HEADER_MISMATCH", call({ name: "open_ticket" }), { name: "get_fx_rate" }],
    ["MCP_HEADER_MISMATCH", call({ name: "open_ticket" }), { name: "=?base64?b3Blbl90aWNrZXQ?=" }],
    ["MCP_HEADER_MISMATCH", { jsonrpc: "2.0", id: 1, method: "tools/list" }, { name: "open_ticket" }],
    [
      "MCP_HEADER_MISMATCH",
      call({ name: "x", _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }),
      { version: "2025-11-25" },
    ],
  ];
  for (const [code, tree, headers] of cases) assert.equal(refusal(tree, headers), code, JSON.stringify(tree));
});

test("headers that agree with the body pass, also when they are encoded", () => {
  assert.equal(refusal(call({ name: "open_ticket" }), { method: "tools/call", name: "open_ticket" }), "");
  const name = "チケット";
  const header = `=?base64?${Buffer.from(name).toString("base64")}?=`;
  assert.equal(refusal(call({ name }), { name: header }), "");
  assert.equal(
    refusal({ jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: "a:b" } }, { name: "a:b" }),
    "",
  );
  assert.equal(refusal({ jsonrpc: "2.0", id: 7, result: {} }), "", "an answer to a ping");
  assert.equal(refusal({ jsonrpc: "2.0", id: 7, error: { code: -1, message: "no" } }), "");
});

test("policy reads the parameters of what names a resource or a prompt", () => {
  const params = { notifications: { resourceSubscriptions: ["docs:a"] } };
  for (const method of ["subscriptions/listen", "resources/read", "resources/subscribe", "completion/complete"])
    assert.deepEqual(readMcpMessage({ jsonrpc: "2.0", id: 1, method, params }, {}).arguments, params, method);
  for (const method of ["ping", "tools/list", "initialize"])
    assert.equal(readMcpMessage({ jsonrpc: "2.0", id: 1, method, params }, {}).arguments, undefined, method);
});

test("what a request hands over that the server asked for is known by its form", () => {
  const again = (inputResponses: unknown) => call({ name: "book", inputResponses } as JsonObject);
  const methods = (inputResponses: unknown) =>
    readMcpMessage(again(inputResponses), {}).inputs?.map(({ method }) => method);
  assert.deepEqual(methods({ a: { action: "accept", content: { name: "x" } } }), ["elicitation/create"]);
  assert.deepEqual(methods({ a: { roots: [] }, b: { role: "assistant", model: "m", content: {} } }), [
    "roots/list",
    "sampling/createMessage",
  ]);
  assert.deepEqual(methods({ a: { action: "accept", Roots: [], MODEL: "m" } }), [
    "elicitation/create",
    "roots/list",
    "sampling/createMessage",
  ]);
  assert.deepEqual(methods({}), undefined);
  for (const bad of [[], "x", { a: {} }, { a: "x" }, { a: { content: "secret" } }, { a: null }])
    assert.equal(refusal(again(bad)), "REQUEST_MALFORMED", JSON.stringify(bad));
  assert.equal(refusal(call({ name: "book", inputresponses: { a: { roots: [] } } })), "BODY_AMBIGUOUS");
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, { roots: [] }]));
  assert.equal(refusal(again(many)), "REQUEST_MALFORMED");
});

test("a header that repeats an argument says a value that the call has", () => {
  const given = call({ name: "book", arguments: { region: "eu", seats: 2, near: { city: "Köln" } } });
  const param = (name: string, value: string) => ({ params: [[`mcp-param-${name}`, value]] }) as McpHeaders;
  for (const [name, value] of [
    ["region", "eu"],
    ["seats", "2"],
    ["seats", "2.0"],
    ["city", `=?base64?${Buffer.from("Köln").toString("base64")}?=`],
  ] as const)
    assert.equal(refusal(given, param(name, value)), "", value);
  const literal = call({ name: "book", arguments: { region: "=?base64?ZXU=" } });
  assert.equal(refusal(literal, param("region", "=?base64?ZXU=")), "", "without its end it is no encoding");
  for (const value of ["us", "", "=?base64?ZXU?=", "=?base64?Z X U=?=", "=?base64?=", "3"])
    assert.equal(refusal(given, param("region", value)), "MCP_HEADER_MISMATCH", value);
  assert.throws(() => readMcpHeaders(["Mcp-Param-Region", "eu", "mcp-param-region", "us"]), {
    code: "REQUEST_MALFORMED",
  });
  assert.throws(() => readMcpHeaders(["Mcp_Param_Region", "eu"]), { code: "REQUEST_MALFORMED" });
});

test("headers that repeat a request's parts are refused where there are none", () => {
  const reply = { jsonrpc: "2.0", id: 7, result: {} };
  const param: McpHeaders = { params: [["mcp-param-a", "S1234567D"]] };
  for (const headers of [param, { name: "S1234567D" }, { method: "tools/call" }]) {
    assert.equal(refusal(reply, headers), "MCP_HEADER_MISMATCH");
    assert.throws(() => refuseRepeating(headers), { code: "MCP_HEADER_MISMATCH" });
  }
  for (const method of ["ping", "resources/read", "prompts/get"])
    assert.equal(refusal({ jsonrpc: "2.0", id: 1, method }, param), "MCP_HEADER_MISMATCH", method);
  refuseRepeating({ session: "a", version: "2025-11-25", place: "1" });
});

test("a header that two servers could read differently is refused", () => {
  assert.deepEqual(readMcpHeaders(["MCP-Session-Id", "abc", "x-other", "1"]), { session: "abc" });
  for (const raw of [
    ["mcp-session-id", "a", "Mcp-Session-Id", "b"],
    ["mcp_session_id", "a"],
    ["Mcp_Name", "a"],
    ["mcp-session-id", "a b"],
    ["mcp-session-id", ""],
    ["mcp-session-id", "x".repeat(257)],
  ])
    assert.throws(() => readMcpHeaders(raw), { code: "REQUEST_MALFORMED" }, JSON.stringify(raw));
});

test("whatever the body, it is refused with a known code, or it is what a literal reading of it says", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("2.0", ...mcpMethods.keys(), "open_ticket", 1, null),
    fc.dictionary(fc.constantFrom("name", "Name", "uri", "arguments", "_meta", "\u017Fname"), fc.jsonValue()),
  );
  const name = fc.constantFrom("jsonrpc", "id", "method", "params", "result", "error", "Method", "x");
  const tree = fc.oneof(
    fc.dictionary(name, value),
    fc.record({
      jsonrpc: fc.constant("2.0"),
      id: fc.oneof(fc.integer(), fc.string()),
      method: fc.constantFrom(...mcpMethods.keys()),
      params: value,
    }),
  );
  fc.assert(
    fc.property(tree, (body) => {
      const read = body as JsonObject;
      let message;
      try {
        message = readMcpMessage(read, {});
      } catch (error) {
        assert.ok(isCordonError(error), String(error));
        assert.ok(error.message.length < 300);
        return;
      }
      assert.equal(message.method, read["method"] ?? "");
      assert.ok(message.method === "" || mcpMethods.has(message.method));
      const params = read["params"] as JsonObject | undefined;
      assert.equal(message.tool, message.method === "tools/call" ? params?.["name"] : "");
      assert.ok(message.tool.length <= 256);
    }),
    { numRuns: 2_000 },
  );
});
