import assert from "node:assert/strict";
import { test } from "node:test";
import type { LedgerEntry } from "./entry.ts";
import { ocsfEvent, ocsfEvents, type OcsfEvent } from "./ocsf.ts";

const principal = "spiffe://bank.example/ns/default/agent/assistant";
const resource = "spiffe://bank.example/ns/default/endpoint/chat";
const origin = "bank.example/gateway-1";

/** Entries are made from facts as a ledger holds them; a cast stands for branded ids. */
const entry = (fields: Record<string, unknown>): LedgerEntry => ({ v: 1, at: 9, ...fields }) as unknown as LedgerEntry;
const decision = (fields: Record<string, unknown>): LedgerEntry =>
  entry({
    kind: "decision",
    id: "r1",
    namespace: "default",
    principal,
    resource,
    action: "infer",
    effect: "allow",
    context: { method: "POST" },
    reasons: [{ code: "permitted", policy: "assistant-may-ask", words: "permitted by assistant-may-ask" }],
    ...fields,
  });
const outcome = (fields: Record<string, unknown>): LedgerEntry =>
  entry({
    kind: "outcome",
    id: "r1",
    namespace: "default",
    end: "complete",
    status: 200,
    upstream: "default/chat",
    findings: [],
    masks: 0,
    ...fields,
  });
const refusal = (code: string, from: string): LedgerEntry =>
  entry({ kind: "refusal", code, words: "no certificate", from, count: 3 });
const change = (...objects: readonly { op: string; kind: string }[]): LedgerEntry =>
  entry({
    kind: "change",
    revision: 4,
    actor: "ops",
    objects: objects.map((object) => ({ ...object, namespace: "default", name: "x" })),
  });

/** What OCSF 1.3.0 requires of each class that is used here, beyond what every event has: one attribute of each group. */
const required: Readonly<Record<number, readonly (readonly string[])[]>> = {
  2004: [["finding_info.uid"], ["finding_info.title"]],
  3002: [
    ["user.name", "user.uid"],
    ["service.name", "dst_endpoint"],
  ],
  3004: [["entity.name", "entity.uid"]],
  6002: [["app.vendor_name"], ["app.name", "app.uid"]],
  6003: [
    ["api.operation"],
    ["actor.user.uid", "actor.user.name", "actor.app_name"],
    ["src_endpoint.uid", "src_endpoint.ip", "src_endpoint.name"],
  ],
};
/** `activity_id`s of OCSF 1.3.0; 99 is for what it has no number for, and must then have a name. */
const activities: Readonly<Record<number, readonly number[]>> = {
  2004: [1, 2, 3],
  3002: [1, 2, 3, 4, 5, 6],
  3004: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  6002: [1, 2, 3, 4, 5, 6, 7, 8],
  6003: [1, 2, 3, 4],
};

const at = (event: OcsfEvent, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], event);

const samples: readonly LedgerEntry[] = [
  decision({}),
  decision({ effect: "deny", reasons: [{ code: "no-permit", words: "nothing permits it" }] }),
  decision({ action: "read", context: { method: "GET" } }),
  decision({ action: "write", context: { method: "DELETE" } }),
  outcome({}),
  outcome({ end: "cut", status: 0, why: { code: "revoked", words: "revoked" } }),
  outcome({ end: "interrupted", findings: [{ detector: "d", category: "c", score: 0.9 }, "of another shape"] }),
  entry({ kind: "discovery", id: "r2", namespace: "default", principal, route: "chat", visible: [resource] }),
  refusal("SVID_EXPIRED", "10.0.0.1"),
  refusal("ROUTE_UNKNOWN", principal),
  refusal("REQUEST_MALFORMED", "several sources"),
  change({ op: "put", kind: "policy" }),
  change({ op: "put", kind: "route" }, { op: "delete", kind: "route" }),
  change(),
  entry({ kind: "writer", event: "started", words: "started" }),
  entry({ kind: "writer", event: "stopped", words: "stopped" }),
  entry({ kind: "writer", event: "recovered", words: "recovered" }),
];

