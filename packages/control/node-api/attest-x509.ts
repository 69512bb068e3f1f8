/**
 * Nodes that have a certificate already: a machine's own, from provisioning. In: the authorities that certify nodes. Out:
 * the attestor. The node's name is the certificate's first DNS name; the proof is a signature over the signing request,
 * so that a recorded proof is good for nothing but the key it was made for.
 */
import { verify } from "node:crypto";
import { x509Challenge } from "@cordon/core/contract/node-api";
import { isNodeName } from "@cordon/core/contract/registration-schema";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { parseCertificate, publicKeyOf, type Certificate } from "@cordon/core/identity/certificate";
import { buildPath, checkUnderstood, validityProblem } from "@cordon/core/identity/path";
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { NodeAttestor } from "./attestor.ts";

const maxAuthorities = 64;

/** @param readAuthorities the PEM text of the authorities, read again at each attestation: they may be replaced */
export function x509Attestor(trustDomain: TrustDomain, readAuthorities: () => Promise<string>): NodeAttestor<"x509"> {
  return {
    kind: "x509",
    async attest({ attestation, csr, now }) {
      const anchors = parsePem(await readAuthorities());
      try {
        const [leaf, ...intermediates] = attestation.chain.map((der) => parseCertificate(Buffer.from(der, "base64")));
        if (leaf === undefined) throw refused("it is empty");
        const outOfTime = validityProblem(leaf, { now, clockSkewMs: 0 });
        if (outOfTime !== undefined) throw refused(`it ${outOfTime}`);
        checkUnderstood(leaf, "the node's certificate");
        if (leaf.keyRefused !== undefined) throw refused(leaf.keyRefused);
        if (leaf.extensions.basicConstraints?.ca === true) throw refused("it is an authority's");
        buildPath(leaf, intermediates, anchors, { now, clockSkewMs: 0 });
        const signature = Buffer.from(attestation.signature, "base64");
        if (!verify("sha256", x509Challenge(trustDomain, csr), publicKeyOf(leaf), signature))
          throw refused("the request is not signed by its key");
        return { node: nodeNameOf(leaf) };
      } catch (error) {
        if (isCordonError(error, "ACCESS_DENIED")) throw error;
        throw isCordonError(error) ? refused(error.message, error) : error;
      }
    },
  };
}

function nodeNameOf(leaf: Certificate): string {
  const names = leaf.extensions.subjectAltName?.names ?? [];
  const name = names.flatMap((one) => (one.kind === "dns" ? [one.value] : []))[0];
  if (name === undefined || !isNodeName(name)) throw refused("it has no DNS name that can be a node's name");
  return name;
}

function parsePem(text: string): readonly Certificate[] {
  const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0 || blocks.length > maxAuthorities)
    throw new CordonError("CONFIG_INVALID", `agents.x509.caFile holds ${blocks.length} certificates, not 1 to 64`);
  return blocks.map((block) => parseCertificate(Buffer.from(block[1] ?? "", "base64")));
}

function refused(why: string, cause?: unknown): CordonError {
  return new CordonError("ACCESS_DENIED", `the node's certificate is refused: ${why}`, { cause });
}
