/** Access tokens and DPoP proofs as a client and an issuer would make them, each part of which a test may bend. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

export interface SigningPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Readonly<Record<string, string>>;
}

export function ecPair(namedCurve = "P-256"): SigningPair {
  const pair = generateKeyPairSync("ec", { namedCurve });
  const { kty = "", crv = "", x = "", y = "" } = pair.publicKey.export({ format: "jwk" });
  return { ...pair, jwk: { kty, crv, x, y } };
}

export function thumbprintOf({ jwk }: SigningPair): string {
  const { crv, kty, x, y } = jwk;
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

/** A JWS of any header and payload; ES256 unless another signature is given. */
export function compact(header: unknown, payload: unknown, key: KeyObject | ((signed: string) => Buffer)): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(payload)}`;
  const signature =
    typeof key === "function" ? key(signed) : sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

export function accessTokenHash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
