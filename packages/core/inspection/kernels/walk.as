/**
 * Where words of a list stand in a text: the walk of `matching/aho-corasick.ts`, which tries a place by its first three units. Here
 * the fourth is looked at too: the tree is large, and most of what begins like a word of the list is none.
 */

/** Where a list's tables lie, in words of 32 bits: see `kernels/scanner.ts`. */
const GROUPS: usize = 0;
const FIRSTS: usize = 4;
const SHORTS: usize = 8;
const FOURTHS: usize = 12;
const TABLE: usize = 16;
const TREE: usize = 20;
const ENDS: usize = 24;
const LETTERS: usize = 28;
const CLASSES: usize = 32;

/** Where the walk has come to when there is no more room for what it finds. */
const REACHED: usize = 144;

export let foundAt: usize = 0;
/** Finds that there is room for, three words each: where it begins, where it ends, the state of the tree. */
export let foundRoom: u32 = 0;

// @ts-ignore: decorator
@inline
function bitAt(bits: usize, at: u32): u32 {
  return (<u32>load<u8>(bits + (at >>> 3)) >>> (at & 7)) & 1;
}

// @ts-ignore: decorator
@inline
function groupAt(groups: usize, source: usize, at: u32): u32 {
  return <u32>load<u8>(groups + <u32>load<u16>(source + (at << 1)));
}

/**
 * Finds in [from, to) of the units at `source`; returns how many. What begins at one place is found together. Units behind `to` are looked
 * at, and let no more pass than they should: where a word is that short, anything may stand behind it.
 */
export function walk(list: usize, source: usize, from: u32, to: u32): u32 {
  const groups = <usize>load<u32>(list, GROUPS);
  const firsts = <usize>load<u32>(list, FIRSTS);
  const shorts = <usize>load<u32>(list, SHORTS);
  const fourths = <usize>load<u32>(list, FOURTHS);
  let found: u32 = 0;
  let a = groupAt(groups, source, from);
  let b = groupAt(groups, source, from + 1);
  for (let at = from; at < to; at += 4) {
    const four = load<u64>(source + (at << 1), 4);
    const c = <u32>load<u8>(groups + (<u32>four & 0xffff));
    const d = <u32>load<u8>(groups + (<u32>four >>> 16));
    const e = <u32>load<u8>(groups + (<u32>(four >>> 32) & 0xffff));
    const f = <u32>load<u8>(groups + <u32>(four >>> 48));
    const one = (a << 10) | (b << 5) | c;
    const two = (b << 10) | (c << 5) | d;
    const three = (c << 10) | (d << 5) | e;
    const last = (d << 10) | (e << 5) | f;
    a = e;
    b = f;
    let hits = bitAt(firsts, one) | (bitAt(firsts, two) << 1) | (bitAt(firsts, three) << 2) | (bitAt(firsts, last) << 3);
    for (; hits != 0; hits &= hits - 1) {
      const place = at + ctz<u32>(hits);
      if (place >= to) break;
      if (!mayBegin(groups, shorts, fourths, source + (place << 1))) continue;
      if (found + 64 > foundRoom) {
        store<u32>(REACHED, place);
        return found;
      }
      found = tryAt(list, source, place, to, found);
    }
  }
  store<u32>(REACHED, to);
  return found;
}

/** Whether a word of more than three units may begin with the four here, or a shorter one. */
// @ts-ignore: decorator
@inline
function mayBegin(groups: usize, shorts: usize, fourths: usize, units: usize): bool {
  const three = (groupAt(groups, units, 0) << 10) | (groupAt(groups, units, 1) << 5) | groupAt(groups, units, 2);
  return (bitAt(shorts, three) | bitAt(fourths, fourthOf(three, groupAt(groups, units, 3)))) != 0;
}

/** As in `matching/aho-corasick.ts`. */
// @ts-ignore: decorator
@inline
function fourthOf(three: u32, group: u32): u32 {
  return (((three << 5) | group) * 0x9e3779b1) >>> 16;
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
