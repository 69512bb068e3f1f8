/**
 * `cordon model sign MODEL`: makes an OMS v1.0 bundle. In: a model and a private key, with its certificate chain or
 * without. Out: the bundle beside the model; what was signed on stdout.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { hashTypes, type HashType } from "@cordon/control/supply/integrity/hash-file";
import { signModel, type SignModelOptions } from "@cordon/control/supply/signatures/sign-model";
import { readCertificates } from "@cordon/control/supply/signatures/trust";
import type { Io } from "../../io.ts";
import { guarded, printable, progress, readInput, writeOutput } from "../../supply/report.ts";
import { readSigningKey } from "../../supply/signing-key.ts";
import { usage } from "../../supply/trust-options.ts";
import { defaultSignature } from "./verify.ts";

const help = `Usage: cordon model sign MODEL --key KEY [OPTIONS]

Signs a model, or a dataset, as an OpenSSF Model Signing (OMS v1.0) bundle.

  --key KEY            the private key (P-256, P-384 or P-521): a PEM file, or a key in a security module by its URI,
                       pkcs11:token=NAME;object=NAME?module-path=/PATH.so&pin-source=/PATH (quote it)
  --passphrase-file F  the passphrase of an encrypted PEM file, in a file: never on the command line
  --certificate FILE   the certificate chain in PEM, the signer's first; makes a bundle of the certificate method
  --model NAME         what the model is called across versions, signed along
  --version N          its version, a whole number that only grows: verifiers refuse an older one
  --signature FILE     where to write the bundle (default: MODEL/model.sig, or MODEL.sig for a single file)
  --ignore PATH        a path in the model to leave unsigned, exactly; repeat for more. Verifiers report such files.
  --hash NAME          sha256 (default), blake2b or blake3
  --shard-bytes N      hash files in shards of N bytes
  --json               what was signed as one JSON object

Signing with a Sigstore identity needs Sigstore's services, so it is not done here: use its own tools. It verifies here.
Exit code: 0 signed, 2 the model or the key cannot be used, or the command is wrong.
`;

const maxKeyFileBytes = 1024 * 1024;

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return guarded("model sign", io, async () => {
    const { values, positionals } = parse(args);
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    const [model, ...more] = positionals;
    if (model === undefined || more.length > 0) throw usage("name one model");
    if (values.key === undefined) throw usage("--key is needed: a PEM file, or a pkcs11: URI");
    const signature = values.signature ?? defaultSignature(model);
    await using key = await readSigningKey(values.key, values["passphrase-file"]);
    const signed = await signModel(model, {
      ...(await readOptions(values)),
      key,
      exclude: [resolve(signature)],
      onBytes: progress("hashing", io),
    });
    await writeOutput(signature, signed.bundle);
    const summary = {
      signature,
      subject: signed.subjectName,
      rootDigest: signed.rootDigest,
      resources: signed.manifest.resources.length,
    };
    io.stdout(
      values.json
        ? `${JSON.stringify(summary)}\n`
        : `SIGNED  ${printable(model)}\n  root digest sha256:${signed.rootDigest}\n  resources   ${summary.resources}\n  bundle      ${printable(signature)}\n`,
    );
    return 0;
  });
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      key: { type: "string" },
      "passphrase-file": { type: "string" },
      certificate: { type: "string" },
      model: { type: "string" },
      version: { type: "string" },
      signature: { type: "string" },
      ignore: { type: "string", multiple: true },
      hash: { type: "string" },
      "shard-bytes": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

async function readOptions(values: ReturnType<typeof parse>["values"]): Promise<Omit<SignModelOptions, "key">> {
  const version = wholeNumber("--version", values.version, 0);
  const shardBytes = wholeNumber("--shard-bytes", values["shard-bytes"], 1);
  if (version !== undefined && values.model === undefined) throw usage("--version goes with --model");
  const hashType = hashTypes.find((type) => type === values.hash);
  if (values.hash !== undefined && hashType === undefined)
    throw usage(`--hash ${values.hash}: one of ${hashTypes.join(", ")}`);
  return {
    ignore: values.ignore ?? [],
    ...(hashType === undefined ? {} : { hashType: hashType satisfies HashType }),
    ...(shardBytes === undefined ? {} : { shardBytes }),
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(version === undefined ? {} : { version }),
    ...(values.certificate === undefined
      ? {}
      : { chain: readCertificates(await readInput(values.certificate, maxKeyFileBytes), values.certificate) }),
  };
}

function wholeNumber(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least)) throw usage(`${name} ${text}: a whole number from ${least} is expected`);
  return value;
}
