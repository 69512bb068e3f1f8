/**
 * `cordon model sign MODEL`: makes an OMS v1.0 bundle. In: a model and a private key, with its certificate chain or
 * without. Out: the bundle beside the model; what was signed on stdout.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { hashTypes, type HashType } from "@cordon/control/supply/integrity/hash-file";
import { signModel, type SignModelOptions } from "@cordon/control/supply/signatures/sign-model";
import { readCertificates } from "@cordon/control/supply/signatures/trust";
import type { Io } from "../../io.ts";
import { guarded, printable, progress, readInput, writeOutput } from "../../supply/report.ts";
import { usage } from "../../supply/trust-options.ts";
import { defaultSignature } from "./verify.ts";

const help = `Usage: cordon model sign MODEL --key FILE [OPTIONS]

Signs a model, or a dataset, as an OpenSSF Model Signing (OMS v1.0) bundle.

  --key FILE           the private key in PEM (P-256, P-384 or P-521); an encrypted one needs --passphrase-file
  --passphrase-file F  the key's passphrase, in a file: never on the command line
  --certificate FILE   the certificate chain in PEM, the signer's first; makes a bundle of the certificate method
  --model NAME         what the model is called across versions, signed along
  --version N          its version, a whole number that only grows: verifiers refuse an older one
  --signature FILE     where to write the bundle (default: MODEL/model.sig, or MODEL.sig for a single file)
  --ignore PATH        a path in the model to leave unsigned, exactly; repeat for more. Verifiers report such files.
  --hash NAME          sha256 (default), blake2b or blake3
  --shard-bytes N      hash files in shards of N bytes
  --json               what was signed as one JSON object

Not built: keys behind PKCS#11, and signing with a Sigstore identity (use sigstore's own tools; both verify here).
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
    if (values.key === undefined) throw usage("--key FILE is needed");
    const signature = values.signature ?? defaultSignature(model);
    const signed = await signModel(model, {
      ...(await readOptions(values)),
      key: await readPrivateKey(values.key, values["passphrase-file"]),
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

/** A private key in PEM. @throws {CordonError} `SUPPLY_INPUT_INVALID`, `SUPPLY_INPUT_UNREADABLE` */
export async function readPrivateKey(file: string, passphraseFile: string | undefined): Promise<KeyObject> {
  const pem = await readInput(file, maxKeyFileBytes);
  const passphrase =
    passphraseFile === undefined ? undefined : (await readInput(passphraseFile, 4096)).toString().replace(/\r?\n$/, "");
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} holds no private key in PEM that opens this way`, { cause });
  }
}
