/**
 * Kernels: the hottest loops of inspection, compiled ahead of time to WebAssembly with SIMD (`*.as`, `tools/build-kernels.ts`).
 * In: a kernel's code. Out: its functions, and its memory, in which tables and a text's arrays are laid out.
 *
 * They need no warming up: what V8 makes of the same loops in JavaScript is as fast only after thousands of texts, and a loop
 * that is entered seldom may never be. Whatever a kernel does is also written in TypeScript, which training reads and which
 * runs where there is no WebAssembly; tests hold the two together.
 */

/** What is used of the runtime's WebAssembly; there is none under `--jitless`. */
interface WebAssemblyRuntime {
  validate(code: Uint8Array): boolean;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

declare const WebAssembly: WebAssemblyRuntime | undefined;

type KernelFunction = (...numbers: readonly number[]) => number;

/** A global of a kernel: where something lies, or how much of it. */
interface Global {
  value: number;
}

type Exports = Readonly<Record<string, KernelFunction | Global>> & {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
};

type Table = Uint8Array | Uint16Array | Int32Array | Float64Array;

const pageBytes = 65_536;
/** Kernels write what is not an array below it. */
const statusBytes = 256;
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export class KernelMemory {
  readonly #exports: Exports;
  #top = statusBytes;
  #bytes: Buffer;

  constructor(exports: Exports) {
    this.#exports = exports;
    this.#bytes = Buffer.from(exports.memory.buffer);
  }

  get buffer(): ArrayBuffer {
    return this.#exports.memory.buffer;
  }

  /** Where the next thing would lie. */
  get top(): number {
    return this.#top;
  }

  call(name: string): KernelFunction {
    return this.#exports[name] as KernelFunction;
  }

  set(name: string, value: number): void {
    (this.#exports[name] as Global).value = value;
  }

  /** Takes room for so many bytes at `at`, or behind everything else. What was read of {@link buffer} before may be void then. */
  take(bytes: number, at: number = this.#top): number {
    this.#top = Math.ceil((at + bytes) / 16) * 16;
    const missing = this.#top - this.buffer.byteLength;
    if (missing > 0) {
      this.#exports.memory.grow(Math.ceil(missing / pageBytes));
      this.#bytes = Buffer.from(this.buffer);
    }
    return at;
  }

  /** Copies a table in; returns where it lies. */
  store(table: Table): number {
    const at = this.take(table.byteLength);
    new Uint8Array(this.buffer, at, table.byteLength).set(
      new Uint8Array(table.buffer, table.byteOffset, table.byteLength),
    );
    return at;
  }

  /** Copies a table in, and tells the kernel where it lies. */
  put(name: string, table: Table): void {
    this.set(name, this.store(table));
  }

  /** @throws where the kernel was not told where something lies: it would write over what is not its own. */
  check(): void {
    for (const [name, value] of Object.entries(this.#exports))
      if (name.endsWith("At") && (value as Global).value === 0) throw new Error(`a kernel was not told \`${name}\``);
  }

  /** Writes a text's code units; lone surrogates stay what they are. */
  write(text: string, at: number): void {
    this.#bytes.write(text, at, "utf16le");
  }

  /** The text of so many code units. */
  read(at: number, units: number): string {
    return this.#bytes.toString("utf16le", at, at + units * 2);
  }
}

/** A kernel with a memory of its own; `undefined` where the runtime has no WebAssembly with SIMD. */
export function loadKernel(code: string): KernelMemory | undefined {
  if (typeof WebAssembly === "undefined" || !isLittleEndian) return undefined;
  const bytes = Buffer.from(code, "base64");
  if (!WebAssembly.validate(bytes)) return undefined;
  return new KernelMemory(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports);
}

/** A table of a kernel by hash: open addressing, in each slot a hash and a number above 0; 0 where it is free. */
export function hashTable(entries: Iterable<readonly [number, number]>): { slots: Int32Array; mask: number } {
  const all = [...entries];
  let size = 64;
  while (size < all.length * 3) size *= 2;
  const slots = new Int32Array(size * 2);
  for (const [hash, number] of all) {
    let slot = (hash ^ (hash >>> 15)) & (size - 1);
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = number;
  }
  return { slots, mask: size - 1 };
}

/** Which of the lowest 16 bits of hashes occur: a bit each. */
export function hashBits(hashes: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(0x10000 >> 3);
  for (const hash of hashes) bits[(hash & 0xffff) >> 3] = (bits[(hash & 0xffff) >> 3] as number) | (1 << (hash & 7));
  return bits;
}
