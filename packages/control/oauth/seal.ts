/**
 * What the authorization server writes down, so that a copy of the database is worth nothing. In: one secret of the vault.
 * Out: names that are digests under it (a code or token is never found by reading), and values that only it opens.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, type KeyObject } from "node:crypto";
import { CordonError } from "@cordon/core/errors";

export interface RecordSeal {
  /** Names a record: HMAC-SHA-256, base64url. */
  nameOf(kind: string, id: string): string;
  seal(kind: string, name: string, value: unknown): string;
  /** @throws {CordonError} `STORE_CORRUPT` where it was changed, moved, or sealed under another secret */
  open(kind: string, name: string, sealed: string): unknown;
  /** A further key from the same secret. */
  derive(purpose: string): Buffer;
}

const nonceBytes = 12;
const tagBytes = 16;

export function recordSeal(secret: KeyObject): RecordSeal {
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), `cordon oauth ${purpose} v1`, 32));
  const naming = derive("record names");
  const sealing = derive("record values");
  return {
    derive,
    nameOf: (kind, id) => createHmac("sha256", naming).update(`${kind}\n${id}`).digest("base64url"),
    seal(kind, name, value) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", sealing, nonce).setAAD(Buffer.from(`${kind}\n${name}`));
      const content = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), content]).toString("base64");
    },
    open(kind, name, sealed) {
      const bytes = Buffer.from(sealed, "base64");
      try {
        const decipher = createDecipheriv("aes-256-gcm", sealing, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        })
          .setAAD(Buffer.from(`${kind}\n${name}`))
          .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        const content = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
        return JSON.parse(content.toString()) as unknown;
      } catch (cause) {
        throw new CordonError("STORE_CORRUPT", `a record of kind ${kind} does not open; it was changed or moved`, {
          cause,
        });
      }
    },
  };
}
