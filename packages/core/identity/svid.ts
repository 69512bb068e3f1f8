/** The values of a workload's identity, as the SPIFFE standards name them. */
import type { KeyObject } from "node:crypto";
import type { Instant } from "../instant.ts";
import type { SpiffeId } from "./spiffe-id.ts";

/** An X.509-SVID with its private key: what a workload presents. */
export interface X509Svid {
  readonly id: SpiffeId;
  /** DER certificates, leaf first, without the trust anchor. */
  readonly chain: readonly Uint8Array[];
  readonly key: KeyObject;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/** What is left of a peer's SVID once it has been verified: who, and by which proof. */
export interface VerifiedSvid {
  readonly id: SpiffeId;
  /** Lower-case hex SHA-256 of the leaf certificate (DER), or of the token. */
  readonly fingerprint: string;
  /**
   * The fingerprint that the same SVID has with its signature's twin; absent where the algorithm has none. Whoever
   * looks an SVID up by fingerprint looks for both (`identity/revocation.ts`).
   */
  readonly twinFingerprint?: string;
  /** Lower-case hex SHA-256 of the leaf's SubjectPublicKeyInfo (DER); absent for a token. */
  readonly keyFingerprint?: string;
  /**
   * What it stands under: SHA-256 of the public key and of the certificate of each authority above it (the anchor's
   * included), or of the public key that signed the token. Lower-case hex.
   */
  readonly authorities: readonly string[];
  readonly notAfter: Instant;
}

/** Where a process gets its own identity from: always the newest SVID, rotated behind the scenes. */
export interface IdentitySource {
  current(): X509Svid;
  /** Calls back after each rotation; returns the way to stop. */
  onRotate(listener: (svid: X509Svid) => void): () => void;
}
