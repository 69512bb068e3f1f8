/**
 * How this node proves itself the first time. In: a join token, a certificate with its key, a projected service account
 * token, or a cloud's metadata server. Out: the evidence that goes with a signing request, and which authorities to know the control plane by.
 */
import { createPrivateKey, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { x509Challenge, type Attestation } from "@cordon/core/contract/node-api";
import { CordonError } from "@cordon/core/errors";
import { parseBundle } from "@cordon/core/identity/bundle";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { parseJoinToken } from "@cordon/core/identity/join-token";
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { askMetadataServer } from "./gce-metadata.ts";

/** What the agent was started with. */
export type NodeProof =
  | { readonly kind: "join-token"; readonly token: string }
  | { readonly kind: "x509"; readonly certFile: string; readonly keyFile: string; readonly bundleFile: string }
  | { readonly kind: "kubernetes"; readonly tokenFile: string; readonly bundleFile: string }
  | { readonly kind: "gce"; readonly audience: string; readonly bundleFile: string };

/** The part of a bundle that we were told to trust. @throws {CordonError} `SVID_UNTRUSTED` when none of it is */
export async function trustedPart(proof: NodeProof, offered: TrustBundle): Promise<TrustBundle> {
  const x509Authorities =
    proof.kind === "join-token" ? pinned(proof.token, offered) : await listed(proof.bundleFile, offered);
  if (x509Authorities.length === 0)
    throw new CordonError(
      "SVID_UNTRUSTED",
      `the control plane of ${offered.trustDomain} is not the one this node was told of (another root certificate). ` +
        "Nothing was sent. Get a new join token or bundle from the right one.",
    );
  return { ...offered, x509Authorities };
}

export async function evidenceOf(proof: NodeProof, trustDomain: TrustDomain, csr: string): Promise<Attestation> {
  switch (proof.kind) {
    case "join-token":
      return { kind: "join-token", token: proof.token };
    case "x509": {
      const key = createPrivateKey(await readText(proof.keyFile));
      const chain = derOf(await readText(proof.certFile)).map((der) => Buffer.from(der).toString("base64"));
      const signature = sign("sha256", x509Challenge(trustDomain, csr), key).toString("base64");
      return { kind: "x509", chain, signature };
    }
    case "kubernetes":
      return { kind: "kubernetes", token: (await readText(proof.tokenFile)).trim() };
    case "gce":
      return { kind: "gce", token: await askMetadataServer(proof.audience, process.env["GCE_METADATA_HOST"]) };
  }
}

function pinned(token: string, { x509Authorities }: TrustBundle): readonly Uint8Array[] {
  const { pins } = parseJoinToken(token);
  return x509Authorities.filter((der) => pins.has(sha256Hex(der)));
}

/** Roots that the given file holds too: PEM, or a SPIFFE bundle (JSON). */
async function listed(file: string, offered: TrustBundle): Promise<readonly Uint8Array[]> {
  const text = await readText(file);
  const given = text.trimStart().startsWith("{")
    ? parseBundle(offered.trustDomain, Buffer.from(text)).x509Authorities
    : derOf(text);
  const known = new Set(given.map((der) => sha256Hex(der)));
  return offered.x509Authorities.filter((der) => known.has(sha256Hex(der)));
}

/** The certificates of a PEM text, as DER. */
export function derOf(pem: string): readonly Uint8Array[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)].map((match) =>
    Buffer.from(match[1] ?? "", "base64"),
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CordonError("USAGE", `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}
