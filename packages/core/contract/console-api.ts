/**
 * The console's API, as both of its ends read it: `control/console` (server) and `packages/console` (browser). HTTP/1.1
 * with JSON below `/v1`; live updates are newline-delimited JSON over a response that stays open (fetch streaming).
 *
 * Every request but pairing carries a signature by a key that never leaves the browser (non-extractable WebCrypto ECDSA
 * P-256): see {@link signedText}. A stolen cookie or header is worth nothing; there are none.
 */
import { z } from "zod";

/** Header that carries `keyId timestampMs nonce signature`, the last in base64url (ieee-p1363). */
export const signatureHeader = "cordon-signature";

/** A signature older than this, or from further ahead, is refused; nonces are remembered for as long. */
export const maxSignatureAgeMs = 60_000;

/**
 * What is signed: each field on its own line, so that no two requests have the same text.
 *
 * @param target path and query, exactly as in the request line
 * @param bodySha256 lower-case hex SHA-256 of the body's bytes, of nothing for a request without one
 */
export function signedText(input: {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly timestampMs: number;
  readonly nonce: string;
  readonly bodySha256: string;
}): string {
  const { method, host, target, timestampMs, nonce, bodySha256 } = input;
  return ["cordon-console-v1", method, host, target, String(timestampMs), nonce, bodySha256].join("\n");
}

/** `POST /v1/pair`: the one-time code that `cordon up` printed, and the browser's public key. */
export const pairRequest = z.strictObject({
  code: z.string().min(8).max(64),
  publicKey: z.strictObject({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
    y: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  }),
  /** What the user calls this browser. Lists print it, so it holds no control characters. */
  label: z.string().regex(/^\P{C}{1,100}$/u),
});
export const pairResponse = z.object({ keyId: z.string(), expiresAt: z.number() });

/** Every answer that is no success: 401 with the same body for whatever is wrong with a signature. */
export const consoleError = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** `GET /v1/overview` */
export const overviewResponse = z.object({
  version: z.string(),
  trustDomain: z.string(),
  revision: z.number(),
  mode: z.enum(["enforce", "observe"]),
  gateway: z.object({ url: z.string(), id: z.string(), live: z.number() }),
  keysSealedBy: z.string(),
  policies: z.number(),
  ledger: z.object({ size: z.number(), state: z.string(), checkpointSize: z.number() }),
  problems: z.array(z.string()),
});

/** `GET /v1/estate`: the graph. Flows are counted since the process started. */
export const estateResponse = z.object({
  components: z.array(
    z.object({
      id: z.string(),
      namespace: z.string(),
      kind: z.string(),
      name: z.string(),
      boundary: z.enum(["data", "model", "pipeline", "api"]),
      sensitivity: z.string(),
      categories: z.array(z.string()),
      description: z.string(),
      isolated: z.boolean(),
      revoked: z.boolean(),
    }),
  ),
  routes: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      path: z.string(),
      kind: z.string(),
      resources: z.array(z.string()),
      controls: z.array(z.string()),
      /** What inspection does about what it finds; absent where nothing is inspected. */
      inspection: z.string().optional(),
      unseen: z.array(z.string()),
      /** On `observe`, what policy denies is let through and recorded; so often since the start. */
      mode: z.enum(["enforce", "observe"]).optional(),
      wouldDeny: z.number().optional(),
    }),
  ),
  flows: z.array(
    z.object({
      principal: z.string(),
      action: z.string(),
      resource: z.string(),
      allowed: z.number(),
      denied: z.number(),
      lastAt: z.number(),
    }),
  ),
});

/**
 * One line of `GET /v1/events?since=INDEX`: the recent entries from INDEX on (itself included; without `since`: all that
 * are still at hand), oldest first, then each new one as it is durable. The stream ends when the key is revoked or
 * expires, and when the browser reads too slowly: ask again from the last index seen.
 */
export const liveEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("entry"), index: z.number(), entry: z.record(z.string(), z.unknown()) }),
  /** More came at once than are kept: so many were passed over. The ledger holds them all. */
  z.object({ type: z.literal("skipped"), entries: z.number() }),
  /** Sent every few seconds, so that both ends notice a dead connection. */
  z.object({ type: z.literal("heartbeat"), at: z.number() }),
]);

/** `POST /v1/ledger/verify`: the ledger's folder is recomputed now; lines of progress, then the verdict. */
export const verifyEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("progress"), entries: z.number(), size: z.number() }),
  z.object({
    type: z.literal("verdict"),
    ok: z.boolean(),
    size: z.number(),
    root: z.string(),
    findings: z.array(z.object({ code: z.string(), words: z.string() })),
    /** The signed note that was verified. */
    checkpoint: z.string(),
    /** Checkpoints kept outside the state folder, and whether the ledger is still the history that they were signed over. */
    copies: z.array(z.object({ name: z.string(), size: z.number(), agrees: z.boolean() })).optional(),
  }),
]);

/** `GET /v1/ledger/receipt/INDEX` answers `text/plain`; `GET /v1/policies` answers this. */
export const policiesResponse = z.object({
  policies: z.array(z.object({ namespace: z.string(), name: z.string(), origin: z.string(), text: z.string() })),
});

export type PairRequest = z.infer<typeof pairRequest>;
export type PairResponse = z.infer<typeof pairResponse>;
export type OverviewResponse = z.infer<typeof overviewResponse>;
export type EstateResponse = z.infer<typeof estateResponse>;
export type LiveEvent = z.infer<typeof liveEvent>;
export type VerifyEvent = z.infer<typeof verifyEvent>;
export type PoliciesResponse = z.infer<typeof policiesResponse>;
