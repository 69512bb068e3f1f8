/**
 * Floods of nearly the same row. In: features. Out: groups of rows that share most of their features: MinHash signatures
 * (Broder 1997), bands of which are equal for likely pairs, and the pairs checked by Jaccard similarity against the group's
 * first row. A few repeats are in any data; a flood is what stands out by size.
 */
import type { Features } from "./features.ts";

export interface Flood {
  readonly rows: readonly number[];
}

const hashes = 32;
const bandSize = 4;
const similar = 0.8;

/** Groups of at least `minSize` near-duplicates, largest first. */
export function findFloods({ rows }: Features, minSize: number): Flood[] {
  const parent = Int32Array.from(rows.keys());
  const signatures = rows.map(signatureOf);
  for (let band = 0; band < hashes; band += bandSize) {
    const buckets = new Map<string, number>();
    for (const [row, signature] of signatures.entries()) {
      if (signature === undefined) continue;
      const key = signature.subarray(band, band + bandSize).join(",");
      const first = buckets.get(key);
      if (first === undefined) buckets.set(key, row);
      else if (root(parent, first) !== root(parent, row) && jaccard(rows[first], rows[row]) >= similar)
        parent[root(parent, row)] = root(parent, first);
    }
  }
  const groups = new Map<number, number[]>();
  for (const row of rows.keys()) {
    const top = root(parent, row);
    const group = groups.get(top);
    if (group === undefined) groups.set(top, [row]);
    else group.push(row);
  }
  return [...groups.values()]
    .filter((group) => group.length >= minSize)
    .toSorted((a, b) => b.length - a.length)
    .map((group) => ({ rows: group }));
}

function signatureOf(on: Int32Array): Uint32Array | undefined {
  if (on.length < 3) return undefined; // too little to be alike in
  const signature = new Uint32Array(hashes).fill(0xffffffff);
  for (const id of on)
    for (let at = 0; at < hashes; at++) {
      const hash = mix(id, at);
      if (hash < (signature[at] ?? 0)) signature[at] = hash;
    }
  return signature;
}

/** A hash of a feature under one of the permutations (murmur3's finaliser). */
function mix(id: number, permutation: number): number {
  let h = Math.imul(id + 1, 0x9e3779b1) ^ Math.imul(permutation + 1, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function root(parent: Int32Array, row: number): number {
  let at = row;
  while ((parent[at] ?? at) !== at) {
    parent[at] = parent[parent[at] ?? at] ?? at;
    at = parent[at] ?? at;
  }
  return at;
}

/** Both ascending. */
function jaccard(a: Int32Array = new Int32Array(0), b: Int32Array = new Int32Array(0)): number {
  let [i, j, both] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i] ?? 0, b[j] ?? 0];
    if (x === y) both++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return both / Math.max(1, a.length + b.length - both);
}
