/**
 * Tokens that stand for values and can be undone. In: a namespace's key, a scope, a lifetime. Out: `seal` and `open`.
 *
 * A token carries its value, encrypted: deterministic authenticated encryption in the manner of SIV (RFC 5297), with
 * HMAC-SHA-256 cut to 96 bits as the synthetic nonce and AES-256-CTR under it. So nothing is stored and every gateway
 * opens what another sealed; destroying the key forgets all values for good. The nonce covers scope, type, category,
 * expiry and value: a token of another scope, altered or made up does not open. In one scope and period the same value
 * gives the same token, so that a model can refer to it; that two values are equal is what a token gives away, and their
 * length to within five bytes.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual, type KeyObject } from "node:crypto";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { Instant } from "../../instant.ts";
import { findingCategories, type FindingCategory } from "../finding.ts";
import { decodeLetters, formatToken, maxTokenBytes, tokenType, type TokenShape } from "./token-format.ts";

export interface OpenedToken {
  readonly value: string;
  readonly category: FindingCategory;
}

export interface TokenSealer {
  /** A token in place of a value; `undefined` where the value is too long, or is no well-formed text. */
  seal(detector: string, category: FindingCategory, value: string): string | undefined;
  /** What a token stands for; `undefined` where it is none of this scope, or has expired. */
  open(token: Pick<TokenShape, "type" | "letters">): OpenedToken | undefined;
}

export interface TokenScope {
  /** 32 secret bytes of one namespace. */
  readonly key: KeyObject;
  /** Whose conversation it is; tokens of another scope stay closed. */
  readonly scope: string;
  /** A token opens for at least this long, and for less than twice as long. */
  readonly lifetimeHours: number;
  readonly now: () => Instant;
}

const hourMs = 3_600_000;
const version = 1;
const expiryBytes = 3;
const nonceBytes = 12;
const headBytes = 1 + expiryBytes + nonceBytes;
const groupBytes = 5;
/**
 * Tokens that one sealer tries to open: what is tried costs a digest, and a text may hold shapes of tokens by the ten thousand.
 * What comes after is no token: it is inspected as the text that it looks like, and stays.
 */
export const maxTried = 4096;

/** Longest value that a token can stand for, in bytes of UTF-8. */
export const maxTokenValueBytes = maxTokenBytes - headBytes;

/** Whose tokens these are, as {@link TokenScope} takes it: one principal's with one person behind it or none, or everybody's. */
export function scopeName(scope: "principal" | "namespace", principal: SpiffeId, user?: SpiffeId): string {
  return scope === "namespace" ? "namespace" : `principal ${principal} ${user ?? ""}`;
}

/** What a token of this key and scope stands for, and until when it may be opened; `undefined` where it is none of these. */
export function unsealToken(
  { key, scope }: Pick<TokenScope, "key" | "scope">,
  { type, letters }: Pick<TokenShape, "type" | "letters">,
): { readonly opened: OpenedToken; readonly expires: Instant } | undefined {
  const { authentication, encryption } = keysOf(key);
  const bytes = decodeLetters(letters);
  if (bytes.length <= headBytes) return undefined;
  const head = bytes[0] ?? 0;
  const category = findingCategories[head & 31];
  if (head >> 5 !== version || category === undefined) return undefined;
  const nonce = bytes.subarray(1 + expiryBytes, headBytes);
  const cipher = createDecipheriv("aes-256-ctr", encryption, Buffer.concat([nonce, Buffer.alloc(4)]));
  const padded = cipher.update(bytes.subarray(headBytes));
  if (!timingSafeEqual(nonceOf(authentication, Buffer.from(scope), bytes, type, padded), nonce)) return undefined;
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end -= 1;
  const opened = { value: padded.subarray(0, end).toString("utf8"), category };
  return { opened, expires: bytes.readUIntBE(1, expiryBytes) * hourMs };
}

function nonceOf(authentication: Buffer, scoped: Buffer, head: Uint8Array, type: string, value: Uint8Array): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(scoped.length, 0);
  lengths.writeUInt32BE(type.length, 4);
  const mac = createHmac("sha256", authentication).update(lengths).update(scoped).update(type);
  return mac
    .update(head.subarray(0, 1 + expiryBytes))
    .update(value)
    .digest()
    .subarray(0, nonceBytes);
}

export function createTokenSealer({ key, scope, lifetimeHours, now }: TokenScope): TokenSealer {
  const { authentication, encryption } = keysOf(key);
  const scoped = Buffer.from(scope);
  const tried = new Map<string, ReturnType<typeof unsealToken>>();

  return {
    seal(detector, category, value) {
      const bytes = Buffer.from(value, "utf8");
      if (bytes.length === 0 || bytes.length > maxTokenValueBytes) return undefined;
      if (value.endsWith("\0") || bytes.toString("utf8") !== value) return undefined;
      const type = tokenType(detector);
      const period = lifetimeHours * hourMs;
      const expires = (Math.floor(now() / period) + 2) * lifetimeHours;
      const token = Buffer.alloc(Math.ceil((headBytes + bytes.length) / groupBytes) * groupBytes);
      token[0] = (version << 5) | findingCategories.indexOf(category);
      token.writeUIntBE(expires, 1, expiryBytes);
      bytes.copy(token, headBytes);
      const padded = token.subarray(headBytes);
      const nonce = nonceOf(authentication, scoped, token, type, padded);
      nonce.copy(token, 1 + expiryBytes);
      createCipheriv("aes-256-ctr", encryption, Buffer.concat([nonce, Buffer.alloc(4)]))
        .update(padded)
        .copy(padded);
      return formatToken(type, token);
    },
    open({ type, letters }) {
      const name = `${type}_${letters}`;
      if (!tried.has(name)) {
        if (tried.size >= maxTried) return undefined;
        tried.set(name, unsealToken({ key, scope }, { type, letters }));
      }
      const known = tried.get(name);
      return known !== undefined && now() < known.expires ? known.opened : undefined;
    },
  };
}

interface TokenKeys {
  readonly authentication: Buffer;
  readonly encryption: Buffer;
}

const derived = new WeakMap<KeyObject, TokenKeys>();

/** Two keys from one, each by its name (SP 800-108 in counter mode comes to the same for one block). */
function keysOf(key: KeyObject): TokenKeys {
  let keys = derived.get(key);
  if (keys === undefined) {
    const derive = (purpose: string): Buffer => createHmac("sha256", key).update(`cordon token ${purpose} v1`).digest();
    derived.set(key, (keys = { authentication: derive("authentication"), encryption: derive("encryption") }));
  }
  return keys;
}
