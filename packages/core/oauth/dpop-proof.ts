/**
 * DPoP: a client shows with each request that it holds the key its token is bound to. In: the proof, what the request
 * really is, and the token. Out: the key's thumbprint and the proof's id, for whoever remembers ids, or a refusal.
 *
 * Pure: that an id comes once is the enforcement point's to remember, after everything here has passed.
 *
 * @see RFC 9449, section 4.3; the checks below have its numbers
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { CordonError, isCordonError } from "../errors.ts";
import { jwsStands, openJws, parseTokenJson, type OpenedJws } from "../identity/jws.ts";
import type { Instant } from "../instant.ts";
import { readPublicJwk } from "./public-jwk.ts";

/** How old a proof may be, and how far ahead of this clock. Ids are remembered for longer than both. */
export const proofAgeMs = 60_000;
export const proofAheadMs = 15_000;

export interface ProofChecks {
  /** Upper-case, as the request has it. */
  readonly method: string;
  /** The request's URL as its client knows it, without query and fragment. */
  readonly uri: string;
  /** The access token beside it. */
  readonly accessToken: string;
  /** The key that the token is bound to. */
  readonly thumbprint: string;
  readonly now: Instant;
  /** Whether a nonce is one of ours, and recent. Absent: none is asked for. */
  readonly nonce?: (value: string) => boolean;
}

export interface VerifiedProof {
  readonly thumbprint: string;
  /** SHA-256 of the proof's `jti` under its key, base64url: of one length, whatever a client writes. */
  readonly id: string;
  readonly issuedAt: Instant;
}

const headerNames = new Set(["typ", "alg", "jwk"]);
const maxIdCharacters = 256;
const maxUriCharacters = 4_096;

/** @throws {CordonError} `DPOP_PROOF_INVALID`, `DPOP_NONCE_NEEDED` */
export function verifyDpopProof(proof: string, checks: ProofChecks): VerifiedProof {
  const { header, jws, claims } = read(proof); //                              2, 3. one well-formed JWT with its claims
  if (header["typ"] !== "dpop+jwt") throw refused("its type is not dpop+jwt"); // 4
  const { key, jwk, thumbprint } = readPublicJwk(header["jwk"]); //            5, 7. an asymmetric algorithm, a public key
  if (!jwsStands(jws, { key, jwk })) throw refused("its signature does not stand"); // 6
  const { jti, htm, htu, iat, ath, nonce } = claims;
  if (typeof jti !== "string" || jti === "" || jti.length > maxIdCharacters) throw refused("it has no id (jti)");
  if (htm !== checks.method) throw refused(`it is for another method than ${checks.method}`); // 8
  if (typeof htu !== "string" || comparable(htu) !== comparable(checks.uri))
    // 9
    throw refused(`it is for another address than ${checks.uri}`);
  checkNonce(nonce, checks); //                                                10
  const issuedAt = typeof iat === "number" && Number.isSafeInteger(iat) ? iat * 1000 : Number.NaN;
  if (!(checks.now - issuedAt <= proofAgeMs + 999 && issuedAt - checks.now <= proofAheadMs))
    // 11
    throw refused("it was not made just now; check the client's clock");
  if (typeof ath !== "string" || !same(ath, digest(checks.accessToken)))
    // 12a
    throw refused("it is for another token");
  if (!same(thumbprint, checks.thumbprint)) throw refused("the token is bound to another key"); // 12b
  return { thumbprint, id: digest(`${thumbprint} ${jti}`), issuedAt };
}

function read(proof: string): {
  readonly header: OpenedJws["header"];
  readonly jws: OpenedJws;
  readonly claims: OpenedJws["header"];
} {
  try {
    const jws = openJws(proof, headerNames);
    return { header: jws.header, jws, claims: parseTokenJson(jws.payload, "payload") };
  } catch (error) {
    if (!isCordonError(error)) throw error;
    throw new CordonError("DPOP_PROOF_INVALID", `the DPoP proof is refused: ${error.message}`, { cause: error });
  }
}

function checkNonce(nonce: unknown, checks: ProofChecks): void {
  if (checks.nonce === undefined) return;
  if (typeof nonce !== "string" || nonce.length > maxIdCharacters || !checks.nonce(nonce))
    throw new CordonError(
      "DPOP_NONCE_NEEDED",
      "the DPoP proof has no recent nonce of this gateway; make another with the one of the header `DPoP-Nonce`",
    );
}

/** Scheme, host, port and path of an address, each in its one spelling (RFC 3986, sections 6.2.2 and 6.2.3). */
function comparable(text: string): string | undefined {
  if (text.length > maxUriCharacters || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return undefined;
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refused(why: string): CordonError {
  return new CordonError("DPOP_PROOF_INVALID", `the DPoP proof is refused: ${why}`);
}
