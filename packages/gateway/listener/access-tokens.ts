/**
 * People who call through an OAuth client. In: a request with an access token and, unless its client may do without, a DPoP
 * proof. Out: a {@link Caller} that is the person, with the client, the session and the scopes; or a refusal.
 *
 * The resource that a token must be for is the route's own address: a token for one route is refused on every other.
 *
 * @see RFC 9068, RFC 9449, RFC 8707; docs/oauth.md
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, trustDomainOf, userPartsOf } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import { looksLikeAccessToken, verifyAccessToken, type VerifiedAccessToken } from "@cordon/core/oauth/access-token";
import type { DpopNonces } from "@cordon/core/oauth/dpop-nonce";
import { verifyDpopProof } from "@cordon/core/oauth/dpop-proof";
import { actionsOfScopes } from "@cordon/core/oauth/token-issuer";
import type { ActingUser } from "@cordon/core/policy/people";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import type { UsedProofs } from "../ports.ts";
import type { Caller } from "./caller.ts";
import { openProofMemory, type ProofMemoryLimits } from "./proof-memory.ts";
import type { RequestHead } from "./request-head.ts";

export interface AccessTokenDeps {
  readonly snapshots: SnapshotSource;
  /** Where clients reach this gateway, such as `https://gateway.bank.example:8443`. */
  readonly origin: () => string;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  /** Proofs that other gateways of the estate have seen; absent where there are none. */
  readonly usedProofs?: UsedProofs | undefined;
  /** Absent: no nonce is asked for. */
  readonly dpopNonces?: DpopNonces | undefined;
}

export interface AccessTokens {
  /**
   * The person behind a request; `undefined` where it carries no access token.
   *
   * @param route the route that the request is for, if there is one
   * @throws {CordonError} `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_AUDIENCE`, `TOKEN_NOT_PERMITTED`, `SVID_UNTRUSTED`,
   *   `SVID_REVOKED`, `DPOP_PROOF_INVALID`, `DPOP_NONCE_NEEDED`, `STORE_UNAVAILABLE`
   */
  callerOf(
    request: IncomingMessage,
    head: RequestHead,
    route: { readonly path: string } | undefined,
  ): Caller | Promise<Caller> | undefined;
}

const maxCachedTokens = 4_096;
const authorizationPattern = /^(DPoP|Bearer) ([A-Za-z0-9._~+/=-]{1,8192})$/i;

export function openAccessTokens(deps: AccessTokenDeps, limits?: ProofMemoryLimits): AccessTokens {
  const proofs = openProofMemory(deps.monotonicMs, limits);
  const startedAt = deps.now();
  const verified = rememberTokens();
  return {
    callerOf(request, head, route) {
      const sent = readAuthorization(request);
      if (sent === undefined) return undefined;
      if (route === undefined)
        throw new CordonError("TOKEN_AUDIENCE", "the access token is for another resource: nothing is served here");
      const [snapshot, now, origin] = [deps.snapshots.current(), deps.now(), deps.origin()];
      const token = verified(sent.token, snapshot, resourceUri(origin, route), now);
      if (sent.scheme === "bearer") {
        refuseBearer(token, snapshot);
        return callerFrom(token, snapshot, "bearer-token");
      }
      // Who it is, first: of somebody who is nobody here no proof is remembered.
      const caller = callerFrom(token, snapshot, "dpop-token");
      const { usedProofs, dpopNonces: nonces } = deps;
      const shown = { ...sent, head, verified: token, uri: origin + head.path, now, startedAt, proofs, nonces };
      const id = checkProof(shown);
      if (usedProofs === undefined) return caller;
      return usedProofs.take(id).then((isFirst) => {
        if (!isFirst) throw usedBefore();
        // It took a moment: who it is by what holds now.
        const holds = deps.snapshots.current();
        return callerFrom(verified(sent.token, holds, resourceUri(origin, route), deps.now()), holds, "dpop-token");
      });
    },
  };
}

/** What a route is called as the resource of a token (RFC 8707): where it is served. */
export function resourceUri(origin: string, route: { readonly path: string }): string {
  return route.path === "/" ? `${origin}/` : origin + route.path;
}

interface Sent {
  readonly scheme: "dpop" | "bearer";
  readonly token: string;
  readonly proof: string | undefined;
}

/** `Authorization: DPoP`, or `Bearer` with a token that says it is an access token; anything else is for others to read. */
function readAuthorization({ headers }: IncomingMessage): Sent | undefined {
  const [, scheme = "", token = ""] = authorizationPattern.exec(headers.authorization ?? "") ?? [];
  const { dpop } = headers;
  const proof = typeof dpop === "string" ? dpop : undefined;
  if (scheme.toLowerCase() === "dpop") return { scheme: "dpop", token, proof };
  return scheme !== "" && looksLikeAccessToken(token) ? { scheme: "bearer", token, proof } : undefined;
}

