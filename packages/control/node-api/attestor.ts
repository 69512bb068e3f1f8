/**
 * Node attestation: how a machine proves which node it is, the first time. One plug-in shape for every way. Built in:
 * join token, X.509, Kubernetes and Google Compute Engine. A TPM's quote or another cloud's instance document would be one
 * more `NodeAttestor`; they are not built.
 */
import type { Attestation } from "@cordon/core/contract/node-api";
import type { Instant } from "@cordon/core/instant";

export interface NodeEvidence<K extends Attestation["kind"] = Attestation["kind"]> {
  readonly attestation: Extract<Attestation, { kind: K }>;
  /** The signing request that came with it, as sent: evidence may be bound to it. */
  readonly csr: string;
  readonly now: Instant;
}

export interface NodeAttestor<K extends Attestation["kind"] = Attestation["kind"]> {
  readonly kind: K;
  /**
   * Judges evidence.
   *
   * @returns the node's name, as the evidence alone proves it; `once` where others on the machine could have the same
   * evidence, so that it must not replace the key of a node that is enrolled
   * @throws {CordonError} `ACCESS_DENIED` in words that do not help an attacker
   */
  attest(evidence: NodeEvidence<K>): Promise<{ readonly node: string; readonly once?: true }>;
}
