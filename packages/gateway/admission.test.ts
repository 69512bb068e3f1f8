/** One call that is several decisions: each part has to be allowed, and within what the person let a workload do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { userId } from "@cordon/core/identity/spiffe-id";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { ActingUser, Grant, User } from "@cordon/core/policy/people";
import {
  assistant,
  chat,
  compile,
  context,
  snapshot,
  trainingData,
  trustDomain,
} from "@cordon/core/policy/test-estate";
import { decideHere } from "./admission.ts";

const now = 1_000_000;
const namespace = "default" as Namespace;
const mei: User = {
  ...{
    id: userId(trustDomain, namespace, "mei"),
    namespace,
    kind: "user",
    name: "mei",
    displayName: "mei",
    groups: [],
  },
};
const estate = snapshot(compile('@id("all") permit(principal, action, resource);'), {
  users: new Map([[mei.id, mei]]),
  sessions: new Map([
    ["aa", { id: "aa", user: mei.id, kind: "cli", authenticatedAt: now - 10, ends: now + 5_000 }],
  ] as const),
  boundaries: {
    modes: { data: "observe", model: "observe", pipeline: "observe", api: "observe" },
    exceptions: new Map(),
  },
});

/** What comes of writing to `chat` by copying from `trainingData`. */
function copied(scope: ActingUser["scope"]): string {
  const asked: AccessRequest = {
    ...{ principal: assistant.id, action: "write", resource: chat.id, context },
    also: [{ action: "read", resource: trainingData.id }],
    user: { id: mei.id, session: "aa", ...(scope && { scope }) },
  };
  const { effect, reasons } = decideHere(estate, asked, { snapshotAgeMs: 0 }, now);
  return effect === "allow" ? effect : (reasons[0]?.code ?? "");
}

test("a copy reads nothing that the delegation does not name, whatever it writes to", () => {
  assert.equal(copied(undefined), "allow");
  assert.equal(copied({ actions: ["write"] }), "allow", "what a write reads by the way is policy's");
  assert.equal(copied({ resources: [chat.id, trainingData.id] }), "allow");
  assert.equal(copied({ resources: [chat.id] }), "outside-delegation");
  assert.equal(copied({ actions: ["write"], resources: [chat.id] }), "outside-delegation");
  assert.equal(copied({ actions: ["read"], resources: [chat.id, trainingData.id] }), "outside-delegation");
});

test("what reads by the way needs an approval of its own, and both are there to be spent", () => {
  const call = `sha256:${"0".repeat(64)}`;
  const grant = (id: string, more: Partial<Grant>): Grant => ({
    ...{ id, principal: assistant.id, actions: ["write"], resources: [chat.id], starts: now - 1, ends: now + 1_000 },
    ...{ reason: "a copy", approvers: [mei.id], call },
    ...more,
  });
  const read = grant("g-read", { actions: ["read"], resources: [trainingData.id] });
  const asked: AccessRequest = {
    ...{ principal: assistant.id, action: "write", resource: chat.id, context, call },
    also: [{ action: "read", resource: trainingData.id }],
  };
  const policies = compile('@id("all") @approval("1") permit(principal, action, resource);');
  const decided = (...grants: Grant[]) =>
    decideHere({ ...estate, policies, grants: new Map([[assistant.id, grants]]) }, asked, { snapshotAgeMs: 0 }, now);
  assert.equal(decided(grant("g-write", {})).reasons[0]?.code, "approval-required");
  assert.deepEqual(decided(grant("g-write", {}), read).approvals, ["g-write", "g-read"]);
  const both = grant("g-both", { actions: ["write", "read"], resources: [chat.id, trainingData.id] });
  assert.deepEqual(decided(both).approvals, ["g-both"]);
  assert.deepEqual(decided(grant("g-old", { spent: true }), grant("g-new", {}), read).approvals, ["g-new", "g-read"]);
});
