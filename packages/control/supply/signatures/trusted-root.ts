/**
 * The Sigstore authorities that may vouch for a signer. In: a `trusted_root.json`, the operator's or the one pinned here.
 * Out: trust material for the verifier, with the digest of the file it came from. Nothing is ever fetched: whoever runs
 * Cordon decides when the root changes.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toTrustMaterial, type KeyFinderFunc, type TrustMaterial } from "@sigstore/verify";
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";
import { firstIssue, parseForeignJson } from "./bundle.ts";

export interface SigstoreRoot {
  readonly material: TrustMaterial;
  /** Lower-case hex SHA-256 of the file. */
  readonly digest: string;
}

const period = z.looseObject({
  start: z.iso.datetime({ offset: true }),
  end: z.iso.datetime({ offset: true }).optional(),
});
const log = z.looseObject({
  publicKey: z.looseObject({ rawBytes: z.string().min(1), keyDetails: z.string(), validFor: period }),
  logId: z.looseObject({ keyId: z.string().min(1) }),
});
const authority = z.looseObject({
  certChain: z.looseObject({ certificates: z.array(z.looseObject({ rawBytes: z.string().min(1) })).min(1) }),
  validFor: period,
});

/** A key or authority without a start of validity would be trusted for all time: the library reads it so, we do not. */
const rootSchema = z.looseObject({
  mediaType: z.string().regex(/^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=0\.1|\.v0\.[12]\+json)$/),
  tlogs: z.array(log).min(1).max(64),
  certificateAuthorities: z.array(authority).min(1).max(64),
  ctlogs: z.array(log).max(64).optional(),
  timestampAuthorities: z.array(authority).max(64).optional(),
});

/** A trusted root is some kilobytes. */
const maxRootBytes = 1024 * 1024;

/**
 * Reads a trusted root.
 *
 * @param bytes a `trusted_root.json`
 * @param keys finds the key of a bundle that is signed by a managed key
 * @throws {CordonError} `SUPPLY_INPUT_INVALID`
 */
export function parseTrustedRoot(bytes: Uint8Array, keys?: KeyFinderFunc): SigstoreRoot {
  if (bytes.length > maxRootBytes) throw invalid(`it is longer than ${maxRootBytes} bytes`);
  let json: unknown;
  try {
    json = parseForeignJson(bytes, "trusted root");
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
  const parsed = rootSchema.safeParse(json);
  if (!parsed.success) throw invalid(firstIssue(parsed.error));
  try {
    const material = toTrustMaterial(TrustedRoot.fromJSON(json), keys);
    return { material, digest: createHash("sha256").update(bytes).digest("hex") };
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
}

/**
 * The root of Sigstore's public instance, as `@sigstore/tuf` 5.0.1 ships it (`seeds.json`, target `trusted_root.json`).
 * Change it together with its digest.
 */
export const publicGoodRootDigest = "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66";

/** The pinned root of Sigstore's public instance. @throws {CordonError} `SUPPLY_INPUT_INVALID` when it was tampered with */
export function publicGoodRoot(keys?: KeyFinderFunc): SigstoreRoot {
  const bytes = readFileSync(new URL("./public-good-trusted-root.json", import.meta.url));
  const root = parseTrustedRoot(bytes, keys);
  if (root.digest !== publicGoodRootDigest) throw invalid("the pinned file was changed");
  return root;
}

function invalid(why: string, cause?: unknown): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `the Sigstore trusted root is refused: ${why}`, { cause });
}
