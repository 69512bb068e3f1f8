import assert from "node:assert/strict";
import { test } from "node:test";
import { boundHeaders, callText } from "./approvals.ts";

const call = (params: object, headers?: Record<string, string>): string | undefined =>
  callText({
    ...{ method: "POST", address: "", kind: "mcp" as const },
    bytes: Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: Math.random(), method: "tools/call", params })),
    ...(headers === undefined ? {} : { headers }),
  });

test("an approval of a tool's call is bound to all that the tool may read", () => {
  const plain = { name: "transfer", arguments: { amount: 1 } };
  assert.equal(call(plain), '{"arguments":{"amount":1},"name":"transfer"}');
  const kept = {
    progressToken: 7,
    traceparent: "00-a-b-01",
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  assert.equal(call({ ...plain, _meta: kept }), call(plain), "what the protocol notes for itself is no part of it");
  const changed = call({ ...plain, _meta: { ...kept, "example.com/dry-run": false } });
  assert.equal(changed, '{"_meta":{"example.com/dry-run":false},"arguments":{"amount":1},"name":"transfer"}');
  assert.equal(call({ ...plain, _meta: [1] }), '{"_meta":[1],"arguments":{"amount":1},"name":"transfer"}');
  assert.notEqual(call({ ...plain, inputResponses: { a: { action: "accept" } } }), call(plain));
});

test("and to the headers that its route passes on, which no parameter can pretend to be", () => {
  const plain = { name: "transfer", arguments: {} };
  const sent = ["X-Tenant", "a", "x-other", "1", "x-tenant", "b"];
  const { headers } = boundHeaders({ headers: new Set(["x-tenant"]) }, sent);
  assert.deepEqual(headers, { "x-tenant": "a, b" });
  assert.deepEqual(boundHeaders({}, sent), {});
  assert.equal(call(plain, headers), '{"arguments":{},"headers":{"x-tenant":"a, b"},"name":"transfer"}');
  assert.equal(call({ ...plain, headers: { "x-tenant": "a, b" } }), undefined, "nobody can approve that");
});
