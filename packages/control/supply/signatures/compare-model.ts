/**
 * Whether the files on a disk are the ones in a manifest. In: the signed manifest and a model's path. Out: every
 * difference as a finding, what was left unsigned, and the files that stand (OMS v1.0, sections 8.4 and 8.5). With a
 * content store, each file is hashed while it is copied there, so that what was checked is what gets loaded.
 */
import { compareCodePoints } from "@cordon/core/supply/canonical-path";
import { defaultIgnorePaths, enumerateModel, type ModelFile, type ModelFiles } from "../integrity/enumerate-files.ts";
import { hashFile, type FileDigest } from "../integrity/hash-file.ts";
import { describeFile, type Resource, type Serialization } from "../integrity/manifest.ts";
import type { ContentStore } from "../integrity/content-store.ts";
import { supplyFinding, type SupplyFinding } from "../finding.ts";
import { parseShard, quoted, type SignedManifest } from "./statement.ts";

export interface CompareOptions {
  /** Canonical paths that the caller leaves out of the comparison. */
  readonly ignore?: readonly string[];
  /** Files that no manifest names are reported but do not count against the model. */
  readonly allowUnsignedFiles?: boolean;
  /** Follow links inside the model where the signer did too. */
  readonly allowSymlinks?: boolean;
  /** Absolute paths of files that are not the model's: its signature. */
  readonly exclude?: readonly string[];
  readonly store?: ContentStore;
  readonly onBytes?: (bytes: number) => void;
}

export interface Comparison {
  /** Severities of `high` and above count against the model. */
  readonly findings: readonly SupplyFinding[];
  /** Present on the disk, and not what was signed: never load from them. */
  readonly unsigned: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** The verified files in the content store: path in the model, and SHA-256 of the content. */
  readonly stored: ReadonlyMap<string, string>;
}

/** Compares. @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` */
export async function compareModel(
  path: string,
  manifest: SignedManifest,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { serialization } = manifest;
  const signerIgnores = [...defaultIgnorePaths, ...(serialization.ignore_paths ?? [])];
  const model = await enumerateModel(path, {
    ignore: [...signerIgnores, ...(options.ignore ?? [])],
    exclude: options.exclude ?? [],
    followSymlinks: options.allowSymlinks === true && serialization.allow_symlinks,
  });
  const wanted = groupByFile(manifest, model);
  const compared = new FileComparison(serialization, options);
  const present = new Map([...model.files, ...model.ignored].map((file) => [file.path, file]));
  for (const [name, resources] of wanted) await compared.signedFile(name, resources, present.get(name));
  for (const file of model.files) if (!wanted.has(file.path)) compared.extraFile(file);
  for (const file of model.ignored) if (!wanted.has(file.path)) compared.ignoredFile(file, options.ignore ?? []);
  for (const oddity of model.oddities) compared.oddity(oddity.path, oddity.words);
  if (wanted.size === 0) compared.empty();
  return compared;
}

/** Resources by the file they belong to. A model that is a single file was called `.` before release 1.1. */
function groupByFile(manifest: SignedManifest, model: ModelFiles): Map<string, Resource[]> {
  const groups = new Map<string, Resource[]>();
  for (const resource of manifest.resources) {
    const named =
      manifest.serialization.method === "files" ? resource.name : (parseShard(resource.name)?.path ?? resource.name);
    const path = named === "." ? soleFile(manifest, model) : named;
    const group = groups.get(path);
    if (group === undefined) groups.set(path, [resource]);
    else group.push(resource);
  }
  return groups;
}

function soleFile(manifest: SignedManifest, model: ModelFiles): string {
  return model.kind === "file" ? model.name : manifest.subjectName;
}

class FileComparison implements Comparison {
  readonly findings: SupplyFinding[] = [];
  readonly unsigned: string[] = [];
  readonly stored = new Map<string, string>();
  files = 0;
  bytes = 0;
  readonly #serialization: Serialization;
  readonly #options: CompareOptions;

  constructor(serialization: Serialization, options: CompareOptions) {
    this.#serialization = serialization;
    this.#options = options;
  }

  async signedFile(name: string, resources: readonly Resource[], file: ModelFile | undefined): Promise<void> {
    if (file === undefined) return this.#against("integrity/missing-file", name, "it is signed for and not there");
    const digest = await this.#hash(file);
    this.files += 1;
    this.bytes += digest.bytes;
    const found = describeFile(name, digest, this.#serialization);
    if (!sameDigests(found, resources))
      this.#against("integrity/changed-file", name, "its bytes are not the ones that were signed");
  }

  extraFile(file: ModelFile): void {
    // A file of no bytes has no shards, so a sharded manifest cannot name it.
    if (this.#serialization.method === "shards" && file.bytes === 0) {
      this.findings.push(
        supplyFinding("signature/empty-file", "info", `${file.path} is empty, and shards say nothing of it`, {
          subject: file.path,
        }),
      );
      return;
    }
    this.unsigned.push(file.path);
    this.findings.push(
      supplyFinding(
        "signature/unsigned-file",
        this.#options.allowUnsignedFiles === true ? "medium" : "high",
        `${quoted(file.path)} is in the model's folder and nobody signed it: remove it, or have the model signed again`,
        { subject: file.path },
      ),
    );
  }

  ignoredFile(file: ModelFile, byCaller: readonly string[]): void {
    this.unsigned.push(file.path);
    const who = byCaller.some((path) => file.path === path || file.path.startsWith(`${path}/`)) ? "caller" : "signer";
    this.findings.push(
      supplyFinding(
        "signature/ignored-file",
        "low",
        `${quoted(file.path)} is there, unsigned, because the ${who} ignores it: nothing may load it`,
        { subject: file.path },
      ),
    );
  }

  oddity(path: string, why: string): void {
    this.#against("integrity/path", path, why);
  }

  empty(): void {
    this.#against("integrity/empty-model", "", "the manifest names no file, so there is no model");
  }

  async #hash(file: ModelFile): Promise<FileDigest> {
    const { hash_type: type, shard_size: shardBytes } = this.#serialization;
    const { store, onBytes } = this.#options;
    const how = {
      type,
      ...(shardBytes === undefined ? {} : { shardBytes }),
      ...(onBytes === undefined ? {} : { onBytes }),
    };
    if (store === undefined) return hashFile(file.absolute, how);
    const { digest, blob } = await store.take(file.absolute, how);
    this.stored.set(file.path, blob);
    return digest;
  }

  #against(rule: string, subject: string, why: string): void {
    this.findings.push(supplyFinding(rule, "high", subject === "" ? why : `${quoted(subject)}: ${why}`, { subject }));
  }
}

function sameDigests(found: readonly Resource[], signed: readonly Resource[]): boolean {
  if (found.length !== signed.length) return false;
  const byName = (a: Resource, b: Resource): number => compareCodePoints(a.name, b.name);
  const ordered = signed.toSorted(byName);
  return found.toSorted(byName).every(({ name, digest }, index) => {
    const other = ordered[index];
    return (
      other !== undefined &&
      digest === other.digest &&
      (name === other.name || found.length === 1 || sameRange(name, other.name))
    );
  });
}

/** A single file called `.` has shards `.:0:8`; only the range has to agree. */
function sameRange(a: string, b: string): boolean {
  const [left, right] = [parseShard(a), parseShard(b)];
  return left !== undefined && right !== undefined && left.start === right.start && left.end === right.end;
}
