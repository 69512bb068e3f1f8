/**
 * The signature that every request carries. In: a key that cannot leave this browser, the request, an instant and a
 * nonce. Out: the value of the signature header.
 */
import { signedText } from "@cordon/core/contract/console-api";
import { toBase64Url, toHex } from "./encoding.ts";

/** ECDSA P-256 with SHA-256; WebCrypto's signature is the two numbers side by side (IEEE P1363). */
const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
const signatureAlgorithm = { name: "ECDSA", hash: "SHA-256" } as const;

/** What pairing left in this browser. */
export interface BrowserKey {
  readonly keyId: string;
  readonly privateKey: CryptoKey;
  /** What the user calls this browser. */
  readonly label: string;
  readonly pairedAt: number;
  /** Who signed in with a passkey; absent for a browser that was paired with a code. */
  readonly person?: string;
  readonly expiresAt: number;
}

export interface RequestToSign {
  readonly method: string;
  /** As in the `Host` header. */
  readonly host: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  /** Of the body as it is sent; empty where there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A key pair whose private half can sign here and can never be read, and the public half as pairing sends it. */
export async function makeKeyPair(): Promise<{ readonly privateKey: CryptoKey; readonly publicKey: PublicKeyJwk }> {
  const pair = await crypto.subtle.generateKey(keyAlgorithm, false, ["sign", "verify"]);
  const { x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  if (x === undefined || y === undefined) throw new Error("this browser made a key without coordinates");
  return { privateKey: pair.privateKey, publicKey: { kty: "EC", crv: "P-256", x, y } };
}

export interface PublicKeyJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

/** `keyId timestampMs nonce signature`: see `signedText` in the contract for what is signed. */
export async function signRequest(
  key: Pick<BrowserKey, "keyId" | "privateKey">,
  { method, host, target, body }: RequestToSign,
  { timestampMs, nonce }: { readonly timestampMs: number; readonly nonce: string },
): Promise<string> {
  const bodySha256 = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", body)));
  const text = new TextEncoder().encode(signedText({ method, host, target, timestampMs, nonce, bodySha256 }));
  const signature = new Uint8Array(await crypto.subtle.sign(signatureAlgorithm, key.privateKey, text));
  return `${key.keyId} ${timestampMs} ${nonce} ${toBase64Url(signature)}`;
}

/** 128 bits that no other request of this key has. */
export function makeNonce(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}
