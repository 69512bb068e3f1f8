/**
 * Measures content as it passes: how many bytes, and their keyed digest. In: chunks. Out: a {@link ContentDigest}.
 * Keeps a copy only where policy says that content is kept.
 */
import { createHmac, type Hmac, type KeyObject } from "node:crypto";
import type { ContentDigest } from "@cordon/core/ledger/entry";

export interface DigestKey {
  readonly name: string;
  readonly key: KeyObject;
}

export class ContentMeter {
  readonly #keyName: string;
  readonly #hmac: Hmac;
  #bytes = 0;
  readonly #kept: Uint8Array[] | undefined;
  #digest: ContentDigest | undefined;

  constructor(digestKey: DigestKey, keep: boolean) {
    this.#keyName = digestKey.name;
    this.#hmac = createHmac("sha256", digestKey.key);
    this.#kept = keep ? [] : undefined;
  }

  push(chunk: Uint8Array): void {
    this.#hmac.update(chunk);
    this.#bytes += chunk.length;
    this.#kept?.push(chunk);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get kept(): Uint8Array | undefined {
    return this.#kept && Buffer.concat(this.#kept);
  }

  /** The digest of everything pushed so far; nothing can be pushed after. */
  finish(): ContentDigest {
    this.#digest ??= { key: this.#keyName, hmac: this.#hmac.digest("hex"), bytes: this.#bytes };
    return this.#digest;
  }
}
