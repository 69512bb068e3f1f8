/**
 * Whether a model is the one that a trusted signer signed. In: a model's path, a bundle's bytes, whom to trust, and the
 * operator's records. Out: a verdict with its evidence: digests, signer, files, what is unsigned. This is the room's
 * door; `cordon model verify` and admission go through it.
 */
import { createHash } from "node:crypto";
import { isCordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { atLeast, supplyFinding, type SupplyFinding } from "../finding.ts";
import type { ContentStore } from "../integrity/content-store.ts";
import { compareModel, type CompareOptions } from "./compare-model.ts";
import { findRevocations, type RevocationList } from "./revocations.ts";
import type { Signer, Trust } from "./trust.ts";
import { verifySignature, type VerifiedSignature } from "./verify-signature.ts";
import { judgeVersion, type VersionRecord } from "./versions.ts";

export interface VerifyModelOptions extends CompareOptions {
  readonly trust: Trust;
  readonly now: Instant;
  readonly legacy?: boolean;
  readonly revocations?: RevocationList;
  readonly versions?: VersionRecord;
  readonly store?: ContentStore;
}

/** What was found out about a model's signature; other programs read it. */
export interface ModelVerdict {
  readonly verdict: "verified" | "refused";
  readonly findings: readonly SupplyFinding[];
  /** SHA-256 of the bundle's bytes. */
  readonly bundleDigest: string;
  readonly verifiedAt: Instant;
  /** Present once the signature stood. */
  readonly signer?: Signer;
  readonly rootDigest?: string;
  readonly model?: string;
  readonly version?: number;
  readonly files: number;
  readonly bytes: number;
  /** Present on the disk and not signed. */
  readonly unsigned: readonly string[];
  /** Folder with exactly the verified files, read-only, where a store was given. */
  readonly verifiedCopy?: string;
  /** The record to keep, where one was given and everything stood. */
  readonly versions?: VersionRecord;
}

/**
 * Verifies a model against its bundle.
 *
 * @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` where the model or an operator's file cannot be
 *   judged; a bad signature is a verdict, not an error
 */
export async function verifyModel(
  path: string,
  bundle: Uint8Array,
  options: VerifyModelOptions,
): Promise<ModelVerdict> {
  const base = { bundleDigest: createHash("sha256").update(bundle).digest("hex"), verifiedAt: options.now };
  const signed = trySignature(bundle, options);
  if ("finding" in signed)
    return { verdict: "refused", findings: [signed.finding], ...base, files: 0, bytes: 0, unsigned: [] };
  const { signer, manifest } = signed;
  const claim = { model: manifest.model, version: manifest.version, rootDigest: manifest.rootDigest };
  const version = options.versions === undefined ? undefined : judgeVersion(options.versions, claim);
  const compared = await compareModel(path, manifest, options);
  const findings = [
    ...(options.revocations === undefined ? [] : findRevocations(options.revocations, signer, manifest.rootDigest)),
    ...(version?.findings ?? []),
    ...compared.findings,
  ];
  const stands = !findings.some(({ severity }) => atLeast(severity, "high"));
  const copy =
    stands && options.store !== undefined ? await options.store.view(manifest.rootDigest, compared.stored) : undefined;
  return {
    verdict: stands ? "verified" : "refused",
    findings,
    ...base,
    signer,
    rootDigest: manifest.rootDigest,
    ...(manifest.model === undefined ? {} : { model: manifest.model }),
    ...(manifest.version === undefined ? {} : { version: manifest.version }),
    files: compared.files,
    bytes: compared.bytes,
    unsigned: compared.unsigned,
    ...(copy === undefined ? {} : { verifiedCopy: copy }),
    ...(stands && version !== undefined ? { versions: version.record } : {}),
  };
}

function trySignature(
  bundle: Uint8Array,
  options: VerifyModelOptions,
): VerifiedSignature | { readonly finding: SupplyFinding } {
  try {
    return verifySignature(bundle, options);
  } catch (error) {
    if (!isCordonError(error, "SIGNATURE_INVALID")) throw error;
    return { finding: supplyFinding("signature/invalid", "critical", error.message) };
  }
}
