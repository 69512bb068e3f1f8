/**
 * The control plane's API for agents, as both ends read it: `control/node-api` (server) and `agent/node` (client). JSON
 * over HTTP/1.1 over TLS 1.3, under `/v1`. Requests are read strictly, answers leniently (a newer control plane may say
 * more). Whom a call speaks for is in the connection's certificate, never in its body.
 */
import { z } from "zod";
import { registrationSchema } from "./registration-schema.ts";
import { filesSeen } from "./served-files.ts";

/** Longest request body, in bytes: a batch of signing requests. */
export const maxNodeRequestBytes = 256 * 1024;
/** Longest answer that an agent reads, in bytes: the registrations of one node and all bundles. */
export const maxNodeResponseBytes = 64 * 1024 * 1024;
/** SVIDs in one request. */
export const maxSvidBatch = 64;
/** How long a question for news may be held open, in seconds. */
export const maxWaitSeconds = 30;

const instant = z.number().int().nonnegative();
const spiffeId = z.string().min(1).max(2048);
/** PKCS#10, PEM. Only its public key is used, and its signature checked. */
const csr = z.string().min(1).max(16_384);

/** How a node proves itself the first time. */
export const attestation = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("join-token"), token: z.string().min(1).max(256) }),
  z.strictObject({
    kind: z.literal("x509"),
    /** DER in base64, leaf first. */
    chain: z.array(z.base64().max(16_384)).min(1).max(8),
    /** Base64: the leaf key's signature over {@link x509Challenge}. */
    signature: z.base64().max(2048),
  }),
  z.strictObject({ kind: z.literal("kubernetes"), token: z.string().min(1).max(16_384) }),
  z.strictObject({ kind: z.literal("gce"), token: z.string().min(1).max(16_384) }),
]);

/** `POST /v1/nodes/attest`, over TLS without a client certificate. */
export const attestRequest = z.strictObject({ attestation, csr });
/** `POST /v1/nodes/renew`, as the agent; also with an SVID that has expired, while its key is the enrolled one. */
export const renewRequest = z.strictObject({ csr });

export const agentSvidResponse = z.object({
  node: z.string(),
  id: spiffeId,
  /** PEM, leaf first. */
  chain: z.string(),
  notAfter: instant,
  trustDomain: z.string(),
  /** SPIFFE bundle document of the trust domain. */
  bundle: z.unknown(),
});

/** One component that may run on the node. */
export const nodeRegistration = z.object({
  id: spiffeId,
  bearerTokens: z.boolean(),
  modelDigest: z.string().optional(),
  selectors: z.array(registrationSchema),
});

/** `GET /v1/node/state?after=REVISION`: held open until there is news, at most {@link maxWaitSeconds}. */
export const nodeState = z.object({
  revision: z.number().int().nonnegative(),
  trustDomain: z.string(),
  registrations: z.array(nodeRegistration),
  /** SPIFFE bundle documents by trust domain, our own among them. */
  bundles: z.record(z.string(), z.unknown()),
  /** Keys (SHA-256 of SubjectPublicKeyInfo) and certificates (SHA-256 of DER) that are withdrawn. */
  revoked: z.object({ keys: z.array(z.string()), certificates: z.array(z.string()), workloads: z.array(z.string()) }),
  /** Keys of authorities that are tainted: what they issued still counts, and is to be replaced now. */
  tainted: z.array(z.string()).default([]),
  /** Where the gateway is, and who; whether anything outside is reached by it, and who certifies what is looked into (PEM). */
  gateway: z.object({
    url: z.string(),
    id: spiffeId,
    egress: z.boolean().default(false),
    interception: z.string().max(65_536).optional(),
  }),
});

/** `POST /v1/svids/x509` */
export const x509BatchRequest = z.strictObject({
  requests: z
    .array(z.strictObject({ id: spiffeId, csr, modelDigest: z.string().max(128).optional() }))
    .min(1)
    .max(maxSvidBatch),
});

export const x509BatchResponse = z.object({
  /** In the order asked; one that was refused says why. */
  svids: z.array(
    z.union([
      z.object({ id: spiffeId, chain: z.string(), notAfter: instant }),
      z.object({ id: spiffeId, refused: z.object({ code: z.string(), message: z.string() }) }),
    ]),
  ),
});

/** `POST /v1/node/models`: what lies where the node's registrations say that model files are; said again often enough. */
export const nodeModelsRequest = z.strictObject({
  models: z.array(z.strictObject({ id: spiffeId, seen: filesSeen })).max(256),
});
export const nodeModelsResponse = z.object({ revision: z.number().int().nonnegative() });
/** An agent says what it sees at least this often; one that is silent for three times as long sees nothing. */
export const modelsEverySeconds = 20;

/** `POST /v1/svids/jwt` */
const audience = z.string().min(1).max(2048);
export const nodeJwtRequest = z.strictObject({ id: spiffeId, audience: z.array(audience).min(1).max(16) });
export const nodeJwtResponse = z.object({ id: spiffeId, token: z.string(), notAfter: instant });

/** `GET /v1/bundle`: public; whom to trust is not decided by it. */
export const nodeBundleResponse = z.object({ trustDomain: z.string(), bundle: z.unknown() });

/** What an x509 node signs: its proof is of use for this signing request, at this control plane, and nowhere else. */
export function x509Challenge(trustDomain: string, csrText: string): Uint8Array {
  return Buffer.from(`cordon node attestation x509 v1\0${trustDomain}\0${csrText}`);
}

export type Attestation = z.infer<typeof attestation>;
export type AgentSvidResponse = z.infer<typeof agentSvidResponse>;
export type NodeRegistration = z.infer<typeof nodeRegistration>;
export type NodeState = z.infer<typeof nodeState>;
export type X509BatchRequest = z.infer<typeof x509BatchRequest>;
export type X509BatchResponse = z.infer<typeof x509BatchResponse>;
export type NodeModelsRequest = z.infer<typeof nodeModelsRequest>;
export type NodeModelsResponse = z.infer<typeof nodeModelsResponse>;
export type NodeJwtResponse = z.infer<typeof nodeJwtResponse>;
