/**
 * What is found decides whether somebody must approve: the same caller asks freely, and with personal data in the request only
 * once a person has approved exactly that call, or has proved to be there.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { wordDetector } from "../conformance/word-detector.ts";
import { openEstate, type Answer, type Estate } from "./estate.ts";

const spanDetectors = [
  wordDetector("test-badge", ["S1234567D"], "pii"),
  wordDetector("test-secret", ["SWORDFISH"], "secret"),
];
const scope = (verb: string): string =>
  `(principal == Workload::"default/pipeline/trainer", action == Action::"${verb}", resource == Component::"default/dataset/training-data")`;
const policies = `
@id("plain") permit ${scope("write")} unless { context.findings.request["pii"] >= 50 || context.findings.request["secret"] >= 50 };
@id("badges-approved") @approval("1") permit ${scope("write")} when { context.findings.request["pii"] >= 50 };
@id("secrets-in-person") @stepup("10m") permit ${scope("write")} when { context.findings.request["secret"] >= 50 };
`;

const opened = new AsyncDisposableStack();
let estate: Estate;
let trainer: X509Svid;

before(async () => {
  estate = opened.use(
    await openEstate({ spanDetectors, more: "inspection: { request: { pii: flag, secret: flag } }\n", policies }),
  );
  trainer = await estate.svidFor("pipeline", "trainer");
});
after(() => opened.disposeAsync());

const put = (body: string): Promise<Answer> =>
  estate.call(trainer, "/training-data/x", { method: "PUT", body, headers: { "content-type": "text/plain" } });

test("nothing found, nothing asked; personal data waits for an approval, a secret for a person", async () => {
  assert.equal((await put("nothing here")).status, 200);
  const arrived = estate.data.seen.length;
  const badge = await put("badge S1234567D");
  assert.equal(badge.status, 403);
  assert.match(badge.text, /approv/);
  const secret = await put("SWORDFISH");
  assert.equal(secret.status, 403);
  assert.match(secret.text, /show that it is you/);
  assert.equal(estate.data.seen.length, arrived);
  const entries = await estate.entries();
  const codes = entries
    .filter((entry): entry is DecisionEntry => entry.kind === "decision" && entry.effect === "deny")
    .map(({ reasons }) => reasons[0]?.code);
  assert.deepEqual(codes, ["approval-required", "step-up-required"]);
});
