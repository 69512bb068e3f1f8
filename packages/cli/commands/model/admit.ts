/**
 * `cordon model admit MODEL`: may this model serve? In: a model, whom to trust, a policy, and what the operator brings of
 * evidence. Out: admitted or refused, with the reason for each part; a signed admission where it is admitted.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { signAdmission } from "@cordon/control/supply/admission/document";
import { gatherEvidence, type GatherOptions } from "@cordon/control/supply/admission/gather-evidence";
import { judgeAdmission, type AdmissionDecision } from "@cordon/control/supply/admission/judge-admission";
import { defaultAdmissionPolicy, parseAdmissionPolicy } from "@cordon/control/supply/admission/policy";
import { maxBomBytes } from "@cordon/control/supply/bom/validate-bom";
import { htmlReport } from "@cordon/control/supply/html-report";
import { openContentStore } from "@cordon/control/supply/integrity/content-store";
import {
  defaultScorecardPolicy,
  judgeScorecard,
  parseScorecardPolicy,
} from "@cordon/control/supply/scorecard/judge-scorecard";
import { maxScorecardBytes, parseScorecard } from "@cordon/control/supply/scorecard/result";
import { maxBundleBytes } from "@cordon/control/supply/signatures/bundle";
import { parseRevocations } from "@cordon/control/supply/signatures/revocations";
import { readVersionRecord, writeVersionRecord } from "@cordon/control/supply/signatures/versions";
import { audit } from "@cordon/control/supply/vulnerabilities/audit";
import { importOsv, openOsvDatabase } from "@cordon/control/supply/vulnerabilities/database";
import { maxListBytes, readPackages } from "@cordon/control/supply/vulnerabilities/inputs/read-packages";
import { parseVex } from "@cordon/control/supply/vulnerabilities/vex";
import { controlClient } from "@cordon/agent/run/control-client";
import type { AdmissionResponse } from "@cordon/core/contract/admission-api";
import manifest from "../../package.json" with { type: "json" };
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { findingLines, guarded, printable, progress, readInput, writeOutput, writeSarif } from "../../supply/report.ts";
import { readSigningKey } from "../../supply/signing-key.ts";
import { readTrust, trustOptions, trustUsage, usage } from "../../supply/trust-options.ts";
import { linksOf } from "../bom/audit.ts";
import { defaultSignature } from "./verify.ts";

const help = `Usage: cordon model admit MODEL [--key FILE | --root FILE... | --identity NAME --issuer URL] [OPTIONS]

Decides by policy over all evidence whether a model may serve: what loading it could do, who signed it, its card, what it is
made of, known vulnerabilities, how its libraries are kept. The model is copied into a store while its signature is
verified; everything else looks at that copy. Evidence that is asked for and missing is a refusal.

${trustUsage}  --signature FILE     the bundle (default: MODEL/model.sig, or MODEL.sig for a single file)
  --policy FILE        what must be shown (default: proven safe, signed, described; see docs/supply-chain.md)
  --versions FILE      record of the highest version seen of each model (rollback)
  --revoked FILE       revocation list
  --bom FILE           the model's bill of materials; it must name the model by its digest
  --packages FILE      a list of packages or BOM whose vulnerabilities count; repeat for more
  --database FILE      with --packages: the OSV database;  --osv SOURCE, --vex FILE as in \`cordon bom audit\`
  --scorecard FILE     Scorecard results;  --scorecard-policy FILE
  --store DIR          keep the copy that was judged there: serve from it
  --admission-key KEY  the private key that admits, a PEM file or a pkcs11: URI; --passphrase-file FILE
  --out FILE           where to write the signed admission (needs --admission-key)
  --component NAME     record the admission with the running control plane (needs --admission-key): the component's
                       \`modelDigest\` must be this model or one of its weights files; it serves from then on
${socketUsage}  --json               decision, parts and findings as one JSON object
  --sarif FILE, --html FILE

Exit code: 0 admitted, 1 refused, 2 something cannot be read or the command is wrong.
`;

type Values = ReturnType<typeof parse>["values"];

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("model admit", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [model, ...more] = positionals;
    if (model === undefined || more.length > 0) throw usage("name one model");
    const wanted = values.out !== undefined || values.component !== undefined;
    if (wanted !== (values["admission-key"] !== undefined))
      throw usage("--admission-key goes together with --out or --component");
    const scratch = values.store === undefined ? await mkdtemp(join(tmpdir(), "cordon-admit-")) : undefined;
    try {
      return await admit(model, values, values.store ?? scratch ?? "", io);
    } finally {
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
    }
  });
}

async function admit(model: string, values: Values, storeFolder: string, io: Io): Promise<0 | 1> {
  const policy =
    values.policy === undefined
      ? defaultAdmissionPolicy
      : parseAdmissionPolicy((await readInput(values.policy, 1024 * 1024)).toString(), values.policy);
  const now = Date.now();
  const { evidence, copy } = await gatherEvidence(model, {
    ...(await readEvidenceOptions(model, values, now)),
    now,
    monotonic: () => performance.now(),
    store: await openContentStore(storeFolder),
    allowUnsignedFiles: policy.policy.signature.allowUnsignedFiles,
    onBytes: progress("copying and hashing", io),
  });
  const decision = judgeAdmission(evidence, policy, now);
  let recorded: AdmissionResponse | undefined;
  if (decision.decision === "admitted") {
    if (values["admission-key"] !== undefined) {
      await using key = await readSigningKey(values["admission-key"], values["passphrase-file"]);
      const document = await signAdmission(decision, evidence, policy, key, manifest.version);
      if (values.out !== undefined) await writeOutput(values.out, document);
      if (values.component !== undefined)
        recorded = await controlClient(controlSocket(values, process.env)).admitModel({
          component: values.component,
          document,
        });
    }
    if (values.versions !== undefined && evidence.signature?.versions !== undefined)
      await writeVersionRecord(values.versions, evidence.signature.versions);
  }
  const summary = {
    model,
    name: evidence.name,
    rootDigest: evidence.rootDigest,
    ...decision,
    decidedAt: new Date(decision.decidedAt).toISOString(),
    validUntil: new Date(decision.validUntil).toISOString(),
    policy: policy.digest,
    ...(values.store === undefined || copy === undefined ? {} : { copy }),
    ...(recorded === undefined ? {} : { recorded }),
  };
  if (values.json) io.stdout(`${JSON.stringify(summary)}\n`);
  else if (values.sarif !== "-") io.stdout(`${describe(model, summary, decision).join("\n")}\n`);
  await writeSarif(values.sarif, decision.findings, model, io);
  if (values.html !== undefined) {
    const facts = [
      { name: "root digest", value: `sha256:${evidence.rootDigest}` },
      { name: "decided at", value: summary.decidedAt },
      { name: "stands until", value: summary.validUntil },
      { name: "policy", value: `sha256:${policy.digest}` },
      ...decision.parts.map(({ part, outcome, words }) => ({ name: part, value: `${outcome}: ${words}` })),
    ];
    await writeOutput(
      values.html,
      htmlReport(`Admission of ${evidence.name}`, decision.decision, facts, decision.findings),
    );
  }
  return decision.decision === "admitted" ? 0 : 1;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...trustOptions,
      ...socketOptions,
      component: { type: "string" },
      signature: { type: "string" },
      policy: { type: "string" },
      versions: { type: "string" },
      revoked: { type: "string" },
      bom: { type: "string" },
      packages: { type: "string", multiple: true },
      database: { type: "string" },
      osv: { type: "string", multiple: true },
      vex: { type: "string", multiple: true },
      scorecard: { type: "string", multiple: true },
      "scorecard-policy": { type: "string" },
      store: { type: "string" },
      "admission-key": { type: "string" },
      "passphrase-file": { type: "string" },
      out: { type: "string" },
      json: { type: "boolean", default: false },
      sarif: { type: "string" },
      html: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

async function readEvidenceOptions(model: string, values: Values, now: number): Promise<Partial<GatherOptions>> {
  const { bom, revoked, versions, scorecard } = values;
  const signed = values.key !== undefined || values.root !== undefined || values.identity !== undefined;
  const file = values.signature ?? defaultSignature(model);
  const vulnerabilities = await readVulnerabilities(values, now);
  return {
    ...(signed
      ? {
          signature: {
            trust: await readTrust(values),
            bundle: await readInput(file, maxBundleBytes),
            file: resolve(file),
          },
        }
      : {}),
    ...(revoked === undefined
      ? {}
      : { revocations: parseRevocations((await readInput(revoked, maxBundleBytes)).toString(), revoked) }),
    ...(versions === undefined ? {} : { versions: await readVersionRecord(versions) }),
    ...(bom === undefined ? {} : { bom: { bytes: await readInput(bom, maxBomBytes), file: bom } }),
    ...(vulnerabilities === undefined ? {} : { vulnerabilities }),
    ...(scorecard === undefined ? {} : { scorecard: await readScorecard(scorecard, values["scorecard-policy"], now) }),
  };
}

async function readVulnerabilities({ packages, database, osv, vex }: Values, now: number) {
  if (packages === undefined) {
    if (database !== undefined || osv !== undefined) throw usage("--database and --osv go with --packages");
    return undefined;
  }
  if ((database === undefined) === (osv === undefined)) throw usage("--packages needs --database FILE or --osv SOURCE");
  using opened = database === undefined ? await importOsv(osv ?? [], ":memory:", now) : await openOsvDatabase(database);
  const read = await Promise.all(packages.map(async (file) => readPackages(await readInput(file, maxListBytes), file)));
  const statements = await Promise.all(
    (vex ?? []).map(async (file) => parseVex((await readInput(file, maxListBytes)).toString(), file, linksOf(read))),
  );
  return audit(read, opened, { now, vex: statements.flat() });
}

async function readScorecard(files: readonly string[], policyFile: string | undefined, now: number) {
  const results = [];
  for (const file of files) results.push(...parseScorecard(await readInput(file, maxScorecardBytes), file));
  const policy =
    policyFile === undefined
      ? defaultScorecardPolicy
      : parseScorecardPolicy((await readInput(policyFile, 1024 * 1024)).toString(), policyFile);
  return judgeScorecard(results, policy, now);
}

function describe(
  model: string,
  summary: {
    readonly rootDigest: string;
    readonly validUntil: string;
    readonly copy?: string;
    readonly recorded?: AdmissionResponse;
  },
  decision: AdmissionDecision,
): string[] {
  const admitted = decision.decision === "admitted";
  return [
    `${decision.decision.toUpperCase()}  ${printable(model)}`,
    `  root digest sha256:${summary.rootDigest}`,
    ...(admitted ? [`  until       ${summary.validUntil}`] : []),
    ...decision.parts.map(
      ({ part, outcome, words }) => `  ${outcome.padEnd(10)} ${part.padEnd(16)} ${printable(words)}`,
    ),
    ...decision.excepted.map(
      ({ exception }) =>
        `  excepted   ${exception.rule} until ${exception.until} by ${printable(exception.approvedBy)}: ${printable(exception.reason)}`,
    ),
    ...findingLines(decision.findings),
    ...(admitted && summary.copy !== undefined ? [`  serve from  ${summary.copy}`] : []),
    ...(summary.recorded === undefined
      ? []
      : [`  recorded    for ${summary.recorded.id}, from revision ${summary.recorded.revision}`]),
  ];
}
