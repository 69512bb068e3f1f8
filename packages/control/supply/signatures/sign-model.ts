/**
 * Making an OMS v1.0 bundle. In: a model's path, a private key, its certificate chain where there is one. Out: the
 * bundle as JSON text, with the manifest that it covers. The key signs the statement and nothing else; it never touches
 * the bundle.
 */
import { CordonError } from "@cordon/core/errors";
import type { Certificate } from "@cordon/core/identity/certificate";
import type { SigningKey } from "../../keys/provider/key-provider.ts";
import { enumerateModel, defaultIgnorePaths, type ModelFiles } from "../integrity/enumerate-files.ts";
import type { HashType } from "../integrity/hash-file.ts";
import { ignorePathProblem } from "@cordon/core/supply/canonical-path";
import { makeManifest, rootDigest, type Manifest, type Serialization } from "../integrity/manifest.ts";
import { bundleMediaType, payloadType } from "./bundle.ts";
import { signDsse } from "./dsse.ts";
import { annotationNames, predicateType, statementType } from "./statement.ts";
import { keyDigest, keyHint } from "./trust.ts";

export interface SignModelOptions {
  /** In a file or a security module. */
  readonly key: SigningKey;
  /** Leaf first; makes a bundle of the certificate method. Roots may be left out. */
  readonly chain?: readonly Certificate[];
  readonly hashType?: HashType;
  /** Bytes in a shard; absent for one digest a file. */
  readonly shardBytes?: number;
  readonly ignore?: readonly string[];
  /** Absolute path of the signature's own file. */
  readonly exclude?: readonly string[];
  /** What the model is called across versions, and its version, for rollback protection. */
  readonly model?: string;
  readonly version?: number;
  readonly onBytes?: (bytes: number) => void;
}

export interface SignedModel {
  /** The bundle, ready to be written. */
  readonly bundle: string;
  readonly manifest: Manifest;
  readonly rootDigest: string;
  readonly subjectName: string;
}

/**
 * Signs a model (OMS v1.0, section 6).
 *
 * @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`; `SUPPLY_INPUT_INVALID` for links, special files, bad names, an empty
 *   model, or a chain that is not the key's
 */
export async function signModel(path: string, options: SignModelOptions): Promise<SignedModel> {
  const { manifest, subjectName } = await describeModel(path, options); // 6.1 to 6.4
  const digest = rootDigest(manifest.resources); // 6.5
  const statement = {
    _type: statementType,
    subject: [{ name: subjectName, digest: { sha256: digest }, ...annotations(options) }],
    predicateType,
    predicate: manifest,
  };
  const payload = Buffer.from(JSON.stringify(statement)); // 6.6
  const bundle = {
    mediaType: bundleMediaType, // 6.8
    verificationMaterial: { ...material(options), tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType,
      signatures: [{ sig: (await signDsse(payload, options.key)).toString("base64") }], // 6.7
    },
  };
  return { bundle: `${JSON.stringify(bundle, undefined, 2)}\n`, manifest, rootDigest: digest, subjectName };
}

/** What a model's files are, in canonical form; nothing is signed. The same errors as {@link signModel}. */
export async function describeModel(
  path: string,
  options: Omit<SignModelOptions, "key">,
): Promise<{ readonly manifest: Manifest; readonly subjectName: string; readonly bytes: number }> {
  const ignore = [...new Set([...defaultIgnorePaths, ...(options.ignore ?? [])])].toSorted();
  for (const entry of ignore) {
    const problem = ignorePathProblem(entry);
    if (problem !== undefined) throw invalid(`the ignored path ${entry} is refused: ${problem}`);
  }
  const model = await enumerateModel(path, { ignore, exclude: options.exclude ?? [] });
  refuseOddities(model, path);
  const serialization: Serialization = {
    method: options.shardBytes === undefined ? "files" : "shards",
    hash_type: options.hashType ?? "sha256",
    allow_symlinks: false,
    ...(options.shardBytes === undefined ? {} : { shard_size: options.shardBytes }),
    ignore_paths: ignore,
  };
  const manifest = await makeManifest(model.files, serialization, options.onBytes);
  if (manifest.resources.length === 0) throw invalid(`${path} holds no file to sign`);
  return { manifest, subjectName: model.name, bytes: model.files.reduce((sum, file) => sum + file.bytes, 0) };
}

function refuseOddities(model: ModelFiles, path: string): void {
  const [first] = model.oddities;
  if (first === undefined) return;
  const more = model.oddities.length > 1 ? ` (and ${model.oddities.length - 1} more)` : "";
  throw invalid(`${path}: ${JSON.stringify(first.path)} cannot be signed: ${first.words}${more}; remove or ignore it`);
}

function annotations({ model, version }: SignModelOptions): { readonly annotations?: Record<string, string | number> } {
  if (model === undefined && version === undefined) return {};
  return {
    annotations: {
      ...(model === undefined ? {} : { [annotationNames.model]: model }),
      ...(version === undefined ? {} : { [annotationNames.version]: version }),
    },
  };
}

function material({ key, chain }: SignModelOptions): Record<string, unknown> {
  const { publicKey } = key;
  const [leaf] = chain ?? [];
  if (chain === undefined || leaf === undefined) return { publicKey: { hint: keyHint(publicKey) } };
  if (leaf.keyFingerprint !== keyDigest(publicKey))
    throw invalid("the first certificate of the chain is not the signing key's");
  return {
    x509CertificateChain: {
      certificates: chain.map(({ der }) => ({ rawBytes: Buffer.from(der).toString("base64") })),
    },
  };
}

function invalid(why: string): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", why);
}
