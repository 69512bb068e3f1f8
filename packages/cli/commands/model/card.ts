/**
 * `cordon model card PATH`: does a model's card say what it must, and does it belong to these weights? In: a model's
 * folder or a card. Out: each topic with where it is said; findings; the card's digest.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { atLeast, type SupplyFinding } from "@cordon/control/supply/finding";
import { missingCard, readCard, type CardReport } from "@cordon/control/supply/cards/read-card";
import { maxBundleBytes } from "@cordon/control/supply/signatures/bundle";
import { verifySignature } from "@cordon/control/supply/signatures/verify-signature";
import type { Io } from "../../io.ts";
import { severityOption } from "../bom/audit.ts";
import { findingLines, guarded, printable, readInput, writeSarif } from "../../supply/report.ts";
import { readTrust, trustOptions, trustUsage, usage } from "../../supply/trust-options.ts";
import { defaultSignature } from "./verify.ts";

const help = `Usage: cordon model card PATH [--key FILE | --root FILE... | --identity NAME --issuer URL] [OPTIONS]

Reads a model's (or dataset's) card, with Hugging Face metadata or without, and judges whether it says what it was trained
on, its biases and limitations, what it is meant for, how it was evaluated, and its licence. Text of the template does not
count. With a signer, the card must be the one that was signed together with the weights.

${trustUsage}  --signature FILE     the bundle (default: PATH/model.sig)
  --fail-on SEVERITY   least severity that makes exit code 1 (default: medium)
  --json               the whole report as one JSON object
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout)

Exit code: 0 fine, 1 findings, 2 the card cannot be read or the command is wrong.
`;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("model card", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw usage("name one model or card");
    const failOn = severityOption(values["fail-on"]);
    const card = await readCard(path, await verifiedResources(path, values));
    const findings = card === undefined ? [missingCard(path)] : card.findings;
    if (values.json) io.stdout(`${JSON.stringify({ path, ...card, findings })}\n`);
    else if (values.sarif !== "-") io.stdout(`${describe(path, card, findings).join("\n")}\n`);
    await writeSarif(values.sarif, findings, path, io);
    return findings.some(({ severity }) => atLeast(severity, failOn)) ? 1 : 0;
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...trustOptions,
      signature: { type: "string" },
      "fail-on": { type: "string", default: "medium" },
      json: { type: "boolean", default: false },
      sarif: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

async function verifiedResources(path: string, values: ReturnType<typeof parse>["values"]) {
  if (values.key === undefined && values.root === undefined && values.identity === undefined) return undefined;
  const trust = await readTrust(values);
  const bundle = await readInput(values.signature ?? defaultSignature(resolve(path)), maxBundleBytes);
  return verifySignature(bundle, { trust, now: Date.now() }).manifest;
}

function describe(path: string, card: CardReport | undefined, findings: readonly SupplyFinding[]): string[] {
  if (card === undefined) return [`NO CARD  ${printable(path)}`, ...findingLines(findings)];
  const topics = card.topics.map(({ topic, state, where, line }) => {
    const place = where === undefined ? "" : ` ${printable(where)}${line === undefined ? "" : ` (line ${line})`}`;
    return `  ${state.padEnd(11)} ${topic.padEnd(14)}${place}`;
  });
  return [
    `${card.kind} card ${printable(card.file)}: metadata ${card.format}`,
    `  sha256:${card.digest}, ${card.boundBy === "signature" ? "signed together with the weights" : "not bound to any weights"}`,
    ...topics,
    ...findingLines(findings),
  ];
}
