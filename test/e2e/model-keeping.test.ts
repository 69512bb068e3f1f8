/**
 * Admissions are withdrawn by themselves, live, when they do not stand any more: a new vulnerability in what the model is made
 * of, a signer, an authority or the model revoked, a database too old, time over, a scanner that learnt. The fallback answers,
 * the reason is said, and nothing but a new admission brings the model back. With the control off, it serves on.
 */
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { controlClient } from "@cordon/agent/run/control-client";
import { run as importOsv } from "@cordon/cli/commands/bom/import-osv";
import { run as rescan } from "@cordon/cli/commands/model/rescan";
import { run as sign } from "@cordon/cli/commands/model/sign";
import { signingKeyOf } from "@cordon/control/keys/provider/key-provider";
import { signAdmission } from "@cordon/control/supply/admission/document";
import { parseAdmissionPolicy } from "@cordon/control/supply/admission/policy";
import { contentDigest } from "@cordon/core/supply/content-digest";
import { until, type Estate } from "./estate.ts";
import { ask, modelDigest, openGated, weights, type Gated, type GatedOptions } from "./gated-estate.ts";

const dayMs = 86_400_000;
const said: string[] = [];
const io = { stdout: (text: string) => void said.push(text), stderr: (text: string) => void said.push(text) };

async function openKept(options: GatedOptions): Promise<Gated> {
  const gated = await openGated(options);
  gated.estate.chat.answer = (_seen, response) => response.end('{"from":"chat"}');
  gated.estate.spare.answer = (_seen, response) => response.end('{"from":"spare"}');
  return gated;
}

async function from(estate: Estate): Promise<string> {
  return (JSON.parse((await ask(estate, "brittle")).text) as { from?: string }).from ?? "";
}

/** Waits until the model is refused for this reason; then the fallback answers. */
async function withdrawn(estate: Estate, why: RegExp): Promise<void> {
  const began = performance.now();
  for (let text = ""; !why.test(text); { text } = await ask(estate, "m"))
    assert.ok(performance.now() - began < 10_000, `it says: ${text}`);
  assert.equal(await from(estate), "spare");
}

/** It has had the time to be withdrawn, and was not. */
async function servesOn(estate: Estate): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal(await from(estate), "chat");
}

function record(id: string, name: string, fixed: string, modified: number): object {
  return {
    ...{ id, modified: new Date(modified).toISOString() },
    severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
    affected: [
      {
        package: { ecosystem: "PyPI", name },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed }] }],
      },
    ],
  };
}

async function importRecords(folder: string, records: readonly object[]): Promise<void> {
  const source = join(folder, `osv-${records.length}-${Math.trunc(performance.now())}`);
  await mkdir(source);
  for (const [at, one] of records.entries()) await writeFile(join(source, `${at}.json`), JSON.stringify(one));
  assert.equal(await importOsv([source, "--database", join(folder, "osv.sqlite")], io), 0, said.join(""));
}

const vulnerabilityPolicy = `version: 1
signature: { required: false }
card: { required: false }
vulnerabilities: { required: true }
`;

async function withDatabase(folder: string): Promise<string> {
  await importRecords(folder, [record("GHSA-0000-0000-0001", "somebody", "2", Date.now())]);
  await writeFile(join(folder, "requirements.txt"), "torch==2.5.1\n");
  return `, vulnerabilities: { database: "${join(folder, "osv.sqlite")}", maxAgeDays: 30 }`;
}

function packagesOf({ keys }: Gated): string[] {
  return ["--packages", join(keys, "requirements.txt"), "--database", join(keys, "osv.sqlite")];
}

