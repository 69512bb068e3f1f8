/**
 * AWS Signature Version 4 as S3 has it. In: a request's method, path, query and headers, and a key. Out: the signature to
 * send, or the verdict on one that came: in the `Authorization` header, or in a presigned URL.
 *
 * @see AWS, "Authenticating Requests: Using the Authorization Header", "Using Query Parameters" (S3 API reference)
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Names and values, decoded, in the order sent. */
export type Pairs = readonly (readonly [string, string])[];

/** What a signature covers. Header names are in lower case, one value each. */
export interface Signable {
  readonly method: string;
  /** Decoded: `/bucket/a key`. */
  readonly path: string;
  readonly query: Pairs;
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: string;
}

/** What the chunks of a signed stream are signed with, beginning from the head's signature. */
export interface ChunkSeed {
  readonly signature: string;
  readonly signingKey: Buffer;
  readonly date: string;
  readonly scope: string;
}

export interface Verified {
  readonly payload: string;
  readonly seed: ChunkSeed;
  readonly presigned: boolean;
}

export const emptyHash = sha256Hex("");
export const unsignedPayload = "UNSIGNED-PAYLOAD";
const algorithm = "AWS4-HMAC-SHA256";
const clockSkewMs = 15 * 60_000;
const longestExpirySeconds = 604_800;

/** RFC 3986 encoding of all but unreserved characters, in upper case, as AWS wants it. */
export function uriEncode(text: string, keepSlash = false): string {
  const encoded = encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return keepSlash ? encoded.replaceAll("%2F", "/") : encoded;
}

/**
 * The pairs of a query. `+` is read as a space by some and as itself by others, so it has to be encoded.
 *
 * @param query with its `?`, or empty
 * @throws {CordonError} `REQUEST_MALFORMED`
 */
export function readQuery(query: string): Pairs {
  const text = query.replace(/^\?/, "");
  if (text === "") return [];
  if (text.includes("+")) throw malformed("its query holds a `+`, which two readers take differently; send %20 or %2B");
  return text
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const mark = pair.indexOf("=");
      const [name, value] = mark < 0 ? [pair, ""] : [pair.slice(0, mark), pair.slice(mark + 1)];
      return [decode(name), decode(value)] as const;
    });
}

/** @throws {CordonError} `REQUEST_MALFORMED` for what is not UTF-8, percent-encoded */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed("it holds a `%` that encodes nothing");
  }
}

