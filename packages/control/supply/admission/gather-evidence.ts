/**
 * Everything that is known of one model. In: a model's path, whom to trust, what the operator brings. Out: the evidence
 * that admission judges. The model is copied into a content store while its signature is verified, and every other room
 * looks at that copy: what was scanned, described and admitted is one and the same.
 */
import { createHash } from "node:crypto";
import { relative } from "node:path";
import type { Instant } from "@cordon/core/instant";
import { allComponents, propertyOf, viewBom, type AnyBom } from "../bom/bom-view.ts";
import { scoreBom } from "../bom/score-bom.ts";
import { validateBom } from "../bom/validate-bom.ts";
import { readCard } from "../cards/read-card.ts";
import { CordonError } from "@cordon/core/errors";
import { defaultIgnorePaths, enumerateModel } from "../integrity/enumerate-files.ts";
import { hashFile } from "../integrity/hash-file.ts";
import type { ContentStore } from "../integrity/content-store.ts";
import { rootDigest as digestOf } from "../integrity/manifest.ts";
import { scanPaths } from "../scan/scan-paths.ts";
import type { ScorecardReport } from "../scorecard/judge-scorecard.ts";
import type { Trust } from "../signatures/trust.ts";
import type { RevocationList } from "../signatures/revocations.ts";
import { verifyModel } from "../signatures/verify-model.ts";
import { verifySignature } from "../signatures/verify-signature.ts";
import type { VersionRecord } from "../signatures/versions.ts";
import type { AuditReport } from "../vulnerabilities/audit.ts";
import type { BomEvidence, ModelEvidence } from "./evidence.ts";

export interface GatherOptions {
  readonly now: Instant;
  readonly store: ContentStore;
  /** Monotonic clock, milliseconds. */
  readonly monotonic: () => number;
  /** Whose signature, and its bundle; absent for a model that nobody signed. */
  readonly signature?: { readonly trust: Trust; readonly bundle: Uint8Array; readonly file: string };
  readonly revocations?: RevocationList;
  readonly versions?: VersionRecord;
  readonly allowUnsignedFiles?: boolean;
  readonly bom?: { readonly bytes: Buffer; readonly file: string };
  readonly vulnerabilities?: AuditReport;
  readonly scorecard?: ScorecardReport;
  readonly onBytes?: (bytes: number) => void;
}

export interface Gathered {
  readonly evidence: ModelEvidence;
  /** The copy that was judged; absent when the signature was refused. */
  readonly copy: string | undefined;
}

/** Gathers. @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` */
export async function gatherEvidence(model: string, options: GatherOptions): Promise<Gathered> {
  const brought = {
    ...(options.vulnerabilities === undefined ? {} : { vulnerabilities: options.vulnerabilities }),
    ...(options.scorecard === undefined ? {} : { scorecard: options.scorecard }),
  };
  const { copy, rootDigest, name, ...signed } = await takeIn(model, options);
  if (copy === undefined) return { evidence: { name, rootDigest, files: new Map(), ...signed, ...brought }, copy };
  const files = await measure(copy);
  const resources =
    signed.signature === undefined || options.signature === undefined
      ? undefined
      : manifestOf(options.signature, options.now);
  const scan = [...scanPaths([copy], { now: options.monotonic })].map((report) => ({
    ...report,
    path: relative(copy, report.path),
  }));
  return {
    evidence: {
      name,
      rootDigest,
      files,
      scan,
      card: (await readCard(copy, resources)) ?? null,
      ...(options.bom === undefined ? {} : { bom: await judgeBomFile(options.bom, rootDigest, files) }),
      ...signed,
      ...brought,
    },
    copy,
  };
}

interface Taken extends Pick<ModelEvidence, "signature" | "name" | "rootDigest"> {
  readonly copy: string | undefined;
}

/** Into the store: under the signature where there is one, as it lies where there is none. */
async function takeIn(model: string, options: GatherOptions): Promise<Taken> {
  const { store, onBytes, signature: given } = options;
  const progress = onBytes === undefined ? {} : { onBytes };
  if (given !== undefined) {
    const signature = await verifyModel(model, given.bundle, {
      trust: given.trust,
      now: options.now,
      store,
      exclude: [given.file],
      allowUnsignedFiles: options.allowUnsignedFiles === true,
      ...(options.revocations === undefined ? {} : { revocations: options.revocations }),
      ...(options.versions === undefined ? {} : { versions: options.versions }),
      ...progress,
    });
    const name = signature.model ?? model.split("/").findLast((part) => part !== "") ?? model;
    return { signature, name, rootDigest: signature.rootDigest ?? "0".repeat(64), copy: signature.verifiedCopy };
  }
  const found = await enumerateModel(model, { ignore: defaultIgnorePaths });
  const [oddity] = found.oddities;
  if (oddity !== undefined)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${model}: ${JSON.stringify(oddity.path)}: ${oddity.words}`);
  const blobs = new Map<string, string>();
  for (const file of found.files)
    blobs.set(file.path, (await store.take(file.absolute, { type: "sha256", ...progress })).blob);
  const rootDigest = digestOf(
    found.files.map(({ path }) => ({ name: path, digest: blobs.get(path) ?? "", algorithm: "sha256" })),
  );
  return { name: found.name, rootDigest, copy: await store.view(rootDigest, blobs) };
}

/** SHA-256 of each file of the copy, which is named by it. */
async function measure(copy: string): Promise<ReadonlyMap<string, string>> {
  const { files } = await enumerateModel(copy);
  const digests = new Map<string, string>();
  for (const { path, absolute } of files)
    digests.set(path, (await hashFile(absolute, { type: "sha256" })).digests[0] ?? "");
  return digests;
}

function manifestOf({ bundle, trust }: NonNullable<GatherOptions["signature"]>, now: Instant) {
  return verifySignature(bundle, { trust, now }).manifest;
}

async function judgeBomFile(
  { bytes, file }: NonNullable<GatherOptions["bom"]>,
  rootDigest: string,
  files: ReadonlyMap<string, string>,
): Promise<BomEvidence> {
  const validity = await validateBom(bytes);
  if (validity.verdict !== "valid") {
    const why = validity.verdict === "invalid" ? validity.errors.slice(0, 3).join("; ") : validity.why;
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is no valid bill of materials: ${why}`);
  }
  const bom = viewBom(JSON.parse(bytes.toString("utf8")), file);
  return {
    digest: createHash("sha256").update(bytes).digest("hex"),
    aboutThisModel: isAbout(bom, rootDigest, files),
    score: scoreBom(bom),
  };
}

/** A model component that names the root digest, or the digest of a model that is one file. */
function isAbout(bom: AnyBom, rootDigest: string, files: ReadonlyMap<string, string>): boolean {
  const single = files.size === 1 ? [...files.values()] : [];
  return allComponents(bom)
    .filter(({ type }) => type === "machine-learning-model" || type === "data")
    .some(
      ({ hashes = [], properties }) =>
        propertyOf(properties, "cordon:model:rootDigest") === `sha256:${rootDigest}` ||
        hashes.some(({ content }) => content === rootDigest || single.includes(content)),
    );
}
