/**
 * The part of the local API that administers the trust domain's own authority, as both of its ends read it. Requests are
 * read strictly, answers leniently, as in `local-api.ts`.
 */
import { z } from "zod";

const instant = z.number().int();
/** An authority's short id, or the SHA-256 of its public key. */
const authorityId = z.string().regex(/^[0-9a-f]{8,64}$/, "must be an id that `cordon identity authority list` shows");

/** `POST /v1/authority/prepare` */
export const prepareRequest = z.strictObject({ kind: z.enum(["x509", "jwt"]) });

/** `POST /v1/authority/activate` and `/v1/authority/taint`; `now`: without waiting until verifiers know the successor. */
export const authorityRequest = z.strictObject({ id: authorityId, now: z.boolean().default(false) });

/** `POST /v1/authority/retire` */
export const retireRequest = z.strictObject({ id: authorityId });

/** `POST /v1/authority/delegations`: certifies an authority that a mesh holds the key of. */
export const delegationRequest = z.strictObject({
  name: z.string().min(1).max(63),
  /** PKCS#10, PEM. */
  csr: z.string().min(1).max(16_384),
  ttlSeconds: z.number().int().min(60).max(315_360_000),
});

export const delegationResponse = z.object({
  id: z.string(),
  keyFingerprint: z.string(),
  /** PEM: the new authority, then what stands between it and the root. */
  chain: z.string(),
  /** PEM. */
  root: z.string(),
  notAfter: instant,
});

const authorityView = z.object({
  id: z.string(),
  state: z.string(),
  keyFingerprint: z.string(),
  notBefore: instant,
  notAfter: instant,
  activeFrom: instant,
  /** Nothing that it signed is valid after this; absent when it has signed nothing. */
  signedUntil: instant.optional(),
  upstream: z.boolean().optional(),
  root: z.string().optional(),
});

/** `GET /v1/authority`, and the answer to each change. */
export const authoritiesResponse = z.object({
  trustDomain: z.string(),
  sequence: z.number().int().nonnegative(),
  /** Roots: what the bundle publishes. */
  x509: z.array(authorityView),
  issuers: z.array(authorityView),
  jwt: z.array(authorityView),
  delegated: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      keyFingerprint: z.string(),
      notAfter: instant,
      root: z.string(),
    }),
  ),
});

export type PrepareRequest = z.input<typeof prepareRequest>;
export type AuthorityRequest = z.input<typeof authorityRequest>;
export type RetireRequest = z.input<typeof retireRequest>;
export type DelegationRequest = z.input<typeof delegationRequest>;
export type DelegationResponse = z.infer<typeof delegationResponse>;
export type AuthoritiesResponse = z.infer<typeof authoritiesResponse>;
