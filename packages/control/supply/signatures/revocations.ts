/**
 * What was signed and is not to be trusted any more. In: a revocation list that the operator keeps. Out: whether a
 * signer or a model is on it. The format has none of its own, and no signature here expires by itself.
 */
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";
import { supplyFinding, type SupplyFinding } from "../finding.ts";
import { firstIssue } from "./bundle.ts";
import type { Signer } from "./trust.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const listSchema = z.strictObject({
  version: z.literal(1),
  /** When the list was made. */
  issued: z.iso.datetime({ offset: true }),
  revoked: z
    .array(
      z.discriminatedUnion("kind", [
        /** SHA-256 of a SubjectPublicKeyInfo: whoever signs with it. */
        z.strictObject({ kind: z.literal("key"), sha256, reason: z.string().min(1) }),
        z.strictObject({ kind: z.literal("certificate"), sha256, reason: z.string().min(1) }),
        z.strictObject({
          kind: z.literal("identity"),
          identity: z.string().min(1),
          issuer: z.string().min(1).optional(),
          reason: z.string().min(1),
        }),
        /** Root digest of one model. */
        z.strictObject({ kind: z.literal("model"), sha256, reason: z.string().min(1) }),
      ]),
    )
    .max(100_000),
});

export type RevocationList = z.infer<typeof listSchema>;

/** Reads a list. @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function parseRevocations(text: string, file: string): RevocationList {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = listSchema.safeParse(json);
  if (!parsed.success)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is no revocation list: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

/** The entries that hit this signer, an authority above it, or this model. A model that nobody signed has no signer. */
export function findRevocations(
  list: RevocationList,
  signer: Signer | undefined,
  rootDigest: string,
): readonly SupplyFinding[] {
  const above = signer?.authorities ?? [];
  return list.revoked
    .filter((entry) => {
      switch (entry.kind) {
        case "key":
          return entry.sha256 === signer?.keyDigest || above.some(({ key }) => key === entry.sha256);
        case "certificate":
          return (
            entry.sha256 === signer?.certificateDigest || above.some(({ certificate }) => certificate === entry.sha256)
          );
        case "identity":
          return entry.identity === signer?.identity && (entry.issuer ?? signer.issuer) === signer.issuer;
        case "model":
          return entry.sha256 === rootDigest;
      }
    })
    .map((entry) => supplyFinding("signature/revoked", "critical", `the ${entry.kind} was revoked: ${entry.reason}`));
}
