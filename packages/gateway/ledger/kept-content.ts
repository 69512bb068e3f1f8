/**
 * Content that policy says to keep (obligation `keepContent`): encrypted files beside the ledger, which itself holds only
 * keyed digests. In: bytes, their digest, a key. Out: a durable file under the digest's name; and the bytes again.
 *
 * AES-256-GCM with a fresh nonce for each file; the digest is the associated data, so that one file cannot be passed off
 * as another. Destroying the key forgets all content for good, and leaves the ledger whole.
 */
import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CordonError } from "@cordon/core/errors";

const version = 0x01;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + nonceBytes;

/**
 * Keeps content. Resolves once it is durable. Content that is kept already is replaced by the same, under a new nonce.
 *
 * @param folder the folder for kept content; made where needed
 * @param key AES-256 (a secret KeyObject of 32 bytes), used for kept content and nothing else
 * @param digest the HMAC of the bytes, lower-case hex, as the ledger entry has it
 * @throws {CordonError} `LEDGER_UNAVAILABLE` where it cannot be made durable: what cannot be kept does not happen
 */
export async function keepContent(folder: string, key: KeyObject, digest: string, bytes: Uint8Array): Promise<void> {
  const path = pathOf(folder, digest);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(digest));
  const sealed = Buffer.concat([Buffer.of(version), nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  try {
    await replaceDurably(path, sealed);
  } catch (cause) {
    throw new CordonError("LEDGER_UNAVAILABLE", "content that policy says to keep could not be written", { cause });
  }
}

/**
 * The content that was kept under a digest, or `undefined` where there is none.
 *
 * @throws {CordonError} `LEDGER_CORRUPT` where the file was changed, or belongs to another digest or key
 */
export async function readKeptContent(folder: string, key: KeyObject, digest: string): Promise<Uint8Array | undefined> {
  const sealed = await readUnlessMissing(pathOf(folder, digest));
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

/** Content, then name, then the folders that hold the name: after a crash it is there whole, or not at all. */
async function replaceDurably(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  for (const folder of [dirname(path), dirname(dirname(path)), dirname(dirname(dirname(path)))])
    await syncFolder(folder);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readUnlessMissing(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function pathOf(folder: string, digest: string): string {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new CordonError("LEDGER_CORRUPT", "a digest is 64 lower-case hex digits");
  return join(folder, digest.slice(0, 2), digest);
}
