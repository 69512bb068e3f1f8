/**
 * Security event tokens. In: a compact JWT, and what is known of who may send it. Out: the event with its subject, or the error
 * that RFC 8935 names, with words. Everything is checked before anything of it is acted on: type, algorithm, key, signature,
 * issuer, audience, age; `jti` is for whoever remembers what came before.
 *
 * @see RFC 8417; SSF 1.0, section 4 (explicit typing, no `sub`, no `exp`, `sub_id`); RFC 8935, section 2.4
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import { isCordonError } from "../../errors.ts";
import type { Instant } from "../../instant.ts";
import { importJwtAuthority, jwsStands, parseJws, parseTokenJson } from "../../identity/jws.ts";
import type { JwtAuthority } from "../../policy/snapshot.ts";
import { readEvent, type SecurityEvent } from "./events.ts";
import { subjectProblem, unknownCritical } from "./subject.ts";

export interface SetExpectations {
  readonly issuer: string;
  /** Any of these. */
  readonly audiences: readonly string[];
  readonly now: Instant;
  /** Older tokens are refused. */
  readonly maxAgeMs: number;
  /** Members of complex subjects that the transmitter says must be understood. */
  readonly critical?: readonly string[];
}

export interface SetVerification extends SetExpectations {
  /** The issuer's keys now. */
  readonly keys: readonly JwtAuthority[];
}

export interface ReceivedEvent {
  readonly jti: string;
  readonly issuedAt: Instant;
  readonly subject: JsonValue;
  readonly type: string;
  readonly event: SecurityEvent;
}

/** `error` is one of RFC 8935's codes. */
export interface SetRefusal {
  readonly error: "invalid_request" | "invalid_key" | "invalid_issuer" | "invalid_audience" | "authentication_failed";
  readonly words: string;
}

const skewMs = 60_000;
const setType = "secevent+jwt";

/** Verifies and reads a token. */
export function verifySet(token: string, expected: SetVerification): ReceivedEvent | SetRefusal {
  let claims: JsonObject;
  try {
    const jws = parseJws(token, setType);
    const key = expected.keys.find(({ kid }) => kid === jws.kid);
    if (key === undefined) return refused("invalid_key", `the issuer publishes no key \`${jws.kid.slice(0, 64)}\``);
    if (!jwsStands(jws, importJwtAuthority(key)))
      return refused("authentication_failed", "the signature does not stand");
    claims = parseTokenJson(jws.payload, "payload");
  } catch (error) {
    if (!isCordonError(error)) throw error;
    return refused("invalid_request", error.message.replaceAll("JWT-SVID", "security event token"));
  }
  return readClaims(claims, expected);
}

/** Reads the claims of a token whose signature stands. */
export function readClaims(claims: JsonObject, expected: SetExpectations): ReceivedEvent | SetRefusal {
  const { iss, aud, iat, jti, events, sub_id: subject } = claims;
  if (iss !== expected.issuer) return refused("invalid_issuer", "it is of another issuer than the stream's");
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (audiences.length > 64 || !audiences.some((one) => typeof one === "string" && expected.audiences.includes(one)))
    return refused("invalid_audience", "it is for another receiver");
  if (Object.hasOwn(claims, "sub")) return invalid("it has a `sub`, so it could be taken for another kind of token");
  if (Object.hasOwn(claims, "exp")) return invalid("it has an `exp`, so it could be taken for another kind of token");
  if (typeof jti !== "string" || jti === "" || jti.length > 256) return invalid("it has no `jti`");
  if (typeof iat !== "number" || !(iat > 0)) return invalid("it has no `iat`");
  if (iat * 1000 > expected.now + skewMs) return invalid("it is dated in the future");
  if (iat * 1000 <= expected.now - expected.maxAgeMs) return invalid("it is too old");
  if (Object.hasOwn(claims, "toe") && typeof claims["toe"] !== "number") return invalid("its `toe` is no time");
  if (Object.hasOwn(claims, "txn") && typeof claims["txn"] !== "string") return invalid("its `txn` is no text");
  if (!isJsonObject(events)) return invalid("it has no `events`");
  const all = Object.entries(events);
  const [first] = all;
  // CAEP Interoperability Profile 1.0, section 2.8.1.
  if (first === undefined || all.length > 1) return invalid(`it holds ${all.length} events; exactly one is taken`);
  const problem = subjectProblem(subject);
  if (problem !== undefined) return invalid(problem);
  const critical = unknownCritical(subject as JsonValue, expected.critical ?? []);
  if (critical !== undefined) return invalid(`its subject has \`${critical}\`, which must be understood and is not`);
  const [type, payload] = first;
  if (!URL.canParse(type)) return invalid("its event type is no URI");
  const event = readEvent(type, payload);
  if (typeof event === "string") return invalid(event);
  const issuedAt = Math.round(iat * 1000);
  const { toe } = claims;
  const at = event.at ?? (typeof toe === "number" ? Math.round(toe * 1000) : undefined);
  // What has not happened yet is taken to happen now: a date ahead must not outlive what is reported later.
  const dated = { ...event, at: at === undefined ? issuedAt : Math.min(at, expected.now) };
  return { jti, issuedAt, subject: subject as JsonValue, type, event: dated };
}

function refused(error: SetRefusal["error"], words: string): SetRefusal {
  return { error, words };
}

function invalid(words: string): SetRefusal {
  return refused("invalid_request", words);
}
