/**
 * Delegation tokens: a person's session lets one workload act for the person, for minutes. In: the claims and the session's
 * key; or a token, who shows it, and to whom. Out: a token; or whom the workload acts for, until when, and for what.
 *
 * The session's own key signs: the key that `cordon login` made and a passkey confirmed, and that never left its machine. So
 * nobody has to be asked, and the delegation ends with the session. The token names its one actor (`act`), which the gateway
 * compares with the certificate that the connection was made with: in other hands it is nothing.
 *
 * @see RFC 8693, section 4.1 (`act`); RFC 7519; OpenID SIOPv2 (`sub_jwk`: the key of a self-issued token)
 */
import { createHash, createPublicKey, sign, type KeyObject } from "node:crypto";
import { isJsonObject, type JsonObject, type JsonValue } from "../contract/strict-json.ts";
import { actions, type Action } from "../contract/vocabulary.ts";
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";
import type { ActingUser } from "../policy/people.ts";
import { sha256Hex } from "./certificate.ts";
import { importJwtAuthority, jwsStands, parseJws, parseTokenJson, type CompactJws } from "./jws.ts";
import { parseSpiffeId, userPartsOf, type SpiffeId } from "./spiffe-id.ts";

/** By this a workload says for whom it acts; it is read by the gateway and goes no further. */
export const delegationHeader = "cordon-delegation";

/** What the token says that it is (RFC 8725, section 3.11): it passes for no other token, and no other for it. */
export const delegationType = "cordon-delegation+jwt";

/** How long a delegation may last, in seconds. */
export const maxDelegationSeconds = 3_600;

/** The longest that a token may be; what is in it is bounded besides. */
export const maxDelegationLength = 2_800;

const maxResources = 16;
/** Clocks of people's machines differ: a token may be dated this far ahead. */
const skewMs = 60_000;

const claimNames: ReadonlySet<string> = new Set([
  ...["iss", "sub", "act", "aud", "iat", "exp", "jti", "scope", "resources", "sub_jwk"],
]);

export interface Delegation {
  readonly person: SpiffeId;
  /** The workload that may act. */
  readonly actor: SpiffeId;
  /** The gateway's SPIFFE ID. */
  readonly audience: SpiffeId;
  readonly issuedAt: Instant;
  readonly lifetimeSeconds: number;
  readonly id: string;
  /** Nothing but these; absent: whatever both may do. */
  readonly actions?: readonly Action[];
  readonly resources?: readonly SpiffeId[];
}

/**
 * @param key the private key of the person's session, P-256
 * @throws {CordonError} `USAGE` for what no gateway would accept
 */
export function mintDelegation(delegation: Delegation, key: KeyObject): string {
  const { person, actor, audience, issuedAt, lifetimeSeconds, id, actions: only, resources } = delegation;
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > maxDelegationSeconds)
    throw new CordonError("USAGE", `a delegation lasts 1 to ${maxDelegationSeconds} seconds`);
  if ((resources?.length ?? 0) > maxResources)
    throw new CordonError("USAGE", `a delegation names at most ${maxResources} resources`);
  const publicKey = createPublicKey(key);
  const { kty, crv, x, y } = publicKey.export({ format: "jwk" });
  const iat = Math.floor(issuedAt / 1000);
  const header = { alg: "ES256", kid: fingerprintOf(publicKey), typ: delegationType };
  const claims = {
    ...{ iss: person, sub: person, act: { sub: actor }, aud: audience, iat, exp: iat + lifetimeSeconds, jti: id },
    ...(only === undefined ? {} : { scope: only.join(" ") }),
    ...(resources === undefined ? {} : { resources }),
    sub_jwk: { kty, crv, x, y },
  };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  const token = `${signed}.${signature.toString("base64url")}`;
  if (token.length > maxDelegationLength) throw new CordonError("USAGE", "the delegation names too much; name less");
  return token;
}

/** What a token is held against. */
export interface DelegationChecks {
  /** Who shows it: proved by the connection's certificate. */
  readonly actor: SpiffeId;
  /** Who it must be for: the enforcement point's own id. */
  readonly audience: SpiffeId;
  readonly now: Instant;
}

/**
 * Whom the actor acts for. That the person is enrolled, not locked, and signed in with the key that signed, is for the
 * decision to see in its snapshot: then, and again whenever that changes.
 *
 * @throws {CordonError} `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_AUDIENCE`, `TOKEN_NOT_PERMITTED`. No message holds any part
 *   of the token but who it names.
 */
