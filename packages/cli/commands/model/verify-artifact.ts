/**
 * `cordon model verify-artifact FILE`: a single file against its Sigstore bundle (cosign, npm provenance, PyPI
 * attestations). In: the file, the bundle, whom to trust. Out: who signed; exit code 0 only when it stood.
 */
import { parseArgs } from "node:util";
import { isCordonError } from "@cordon/core/errors";
import { supplyFinding } from "@cordon/control/supply/finding";
import { maxBundleBytes } from "@cordon/control/supply/signatures/bundle";
import { verifyArtifact } from "@cordon/control/supply/signatures/verify-artifact";
import type { Signer } from "@cordon/control/supply/signatures/trust";
import type { Io } from "../../io.ts";
import { findingLines, guarded, printable, readInput, writeSarif } from "../../supply/report.ts";
import { readSigstoreRoot, readTrust, trustOptions, usage } from "../../supply/trust-options.ts";

const help = `Usage: cordon model verify-artifact FILE --bundle FILE (--identity NAME --issuer URL | --key FILE) [OPTIONS]

Verifies one file (a wheel, a container manifest, an attestation's subject) against its Sigstore bundle, offline:
certificate, transparency log, timestamps, and the exact signer. For a model's folder, use \`cordon model verify\`.

  --bundle FILE        the Sigstore bundle (versions 0.1 to 0.3)
  --identity NAME      the identity that must have signed, exactly
  --issuer URL         with --identity: the OpenID Connect issuer that vouched for it, exactly
  --key FILE           a public key of your own that must have signed; the log is verified all the same
  --trusted-root FILE  a Sigstore trusted_root.json (default: the public instance's, pinned)
  --json               the verdict as one JSON object
  --sarif FILE         findings as SARIF 2.1.0 (- for stdout)

Exit code: 0 verified, 1 refused, 2 a file cannot be read or the command is wrong.
`;

/** A bundle signs one file that is read whole. */
const maxArtifactBytes = 2 * 1024 * 1024 * 1024 - 1;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("model verify-artifact", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw usage("name one file");
    if (values.bundle === undefined) throw usage("--bundle FILE is needed");
    const trust = await readTrust(values);
    if (trust.method === "certificate") throw usage("a Sigstore bundle is verified with --identity or --key");
    const artifact = await readInput(file, maxArtifactBytes);
    const bundle = await readInput(values.bundle, maxBundleBytes);
    const full = trust.method === "key" ? { ...trust, root: await readSigstoreRoot(values) } : trust;
    const outcome = await tryVerify(() => verifyArtifact(artifact, bundle, full));
    const findings =
      "refused" in outcome ? [supplyFinding("signature/invalid", "critical", outcome.refused, { subject: file })] : [];
    const verdict = findings.length === 0 ? "verified" : "refused";
    if (values.json) io.stdout(`${JSON.stringify({ file, verdict, findings, ...outcome })}\n`);
    else if (values.sarif !== "-")
      io.stdout(
        `${verdict.toUpperCase().padEnd(9)} ${printable(file)}\n${[...whoLines(outcome), ...findingLines(findings)].join("\n")}\n`,
      );
    await writeSarif(values.sarif, findings, file, io);
    return verdict === "verified" ? 0 : 1;
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...trustOptions,
      bundle: { type: "string" },
      json: { type: "boolean", default: false },
      sarif: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

type Outcome = { readonly signer: Signer } | { readonly refused: string };

async function tryVerify(verify: () => Promise<Signer>): Promise<Outcome> {
  try {
    return { signer: await verify() };
  } catch (error) {
    if (!isCordonError(error, "SIGNATURE_INVALID")) throw error;
    return { refused: error.message };
  }
}

function whoLines(outcome: Outcome): string[] {
  if ("refused" in outcome) return [];
  const { signer } = outcome;
  return [
    `  signed by   ${printable(signer.identity ?? `key ${signer.keyDigest}`)}${signer.issuer === undefined ? "" : ` (${signer.issuer})`}`,
  ];
}
