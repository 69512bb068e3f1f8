/**
 * Sets of components by their number. In: numbers below a fixed bound. Out: sets that cost what they hold: few members are
 * listed, many are bits. Analysis composes such sets in place of looking at pairs.
 */

/** Bits, 32 a word. */
export type Bits = Uint32Array;

/** Members in ascending order, or bits. */
export type IndexSet = Int32Array | Bits;

export function wordsFor(bound: number): number {
  return (bound + 31) >>> 5;
}

export function allBits(bound: number): Bits {
  const bits = new Uint32Array(wordsFor(bound)).fill(0xffff_ffff);
  const rest = bound & 31;
  if (rest > 0) bits[bits.length - 1] = 2 ** rest - 1;
  return bits;
}

export function setOf(members: readonly number[] | Int32Array, bound: number): IndexSet {
  if (members.length * 32 <= Math.max(bound, 32)) return Int32Array.from(members);
  const bits = new Uint32Array(wordsFor(bound));
  for (const member of members) setBit(bits, member);
  return bits;
}

export function setBit(bits: Bits, member: number): void {
  bits[member >>> 5] = ((bits[member >>> 5] ?? 0) | (1 << (member & 31))) >>> 0;
}

export function clearBit(bits: Bits, member: number): void {
  bits[member >>> 5] = ((bits[member >>> 5] ?? 0) & ~(1 << (member & 31))) >>> 0;
}

export function hasBit(bits: Bits, member: number): boolean {
  return ((bits[member >>> 5] ?? 0) & (1 << (member & 31))) !== 0;
}

export function hasMember(set: IndexSet, member: number): boolean {
  return set instanceof Int32Array ? set.includes(member) : hasBit(set, member);
}

export function sizeOf(set: IndexSet): number {
  if (set instanceof Int32Array) return set.length;
  let size = 0;
  for (let word = 0; word < set.length; word += 1) size += ones(set[word] ?? 0);
  return size;
}

function ones(word: number): number {
  let left = word - ((word >>> 1) & 0x5555_5555);
  left = (left & 0x3333_3333) + ((left >>> 2) & 0x3333_3333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

export function forEachMember(set: IndexSet, hear: (member: number) => void): void {
  if (set instanceof Int32Array) {
    for (const member of set) hear(member);
    return;
  }
  for (let word = 0; word < set.length; word += 1)
    for (let left = set[word] ?? 0; left !== 0; left &= left - 1) hear(word * 32 + 31 - Math.clz32(left & -left));
}

/** Adds a set to bits. */
export function addTo(bits: Bits, set: IndexSet): void {
  if (set instanceof Int32Array) for (const member of set) setBit(bits, member);
  else for (let word = 0; word < bits.length; word += 1) bits[word] = (bits[word] ?? 0) | (set[word] ?? 0);
}

export function takeFrom(bits: Bits, set: IndexSet): void {
  if (set instanceof Int32Array) for (const member of set) clearBit(bits, member);
  else for (let word = 0; word < bits.length; word += 1) bits[word] = (bits[word] ?? 0) & ~(set[word] ?? 0);
}

export function keepOnly(bits: Bits, kept: Bits): void {
  for (let word = 0; word < bits.length; word += 1) bits[word] = (bits[word] ?? 0) & (kept[word] ?? 0);
}

export function isEmpty(bits: Bits): boolean {
  return bits.every((word) => word === 0);
}

/** Whether a set has a member among some bits. */
export function meets(set: IndexSet, bits: Bits): boolean {
  if (set instanceof Int32Array) return set.some((member) => hasBit(bits, member));
  for (let word = 0; word < bits.length; word += 1) if (((bits[word] ?? 0) & (set[word] ?? 0)) !== 0) return true;
  return false;
}

/** The union; the set itself where there is one. */
export function unionOf(sets: readonly IndexSet[], bound: number): IndexSet | undefined {
  const [only] = sets;
  if (only === undefined || sets.length === 1) return only;
  if (sets.every((set) => set instanceof Int32Array)) {
    const members = sets.reduce((sum, { length }) => sum + length, 0);
    if (members * 32 <= bound) return Int32Array.from(new Set(sets.flatMap((set) => [...set]))).sort();
  }
  const bits = new Uint32Array(wordsFor(bound));
  for (const set of sets) addTo(bits, set);
  return bits;
}
