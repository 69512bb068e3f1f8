/**
 * The control plane's local API, as both of its ends read it: the shapes of `control/api` (server) and
 * `agent/run/control-client.ts` (client). Requests are read strictly (an unknown field is an error); answers are read
 * leniently (a newer control plane may say more).
 */
import { z } from "zod";

/** Longest request body that the local API reads, in bytes. */
export const maxLocalRequestBytes = 64 * 1024;

/** Longest answer that a client of the local API reads, in bytes. */
export const maxLocalResponseBytes = 16 * 1024 * 1024;

/** A bare name (`assistant`, unique in the default namespace), `namespace/name`, or a whole SPIFFE ID. */
const componentReference = z.string().min(1).max(2048);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits (SHA-256)");
const instant = z.number().int().nonnegative();

export const x509SvidRequest = z.strictObject({
  component: componentReference,
  /** PKCS#10, PEM. Only its public key is used, and its signature checked. */
  csr: z.string().min(1).max(16_384),
});

export const x509SvidResponse = z.object({
  id: z.string(),
  /** PEM, leaf first, without the trust anchor. */
  chain: z.string(),
  /** SPIFFE bundle document of the trust domain. */
  bundle: z.unknown(),
  notAfter: instant,
});

export const jwtSvidRequest = z.strictObject({ component: componentReference, audience: z.string().min(1).max(2048) });

export const jwtSvidResponse = z.object({ id: z.string(), token: z.string(), notAfter: instant });

export const bundleResponse = z.object({
  trustDomain: z.string(),
  bundle: z.unknown(),
  /**
   * Public keys of authorities not to be relied on any more (SHA-256 of SubjectPublicKeyInfo): whoever holds an SVID with
   * one of them in its chain asks for a new one now.
   */
  tainted: z.array(sha256).default([]),
});

export const componentResponse = z.object({
  id: z.string(),
  namespace: z.string(),
  kind: z.string(),
  name: z.string(),
  boundary: z.string(),
  labels: z.object({ sensitivity: z.string(), categories: z.array(z.string()), integrity: z.string() }),
  description: z.string(),
  bearerTokens: z.boolean(),
  /** Whether every SVID of this component is revoked. */
  revoked: z.boolean(),
});

export const componentsResponse = z.object({ components: z.array(componentResponse) });

const reason = z.string().min(1).max(500);

/**
 * What to withdraw: one certificate or token, a leaf's key, an authority's key with everything below it, or every SVID of
 * a component, now and to come. Digests are of the certificate's DER, or of the key's SubjectPublicKeyInfo.
 */
export const revocationRequest = z.discriminatedUnion("type", [
  /** `expiresAt`: when it has expired by itself; an hour later the revocation is forgotten. */
  z.strictObject({ type: z.literal("certificate"), sha256, reason, expiresAt: instant.exactOptional() }),
  z.strictObject({ type: z.literal("key"), sha256, reason }),
  z.strictObject({ type: z.literal("authority"), sha256, reason }),
  z.strictObject({ type: z.literal("workload"), component: componentReference, reason }),
]);

/** `POST /v1/revocations/lift`: the component may have an identity again. What was revoked by digest stays revoked. */
export const liftRequest = z.strictObject({ component: componentReference, reason });
export const liftedResponse = z.object({ revision: z.number().int().nonnegative(), id: z.string() });

export const revocationResponse = z.object({
  type: z.string(),
  /** The digest, or the workload's SPIFFE ID. */
  subject: z.string(),
  reason: z.string(),
  at: instant,
});

export const revokedResponse = z.object({ revision: z.number().int().nonnegative(), revocation: revocationResponse });

export const revocationsResponse = z.object({ revocations: z.array(revocationResponse) });