test("a vulnerability that is imported while the model serves withdraws it; one that somebody set aside does not", async (t) => {
  await using gated = await openKept({ policy: vulnerabilityPolicy, admission: withDatabase });
  const { estate, keys } = gated;
  await gated.admit("admitter", packagesOf(gated));
  assert.equal(await from(estate), "chat");
  await importRecords(keys, [record("GHSA-0000-0000-0002", "torchvision", "9", Date.now())]);
  await servesOn(estate);
  const began = performance.now();
  await importRecords(keys, [record("GHSA-53q9-r3pm-6pq6", "torch", "2.6.0", Date.now())]);
  await withdrawn(estate, /was withdrawn: torch 2\.5\.1 is affected by a vulnerability \(critical\): GHSA-53q9/);
  t.diagnostic(`withdrawn ${(performance.now() - began).toFixed(0)} ms after the import began`);
  assert.ok(estate.log.some((line) => line.includes("model-withdrawn")));

  // Admitting it again is somebody's act, and they have to answer for it.
  await assert.rejects(gated.admit("admitter", packagesOf(gated)), /REFUSED/);
  await writeFile(
    join(keys, "policy.yaml"),
    `${vulnerabilityPolicy}exceptions:
  - { rule: vulnerability/affected, until: 2199-01-01, reason: torch.load is not called, approvedBy: model risk }
`,
  );
  await gated.admit("admitter", packagesOf(gated));
  await servesOn(estate);
  const [change] = (await estate.entries()).filter(
    (entry) => entry.kind === "change" && entry.actor === "system:admission-keeper",
  );
  assert.ok(change?.kind === "change" && change.objects[0]?.kind === "admission");
});

test("malware in what it is made of withdraws it whatever the policy says of severity", async () => {
  const lenient = vulnerabilityPolicy.replace("required: true", "required: true, failOn: critical, allowUnknown: true");
  await using gated = await openKept({ policy: lenient, admission: withDatabase });
  await gated.admit("admitter", packagesOf(gated));
  const malware = { id: "MAL-2026-1", modified: new Date().toISOString() };
  await importRecords(gated.keys, [
    { ...malware, affected: [{ package: { ecosystem: "PyPI", name: "torch" }, versions: ["2.5.1"] }] },
  ]);
  await withdrawn(gated.estate, /torch 2\.5\.1 is malware: MAL-2026-1/);
});

test("a database that nobody renews withdraws what was admitted on fresh ones only", async () => {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  for (const [policy, stays] of [
    [vulnerabilityPolicy, false],
    [vulnerabilityPolicy.replace("required: true", "required: true, allowStale: true"), true],
  ] as const) {
    ahead = 0;
    await using gated = await openKept({ policy: `${policy}validDays: 300\n`, admission: withDatabase, now });
    await gated.admit("admitter", packagesOf(gated));
    assert.equal(await from(gated.estate), "chat");
    // A day at a time, so that no SVID and nothing else expires under it.
    ahead = 31 * dayMs;
    if (stays) {
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      assert.ok(!gated.estate.log.some((line) => line.includes("model-withdrawn")));
    } else
      await until(
        () => gated.estate.log.some((line) => /model-withdrawn.*is 31 days old/.test(line)),
        "it is withdrawn",
      );
  }
});

function list(issued: number, ...revoked: readonly object[]): string {
  return JSON.stringify({ version: 1, issued: new Date(issued).toISOString(), revoked });
}

async function withList(folder: string): Promise<string> {
  await writeFile(join(folder, "revoked.json"), list(Date.now() - dayMs));
  return `, revocations: "${join(folder, "revoked.json")}"`;
}

test("a signer who is revoked takes along what stands on them; an older list brings nothing back", async () => {
  await using gated = await openKept({ policy: "version: 1\ncard: { required: false }\n", admission: withList });
  const { estate, keys, model } = gated;
  const signer = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(keys, "signer.pem"), signer.privateKey.export({ type: "pkcs8", format: "pem" }), {
    mode: 0o600,
  });
  await writeFile(join(keys, "signer-public.pem"), signer.publicKey.export({ type: "spki", format: "pem" }));
  const signature = ["--signature", join(keys, "model.sig")];
  assert.equal(await sign([model, "--key", join(keys, "signer.pem"), ...signature], io), 0, said.join(""));
  const trusted = ["--key", join(keys, "signer-public.pem"), ...signature];
  await gated.admit("admitter", trusted);
  assert.equal(await from(estate), "chat");
  const sha256 = createHash("sha256")
    .update(signer.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
  const file = join(keys, "revoked.json");
  await writeFile(file, "{ half a list");
  await until(() => estate.log.some((line) => line.includes("is not JSON")), "a list that is none is a problem");
  await servesOn(estate);
  await writeFile(`${file}.new`, list(Date.now(), { kind: "key", sha256, reason: "laptop stolen" }));
  await rename(`${file}.new`, file);
  await withdrawn(estate, /was withdrawn: the key was revoked: laptop stolen/);
  await writeFile(file, list(Date.now() - 2 * dayMs));
  await until(() => estate.log.some((line) => line.includes("before the list in force")), "an older list");
  await assert.rejects(gated.admit("admitter", trusted), /the admission is not taken: the key was revoked/);
});

