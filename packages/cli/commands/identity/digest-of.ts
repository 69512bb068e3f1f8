/**
 * What is meant by `--certificate`, `--key` and `--authority`: the digest that a revocation holds. In: a SHA-256 in hex,
 * or the path of a file. Out: the digest, and, where the file says so, when what it names expires by itself.
 */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";

export interface Named {
  readonly sha256: string;
  readonly expiresAt?: number;
}

const maxFileBytes = 256 * 1024;

/**
 * @param kind `certificate`: a PEM certificate (the first of a chain) or a JWT-SVID; `key`: those, or a PEM key
 * @throws {CordonError} `USAGE`
 */
export async function digestOf(kind: "certificate" | "key" | "authority", value: string): Promise<Named> {
  const digits = value.replaceAll(":", "").toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return { sha256: digits };
  let text: string;
  try {
    const bytes = await readFile(value);
    if (bytes.length > maxFileBytes) throw new Error(`it is longer than ${maxFileBytes} bytes`);
    text = bytes.toString("latin1").trim();
  } catch (cause) {
    throw misuse(kind, value, (cause as Error).message, cause);
  }
  if (kind === "certificate" && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return { sha256: sha256(text) };
  const certificate = certificateIn(text);
  if (kind === "certificate") {
    if (certificate === undefined) throw misuse(kind, value, "it holds neither a certificate in PEM nor a token");
    return { sha256: sha256(certificate.raw), expiresAt: certificate.validToDate.getTime() };
  }
  const key = certificate?.publicKey ?? keyIn(text);
  if (key === undefined) throw misuse(kind, value, "it holds neither a certificate nor a key in PEM");
  return { sha256: sha256(key.export({ type: "spki", format: "der" })) };
}

function certificateIn(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

/** The public half of whatever key the text holds. */
function keyIn(text: string): KeyObject | undefined {
  try {
    return createPublicKey(text);
  } catch {
    return undefined;
  }
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function misuse(kind: string, value: string, why: string, cause?: unknown): CordonError {
  return new CordonError("USAGE", `--${kind} ${value} is no SHA-256, and as a file it cannot be used: ${why}`, {
    cause,
  });
}
