/**
 * SHA-256 of files, remembered. In: a path, read through one open descriptor. Out: the digest of the very file that was
 * opened, with whose it is. A file that was measured is not read again until the kernel says that it changed: device,
 * inode, size, times of modification and of status change.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";

export interface Measured {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Tells this file from every other that is or was in its place. */
  readonly identity: string;
  /** Whether nobody but root can change it. */
  readonly ownedByRoot: boolean;
}

export interface Measurer {
  /** @throws {CordonError} `ACCESS_DENIED` when it cannot be read, or changed meanwhile */
  measure(path: string): Promise<Measured>;
}

const maxRemembered = 4096;

export function openMeasurer(): Measurer {
  const digests = new Map<string, Promise<string>>();
  return {
    async measure(path) {
      await using file = await openFile(path);
      const before = await statOf(file);
      let digest = digests.get(before.identity);
      if (digest === undefined) {
        digest = digestOf(file);
        digests.set(before.identity, digest);
        digest.catch(() => digests.delete(before.identity));
        for (const oldest of digests.keys()) {
          if (digests.size <= maxRemembered) break;
          digests.delete(oldest);
        }
      }
      const sha256 = await digest;
      const after = await statOf(file);
      if (after.identity !== before.identity) {
        digests.delete(before.identity);
        throw new CordonError("ACCESS_DENIED", `${path} changed while it was measured`);
      }
      return { sha256, ...after };
    },
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Not blocking: a FIFO in a file's place must not hang the agent.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new CordonError("ACCESS_DENIED", `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}

async function statOf(file: FileHandle): Promise<Omit<Measured, "sha256">> {
  const stat = await file.stat({ bigint: true });
  if (!stat.isFile()) throw new CordonError("ACCESS_DENIED", "what should be measured is not a file");
  return {
    identity: [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(":"),
    ownedByRoot: stat.uid === 0n && (stat.mode & 0o022n) === 0n,
  };
}

async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}
