/**
 * A client's public key, as a DPoP proof carries it. In: the `jwk` of its header. Out: the key, and the thumbprint that a
 * token is bound to. Only public keys of the kinds that count, spelled in one way: a private member, a key that is not a
 * point, or a coordinate with another spelling is refused.
 *
 * @see RFC 7517; RFC 7638; RFC 9449, section 4.2
 */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { isJsonObject, type JsonValue } from "../contract/strict-json.ts";
import { CordonError } from "../errors.ts";
import { judgePublicKey } from "../identity/algorithms.ts";

export interface PublicJwk {
  readonly key: KeyObject;
  readonly jwk: Readonly<Record<string, string>>;
  /** RFC 7638, SHA-256, base64url: `jkt` of a token that is bound to the key. */
  readonly thumbprint: string;
}

/** The members that make the key, in the order of RFC 7638, section 3.2; nothing else of it is used. */
const members: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "kty", "x", "y"],
  RSA: ["e", "kty", "n"],
};
/** What makes a key private, or symmetric (RFC 7518, section 6). */
const secretMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const maxMemberCharacters = 1_400;

/** @throws {CordonError} `DPOP_PROOF_INVALID` */
export function readPublicJwk(value: JsonValue | undefined): PublicJwk {
  if (value === undefined || !isJsonObject(value)) throw refused("it holds no key (jwk)");
  if (secretMembers.some((name) => value[name] !== undefined)) throw refused("its key is not a public one");
  const { kty } = value;
  const names = typeof kty === "string" && Object.hasOwn(members, kty) ? members[kty] : undefined;
  if (names === undefined) throw refused("its key is neither EC nor RSA");
  const jwk: Record<string, string> = {};
  for (const name of names) {
    const member = value[name];
    if (typeof member !== "string" || member === "" || member.length > maxMemberCharacters)
      throw refused(`its key has no \`${name}\``);
    if (name !== "kty" && name !== "crv" && Buffer.from(member, "base64url").toString("base64url") !== member)
      throw refused(`its key's \`${name}\` is not canonical base64url`);
    jwk[name] = member;
  }
  const key = imported(jwk);
  // What OpenSSL understood, written out again: a coordinate with a leading zero, say, would have two thumbprints.
  const exported = key.export({ format: "jwk" }) as Record<string, unknown>;
  if (names.some((name) => exported[name] !== jwk[name])) throw refused("its key has another spelling");
  const thumbprint = createHash("sha256").update(JSON.stringify(jwk)).digest("base64url");
  return { key, jwk, thumbprint };
}

function imported(jwk: Record<string, string>): KeyObject {
  let key;
  try {
    key = createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw new CordonError("DPOP_PROOF_INVALID", "the DPoP proof is refused: its key cannot be read", { cause });
  }
  const verdict = judgePublicKey(key.export({ format: "der", type: "spki" }));
  if ("refused" in verdict) throw refused(verdict.refused);
  return key;
}

function refused(why: string): CordonError {
  return new CordonError("DPOP_PROOF_INVALID", `the DPoP proof is refused: ${why}`);
}