export function verifyDelegation(token: string, { actor, audience, now }: DelegationChecks): ActingUser {
  if (token.length > maxDelegationLength) throw invalid(`it is longer than ${maxDelegationLength} characters`);
  const jws = formOf(token); // 1. the form
  if (jws.algorithmName !== "ES256") throw invalid("it is not signed with ES256");
  const claims = parseTokenJson(jws.payload, "payload");
  for (const name of Object.keys(claims)) if (!claimNames.has(name)) throw invalid("it claims what is not known here");
  const key = readKey(claims["sub_jwk"]); // 2. the key, which is the session: its digest is the session's name
  if (key.keyFingerprint !== jws.kid) throw invalid("its key is not the one that it names");
  if (!jwsStands(jws, key)) throw invalid("its signature does not hold"); // 3. the signature
  const person = readPerson(claims); // 4. the claims, believed only now
  const { until } = readTimes(claims, now);
  if (claims["aud"] !== audience)
    throw new CordonError("TOKEN_AUDIENCE", `the delegation of ${person} is for another gateway than ${audience}`);
  const named = readActor(claims["act"]);
  if (named !== actor)
    throw new CordonError("TOKEN_NOT_PERMITTED", `the delegation of ${person} is for ${named}, and ${actor} shows it`);
  if (typeof claims["jti"] !== "string" || !/^[\x21-\x7e]{1,64}$/.test(claims["jti"])) throw invalid("it has no id");
  const scope = readScope(claims);
  const session = key.keyFingerprint;
  const delegation = delegationDigest(session, claims["jti"]);
  return { id: person, session, until, delegation, ...(scope === undefined ? {} : { scope }) };
}

/** What one delegation is withdrawn by: its id, under the session that made it. A signature's twin has the same. */
export function delegationDigest(session: string, id: string): string {
  return createHash("sha256").update(`cordon-delegation ${session} ${id}`).digest("hex");
}

function formOf(token: string): CompactJws {
  try {
    return parseJws(token, delegationType);
  } catch (cause) {
    const why = (cause as Error).message.replace(/^.*?JWT-SVID: /, "");
    throw new CordonError("TOKEN_INVALID", `the delegation is refused: ${why}`, { cause });
  }
}

function readKey(value: JsonValue | undefined) {
  if (value === undefined || !isJsonObject(value)) throw invalid("it shows no key (sub_jwk)");
  const { kty, crv, x, y, ...more } = value;
  const plain = typeof x === "string" && typeof y === "string" && Object.keys(more).length === 0;
  if (kty !== "EC" || crv !== "P-256" || !plain) throw invalid("its key is not a public one of P-256");
  return importJwtAuthority({ kid: "session", jwk: { kty, crv, x, y } });
}

function readPerson({ iss, sub }: JsonObject): SpiffeId {
  if (typeof sub !== "string" || iss !== sub) throw invalid("its issuer is not its subject");
  const person = parseSpiffeId(sub);
  if (userPartsOf(person) === undefined) throw invalid("its subject is not a person");
  return person;
}

/** One actor: a chain of them (RFC 8693, section 4.1) says who acted before, which nobody here has seen. */
function readActor(value: JsonValue | undefined): SpiffeId {
  if (
    value === undefined ||
    !isJsonObject(value) ||
    Object.keys(value).length !== 1 ||
    typeof value["sub"] !== "string"
  )
    throw invalid("it does not name one actor (act)");
  return parseSpiffeId(value["sub"]);
}

function readTimes({ iat, exp }: JsonObject, now: Instant): { readonly until: Instant } {
  if (!isTime(iat) || !isTime(exp)) throw invalid("it does not say from when to when it holds");
  if (exp <= iat || exp - iat > maxDelegationSeconds) throw invalid(`it lasts longer than ${maxDelegationSeconds} s`);
  // Negated so that a clock that gives no time (NaN) refuses.
  if (!(now < exp * 1000))
    throw new CordonError("TOKEN_EXPIRED", `the delegation ended at ${new Date(exp * 1000).toISOString()}`);
  if (!(now + skewMs >= iat * 1000)) throw invalid("it is from the future; check both clocks");
  return { until: exp * 1000 };
}

function isTime(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 && value < 8.64e12;
}

function readScope({ scope, resources }: JsonObject): ActingUser["scope"] {
  if (scope === undefined && resources === undefined) return undefined;
  const named = typeof scope === "string" ? scope.split(" ") : scope === undefined ? undefined : [""];
  const listed = named?.map((name) => actions.find((action) => action === name));
  if (listed !== undefined && listed.some((action) => action === undefined)) throw invalid("its scope names no action");
  if (resources !== undefined && (!Array.isArray(resources) || resources.length > maxResources))
    throw invalid(`its resources are not a list of at most ${maxResources}`);
  return {
    ...(listed === undefined ? {} : { actions: listed.filter((action) => action !== undefined) }),
    ...(resources === undefined
      ? {}
      : { resources: resources.map((one) => parseSpiffeId(typeof one === "string" ? one : "")) }),
  };
}

function fingerprintOf(key: KeyObject): string {
  return sha256Hex(key.export({ type: "spki", format: "der" }));
}

function invalid(why: string): CordonError {
  return new CordonError("TOKEN_INVALID", `the delegation is refused: ${why}`);
}
