import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { openStateStore } from "../../store/open-state-store.ts";
import { supplyFinding } from "../finding.ts";
import { signingKeyOf } from "../../keys/provider/key-provider.ts";
import { signAdmission, verifyAdmission } from "./document.ts";
import type { ModelEvidence } from "./evidence.ts";
import { judgeAdmission, type AdmissionDecision } from "./judge-admission.ts";
import { defaultAdmissionPolicy, parseAdmissionPolicy } from "./policy.ts";
import { admissionsFrom, recordAdmission, registryAdmission, withdrawAdmissions } from "./registry.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const day = 86_400_000;
const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
const rootDigest = sha("model");
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const good: ModelEvidence = {
  name: "credit",
  rootDigest,
  files: new Map([
    ["model.safetensors", sha("weights")],
    ["README.md", sha("card")],
  ]),
  scan: [{ path: "model.safetensors", format: "safetensors", verdict: "proven-safe", findings: [] }],
  signature: {
    verdict: "verified",
    findings: [],
    bundleDigest: sha("bundle"),
    verifiedAt: now,
    signer: { method: "key", keyDigest: sha("key") },
    rootDigest,
    files: 2,
    bytes: 10,
    unsigned: [],
  },
  card: {
    kind: "model",
    topics: [],
    licences: [],
    findings: [],
    file: "README.md",
    format: "valid",
    digest: sha("card"),
    boundBy: "signature",
    metadata: {},
  },
};

const judge = (evidence: ModelEvidence, yaml = ""): AdmissionDecision =>
  judgeAdmission(evidence, parseAdmissionPolicy(`version: 1\n${yaml}`, "policy"), now);
const without = (part: "scan" | "signature" | "card"): ModelEvidence => {
  const { [part]: _left, ...rest } = good;
  return rest;
};

test("admits a model that is proven safe, signed and described", () => {
  const decision = judge(good);
  assert.equal(decision.decision, "admitted", JSON.stringify(decision.parts));
  assert.deepEqual(
    decision.parts.map(({ part, outcome }) => `${part} ${outcome}`),
    ["scan met", "signature met", "card met", "bom not-asked", "vulnerabilities not-asked", "scorecard not-asked"],
  );
});

test("missing evidence is a refusal, unless the policy says in the open that it does not ask", () => {
  for (const part of ["scan", "signature", "card"] as const) {
    const decision = judge(without(part), part === "signature" ? "card: { bound: false }" : "");
    assert.equal(decision.decision, "refused", part);
    assert.equal(decision.parts.find((each) => each.part === part)?.outcome, "missing");
    assert.equal(judge(without(part), `${part}: { required: false }\n`).decision, "admitted", part);
  }
  assert.equal(judge(good, "vulnerabilities: { required: true }").decision, "refused");
});

test("every file must be scanned and good enough; unknown, unsupported and encrypted are not", () => {
  const verdictOf = (verdict: NonNullable<ModelEvidence["scan"]>[number]["verdict"]): string =>
    judge({ ...good, scan: [{ path: "model.safetensors", format: "x", verdict, findings: [] }] }).decision;
  for (const verdict of ["unknown-import", "unsupported", "malformed", "encrypted", "dangerous"] as const)
    assert.equal(verdictOf(verdict), "refused", verdict);
  const extra = new Map([...good.files, ["extra.bin", sha("x")]]);
  assert.deepEqual(
    judge({ ...good, files: extra }).findings.map(({ rule }) => rule),
    ["scan/not-scanned"],
  );
  assert.equal(
    judge({ ...good, scan: [{ path: "other", format: "x", verdict: "proven-safe", findings: [] }] }).decision,
    "refused",
  );
});

test("evidence about another model does not count", () => {
  const { signature, card } = good;
  assert.ok(signature !== undefined && card !== undefined && card !== null);
  for (const evidence of [
    { ...good, signature: { ...signature, rootDigest: sha("other") } },
    { ...good, card: { ...card, digest: sha("other") } },
    {
      ...good,
      bom: {
        digest: sha("bom"),
        aboutThisModel: false,
        score: {
          standard: "G7 SBOM for AI - Minimum Elements (2026-05-12)" as const,
          clusters: [],
          share: 1,
          models: 1,
          datasets: 0,
          findings: [],
        },
      },
    },
  ])
    assert.deepEqual(
      judge(evidence).findings.map(({ rule }) => rule),
      ["admission/other-model"],
    );
});

test("an exception holds until its day, for its rule, and never for malware or danger", () => {
  const vulnerable = (rule: string): ModelEvidence => ({
    ...good,
    vulnerabilities: {
      packages: [],
      counts: { clean: 0, affected: 1, malicious: 0, unknown: 0 },
      database: { records: 1, newest: undefined, sources: [] },
      findings: [supplyFinding(rule, "critical", "torch is affected", { subject: "requirements.txt" })],
    },
  });
  const exception = (until: string, rule = "vulnerability/affected"): string =>
    `exceptions: [{ rule: ${rule}, until: ${until}, reason: not reachable here, approvedBy: risk team }]`;
  assert.equal(judge(vulnerable("vulnerability/affected")).decision, "refused");
  const excepted = judge(vulnerable("vulnerability/affected"), exception("2026-11-25"));
  assert.equal(excepted.decision, "admitted");
  assert.equal(excepted.validUntil, Date.parse("2026-11-26"), "the admission ends with the exception");
  assert.equal(judge(vulnerable("vulnerability/affected"), exception("2026-11-24")).decision, "refused");
  assert.equal(
    judge(vulnerable("vulnerability/malicious-package"), exception("2026-12-24", "vulnerability/malicious-package"))
      .decision,
    "refused",
  );
});

