/**
 * A single file and its Sigstore bundle: what cosign, npm provenance and PyPI attestations make. In: the file's bytes, the
 * bundle, the exact identity or key that must have signed. Out: the signer, or `SIGNATURE_INVALID`. For an attestation
 * (DSSE) the file must be one of the statement's subjects.
 */
import { createHash, type KeyObject } from "node:crypto";
import { z } from "zod";
import { firstIssue, parseForeignJson } from "./bundle.ts";
import { refuse } from "./refusal.ts";
import type { Signer, Trust } from "./trust.ts";
import type { SigstoreRoot } from "./trusted-root.ts";
import { readBundle, verifyManagedKey, verifySigstore } from "./verify-sigstore.ts";

export type ArtifactTrust =
  | Extract<Trust, { readonly method: "sigstore" }>
  /** A key of the caller's own; the log and its time are still verified under `root`. */
  | { readonly method: "key"; readonly key: KeyObject; readonly root: SigstoreRoot };

const subjects = z.looseObject({
  subject: z.array(z.looseObject({ digest: z.record(z.string(), z.string()) })).max(100_000),
});

/** Verifies. @throws {CordonError} `SIGNATURE_INVALID` */
export async function verifyArtifact(artifact: Buffer, bundle: Uint8Array, trust: ArtifactTrust): Promise<Signer> {
  const json = parseForeignJson(bundle, "bundle");
  const parsed = readBundle(json);
  const signer =
    trust.method === "sigstore"
      ? verifySigstore(json, trust, artifact)
      : verifyManagedKey(json, trust.key, trust.root.material, artifact);
  if (parsed.content.$case === "dsseEnvelope") checkSubject(artifact, parsed.content.dsseEnvelope.payload);
  return signer;
}

function checkSubject(artifact: Buffer, payload: Uint8Array): void {
  const statement = subjects.safeParse(parseForeignJson(payload, "statement"));
  if (!statement.success) throw refuse(`the attestation is no in-toto statement: ${firstIssue(statement.error)}`);
  const digests: Readonly<Record<string, string>> = {
    sha256: createHash("sha256").update(artifact).digest("hex"),
    sha512: createHash("sha512").update(artifact).digest("hex"),
  };
  const named = statement.data.subject.some(({ digest }) => {
    const known = Object.keys(digests).filter((name) => Object.hasOwn(digest, name));
    return known.length > 0 && known.every((name) => digest[name] === digests[name]);
  });
  if (!named) throw refuse("the attestation stands, and is about another file");
}
