import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Device } from "../risk/device.ts";
import type { RiskSignals } from "../risk/signals.ts";
import { parseAge } from "./adaptive.ts";
import { compilePolicies } from "./cedar-engine.ts";
import { decide } from "./decide.ts";
import { assistant, chat, compile, request, snapshot, source, trainingData, trustDomain } from "./test-estate.ts";

const now = Date.parse("2026-03-04T03:00:00Z");
const allowAll = '@id("all") permit (principal, action, resource);';

const laptop: Device = {
  name: "laptop-7",
  namespace: "default" as Device["namespace"],
  owner: "default/agent/assistant",
  managed: false,
  enrolledAt: now - 1e9,
  posture: { reportedAt: now - 1000, source: "agent", patchAgeDays: 1, diskEncrypted: true, screenLock: true },
};
const risky: RiskSignals = {
  device: "laptop-7",
  deviceSeen: true,
  network: { address: "198.51.100.4", kind: "public", country: "NZ", countrySeen: false },
  hour: { hourOfWeek: 51, share: 0.001, observations: 400 },
  sessionSince: now - 5000,
};

function ask(
  policies: string,
  risk: RiskSignals | undefined,
  more: Parameters<typeof snapshot>[1] = {},
  resource = chat,
) {
  const held = snapshot(policies, { devices: new Map([["laptop-7", laptop]]), stalenessLimitMs: 3_600_000, ...more });
  const signals = { snapshotAgeMs: 0, ...(risk === undefined ? {} : { risk }) };
  return decide(held, request(assistant, "infer", resource), signals, now);
}

describe("policies over risk", () => {
  test("see its tier, its score and its signals", () => {
    const forbid = `${allowAll} @id("high") forbid (principal, action, resource) when { context.risk.tier == "high" && context.risk.score >= 50 && context.risk.signals.contains("country-new") };`;
    assert.equal(ask(forbid, undefined).effect, "allow");
    const refused = ask(forbid, risky);
    assert.equal(refused.effect, "deny");
    assert.equal(refused.risk.tier, "high");
    assert.match(refused.reasons.at(-1)?.words ?? "", /risk is high .*not managed.*NZ.*03:00 UTC/);
  });

  test("see the device and the network", () => {
    const managed = `@id("managed") permit (principal, action, resource) when { context.device.managed };`;
    assert.equal(ask(managed, risky).effect, "deny");
    assert.equal(ask(managed, undefined).effect, "deny", "what is not known is not managed");
    const own = new Map([["laptop-7", { ...laptop, managed: true }]]);
    assert.equal(ask(managed, risky, { devices: own }).effect, "allow");
    const abroad = `${allowAll} @id("abroad") forbid (principal, action, resource) when { context.network.country == "NZ" };`;
    assert.equal(ask(abroad, risky).effect, "deny");
  });

  test("a tier that there is not is refused when the policy is loaded", () => {
    assert.throws(
      () => compile('@id("x") permit (principal, action, resource) when { context.risk.tier == "hihg" };'),
      /never "hihg"; one of low, medium, high, critical/,
    );
  });

  test("are judged alike by Cedar's own engine", () => {
    const text = `${allowAll} @id("no") forbid (principal, action, resource) when { context.risk.signals.contains("hour-unusual") && context.device.posture == "good" && context.network.kind == "public" };`;
    const disagreements: string[] = [];
    const shadow = (words: string) => void disagreements.push(words);
    const policies = compilePolicies([source(text)], { trustDomain, shadow });
    for (const risk of [undefined, risky]) {
      const held = snapshot(policies, { devices: new Map([["laptop-7", laptop]]) });
      decide(held, request(assistant, "infer", chat), { snapshotAgeMs: 0, ...(risk && { risk }) }, now);
    }
    assert.deepEqual(disagreements, []);
  });
});

const stepUp = `${allowAll} @id("who-are-you") @stepup("10m") @reason("this is unusual for you") forbid (principal, action, resource) when { context.risk.score >= 25 };`;