/** @returns the proof's id, which is new to this gateway */
function checkProof(asked: {
  readonly proof: string | undefined;
  readonly token: string;
  readonly head: RequestHead;
  readonly verified: VerifiedAccessToken;
  readonly uri: string;
  readonly now: Instant;
  readonly startedAt: Instant;
  readonly proofs: ReturnType<typeof openProofMemory>;
  readonly nonces: DpopNonces | undefined;
}): string {
  const { proof, token, verified, uri, now, startedAt, proofs, nonces } = asked;
  if (verified.thumbprint === undefined)
    throw new CordonError("TOKEN_INVALID", "the access token is bound to no key: it does not go with the scheme DPoP");
  if (proof === undefined)
    throw new CordonError("DPOP_PROOF_INVALID", "the access token came without a DPoP proof (header `DPoP`)");
  const shown = verifyDpopProof(proof, {
    ...{ method: asked.head.method, uri, accessToken: token, thumbprint: verified.thumbprint, now },
    ...(nonces && { nonce: (value: string) => nonces.isRecent(value) }),
  });
  // What an earlier run of this gateway saw is not remembered.
  if (shown.issuedAt + 999 < startedAt)
    throw new CordonError("DPOP_PROOF_INVALID", "the DPoP proof is older than this gateway; make a new one");
  // By the person, who can have as many keys as sessions, and not by the key: or one could fill the memory of all.
  const taken = proofs.take(`${verified.issuer.issuer} ${verified.subject}`, shown.id);
  if (taken === "seen") throw usedBefore();
  if (taken === "full")
    throw new CordonError("DPOP_PROOF_INVALID", "too many DPoP proofs at a time; ask again in a minute");
  return shown.id;
}

function usedBefore(): CordonError {
  return new CordonError("DPOP_PROOF_INVALID", "the DPoP proof was used before; each request has its own");
}

/** Whether a request comes by DPoP, so that it is told the nonce of now. */
export function comesByDpop({ headers }: IncomingMessage): boolean {
  return /^DPoP /i.test(headers.authorization ?? "");
}

/** A token that is bound to a key is never good without it, and one that is not only for a client that may. */
function refuseBearer({ thumbprint, client, issuer: { foreign } }: VerifiedAccessToken, { clients }: Snapshot): void {
  if (thumbprint !== undefined)
    throw new CordonError(
      "DPOP_PROOF_INVALID",
      "the access token is bound to a key: send it as `Authorization: DPoP` with a proof",
    );
  const known = foreign === undefined ? clients?.get(client) : ownOf(foreign.clients, client);
  if (known?.bearer !== true)
    throw new CordonError("TOKEN_NOT_PERMITTED", "the client may not use tokens that are bound to no key");
}

function ownOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function callerFrom(token: VerifiedAccessToken, snapshot: Snapshot, assurance: "dpop-token" | "bearer-token"): Caller {
  const acting = token.issuer.foreign === undefined ? ourPerson(token, snapshot) : theirPerson(token, snapshot);
  const { fingerprint, twinFingerprint, keyFingerprint, notAfter } = token;
  const { id } = acting;
  const svid = {
    id,
    fingerprint,
    ...(twinFingerprint && { twinFingerprint }),
    authorities: [keyFingerprint],
    notAfter,
  };
  return { id, assurance, svid, acting };
}

/** The subject of our own issuer's tokens is the person's SPIFFE ID. */
function ourPerson({ subject, session, client, scopes }: VerifiedAccessToken, { trustDomain }: Snapshot): ActingUser {
  const id = parseSpiffeId(subject);
  if (userPartsOf(id) === undefined || trustDomainOf(id) !== trustDomain || session === undefined)
    throw new CordonError("TOKEN_INVALID", "the access token is not of a person here, or of no session");
  return { id, session, client, scopes };
}

/** Another issuer has its own subjects: the person is the one who signed in here as that subject of that issuer. */
function theirPerson(token: VerifiedAccessToken, { users }: Snapshot): ActingUser {
  const { issuer, subject, client, scopes, notAfter: until } = token;
  for (const { id, oidc } of users?.values() ?? [])
    if (oidc?.issuer === issuer.issuer && oidc.subject === subject)
      return { id, client, scopes: actionsOfScopes(issuer, scopes), issuer: issuer.issuer, until };
  throw new CordonError(
    "TOKEN_INVALID",
    `the access token is of nobody who is known here as a subject of ${issuer.issuer}`,
  );
}

/** Remembers tokens that hold, until they expire or what they were verified with changes. */
function rememberTokens(): (token: string, snapshot: Snapshot, resource: string, now: Instant) => VerifiedAccessToken {
  let known = new Map<string, VerifiedAccessToken>();
  let issuers: unknown;
  let revocations: unknown;
  return (token, snapshot, resource, now) => {
    if (snapshot.tokenIssuers !== issuers || snapshot.revocations !== revocations) {
      known = new Map();
      issuers = snapshot.tokenIssuers;
      revocations = snapshot.revocations;
    }
    // Keyed by digest so that the cache holds no usable token; a token is for one resource, and known under it alone.
    const key = createHash("sha256").update(`${resource} ${token}`).digest("base64");
    const found = known.get(key);
    if (found !== undefined && now < found.notAfter) return found;
    const made = verifyAccessToken(token, {
      ...{ issuers: snapshot.tokenIssuers ?? new Map(), revocations: snapshot.revocations, resource, now },
    });
    if (known.size >= maxCachedTokens) known = new Map();
    known.set(key, made);
    return made;
  };
}
