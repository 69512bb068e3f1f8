/**
 * Content that policy says to keep (obligation `keepContent`): encrypted files beside the ledger, which itself holds only
 * keyed digests. In: bytes, their digest, a key. Out: a durable file under the digest's name; and the bytes again.
 *
 * AES-256-GCM with a fresh nonce for each file; the digest is the associated data, so that one file cannot be passed off
 * as another. Destroying the key forgets all content for good, and leaves the ledger whole.
 */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import { DurableFolder } from "./durable.ts";
import { nodeFiles, type LedgerFiles } from "./files.ts";

const version = 0x01;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + nonceBytes;

/**
 * Keeps content. Content that is kept already is left as it is.
 *
 * @param folder the folder for kept content, or its file layer
 * @param key AES-256 (a secret KeyObject of 32 bytes), used for kept content and nothing else
 * @param digest the HMAC of the bytes, lower-case hex, as the ledger entry has it
 * @throws {CordonError} `LEDGER_UNAVAILABLE` where it cannot be made durable: what cannot be kept does not happen
 */
export function keepContent(folder: string | LedgerFiles, key: KeyObject, digest: string, bytes: Uint8Array): void {
  const path = pathOf(digest);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(digest));
  const sealed = Buffer.concat([Buffer.of(version), nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  try {
    const files = filesOf(folder);
    if (files.read(path) === undefined) new DurableFolder(files).replace(path, sealed);
  } catch (cause) {
    throw new CordonError("LEDGER_UNAVAILABLE", "content that policy says to keep could not be written", { cause });
  }
}

/**
 * The content that was kept under a digest, or `undefined` where there is none.
 *
 * @throws {CordonError} `LEDGER_CORRUPT` where the file was changed, or belongs to another digest or key
 */
export function readKeptContent(folder: string | LedgerFiles, key: KeyObject, digest: string): Uint8Array | undefined {
  const sealed = filesOf(folder).read(pathOf(digest));
  if (sealed === undefined) return undefined;
  try {
    if (sealed.length < headerBytes + tagBytes || sealed[0] !== version) throw new Error("not kept content, version 1");
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, headerBytes), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(digest));
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const content = decipher.update(sealed.subarray(headerBytes, sealed.length - tagBytes));
    return Buffer.concat([content, decipher.final()]);
  } catch (cause) {
    throw new CordonError("LEDGER_CORRUPT", `the content kept under ${digest} was changed, or another key kept it`, {
      cause,
    });
  }
}

function filesOf(folder: string | LedgerFiles): LedgerFiles {
  return typeof folder === "string" ? nodeFiles(folder) : folder;
}

function pathOf(digest: string): string {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new CordonError("LEDGER_CORRUPT", "a digest is 64 lower-case hex digits");
  return `${digest.slice(0, 2)}/${digest}`;
}
