import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Namespace } from "../contract/vocabulary.ts";
import { userId } from "../identity/spiffe-id.ts";
import type { Device } from "../risk/device.ts";
import type { RiskSignals } from "../risk/signals.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import type { User } from "./people.ts";
import { accounts, chat, component, context, snapshot, trainingData, trustDomain } from "./test-estate.ts";

const text = await readFile(new URL("../../../examples/policies/risk-adaptive.cedar", import.meta.url), "utf8");
const permits = '@id("people-read") permit (principal is User, action, resource);';
const now = Date.parse("2026-03-04T03:00:00Z");
const namespace = "default" as Namespace;
const mei: User = {
  id: userId(trustDomain, namespace, "mei"),
  namespace,
  kind: "user",
  name: "mei",
  displayName: "Mei",
  groups: [],
};
const handbook = component("default/dataset/handbook", { boundary: "data" });
const posture = { reportedAt: now - 1000, source: "agent", patchAgeDays: 2, diskEncrypted: true, screenLock: true };
const owned = { namespace, owner: "default/user/mei", enrolledAt: 0, posture };
const devices = new Map<string, Device>([
  ["office-laptop", { name: "office-laptop", ...owned, managed: true }],
  ["own-tablet", { name: "own-tablet", ...owned, managed: false }],
]);

const usual: RiskSignals = {
  device: "office-laptop",
  deviceSeen: true,
  network: { address: "203.0.113.9", kind: "public", country: "SG", countrySeen: true },
  hour: { hourOfWeek: 50, share: 0.1, observations: 500 },
};
const abroad = { address: "198.51.100.4", kind: "public", country: "NZ", countrySeen: false } as const;
const unusual: RiskSignals = {
  device: "own-tablet",
  deviceSeen: true,
  network: abroad,
  hour: { hourOfWeek: 51, share: 0, observations: 500 },
};

function ask(risk: RiskSignals, resource: typeof handbook, signedInAgoMs = 4 * 3_600_000): Decision {
  const session = {
    id: "aa",
    user: mei.id,
    kind: "cli",
    authenticatedAt: now - signedInAgoMs,
    ends: now + 1e7,
  } as const;
  const held = snapshot(
    `${text}\n${permits}`,
    { devices, users: new Map([[mei.id, mei]]), sessions: new Map([["aa", session]]), stalenessLimitMs: 1e7 },
    [handbook, trainingData, chat, accounts],
  );
  const asked = {
    principal: mei.id,
    action: "read",
    resource: resource.id,
    context,
    user: { id: mei.id, session: "aa" },
  } as const;
  return decide(held, asked, { snapshotAgeMs: 0, risk }, now);
}

test("known device, office hours, known place: standard access, restricted data included", () => {
  assert.equal(ask(usual, handbook).effect, "allow");
  assert.equal(ask(usual, trainingData).effect, "allow");
});

test("unmanaged device, 3 a.m., new country: stepped up for internal data, refused for restricted data, with reasons", () => {
  const stepUp = ask(unusual, handbook);
  assert.equal(stepUp.reasons[0]?.code, "step-up-required");
  assert.deepEqual(stepUp.obligations, [{ kind: "stepUp", maxAgeSeconds: 300 }]);
  const words = stepUp.reasons.map((reason) => reason.words).join("; ");
  assert.match(words, /own-tablet is not managed/);
  assert.match(words, /comes from NZ, where this principal was never seen/);
  assert.match(words, /Wednesday 03:00 UTC .* hardly ever active/);
  const stepped = ask(unusual, handbook, 60_000);
  assert.equal(stepped.effect, "allow");
  assert.deepEqual(stepped.obligations, [{ kind: "restrictTo", sensitivity: "internal" }]);

  const refused = ask(unusual, trainingData, 60_000);
  assert.equal(refused.effect, "deny");
  assert.deepEqual(refused.obligations, [], "no step-up opens it");
  assert.match(refused.reasons[0]?.words ?? "", /restricted data is for managed devices/);
});

test("without these policies the same request reads everything: it is they that refuse", () => {
  const session = { id: "aa", user: mei.id, kind: "cli", authenticatedAt: now, ends: now + 1e7 } as const;
  const held = snapshot(permits, { devices, users: new Map([[mei.id, mei]]), sessions: new Map([["aa", session]]) }, [
    trainingData,
  ]);
  const asked = {
    principal: mei.id,
    action: "read",
    resource: trainingData.id,
    context,
    user: { id: mei.id, session: "aa" },
  } as const;
  assert.equal(decide(held, asked, { snapshotAgeMs: 0, risk: unusual }, now).effect, "allow");
});

test("a trip with the office laptop: a step-up that then opens everything", () => {
  const trip = { ...usual, network: abroad };
  assert.equal(ask(trip, trainingData).reasons[0]?.code, "step-up-required");
  assert.equal(ask(trip, trainingData, 60_000).effect, "allow");
});