test("the model itself may be revoked, by its root digest, without anybody having signed it", async () => {
  await using gated = await openKept({ admission: withList });
  await gated.admit();
  assert.equal(await from(gated.estate), "chat");
  const sha256 = contentDigest([["model.safetensors", modelDigest.slice("sha256:".length)]]);
  await writeFile(join(gated.keys, "revoked.json"), list(Date.now(), { kind: "model", sha256, reason: "poisoned" }));
  await withdrawn(gated.estate, /the model was revoked: poisoned/);
});

test("an admission's end ends it: the fallback answers from that moment on", async () => {
  let ahead = 0;
  await using gated = await openKept({
    policy: "version: 1\nsignature: { required: false }\ncard: { required: false }\nvalidDays: 0.0005\n",
    now: () => Date.now() + ahead,
  });
  await gated.admit();
  assert.equal(await from(gated.estate), "chat");
  ahead = 60_000;
  await withdrawn(gated.estate, /its admission ended at/);
});

/** What a scanner with a hole would have admitted: its word that a pickle which runs a command is proven safe. */
async function admittedByAnOlderScanner(gated: Gated, rules: string | undefined): Promise<void> {
  const evil = Buffer.from("cos\nsystem\n(S'true'\ntR.");
  await writeFile(join(gated.model, "head.pkl"), evil);
  const files = new Map([
    ["head.pkl", createHash("sha256").update(evil).digest("hex")],
    ["model.safetensors", createHash("sha256").update(weights).digest("hex")],
  ]);
  const policy = parseAdmissionPolicy("version: 1\n", "policy");
  const scan = [...files.keys()].map((path) => ({
    path,
    format: "pickle",
    verdict: "proven-safe" as const,
    findings: [],
  }));
  const evidence = { name: "model", rootDigest: contentDigest(files), files, scan };
  const at = Date.now();
  const decision = {
    ...{ decision: "admitted" as const, parts: [], findings: [], excepted: [] },
    ...{ decidedAt: at, validUntil: at + dayMs },
  };
  const document = await signAdmission(decision, evidence, policy, signingKeyOf(gated.admitter), "0.0.1");
  assert.ok(createPublicKey(gated.admitter));
  let text = document;
  if (rules !== undefined) {
    // The rules are inside of what is signed: so it is signed again, as that scanner would have.
    const { payload } = JSON.parse(document) as { payload: string };
    const statement = JSON.parse(Buffer.from(payload, "base64").toString()) as {
      predicate: { keep: { scan: { rules: string } } };
    };
    statement.predicate.keep.scan.rules = rules;
    const { signDsse } = await import("@cordon/control/supply/signatures/dsse");
    const bytes = Buffer.from(JSON.stringify(statement));
    const sig = (await signDsse(bytes, signingKeyOf(gated.admitter))).toString("base64");
    text = JSON.stringify({
      ...(JSON.parse(document) as object),
      payload: bytes.toString("base64"),
      signatures: [{ sig }],
    });
  }
  await controlClient(gated.estate.cordon.socketPath).admitModel({ component: "chat", document: text });
}

test("what an older scanner let pass is scanned again by new rules, and withdrawn", async () => {
  await using gated = await openKept({ watched: true });
  await admittedByAnOlderScanner(gated, "2020-01-01.1");
  await withdrawn(gated.estate, /a new scan refuses it: head\.pkl is dangerous/);
});

test("`cordon model rescan` scans now; what fails is withdrawn, what passes stays", async () => {
  await using gated = await openKept({ watched: true });
  const { estate } = gated;
  const args = ["--component", "chat", "--socket", estate.cordon.socketPath];
  await gated.admit();
  await until(() => estate.cordon.control.snapshots.current().servedFiles?.size === 1, "its files were seen");
  assert.equal(await rescan(args, io), 0, said.join(""));
  assert.equal(await from(estate), "chat");
  await gated.withdraw();
  await assert.rejects(rescan(args, io), /is not admitted/);

  await admittedByAnOlderScanner(gated, undefined);
  const began = performance.now();
  while ((await from(estate)) !== "chat")
    assert.ok(performance.now() - began < 5_000, "the same rules: nothing is due yet");
  assert.equal(await rescan(args, io), 1);
  await withdrawn(estate, /a new scan refuses it: head\.pkl is dangerous/);
});