describe("step-up", () => {
  test("is asked for, with how lately, where a fresh proof of presence would let the call through", () => {
    const refused = ask(stepUp, risky);
    assert.equal(refused.effect, "deny");
    assert.equal(refused.reasons[0]?.code, "step-up-required");
    assert.match(refused.reasons[0]?.words ?? "", /unusual for you; show that it is you \(within the last 10 min\)/);
    assert.deepEqual(refused.obligations, [{ kind: "stepUp", maxAgeSeconds: 600 }]);
  });

  test("is met by a proof that is fresh, until that is fresh no more", () => {
    const met = ask(stepUp, { ...risky, assertedAt: now - 60_000 });
    assert.equal(met.effect, "allow");
    assert.equal(met.validUntil, now + 540_000);
    assert.equal(ask(stepUp, { ...risky, assertedAt: now - 600_000 }).effect, "deny");
    assert.equal(ask(stepUp, { ...risky, assertedAt: now + 3_600_000 }).effect, "deny", "dated ahead");
  });

  test("is not offered where something else refuses as well", () => {
    const both = `${stepUp} @id("never") forbid (principal, action, resource) when { context.risk.tier == "high" };`;
    const refused = ask(both, risky);
    assert.equal(refused.reasons[0]?.code, "forbidden");
    assert.deepEqual(refused.obligations, []);
    assert.equal(ask(stepUp.slice(allowAll.length), risky).reasons[0]?.code, "no-permit");
  });

  test("holds as a permit's condition, and the strictest of several counts", () => {
    const permits = `@id("a") @stepup("1h") permit (principal, action, resource); @id("b") @stepup("5m") permit (principal, action, resource);`;
    assert.deepEqual(ask(permits, undefined).obligations, [{ kind: "stepUp", maxAgeSeconds: 300 }]);
    assert.equal(ask(permits, { assertedAt: now - 200_000 }).effect, "allow");
  });

  test("takes no proof from before a change of credential", () => {
    const changed = { at: now - 30_000, source: "idp", reason: "" };
    const subjects = new Map([
      ["default/agent/assistant", { subject: "default/agent/assistant", credentialChanged: changed }],
    ]);
    assert.equal(ask(stepUp, { ...risky, assertedAt: now - 60_000 }, { subjects }).effect, "deny");
    assert.equal(ask(stepUp, { ...risky, assertedAt: now - 20_000 }, { subjects }).effect, "allow");
  });

  test("is written as a time of at most a day", () => {
    assert.equal(parseAge("45s"), 45);
    assert.equal(parseAge("8h"), 28_800);
    for (const wrong of ["", "0m", "10", "25h", "1d", "-1m", "1.5h", "99999h"])
      assert.equal(parseAge(wrong), undefined);
    assert.throws(
      () => compile('@id("x") @stepup("soon") permit (principal, action, resource);'),
      /@stepup` is a time/,
    );
    assert.throws(
      () => compile('@id("x") @restrict("secret") permit (principal, action, resource);'),
      /@restrict` is one of public/,
    );
  });
});

describe("a restriction to less sensitive data", () => {
  const restricted = `${allowAll} @id("careful") @restrict("internal") @reason("your device is not managed") forbid (principal, action, resource) when { !context.device.managed };`;
  test("lets that through, and says so to the enforcement point", () => {
    const allowed = ask(restricted, risky);
    assert.equal(allowed.effect, "allow");
    assert.deepEqual(allowed.obligations, [{ kind: "restrictTo", sensitivity: "internal" }]);
  });
  test("refuses what is more sensitive, in words", () => {
    const refused = ask(restricted, risky, {}, trainingData);
    const [why] = refused.reasons.filter(({ code }) => code === "restricted");
    assert.match(why?.words ?? "", /your device is not managed; .*than internal .* this is restricted/);
  });
});

test("a session that began before it was revoked is over; a newer one is not", () => {
  const sessionsRevoked = { at: now - 3000, source: "idp", reason: "stolen laptop" };
  const subjects = new Map([["default/agent/assistant", { subject: "default/agent/assistant", sessionsRevoked }]]);
  const over = ask(allowAll, risky, { subjects });
  assert.equal(over.reasons[0]?.code, "session-revoked");
  assert.match(over.reasons[0]?.words ?? "", /idp ended the sessions .*: stolen laptop/);
  assert.equal(ask(allowAll, { ...risky, sessionSince: now - 1000 }, { subjects }).effect, "allow");
  assert.equal(ask(allowAll, undefined, { subjects }).effect, "deny", "a session without a beginning");
});
