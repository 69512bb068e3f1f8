/** Where words of a list stand in a text: the walk of `matching/aho-corasick.ts`, which tries a place by its first three units. */

/** Where a list's tables lie, in words of 32 bits: see `kernels/scanner.ts`. */
const GROUPS: usize = 0;
const FIRSTS: usize = 4;
const TABLE: usize = 8;
const TREE: usize = 12;
const ENDS: usize = 16;
const LETTERS: usize = 20;
const CLASSES: usize = 24;

const MASK: u32 = (1 << 15) - 1;
/** Where the walk has come to when there is no more room for what it finds. */
const REACHED: usize = 144;

export let foundAt: usize = 0;
/** Finds that there is room for, three words each: where it begins, where it ends, the state of the tree. */
export let foundRoom: u32 = 0;

/** Finds in [from, to) of the units at `source`; returns how many. What begins at one place is found together. */
export function walk(list: usize, source: usize, from: u32, to: u32): u32 {
  const groups = <usize>load<u32>(list, GROUPS);
  const firsts = <usize>load<u32>(list, FIRSTS);
  let mixed: u32 = 0;
  for (let at = from; at < from + 2; at++)
    mixed = (mixed << 5) ^ (at < to ? <u32>load<u8>(groups + <u32>load<u16>(source + (at << 1))) : 0);
  let found: u32 = 0;
  const inner: u32 = to < 2 ? 0 : to - 2;
  let at = from;
  for (; at < inner; at++) {
    mixed = ((mixed << 5) ^ <u32>load<u8>(groups + <u32>load<u16>(source + (at << 1), 4))) & MASK;
    if (((<u32>load<u8>(firsts + (mixed >>> 3)) >>> (mixed & 7)) & 1) == 0) continue;
    if (found + 64 > foundRoom) break;
    found = tryAt(list, source, at, to, found);
  }
  if (at >= inner)
    for (; at < to; at++) {
      mixed = (mixed << 5) & MASK;
      if (((<u32>load<u8>(firsts + (mixed >>> 3)) >>> (mixed & 7)) & 1) == 0) continue;
      if (found + 64 > foundRoom) break;
      found = tryAt(list, source, at, to, found);
    }
  store<u32>(REACHED, at);
  return found;
}

function tryAt(list: usize, source: usize, at: u32, to: u32, before: u32): u32 {
  const letters = <usize>load<u32>(list, LETTERS);
  if (
    letters != 0 &&
    at > 0 &&
    load<u8>(letters + <u32>load<u16>(source + (at << 1))) == 1 &&
    load<u8>(letters + <u32>load<u16>(source + ((at - 1) << 1))) == 1
  )
    return before;
  const table = <usize>load<u32>(list, TABLE);
  const tree = <usize>load<u32>(list, TREE);
  const ends = <usize>load<u32>(list, ENDS);
  const classes = load<u32>(list, CLASSES);
  let found = before;
  let state: u32 = 0;
  for (let end = at; end < to;) {
    const c = <u32>load<u16>(table + (<u32>load<u16>(source + (end << 1)) << 1));
    state = c == 0 ? 0 : load<u32>(tree + ((state * classes + c) << 2));
    if (state == 0) break;
    end++;
    if (load<u8>(ends + state) == 0) continue;
    const place = foundAt + found * 12;
    store<u32>(place, at);
    store<u32>(place, end, 4);
    store<u32>(place, state, 8);
    found++;
  }
  return found;
}
