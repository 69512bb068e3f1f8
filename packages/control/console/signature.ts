/**
 * Who signed a request. In: its signature header, what the signature must cover, and the paired keys. Out: the key that
 * signed it, or `undefined`, never why: whoever has no key learns nothing from the answer.
 *
 * The signature covers method, host, target, body, time and a nonce (core/contract/console-api.ts): what was captured is
 * good for nothing else, and not for the same thing twice.
 */
import { createHash, verify } from "node:crypto";
import { maxSignatureAgeMs, signedText } from "@cordon/core/contract/console-api";
import type { Instant } from "@cordon/core/instant";
import type { ConsoleKey, ConsoleKeys } from "./console-keys.ts";
import type { Nonces } from "./nonces.ts";

const headerPattern = /^([0-9a-f]{20}) ([1-9][0-9]{12}) ([A-Za-z0-9_-]{16,64}) ([A-Za-z0-9_-]{86})$/;

export interface SignedRequest {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly header: string | undefined;
  /** Read only once the header names a paired key. Rejects when it is too long. */
  readonly body: () => Promise<Buffer>;
}

export interface SignatureCheck {
  readonly keys: Pick<ConsoleKeys, "find">;
  readonly nonces: Nonces;
  readonly now: () => Instant;
  /** Nonces of an earlier run are gone: what was signed before this one started is refused. */
  readonly startedAt: Instant;
}

export interface Authenticated {
  readonly key: ConsoleKey;
  readonly body: Buffer;
}

export async function authenticate(request: SignedRequest, check: SignatureCheck): Promise<Authenticated | undefined> {
  const { header } = request;
  const [, keyId = "", time = "", nonce = "", encoded = ""] =
    headerPattern.exec(header !== undefined && header.length <= 256 ? header : "") ?? [];
  if (keyId === "") return undefined;
  const timestampMs = Number(time);
  if (!isFresh(timestampMs, check)) return undefined;
  const key = await check.keys.find(keyId);
  if (key === undefined) return undefined;
  const body = await request.body().catch(() => undefined);
  if (body === undefined) return undefined;
  const bodySha256 = createHash("sha256").update(body).digest("hex");
  const { method, host, target } = request;
  const text = Buffer.from(signedText({ method, host, target, timestampMs, nonce, bodySha256 }));
  const signature = Buffer.from(encoded, "base64url");
  // One spelling only, so that a signature is the same bytes for whoever looks at it.
  if (signature.length !== 64 || signature.toString("base64url") !== encoded) return undefined;
  if (!verify("sha256", text, { key: key.publicKey, dsaEncoding: "ieee-p1363" }, signature)) return undefined;
  // After the body was read, which a caller may draw out: still fresh, its key still stands, and only now the nonce is used up.
  if (!isFresh(timestampMs, check) || (await check.keys.find(keyId)) === undefined) return undefined;
  if (!check.nonces.take(keyId, nonce, timestampMs + maxSignatureAgeMs, check.now())) return undefined;
  const { publicKey: _, ...known } = key;
  return { key: known, body };
}

function isFresh(timestampMs: number, { now, startedAt }: SignatureCheck): boolean {
  return Math.abs(now() - timestampMs) <= maxSignatureAgeMs && timestampMs >= startedAt;
}
