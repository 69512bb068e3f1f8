import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { verifyAdmission } from "@cordon/control/supply/admission/document";
import { commands } from "../table.ts";
import { dispatch } from "../../dispatch.ts";

async function cordon(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (err += text) };
  return { code: await dispatch(args, io, commands), out, err };
}

interface Summary {
  readonly decision: string;
  readonly rootDigest: string;
  readonly parts: readonly { readonly part: string; readonly outcome: string; readonly words: string }[];
  readonly findings: readonly { readonly rule: string }[];
}

function safetensors(): Buffer {
  const header = Buffer.from(JSON.stringify({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, header, Buffer.alloc(4)]);
}

const card = `---\nlicense: apache-2.0\n---\n## Training data\nLoan applications of our own branches.\n## Limitations\nUnderestimates people paid in cash.\n## Intended use\nSecond opinion for loan officers, never alone.\n## Evaluation\nMeasured on the applications of last year.\n`;

test("a model goes from files to a signed admission, and not when anything is wrong", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-admit-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const model = join(folder, "model");
  await mkdir(model);
  await writeFile(join(model, "model.safetensors"), safetensors());
  await writeFile(join(model, "README.md"), card);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [key, pub, out] = [join(folder, "key.pem"), join(folder, "pub.pem"), join(folder, "admission.json")];
  await writeFile(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(pub, publicKey.export({ type: "spki", format: "pem" }));
  await cordon("model", "sign", model, "--key", key);
  const bom = join(folder, "bom.cdx.json");
  const signedAway = join(folder, "model.sig");
  await writeFile(signedAway, await readFile(join(model, "model.sig")));
  await rm(join(model, "model.sig"));
  await cordon("model", "bom", model, "--out", bom);

  const args = ["model", "admit", model, "--signature", signedAway, "--key", pub, "--json"];
  const html = join(folder, "report.html");
  const good = await cordon(
    ...args,
    "--bom",
    bom,
    "--admission-key",
    key,
    "--out",
    out,
    "--store",
    join(folder, "store"),
    "--html",
    html,
  );
  const summary = JSON.parse(good.out) as Summary;
  assert.equal(good.code, 0, JSON.stringify(summary, undefined, 1) + good.err);
  assert.equal(verifyAdmission(await readFile(out), publicKey, Date.now()).rootDigest, summary.rootDigest);
  assert.match(await readFile(html, "utf8"), /Admission of model: admitted/);

  const unsigned = await cordon("model", "admit", model, "--json");
  assert.equal(unsigned.code, 1);
  assert.equal(
    (JSON.parse(unsigned.out) as Summary).parts.find(({ part }) => part === "signature")?.outcome,
    "missing",
  );

  await writeFile(join(model, "extra.pkl"), "cos\nsystem\n(S'id'\ntR.");
  const extra = JSON.parse((await cordon(...args)).out) as Summary;
  assert.equal(extra.decision, "refused");
  assert.ok(extra.findings.some(({ rule }) => rule === "signature/unsigned-file"));
  await cordon("model", "sign", model, "--key", key, "--signature", signedAway);
  const signedMalware = JSON.parse((await cordon(...args, "--bom", bom)).out) as Summary;
  assert.equal(signedMalware.decision, "refused", "a signature does not make malware safe");
  const rules = signedMalware.findings.map(({ rule }) => rule);
  assert.ok(rules.includes("scan/dangerous") && rules.includes("admission/other-model"), rules.join(" "));
});
