/**
 * The index of registered documents. In: names and texts. Out: a frozen index that says which document a run belongs to,
 * and back into a builder, so that documents are added as they come.
 *
 * Runs are sampled by winnowing (Schleimer, Wilkerson and Aiken 2003): of every `spread` neighbouring runs the one with the
 * least hash is kept, so that of any passage of `run + spread - 1` words at least one run is known. An entry takes six
 * bytes; the number of entries is bounded. The index holds hashes, never words.
 */
import { CordonError } from "../../errors.ts";
import { gramsOf, type Grams } from "./grams.ts";

/** The document of a run that stands in several. */
export const several = 0;

export interface FingerprintIndex {
  readonly version: 1;
  readonly spread: number;
  /** Names by number; number 0 is no document. */
  readonly documents: readonly string[];
  readonly entries: number;
  /** The lower 32 bits of each hash; sorted within each of 65,536 buckets by the upper 16. */
  readonly lows: Uint32Array;
  readonly buckets: Uint32Array;
  readonly owners: Uint16Array;
}

export interface IndexBuilder {
  /** How many runs are kept so far. */
  readonly entries: number;
  /**
   * Registers a document. A name that is known adds to it.
   *
   * @throws CordonError `CONFIG_INVALID` when the index would be larger than its bound, or holds 65,535 documents.
   */
  add(name: string, text: string): void;
  index(): FingerprintIndex;
}

export interface IndexOptions {
  /** Of how many neighbouring runs one is kept; 1 keeps all and finds what is changed most. Default 2. */
  readonly spread?: number;
  /** Bound on entries, six bytes each. Default 4,000,000. */
  readonly maxEntries?: number;
  /** Documents to go on from; must have the same spread. */
  readonly from?: FingerprintIndex;
}

export function createIndexBuilder({ spread = 2, maxEntries = 4_000_000, from }: IndexOptions = {}): IndexBuilder {
  if (!Number.isInteger(spread) || spread < 1 || spread > 16)
    throw new CordonError("CONFIG_INVALID", `fingerprints: spread is ${spread}, not a whole number from 1 to 16`);
  if (from !== undefined && from.spread !== spread)
    throw new CordonError(
      "CONFIG_INVALID",
      `fingerprints: the index has spread ${from.spread}, not ${spread}: build it anew`,
    );
  const documents: string[] = [...(from?.documents ?? [""])];
  const owners = new Map<number, number>();
  if (from !== undefined) for (const [hash, owner] of entriesOf(from)) owners.set(hash, owner);
  const numberOf = (name: string): number => {
    const known = documents.indexOf(name, 1);
    if (known > 0) return known;
    if (documents.length > 65_535)
      throw new CordonError("CONFIG_INVALID", "fingerprints: an index holds 65,535 documents: use another");
    return documents.push(name) - 1;
  };
  return {
    get entries() {
      return owners.size;
    },
    add(name, text) {
      const owner = numberOf(name);
      const kept = [...winnow(gramsOf(text, false), spread), ...winnow(gramsOf(text, true), spread)];
      if (owners.size + kept.length > maxEntries)
        throw new CordonError(
          "CONFIG_INVALID",
          `fingerprints: \`${name}\` would make ${owners.size + kept.length} entries, at most ${maxEntries}: raise the bound or the spread`,
        );
      for (const hash of kept) {
        const other = owners.get(hash);
        owners.set(hash, other === undefined || other === owner ? owner : several);
      }
    },
    index: () => freeze(owners, documents, spread),
  };
}

/** The least of every `spread` neighbours; of equal ones the last. */
function winnow({ count, highs, lows }: Grams, spread: number): number[] {
  const kept: number[] = [];
  const hashAt = (at: number): number => (highs[at] ?? 0) * 4294967296 + (lows[at] ?? 0);
  let last = -1;
  for (let from = 0; from < count; from++) {
    const to = Math.min(count, from + spread);
    let least = from;
    for (let at = from; at < to; at++) if (hashAt(at) <= hashAt(least)) least = at;
    if (least !== last) kept.push(hashAt(least));
    last = least;
    if (to === count && spread > 1) break;
  }
  return kept;
}

function freeze(owners: ReadonlyMap<number, number>, documents: readonly string[], spread: number): FingerprintIndex {
  const sorted = Float64Array.from(owners.keys()).sort();
  const lows = new Uint32Array(sorted.length);
  const numbers = new Uint16Array(sorted.length);
  const buckets = new Uint32Array(65_537);
  sorted.forEach((hash, at) => {
    lows[at] = hash % 4294967296;
    numbers[at] = owners.get(hash) ?? several;
    buckets[Math.floor(hash / 4294967296) + 1] = at + 1;
  });
  for (let bucket = 1; bucket < buckets.length; bucket++)
    buckets[bucket] = Math.max(buckets[bucket] ?? 0, buckets[bucket - 1] ?? 0);
  return { version: 1, spread, documents: [...documents], entries: sorted.length, lows, buckets, owners: numbers };
}

function* entriesOf({ lows, buckets, owners }: FingerprintIndex): Generator<readonly [number, number]> {
  for (let bucket = 0; bucket < 65_536; bucket++)
    for (let at = buckets[bucket] ?? 0; at < (buckets[bucket + 1] ?? 0); at++)
      yield [bucket * 4294967296 + (lows[at] ?? 0), owners[at] ?? several];
}

/** The number of the document that a run belongs to, {@link several}, or -1 when no document has it. */
export function ownerOf({ lows, buckets, owners }: FingerprintIndex, grams: Grams, at: number): number {
  const bucket = grams.highs[at] ?? 0;
  const low = grams.lows[at] ?? 0;
  let from = buckets[bucket] ?? 0;
  let to = (buckets[bucket + 1] ?? 0) - 1;
  while (from <= to) {
    const middle = (from + to) >>> 1;
    const here = lows[middle] ?? 0;
    if (here === low) return owners[middle] ?? several;
    if (here < low) from = middle + 1;
    else to = middle - 1;
  }
  return -1;
}
