import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import { callDigest } from "@cordon/core/policy/call-digest";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import type { ActingUser } from "@cordon/core/policy/people";
import { boundHeaders, callText, spend, withCall } from "./approvals.ts";

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
  for (const name of ["headers", "for", "client"])
    assert.equal(call({ ...plain, [name]: { "x-tenant": "a, b" } }), undefined, "nobody can approve that");
});

test("and to whom it is made for, and by which program", () => {
  const person = parseSpiffeId("spiffe://test.example/ns/default/user/mei");
  const actor = parseSpiffeId("spiffe://test.example/ns/default/agent/assistant");
  const read = { ...{ method: "PUT", address: "/7", kind: "http" as const }, bytes: Buffer.from('{"a":1}') };
  const digest = (principal: SpiffeId, user?: ActingUser): string =>
    withCall({ principal, ...(user && { user }) } as AccessRequest, read).call ?? "";
  assert.equal(digest(actor), callDigest('{"address":"/7","body":{"a":1},"method":"PUT"}'));
  const behalf = digest(actor, { id: person, session: "aa" });
  assert.equal(behalf, callDigest(`{"address":"/7","body":{"a":1},"method":"PUT","for":"${person}"}`));
  assert.equal(digest(person, { id: person, session: "aa" }), digest(actor), "whoever acts for themselves");
  const program = digest(person, { id: person, session: "aa", client: "default/notebook" });
  assert.equal(program, callDigest('{"address":"/7","body":{"a":1},"method":"PUT","client":"default/notebook"}'));
});

test("all approvals that a call stands on are spent together; what was counted for it is taken back where one was spent", async () => {
  const decision = { effect: "allow", approvals: ["g-1", "g-2"] } as unknown as Decision;
  const asked: unknown[] = [];
  let takenBack = 0;
  const spendApprovals = (spentBefore?: string) => (ids: readonly string[]) => {
    asked.push(ids);
    return Promise.resolve(spentBefore === undefined ? undefined : { spentBefore });
  };
  const take = (): void => void (takenBack += 1);
  assert.equal(await spend({ spendApprovals: spendApprovals() }, decision, take), decision);
  assert.equal(takenBack, 0);
  const refused = await spend({ spendApprovals: spendApprovals("g-2") }, decision, take);
  assert.match(refused.reasons[0]?.words ?? "", /approval g-2 of this call was used already/);
  assert.deepEqual(
    [refused.effect, takenBack, asked],
    [
      "deny",
      1,
      [
        ["g-1", "g-2"],
        ["g-1", "g-2"],
      ],
    ],
  );
  assert.equal((await spend({}, decision)).effect, "deny", "where nothing can spend them");
});
