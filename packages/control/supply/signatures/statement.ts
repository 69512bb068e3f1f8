/**
 * The in-toto statement that a model's signature covers. In: the bytes of a payload whose signature has been verified.
 * Out: the manifest, or what is wrong with it (OMS v1.0, sections 5 and 8.3). Every limit on names is checked here, so
 * that nothing later touches a disk with a name that a stranger chose.
 */
import { z } from "zod";
import { hashTypes, digestBytes } from "../integrity/hash-file.ts";
import { ignorePathProblem, pathProblem } from "@cordon/core/supply/canonical-path";
import { maxModelFiles } from "../integrity/enumerate-files.ts";
import { rootDigest, type Manifest, type Resource } from "../integrity/manifest.ts";
import { firstIssue, parseForeignJson } from "./bundle.ts";
import { refuse } from "./refusal.ts";

export const statementType = "https://in-toto.io/Statement/v1";
export const predicateType = "https://model_signing/signature/v1.0";
/** Release 0.2.0 of the reference: deprecated, never made, verified only when asked for. */
export const legacyPredicateType = "https://model_signing/Digests/v0.1";

/** Cordon's own words in the subject's annotations, which the format leaves free and the signature covers. */
export const annotationNames = { model: "dev.cordon.model", version: "dev.cordon.version" } as const;

const hex = z.string().regex(/^[0-9a-f]+$/);

const resourceSchema = z.looseObject({ name: z.string().min(1), digest: hex, algorithm: z.string() });

const predicateSchema = z.strictObject({
  resources: z.array(resourceSchema).max(maxModelFiles),
  serialization: z.strictObject({
    method: z.enum(["files", "shards"]),
    hash_type: z.enum(hashTypes),
    allow_symlinks: z.boolean(),
    shard_size: z.number().int().positive().safe().optional(),
    ignore_paths: z.array(z.string().min(1)).max(10_000).optional(),
  }),
});

const subjectSchema = z.looseObject({
  name: z.string().min(1),
  digest: z.record(z.string(), hex).refine((set) => Object.keys(set).length > 0, "a digest is needed"),
  annotations: z.record(z.string(), z.unknown()).optional(),
});

const statementSchema = z.strictObject({
  _type: z.literal(statementType),
  subject: z.array(subjectSchema).length(1),
  predicateType: z.literal(predicateType),
  predicate: predicateSchema,
});

const legacySchema = z.looseObject({
  _type: z.literal(statementType),
  subject: z.array(subjectSchema).min(1).max(maxModelFiles),
  predicateType: z.literal(legacyPredicateType),
});

/** What a statement says, checked for form; whether a model is that is another question. */
export interface SignedManifest extends Manifest {
  readonly format: "1.0" | "0.2.0";
  readonly subjectName: string;
  /** SHA-256 over the digests of all resources; lower-case hex. */
  readonly rootDigest: string;
  /** The name and version that the signer gave the model, where it gave them. */
  readonly model: string | undefined;
  readonly version: number | undefined;
}

/**
 * Reads a statement.
 *
 * @param options `legacy` lets the deprecated layout of release 0.2.0 pass
 * @throws {CordonError} `SIGNATURE_INVALID`
 */
export function parseStatement(payload: Uint8Array, options: { readonly legacy: boolean }): SignedManifest {
  const json = parseForeignJson(payload, "statement");
  if (
    typeof json === "object" &&
    json !== null &&
    "predicateType" in json &&
    json["predicateType"] === legacyPredicateType
  )
    return parseLegacy(json, options.legacy);
  const parsed = statementSchema.safeParse(json);
  if (!parsed.success) throw refuse(`the statement is not one of model signing: ${firstIssue(parsed.error)}`);
  const [subject] = parsed.data.subject;
  if (subject === undefined) throw refuse("the statement has no subject");
  const { resources, serialization } = parsed.data.predicate;
  const { shard_size: shardBytes, ignore_paths: ignorePaths, ...rest } = serialization;
  if ((serialization.method === "shards") !== (shardBytes !== undefined))
    throw refuse("the statement must give `shard_size` for shards, and only for them");
  checkResources(resources, serialization.hash_type, shardBytes);
  for (const path of ignorePaths ?? []) {
    const problem = ignorePathProblem(path);
    if (problem !== undefined) throw refuse(`the ignored path ${quoted(path)} is refused: ${problem}`);
  }
  const digest = rootDigest(resources);
  if (subject.digest["sha256"] !== digest) throw refuse("the statement's root digest is not that of its own resources");
  return {
    format: "1.0",
    subjectName: subject.name,
    rootDigest: digest,
    resources: resources.map(({ name, digest: value, algorithm }) => ({ name, digest: value, algorithm })),
    serialization: {
      ...rest,
      ...(shardBytes === undefined ? {} : { shard_size: shardBytes }),
      ...(ignorePaths === undefined ? {} : { ignore_paths: ignorePaths }),
    },
    ...readAnnotations(subject.annotations ?? {}),
  };
}

