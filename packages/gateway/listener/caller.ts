/**
 * Who is calling. In: a connection's verified SVID, or a bearer JWT-SVID in a request. Out: a {@link Caller}, or a
 * refusal. A certificate, where there is one, always speaks: a token beside it is not read.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { claimedSubject, verifyJwtSvid } from "@cordon/core/identity/jwt-svid";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { VerifiedSvid } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import type { Assurance } from "@cordon/core/policy/decision";
import type { ActingUser } from "@cordon/core/policy/people";
import { newsOf, type TrustNewsDeps } from "./trust-news.ts";

export interface Caller {
  readonly id: SpiffeId;
  readonly assurance: Assurance;
  readonly svid: VerifiedSvid;
  /** The person whom it acts for in this request, or who acts through an OAuth client: as what they showed proves it. */
  readonly acting?: ActingUser;
}

const maxCachedTokens = 4096;

/**
 * Verifies bearer tokens, remembering those that hold until they expire or the bundles or revocations change.
 *
 * @param audience what a token must be addressed to: the gateway's own SPIFFE ID
 * @returns a way to verify; a promise only where another trust domain is asked for a newer bundle first
 */
export function tokenVerifier(
  audience: SpiffeId,
  deps: TrustNewsDeps,
): (token: string, now: Instant) => Caller | Promise<Caller> {
  let cache = new Map<string, Caller>();
  let bundles: unknown;
  let revocations: unknown;
  const verify = (token: string, now: Instant): Caller => {
    const snapshot = deps.snapshots.current();
    if (snapshot.bundles !== bundles || snapshot.revocations !== revocations) {
      cache = new Map();
      bundles = snapshot.bundles;
      revocations = snapshot.revocations;
    }
    // Keyed by digest so that the cache holds no usable token.
    const key = createHash("sha256").update(token).digest("base64");
    const known = cache.get(key);
    if (known !== undefined && known.svid.notAfter > now) return known;
    const svid = verifyJwtSvid(token, { bundles: snapshot.bundles, revocations: snapshot.revocations, audience, now });
    const caller: Caller = { id: svid.id, assurance: "jwt-svid", svid };
    if (cache.size >= maxCachedTokens) cache.clear();
    cache.set(key, caller);
    return caller;
  };
  return (token, now) => {
    try {
      return verify(token, now);
    } catch (error) {
      const news = isCordonError(error, "SVID_UNTRUSTED") ? newsOf(claimedSubject(token), deps) : undefined;
      if (news === undefined) throw error;
      return news.then((arrived) => {
        if (!arrived) throw error;
        return verify(token, now);
      });
    }
  };
}

/**
 * The bearer token of a request: `authorization: Bearer` or, as the SDKs send their key, `x-api-key` / `api-key`.
 *
 * @throws {CordonError} `IDENTITY_REQUIRED`
 */
export function bearerToken(request: IncomingMessage): string {
  const authorization = request.headers.authorization;
  const token = /^Bearer ([A-Za-z0-9._~+/=-]{1,8192})$/i.exec(authorization ?? "")?.[1];
  const key = request.headers["x-api-key"] ?? request.headers["api-key"];
  const found = token ?? (typeof key === "string" ? key : undefined);
  if (found === undefined)
    throw new CordonError(
      "IDENTITY_REQUIRED",
      "this call carries no identity; connect with an X.509-SVID (start the program with `cordon run`), or send a JWT-SVID where the component may use one",
    );
  return found;
}