test("unknown packages and a stale database count until the policy allows them", () => {
  const evidence = (rule: string): ModelEvidence => ({
    ...good,
    vulnerabilities: {
      packages: [],
      counts: { clean: 0, affected: 0, malicious: 0, unknown: 1 },
      database: { records: 1, newest: undefined, sources: [] },
      findings: [supplyFinding(rule, "medium", "w")],
    },
  });
  assert.equal(judge(evidence("vulnerability/unknown")).decision, "refused");
  assert.equal(
    judge(evidence("vulnerability/unknown"), "vulnerabilities: { allowUnknown: true }").decision,
    "admitted",
  );
  assert.equal(judge(evidence("vulnerability/stale-database")).decision, "refused");
});

test("a document stands under the key that may admit, until its end, and only for an admission", async () => {
  const decision = judge(good);
  const document = Buffer.from(
    await signAdmission(decision, good, defaultAdmissionPolicy, signingKeyOf(privateKey), "0.1.0"),
  );
  const admission = verifyAdmission(document, publicKey, now);
  assert.equal(admission.rootDigest, rootDigest);
  assert.equal(admission.predicate.policy.sha256, defaultAdmissionPolicy.digest);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  assert.throws(() => verifyAdmission(document, stranger, now), { code: "SIGNATURE_INVALID" });
  assert.throws(() => verifyAdmission(document, publicKey, now + 31 * day), /ended/);
  assert.throws(() => verifyAdmission(document, publicKey, now - day), /future/);
  const tree = JSON.parse(document.toString()) as { payload: string };
  const forged = Buffer.from(tree.payload, "base64").toString().replace(rootDigest, sha("evil"));
  assert.throws(
    () =>
      verifyAdmission(
        Buffer.from(JSON.stringify({ ...tree, payload: Buffer.from(forged).toString("base64") })),
        publicKey,
        now,
      ),
    { code: "SIGNATURE_INVALID" },
  );
  const refused = judge(without("scan"));
  await assert.rejects(signAdmission(refused, good, defaultAdmissionPolicy, signingKeyOf(privateKey), "0.1.0"), {
    code: "ACCESS_DENIED",
  });
});

test("the store answers by root digest and by the weights' own digest, until withdrawn or over", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-admission-"));
  const store = await openStateStore(`sqlite:${join(folder, "state.db")}`);
  t.after(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  let clock = now;
  const registry = registryAdmission(store, publicKey, () => clock);
  assert.deepEqual(await registry.admitted(`sha256:${rootDigest}`), { admitted: false, words: "nobody admitted it" });
  const key = signingKeyOf(privateKey);
  const document = await signAdmission(judge(good), good, defaultAdmissionPolicy, key, "0.1.0");
  const options = { namespace: "default" as Namespace, actor: "test", now, key: publicKey };
  await assert.rejects(recordAdmission(store, document, { ...options, names: `sha256:${sha("other")}` }), {
    code: "ACCESS_DENIED",
  });
  await recordAdmission(store, document, { ...options, names: `sha256:${sha("weights")}` });
  assert.deepEqual(await registry.admitted(`sha256:${rootDigest}`), { admitted: true });
  assert.deepEqual(await registry.admitted(`sha256:${sha("weights")}`), { admitted: true });
  assert.equal((await registry.admitted(`sha256:${sha("card")}`)).admitted, false, "a card is no model");
  clock = now + 31 * day;
  assert.match(JSON.stringify(await registry.admitted(`sha256:${rootDigest}`)), /ended/);
  clock = now;
  const withdrawal = { ...options, reason: "new vulnerability" };
  assert.equal(await withdrawAdmissions(store, `sha256:${sha("card")}`, withdrawal), undefined);
  assert.equal((await withdrawAdmissions(store, `sha256:${sha("weights")}`, withdrawal))?.objects.length, 1);
  assert.equal(await withdrawAdmissions(store, `sha256:${rootDigest}`, withdrawal), undefined, "already");
  assert.deepEqual(await registry.admitted(`sha256:${rootDigest}`), {
    admitted: false,
    words: "its admission was withdrawn: new vulnerability",
  });
  for (const namespace of ["default", "other"] as Namespace[])
    await assert.rejects(recordAdmission(store, document, { ...options, namespace }), /withdrawn .*decide again/);
  const standings = admissionsFrom(await store.list("admission"), publicKey);
  assert.deepEqual([...standings.keys()], [`sha256:${rootDigest}`, `sha256:${sha("weights")}`]);
  assert.deepEqual(standings.get(`sha256:${rootDigest}`), {
    refused: "its admission was withdrawn: new vulnerability",
  });
  const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const forger = signingKeyOf(foreign.privateKey);
  const forged = await signAdmission(judge(good), good, defaultAdmissionPolicy, forger, "0.1.0");
  await assert.rejects(recordAdmission(store, forged, options), { code: "SIGNATURE_INVALID" });
});

test("a policy that is wrong says where", () => {
  assert.throws(() => parseAdmissionPolicy("version: 1\nscan: { accept: [fine] }", "p"), /scan\.accept/);
  assert.throws(
    () =>
      parseAdmissionPolicy(
        "version: 1\nexceptions: [{ rule: x, until: 2026-01-01, reason: because, approvedBy: me }]",
        "p",
      ),
    /reason/,
  );
});
