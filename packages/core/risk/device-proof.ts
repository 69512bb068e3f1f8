/**
 * How a device shows that a caller's key lives on it. In: the device's key, and the certificate or key that the caller's
 * connection was made with. Out: a compact JWS for the header `cordon-device`; or, of one that arrived, the device it proves.
 *
 * It is bound to the connection's certificate and to the gateway, so that it is of no use to whoever reads it in passing; and
 * it ends within the hour, so that a retired or stolen key is not carried on by proofs made before.
 */
import { createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { parseStrictJson, type JsonValue } from "../contract/strict-json.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { Instant } from "../instant.ts";
import type { Device } from "./device.ts";

export const deviceHeader = "cordon-device";
export const proofLifeMs = 3_600_000;
const skewMs = 60_000;
const maxCharacters = 2_048;
const type = "cordon-device+jwt";

export interface DeviceProofClaims {
  readonly device: string;
  /** Lower-case hex SHA-256 of the caller's leaf certificate (DER). */
  readonly certificate: string;
  readonly gateway: SpiffeId;
  readonly issuedAt: Instant;
}

/** @param key the device's private key: P-256 or Ed25519 */
export function makeDeviceProof({ device, certificate, gateway, issuedAt }: DeviceProofClaims, key: KeyObject): string {
  const alg = key.asymmetricKeyType === "ed25519" ? "EdDSA" : "ES256";
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Math.floor(issuedAt / 1000);
  const payload = { aud: gateway, cnf: { "x5t#S256": certificate }, exp: iat + proofLifeMs / 1000, iat };
  const signed = `${part({ alg, kid: device, typ: type })}.${part(payload)}`;
  const signature = sign(alg === "EdDSA" ? null : "sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

export interface ProofContext {
  readonly devices: ReadonlyMap<string, Device>;
  readonly certificate: string;
  readonly gateway: SpiffeId;
  readonly now: Instant;
}

export interface ProvenDevice {
  readonly device: string;
  /** The key that it was proven with: while the device has another, or is retired, the proof counts no more. */
  readonly keyFingerprint: string;
  /** When the proof ends. */
  readonly until: Instant;
}

/** The device that a proof shows, or in words why it shows none. */
export function readDeviceProof(proof: string, context: ProofContext): ProvenDevice | string {
  if (proof.length > maxCharacters) return "the device's proof is too long";
  const [headerText = "", payloadText = "", signatureText = "", ...rest] = proof.split(".", 5);
  if (rest.length > 0) return "the device's proof is not three parts";
  const header = jsonOf(headerText);
  const payload = jsonOf(payloadText);
  const signature = bytesOf(signatureText);
  if (header === undefined || payload === undefined || signature === undefined)
    return "the device's proof cannot be read";
  const { alg, kid, typ } = header;
  if (typ !== type || typeof kid !== "string" || (alg !== "ES256" && alg !== "EdDSA"))
    return "the device's proof is of no type or algorithm that is taken here";
  const device = context.devices.get(kid);
  if (device === undefined || device.retired !== undefined) return `the device ${kid.slice(0, 63)} is not enrolled`;
  const { publicKey, keyFingerprint } = device;
  if (publicKey === undefined || keyFingerprint === undefined) return `the device ${device.name} has enrolled no key`;
  if (!signatureStands(alg, publicKey, `${headerText}.${payloadText}`, signature))
    return `the proof of the device ${device.name} is not signed by its key`;
  const { aud, cnf, exp, iat } = payload;
  if (aud !== context.gateway) return "the device's proof is for another gateway";
  if ((cnf as Record<string, unknown> | undefined)?.["x5t#S256"] !== context.certificate)
    return "the device's proof is bound to another connection";
  if (typeof iat !== "number" || typeof exp !== "number" || exp - iat > proofLifeMs / 1000)
    return "the device's proof lives too long, or does not say when it ends";
  if (iat * 1000 > context.now + skewMs) return "the device's proof is dated in the future";
  if (exp * 1000 <= context.now) return "the device's proof has expired";
  return { device: device.name, keyFingerprint, until: exp * 1000 };
}

function signatureStands(alg: "ES256" | "EdDSA", spki: string, signed: string, signature: Buffer): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki, "base64"), format: "der", type: "spki" });
    // The key says what it is; the header never chooses how it is used (RFC 8725, section 3.1).
    const expected =
      key.asymmetricKeyType === "ed25519"
        ? "EdDSA"
        : key.asymmetricKeyDetails?.namedCurve === "prime256v1"
          ? "ES256"
          : undefined;
    if (expected !== alg) return false;
    return verify(
      alg === "EdDSA" ? null : "sha256",
      Buffer.from(signed),
      { key, dsaEncoding: "ieee-p1363" },
      signature,
    );
  } catch {
    return false;
  }
}

function bytesOf(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

function jsonOf(text: string): Record<string, JsonValue> | undefined {
  const bytes = bytesOf(text);
  if (bytes === undefined) return undefined;
  try {
    const value = parseStrictJson(bytes, { depth: 4, names: 16 });
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
