/** Values for texts of our own: the same in every run, and credentials of nothing. In: a seed. Out: what looks drawn, or is encoded. */
import { createHash, generateKeyPairSync } from "node:crypto";

export const lower = "abcdefghijklmnopqrstuvwxyz";
export const upper = lower.toUpperCase();
export const digits = "0123456789";
export const hex = `${digits}abcdef`;
export const base62 = lower + upper + digits;
export const base64 = `${base62}+/`;
export const url64 = `${base62}-_`;

export function random(alphabet: string, length: number, seed: string): string {
  let out = "";
  for (let block = 0; out.length < length; block++)
    for (const byte of createHash("sha256").update(`own ${seed} ${block}`).digest())
      out += alphabet.charAt(byte % alphabet.length);
  return out.slice(0, length);
}

export const uuid = (seed: string): string =>
  [8, 4, 4, 4, 12].map((length) => random(hex, length, seed + length)).join("-");
export const encoded = (text: string): string => Buffer.from(text).toString("base64");
export const part = (text: string): string => Buffer.from(text).toString("base64url");
export const jwt = (seed: string): string =>
  `${part('{"alg":"HS256","typ":"JWT"}')}.${part(`{"sub":"${random(digits, 6, seed)}","iat":1716239022}`)}.${random(url64, 43, seed)}`;

/** An issuer's mark in two parts, so that no scanner of repositories takes these files for keys. */
export const mark = (first: string, second: string): string => first + second;

let key: string | undefined;

/** A private key in PEM, drawn once. */
export function pem(): string {
  key ??= (
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }) as string
  ).trim();
  return key;
}

/** A text whose secret stands where `¤` is. */
export type Case = readonly [secret: string, text: string];

/** A key of WireGuard: 32 bytes in base64. */
export function wireguard(seed: string): string {
  return `${random(base64, 42, seed)}E=`;
}
