/**
 * Measures content as it passes: how many bytes, and their keyed digest. In: chunks. Out: a {@link ContentDigest}.
 * Keeps a copy only where policy says that content is kept.
 */
import { createHmac, type Hmac, type KeyObject } from "node:crypto";
import type { ContentDigest } from "@cordon/core/ledger/entry";
import { hmacHex } from "./hmac.ts";

export interface DigestKey {
  readonly name: string;
  readonly key: KeyObject;
}

export class ContentMeter {
  readonly #digestKey: DigestKey;
  /** The first chunk, until there is a second: most content is one chunk, and needs no digest that grows. */
  #only: Uint8Array | undefined;
  #hmac: Hmac | undefined;
  #bytes = 0;
  readonly #kept: Uint8Array[] | undefined;
  #digest: ContentDigest | undefined;

  constructor(digestKey: DigestKey, keep: boolean) {
    this.#digestKey = digestKey;
    this.#kept = keep ? [] : undefined;
  }

  /** Takes in a chunk, which must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#digest !== undefined) throw new Error("content was pushed into a meter that had finished");
    if (this.#hmac !== undefined) this.#hmac.update(chunk);
    else if (this.#bytes === 0) this.#only = chunk;
    else {
      this.#hmac = createHmac("sha256", this.#digestKey.key);
      if (this.#only !== undefined) this.#hmac.update(this.#only);
      this.#hmac.update(chunk);
      this.#only = undefined;
    }
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
    if (this.#digest === undefined) {
      const { name, key } = this.#digestKey;
      const hmac = this.#hmac === undefined ? hmacHex(key, this.#only ?? nothing) : this.#hmac.digest("hex");
      this.#digest = { key: name, hmac, bytes: this.#bytes };
      this.#only = undefined;
    }
    return this.#digest;
  }
}

const nothing = new Uint8Array(0);