/** What an agent needs to dial the gateway and to know it when it answers. */
export const gatewayResponse = z.object({
  /** `https://host:port`. */
  url: z.string(),
  /** The gateway's SPIFFE ID. */
  id: z.string(),
  /** Whether anything outside may be reached by way of it. */
  egress: z.boolean().default(false),
  /** PEM of who certifies hosts that are looked into, where any are. */
  interception: z.string().optional(),
  /** SPIFFE bundle document of the gateway's trust domain. */
  bundle: z.unknown(),
});

/** `POST /v1/nodes/join-tokens`: admits one node once. */
export const joinTokenRequest = z.strictObject({
  node: z.string().min(1).max(253),
  ttlSeconds: z.number().int().min(1).max(86_400).default(600),
});
export const joinTokenResponse = z.object({
  node: z.string(),
  token: z.string(),
  expiresAt: instant,
  /** `https://host:port` of the API for agents. */
  url: z.string(),
});

export const nodeResponse = z.object({
  name: z.string(),
  id: z.string(),
  attestedBy: z.string(),
  keyFingerprint: sha256,
  enrolledAt: instant,
});
export const nodesResponse = z.object({ nodes: z.array(nodeResponse) });

/** `POST /v1/nodes/evictions` */
export const evictionRequest = z.strictObject({ node: z.string().min(1).max(253), reason });
export const evictedResponse = z.object({ node: z.string() });

/** `POST /v1/console/pairing-codes`: takes the place of the code before it. */
export const pairingCodeRequest = z.strictObject({});

export const pairingCodeResponse = z.object({
  /** `XXXXX-XXXXX`; good once, until `expiresAt`. */
  code: z.string(),
  expiresAt: instant,
  /** Where the console is. */
  url: z.string(),
});

/** A browser that is paired with the console. */
export const consoleKeyResponse = z.object({
  id: z.string(),
  label: z.string(),
  createdAt: instant,
  expiresAt: instant,
});

export const consoleKeysResponse = z.object({ keys: z.array(consoleKeyResponse) });

/** `POST /v1/console/key-revocations` */
export const consoleKeyRevocationRequest = z.strictObject({ id: z.string().min(1).max(64) });

export const consoleKeyRevokedResponse = z.object({
  revision: z.number().int().nonnegative(),
  key: consoleKeyResponse,
});

export const statusResponse = z.record(z.string(), z.unknown());

export const errorResponse = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export type X509SvidRequest = z.infer<typeof x509SvidRequest>;
export type X509SvidResponse = z.infer<typeof x509SvidResponse>;
export type JwtSvidRequest = z.infer<typeof jwtSvidRequest>;
export type JwtSvidResponse = z.infer<typeof jwtSvidResponse>;
export type BundleResponse = z.infer<typeof bundleResponse>;
export type ComponentResponse = z.infer<typeof componentResponse>;
export type ComponentsResponse = z.infer<typeof componentsResponse>;
export type RevocationRequest = z.infer<typeof revocationRequest>;
export type LiftRequest = z.infer<typeof liftRequest>;
export type LiftedResponse = z.infer<typeof liftedResponse>;
export type RevocationResponse = z.infer<typeof revocationResponse>;
export type RevokedResponse = z.infer<typeof revokedResponse>;
export type RevocationsResponse = z.infer<typeof revocationsResponse>;
export type PairingCodeResponse = z.infer<typeof pairingCodeResponse>;
export type ConsoleKeyResponse = z.infer<typeof consoleKeyResponse>;
export type ConsoleKeysResponse = z.infer<typeof consoleKeysResponse>;
export type ConsoleKeyRevokedResponse = z.infer<typeof consoleKeyRevokedResponse>;
export type JoinTokenRequest = z.input<typeof joinTokenRequest>;
export type JoinTokenResponse = z.infer<typeof joinTokenResponse>;
export type NodesResponse = z.infer<typeof nodesResponse>;
export type EvictionRequest = z.infer<typeof evictionRequest>;
export type EvictedResponse = z.infer<typeof evictedResponse>;
export type GatewayResponse = z.infer<typeof gatewayResponse>;
