/**
 * Digests of a file's bytes. In: a file and a hash. Out: the digest of the whole, or of each shard, and how many bytes
 * were read; optionally the same bytes are handed on as they are read, so that a copy holds exactly what was hashed.
 */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { blake3 } from "@noble/hashes/blake3.js";
import { CordonError } from "@cordon/core/errors";

/** OMS algorithm registry. SHA-256 is required; the others are optional there and supported here. */
export const hashTypes = ["sha256", "blake2b", "blake3"] as const;
export type HashType = (typeof hashTypes)[number];

/** Length of a digest in bytes. */
export const digestBytes: Readonly<Record<HashType, number>> = { sha256: 32, blake2b: 64, blake3: 32 };

/** Takes bytes, gives a digest once. */
export interface Digester {
  readonly update: (bytes: Uint8Array) => void;
  readonly hex: () => string;
}

/** A digester of the given kind. */
export function digester(type: HashType): Digester {
  if (type === "blake3") {
    const state = blake3.create();
    return {
      update: (bytes) => void state.update(bytes),
      hex: () => Buffer.from(state.digest()).toString("hex"),
    };
  }
  const hash: Hash = createHash(type === "sha256" ? "sha256" : "blake2b512");
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}

export interface HashOptions {
  readonly type: HashType;
  /** Shard size in bytes; absent for one digest over the whole file. */
  readonly shardBytes?: number;
  /** Receives the bytes as they are hashed; the next read waits for it. The buffer is used again afterwards. */
  readonly tee?: (bytes: Uint8Array) => Promise<void>;
  /** Hears of bytes as they are read. */
  readonly onBytes?: (bytes: number) => void;
}

export interface FileDigest {
  readonly bytes: number;
  /** One digest for the whole file, or one a shard; lower-case hex. */
  readonly digests: readonly string[];
}

const readBytes = 1024 * 1024;

/**
 * Hashes one file. The last component of the path is never followed if it is a link.
 *
 * @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`
 */
export async function hashFile(path: string, options: HashOptions): Promise<FileDigest> {
  const { type, shardBytes = Number.POSITIVE_INFINITY } = options;
  // Not blocking, so that a pipe put in a file's place cannot hold us; it is refused right below.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((cause: Error) => {
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `${path} cannot be read: ${cause.message}`, { cause });
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw changed(path, "it is no regular file any more");
    const buffer = Buffer.allocUnsafe(readBytes);
    const digests: string[] = [];
    let state = digester(type);
    let inShard = 0;
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, readBytes, null);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      // Whoever appends as fast as we read would keep us here, and fill the store.
      if (bytes > found.size) throw changed(path, "it grew while it was read");
      for (let at = 0; at < bytesRead;) {
        const take = Math.min(bytesRead - at, shardBytes - inShard);
        state.update(buffer.subarray(at, at + take));
        at += take;
        inShard += take;
        if (inShard === shardBytes) {
          digests.push(state.hex());
          state = digester(type);
          inShard = 0;
        }
      }
      if (options.tee !== undefined) await options.tee(buffer.subarray(0, bytesRead));
      options.onBytes?.(bytesRead);
    }
    if (inShard > 0 || options.shardBytes === undefined) digests.push(state.hex());
    return { bytes, digests };
  } finally {
    await handle.close();
  }
}

function changed(path: string, why: string): CordonError {
  return new CordonError("SUPPLY_INPUT_INVALID", `${path}: ${why}; keep the model still while it is verified`);
}