test("every event has what its class requires, an activity that the class knows, and numbers that agree", () => {
  for (const sample of samples)
    for (const event of ocsfEvents(sample, 3, origin)) {
      const label = JSON.stringify(event);
      assert.equal(event.type_uid, event.class_uid * 100 + event.activity_id, label);
      assert.equal(event.category_uid, Math.floor(event.class_uid / 1000), label);
      for (const group of required[event.class_uid] ?? [])
        assert.ok(
          group.some((path) => at(event, path) !== undefined),
          `${group.join(" or ")} is missing: ${label}`,
        );
      if (event.activity_id === 99) assert.equal(typeof event["activity_name"], "string", label);
      else assert.ok(activities[event.class_uid]?.includes(event.activity_id), label);
      assert.ok(event.severity_id >= 1 && event.severity_id <= 6, label);
    }
});

test("no two events of a log have the same uid", () => {
  const uids = samples.flatMap((sample, index) =>
    ocsfEvents(sample, index, origin).map((event) => event.metadata["uid"]),
  );
  assert.equal(new Set(uids).size, uids.length);
});

test("a denial is a failure that somebody should look at; an allow is neither", () => {
  const denied = ocsfEvent(decision({ effect: "deny" }), 0, origin);
  assert.deepEqual([denied.status_id, denied.severity_id], [2, 3]);
  const allowed = ocsfEvent(decision({}), 0, origin);
  assert.deepEqual([allowed.status_id, allowed.severity_id], [1, 1]);
  assert.deepEqual(at(allowed, "actor.authorizations"), [
    { decision: "allow", policy: { uid: "assistant-may-ask", is_applied: true } },
  ]);
});

test("an allow that policy would have denied is told apart from one that it allows", () => {
  const observed = ocsfEvent(decision({ observed: { reasons: [] } }), 0, origin);
  assert.deepEqual([observed.status_id, observed.severity_id], [1, 3]);
  assert.match(observed.message, /^allow \(would be denied\)/);
});

test("only who somebody is makes a refusal an Authentication event; a malformed request is API Activity", () => {
  assert.equal(ocsfEvent(refusal("IDENTITY_REQUIRED", "10.0.0.1"), 0, origin).class_uid, 3002);
  assert.equal(ocsfEvent(refusal("TOKEN_EXPIRED", "10.0.0.1"), 0, origin).class_uid, 3002);
  assert.equal(ocsfEvent(refusal("REQUEST_MALFORMED", principal), 0, origin).class_uid, 6003);
  assert.equal(ocsfEvent(refusal("DRAINING", principal), 0, origin).class_uid, 6003);
});

test("an address is an ip, a workload a uid, and what is neither a name", () => {
  const source = (from: string): unknown =>
    at(ocsfEvent(refusal("IDENTITY_REQUIRED", from), 0, origin), "src_endpoint");
  assert.deepEqual(source("10.0.0.1"), { ip: "10.0.0.1" });
  assert.deepEqual(source("::1"), { ip: "::1" });
  assert.deepEqual(source(principal), { uid: principal });
  assert.deepEqual(source("several sources"), { name: "several sources" });
  assert.deepEqual(source("fade"), { name: "fade" });
});

test("a change says what became of what; removing everything is a deletion, issuing an SVID a creation", () => {
  assert.equal(ocsfEvent(change({ op: "put", kind: "route" }), 0, origin).activity_id, 3);
  assert.equal(ocsfEvent(change({ op: "delete", kind: "route" }), 0, origin).activity_id, 4);
  assert.equal(ocsfEvent(change({ op: "put", kind: "x509-svid" }), 0, origin).activity_id, 1);
  assert.equal(
    ocsfEvent(change({ op: "delete", kind: "route" }, { op: "put", kind: "route" }), 0, origin).activity_id,
    3,
  );
});

test("a finding is an event of its own, beside the outcome that carries it, whatever its shape", () => {
  const events = ocsfEvents(
    outcome({ findings: [{ detector: "d", category: "prompt-injection", score: 0.9 }, 7] }),
    5,
    origin,
  );
  assert.deepEqual(
    events.map((event) => [event.class_uid, event.metadata["uid"]]),
    [
      [6003, `${origin}#5`],
      [2004, `${origin}#5.0`],
      [2004, `${origin}#5.1`],
    ],
  );
  assert.equal(events[1]?.["confidence_score"], 90);
});
