/**
 * `cordon model verify MODEL`: is this the model that a trusted signer signed? In: a model, its OMS bundle, whom to
 * trust. Out: a verdict with its evidence on stdout; exit code 0 only when everything stood.
 */
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openContentStore } from "@cordon/control/supply/integrity/content-store";
import { maxBundleBytes } from "@cordon/control/supply/signatures/bundle";
import { parseRevocations } from "@cordon/control/supply/signatures/revocations";
import { verifyModel, type ModelVerdict } from "@cordon/control/supply/signatures/verify-model";
import { readVersionRecord, writeVersionRecord } from "@cordon/control/supply/signatures/versions";
import type { Io } from "../../io.ts";
import {
  bytesInWords,
  findingLines,
  guarded,
  printable,
  progress,
  readInput,
  writeSarif,
} from "../../supply/report.ts";
import { readTrust, trustOptions, trustUsage, usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon model verify MODEL (--key FILE | --root FILE... | --identity NAME --issuer URL) [OPTIONS]

Verifies a model, or a dataset, against its OpenSSF Model Signing (OMS v1.0) bundle, offline.

  --signature FILE     the bundle (default: MODEL/model.sig, or MODEL.sig for a single file)
${trustUsage}
  --versions FILE      record of the highest version seen of each model; an older one is refused (rollback)
  --revoked FILE       revocation list: keys, certificates, identities, models
  --store DIR          copy the model into a content-addressed store while it is verified, and load from there:
                       what was checked is what is loaded. Prints the folder.
  --ignore PATH        a path in the model to leave out, exactly; repeat for more
  --allow-unsigned     files that nobody signed are reported, and do not count against the model
  --allow-symlinks     follow links inside the model where the signer did
  --legacy-v0.2        accept bundles of release 0.2.0, whose signature covers less than it should
  --json               the verdict as one JSON object
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout)

Exit code: 0 verified, 1 refused, 2 a file cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("model verify", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [model, ...more] = positionals;
    if (model === undefined || more.length > 0) throw usage("name one model");
    const verdict = await verify(model, values, io);
    if (values.json) io.stdout(`${JSON.stringify({ model, ...asJson(verdict) })}\n`);
    else if (values.sarif !== "-") io.stdout(`${describe(model, verdict).join("\n")}\n`);
    await writeSarif(values.sarif, verdict.findings, model, io);
    return verdict.verdict === "verified" ? 0 : 1;
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...trustOptions,
      signature: { type: "string" },
      versions: { type: "string" },
      revoked: { type: "string" },
      store: { type: "string" },
      ignore: { type: "string", multiple: true },
      "allow-unsigned": { type: "boolean", default: false },
      "allow-symlinks": { type: "boolean", default: false },
      "legacy-v0.2": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      sarif: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

async function verify(model: string, values: ReturnType<typeof parse>["values"], io: Io): Promise<ModelVerdict> {
  const trust = await readTrust(values);
  const signature = values.signature ?? defaultSignature(model);
  const bundle = await readInput(signature, maxBundleBytes);
  const verdict = await verifyModel(model, bundle, {
    trust,
    now: Date.now(),
    legacy: values["legacy-v0.2"],
    ignore: values.ignore ?? [],
    exclude: [resolve(signature)],
    allowUnsignedFiles: values["allow-unsigned"],
    allowSymlinks: values["allow-symlinks"],
    onBytes: progress("verifying", io),
    ...(values.revoked === undefined
      ? {}
      : {
          revocations: parseRevocations((await readInput(values.revoked, maxBundleBytes)).toString(), values.revoked),
        }),
    ...(values.versions === undefined ? {} : { versions: await readVersionRecord(values.versions) }),
    ...(values.store === undefined ? {} : { store: await openContentStore(values.store) }),
  });
  if (values.versions !== undefined && verdict.versions !== undefined)
    await writeVersionRecord(values.versions, verdict.versions);
  return verdict;
}

/** Where the signature of a model lies when nobody says: OMS v1.0, section 9. */
export function defaultSignature(model: string): string {
  try {
    return statSync(model).isDirectory() ? join(model, "model.sig") : `${model}.sig`;
  } catch {
    return `${model}.sig`;
  }
}

function asJson(verdict: ModelVerdict): object {
  return { ...verdict, versions: undefined, verifiedAt: new Date(verdict.verifiedAt).toISOString() };
}

function describe(model: string, verdict: ModelVerdict): string[] {
  const { signer } = verdict;
  const lines = [verdict.verdict === "verified" ? `VERIFIED  ${printable(model)}` : `REFUSED   ${printable(model)}`];
  if (signer !== undefined) {
    const who = signer.identity === undefined ? `key ${signer.keyDigest}` : printable(signer.identity);
    lines.push(`  signed by   ${who} (${signer.method}${signer.issuer === undefined ? "" : `, ${signer.issuer}`})`);
  }
  if (verdict.rootDigest !== undefined) lines.push(`  root digest sha256:${verdict.rootDigest}`);
  if (verdict.model !== undefined)
    lines.push(`  model       ${printable(verdict.model)} version ${verdict.version ?? "-"}`);
  if (verdict.files > 0) lines.push(`  files       ${verdict.files}, ${bytesInWords(verdict.bytes)}`);
  lines.push(...findingLines(verdict.findings));
  if (verdict.verifiedCopy !== undefined) lines.push(`  load from   ${verdict.verifiedCopy}`);
  else if (verdict.verdict === "verified")
    lines.push("  What is on the disk can change after this; with --store DIR what was checked is what is loaded.");
  return lines;
}