function parseLegacy(json: unknown, allowed: boolean): SignedManifest {
  if (!allowed)
    throw refuse(
      "the statement has the deprecated layout of release 0.2.0; ask for it, or have the model signed again",
    );
  const parsed = legacySchema.safeParse(json);
  if (!parsed.success) throw refuse(`the statement of release 0.2.0 is malformed: ${firstIssue(parsed.error)}`);
  const resources = parsed.data.subject.map(({ name, digest }): Resource => {
    const sha256 = digest["sha256"];
    if (sha256 === undefined || Object.keys(digest).length !== 1)
      throw refuse("a statement of release 0.2.0 is read with SHA-256 digests only");
    return { name, digest: sha256, algorithm: "sha256" };
  });
  checkResources(resources, "sha256", undefined);
  return {
    format: "0.2.0",
    subjectName: "model",
    rootDigest: rootDigest(resources),
    resources,
    serialization: { method: "files", hash_type: "sha256", allow_symlinks: false },
    model: undefined,
    version: undefined,
  };
}

function checkResources(
  resources: readonly Resource[],
  hashType: keyof typeof digestBytes,
  shardBytes: number | undefined,
): void {
  const seen = new Set<string>();
  for (const { name, digest, algorithm } of resources) {
    // Releases before 1.1 wrote the shard size into the algorithm's name.
    if (algorithm !== hashType && algorithm !== `${hashType}-sharded-${shardBytes}`)
      throw refuse(`the resource ${quoted(name)} is hashed with ${algorithm}, and the manifest says ${hashType}`);
    if (digest.length !== digestBytes[hashType] * 2)
      throw refuse(`the resource ${quoted(name)} has a digest of the wrong length`);
    const path = shardBytes === undefined ? name : parseShard(name)?.path;
    if (path === undefined) throw refuse(`the resource ${quoted(name)} names no byte range of a file`);
    // Releases before 1.1 called a model that is a single file `.`.
    const problem = path === "." ? undefined : pathProblem(path);
    if (problem !== undefined) throw refuse(`the resource ${quoted(name)} is refused: ${problem}`);
    // Two spellings of one name (NFC, NFD) are one file on some systems.
    const folded = name.normalize("NFC");
    if (seen.has(folded)) throw refuse(`the resource ${quoted(name)} is named twice`);
    seen.add(folded);
  }
}

export interface Shard {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** `path:start:end`, read from the end, because a path may hold colons. */
export function parseShard(name: string): Shard | undefined {
  const match = /^(.+):(0|[1-9]\d{0,15}):([1-9]\d{0,15})$/s.exec(name);
  if (match === null) return undefined;
  const [, path = "", start = "", end = ""] = match;
  return Number(start) < Number(end) ? { path, start: Number(start), end: Number(end) } : undefined;
}

function readAnnotations(annotations: Readonly<Record<string, unknown>>): {
  readonly model: string | undefined;
  readonly version: number | undefined;
} {
  const model = annotations[annotationNames.model];
  const version = annotations[annotationNames.version];
  if (model !== undefined && (typeof model !== "string" || model === "" || model.length > 256))
    throw refuse(`the annotation ${annotationNames.model} is not a name`);
  if (version !== undefined && (typeof version !== "number" || !Number.isSafeInteger(version) || version < 0))
    throw refuse(`the annotation ${annotationNames.version} is not a whole number`);
  return { model, version };
}

/** A stranger's text inside a message: short, and without control characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 119)}…` : text);
}