export function writeQuery(query: Pairs): string {
  return query.map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`).join("&");
}

/**
 * Headers that sign a request.
 *
 * @param at of signing
 * @returns names and values to add: `x-amz-date`, `x-amz-content-sha256`, `authorization`
 */
export function signingHeaders(request: Signable, key: AccessKey, region: string, at: Instant): string[] {
  const date = amzDate(at);
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers = new Map([...request.headers, ["x-amz-date", date], ["x-amz-content-sha256", request.payload]]);
  const signed = [...headers.keys()].toSorted();
  const toSign = stringToSign(date, scope, canonicalRequest({ ...request, headers }, signed));
  const signature = hmac(signingKey(key.secretAccessKey, scope), toSign).toString("hex");
  const authorization = `${algorithm} Credential=${key.accessKeyId}/${scope}, SignedHeaders=${signed.join(";")}, Signature=${signature}`;
  return ["x-amz-date", date, "x-amz-content-sha256", request.payload, "authorization", authorization];
}

/**
 * Judges a request's signature. Whatever it does not cover is not believed: an `x-amz-` header that is not signed refuses
 * the request, for it changes what S3 does.
 *
 * @throws {CordonError} `SIGNATURE_INVALID`, `REQUEST_MALFORMED`
 */
export function verifySignature(request: Omit<Signable, "payload">, key: AccessKey, now: Instant): Verified {
  const presigned = request.query.some(([name]) => name === "X-Amz-Signature");
  const header = request.headers.get("authorization");
  if (presigned && header !== undefined) throw invalid("it is signed twice, in its header and in its address");
  const claim = presigned ? claimOfQuery(request.query) : claimOfHeader(header ?? "", request.headers);
  const [accessKeyId = "", day = "", region = "", service = "", end = "", ...more] = claim.credential.split("/");
  if (more.length > 0 || service !== "s3" || end !== "aws4_request" || !/^[a-z0-9-]{1,64}$/.test(region))
    throw invalid("its scope is not one of S3's");
  if (!sameText(accessKeyId, key.accessKeyId)) throw invalid("its access key is not this run's");
  const signedAt = instantOf(claim.date);
  if (claim.date.slice(0, 8) !== day) throw invalid("its scope and its date are of two days");
  if (signedAt - now > clockSkewMs) throw invalid("it was signed in the future");
  const age = now - signedAt;
  if (presigned ? age > claim.expiresSeconds * 1000 : age > clockSkewMs)
    throw invalid(presigned ? "the presigned address has expired" : "it was signed too long ago; is it replayed?");
  checkCoverage(claim.signedHeaders, request.headers);
  const payload = request.headers.get("x-amz-content-sha256") ?? (presigned ? unsignedPayload : undefined);
  const stated = request.query.find(([name]) => name === "X-Amz-Content-Sha256")?.[1];
  if (stated !== undefined && stated !== payload) throw invalid("its address and its headers state different payloads");
  if (payload === undefined) throw invalid("it has no `x-amz-content-sha256`");
  const scope = `${day}/${region}/s3/aws4_request`;
  const query = request.query.filter(([name]) => name !== "X-Amz-Signature");
  const canonical = canonicalRequest({ ...request, query, payload }, claim.signedHeaders);
  const derived = signingKey(key.secretAccessKey, scope);
  const expected = hmac(derived, stringToSign(claim.date, scope, canonical)).toString("hex");
  if (!sameText(expected, claim.signature)) throw invalid("it does not match");
  return { payload, presigned, seed: { signature: expected, signingKey: derived, date: claim.date, scope } };
}

/** The query parameters of a presigned URL; no upstream gets them. */
export const presignParameters: ReadonlySet<string> = new Set([
  ...["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"],
  ...["X-Amz-Security-Token", "X-Amz-Content-Sha256"],
]);

interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly date: string;
  readonly expiresSeconds: number;
}

function claimOfHeader(authorization: string, headers: ReadonlyMap<string, string>): Claim {
  const [, credential, signed, signature] =
    /^AWS4-HMAC-SHA256 +Credential=([^,\s]{1,200}), *SignedHeaders=([a-z0-9;-]{1,2000}), *Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  if (credential === undefined || signed === undefined || signature === undefined)
    throw invalid("its `authorization` is not of Signature Version 4");
  const date = headers.get("x-amz-date") ?? "";
  return { credential, signedHeaders: signed.split(";"), signature, date, expiresSeconds: 0 };
}

function claimOfQuery(query: Pairs): Claim {
  const one = (name: string): string => {
    const values = query.filter(([each]) => each.toLowerCase() === name.toLowerCase());
    const [only, ...more] = values;
    if (only === undefined || more.length > 0 || only[0] !== name) throw invalid(`it has no single \`${name}\``);
    return only[1];
  };
  if (one("X-Amz-Algorithm") !== algorithm) throw invalid("its algorithm is another one");
  const [expires, signature] = [one("X-Amz-Expires"), one("X-Amz-Signature")];
  if (!/^[1-9][0-9]{0,5}$/.test(expires) || Number(expires) > longestExpirySeconds)
    throw invalid("its `X-Amz-Expires` is not 1 to 604800 seconds");
  if (!/^[0-9a-f]{64}$/.test(signature)) throw invalid("its signature is not one");
  const signedHeaders = one("X-Amz-SignedHeaders").split(";");
  const expiresSeconds = Number(expires);
  return { credential: one("X-Amz-Credential"), signedHeaders, signature, date: one("X-Amz-Date"), expiresSeconds };
}

function checkCoverage(signed: readonly string[], headers: ReadonlyMap<string, string>): void {
  if (!signed.includes("host")) throw invalid("it does not cover the host");
  for (let at = 0; at < signed.length; at++) {
    const name = signed[at] as string;
    if (at > 0 && (signed[at - 1] as string) >= name) throw invalid("its signed headers are not in order, once each");
    if (!headers.has(name)) throw invalid(`the signed header \`${name}\` was not sent`);
  }
  for (const name of headers.keys())
    if (name.startsWith("x-amz-") && !signed.includes(name))
      throw invalid(`the header \`${name.slice(0, 64)}\` is not covered by it`);
}

function canonicalRequest({ method, path, query, headers, payload }: Signable, signed: readonly string[]): string {
  const parameters = query
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    // By name, then by value: `=` sorts after `-`, so the joined texts would not do.
    .map((text) => [text.slice(0, text.indexOf("=")), text] as const)
    .toSorted(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([, text]) => text);
  const lines = signed.map((name) => `${name}:${(headers.get(name) ?? "").trim().replaceAll(/ +/g, " ")}\n`);
  return [method, uriEncode(path, true), parameters.join("&"), lines.join(""), signed.join(";"), payload].join("\n");
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function stringToSign(date: string, scope: string, canonical: string): string {
  return [algorithm, date, scope, sha256Hex(canonical)].join("\n");
}

function signingKey(secret: string, scope: string): Buffer {
  return scope.split("/").reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
}

export function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Equal, in a time that does not tell how far. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

function amzDate(at: Instant): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
}

function instantOf(date: string): Instant {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  if (year === undefined) throw invalid("it has no `x-amz-date` as AWS writes it");
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the request is refused: ${why}`);
}

function invalid(why: string): CordonError {
  return new CordonError("SIGNATURE_INVALID", `the request's signature is refused: ${why}`);
}
