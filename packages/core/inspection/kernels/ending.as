/** Whether a text's end is gibberish: the windows of `gibberish/features.ts`. */
import { sourceAt } from "./scan";

const SYMBOLS: u32 = 45;
const SPACE: u32 = 26;
const LINE: u32 = 27;
const SCRIPT: u32 = 43;
const FEATURES: u32 = 13;
const WINDOW: u32 = 72;
const STEP: u32 = 16;
const LONGEST_WORD: u32 = 40;
const LAST: u32 = 4;
const SAMPLED: u32 = 6;

export let symbolsAt: usize = 0;
/** Of each symbol: 0 space, 1 letter, 2 sign, 3 digit, 4 line end. */
export let symbolKindsAt: usize = 0;
/** Of each unit of ASCII: 1 where it is a sign that no prose and no name puts between two letters. */
export let hardSignsAt: usize = 0;
export let surprisesAt: usize = 0;
/** What is kept of a text, and where it stands. */
export let placesAt: usize = 0;
export let whatsAt: usize = 0;
/** Openers of brackets that no closer has met. */
export let openAt: usize = 0;
/** Of each of the last windows: its features, and where it begins and ends. */
export let windowsAt: usize = 0;
export let levelsAt: usize = 0;

export let weightsAt: usize = 0;
/** Where what is kept begins, if it is all of the text from there on: then it is written for the windows alone. */
let wholeFrom: i32 = -1;

/** Keeps what is no part of a very long word; returns how much. `parted` says that there is no such word. */
export function keep(from: u32, end: u32, parted: bool): u32 {
  wholeFrom = parted ? <i32>from : -1;
  return parted ? end - from : keepShort(from, end);
}

function keepShort(from: u32, end: u32): u32 {
  const source = sourceAt;
  const symbols = symbolsAt;
  const places = placesAt;
  const whats = whatsAt;
  let count: u32 = 0;
  let word = from;
  let wordAt: u32 = 0;
  for (let at = from; at < end; at++) {
    const what = <u32>load<u8>(symbols + <u32>load<u16>(source + (at << 1)));
    store<u32>(places + (count << 2), at);
    store<u8>(whats + count, <u8>what);
    count++;
    if (what != SPACE && what != LINE) continue;
    if (at - word > LONGEST_WORD) {
      count = wordAt;
      store<u32>(places + (count << 2), at);
      store<u8>(whats + count, <u8>what);
      count++;
    }
    word = at + 1;
    wordAt = count;
  }
  return end - word > LONGEST_WORD ? wordAt : count;
}

// @ts-ignore: decorator
@inline
function surpriseOf(two: u32, one: u32, what: u32): u32 {
  const triple = (two * SYMBOLS + one) * SYMBOLS + what;
  return (<u32>load<u8>(surprisesAt + (triple >>> 1)) >>> ((triple & 1) << 2)) & 15;
}

/**
 * The last windows of what was kept, compared with others all over it, with what the weights make of each; returns how many.
 */
export function lastWindows(most: u32): u32 {
  if (most < WINDOW / 2) return 0;
  let levels: u32 = 0;
  let whole: u32 = 0;
  for (let end = most; ; end -= STEP) {
    describe(end, whole++, addLevel(end, levels++));
    if (whole == LAST || end <= WINDOW || end <= STEP) break;
  }
  const step = max<u32>(STEP, (most + SAMPLED - 1) / SAMPLED);
  for (let end = <i32>(most - step); end >= <i32>WINDOW && levels < LAST + SAMPLED; end -= <i32>step) {
    const isLast = levels < LAST;
    const level = addLevel(end, levels++);
    if (isLast) describe(end, whole++, level);
  }
  sort(levels);
  const calm = load<f64>(levelsAt + ((levels >>> 2) << 3));
  for (let at: u32 = 0; at < whole; at++) {
    const features = windowsAt + at * ((FEATURES + 2) << 3);
    store<f64>(features, load<f64>(features) - calm, (FEATURES - 1) << 3);
    store<f64>(features, weigh(features), (FEATURES + 1) << 3);
  }
  return whole;
}

function addLevel(end: u32, at: u32): f64 {
  const from: u32 = end < WINDOW ? 0 : end - WINDOW;
  if (wholeFrom >= 0)
    for (let index = from; index < end; index++) {
      const place = <u32>wholeFrom + index;
      store<u32>(placesAt + (index << 2), place);
      store<u8>(whatsAt + index, load<u8>(symbolsAt + <u32>load<u16>(sourceAt + (place << 1))));
    }
  const level = levelOf(from, end);
  store<f64>(levelsAt + (at << 3), level);
  return level;
}

/** How many bits the letters of a window surprise by, on average, in fourths. */
function levelOf(from: u32, to: u32): f64 {
  let bits: u32 = 0;
  let two = SPACE;
  let one = SPACE;
  for (let at = from; at < to; at++) {
    const what = <u32>load<u8>(whatsAt + at);
    bits += surpriseOf(two, one, what);
    two = one;
    one = what;
  }
  return <f64>bits / max<f64>(1, <f64>(to - from)) / 4;
}

function sort(count: u32): void {
  for (let at: u32 = 1; at < count; at++) {
    const level = load<f64>(levelsAt + (at << 3));
    let to = at;
    for (; to > 0 && load<f64>(levelsAt + ((to - 1) << 3)) > level; to--)
      store<f64>(levelsAt + (to << 3), load<f64>(levelsAt + ((to - 1) << 3)));
    store<f64>(levelsAt + (to << 3), level);
  }
}

/** The sum of `probabilityOf` in `gibberish/judge.ts`: a constant, the features, the product of each two. */
function weigh(features: usize): f64 {
  const last = features + (FEATURES << 3);
  let weight = weightsAt + 8;
  let sum = load<f64>(weightsAt);
  for (let at = features; at < last; at += 8) {
    sum += load<f64>(at) * load<f64>(weight);
    weight += 8;
  }
  for (let one = features; one < last; one += 8) {
    const first = load<f64>(one);
    for (let two = one; two < last; two += 8) {
      sum += first * load<f64>(two) * load<f64>(weight);
      weight += 8;
    }
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function isLetter(what: u32): bool {
  return what < 26 || what == 42 || what == SCRIPT;
}

/** The features of the window that ends at `to`, but for the last of them. */
function describe(to: u32, number: u32, level: f64): void {
  const from: u32 = to < WINDOW ? 0 : to - WINDOW;
  let surprised: u32 = 0;
  let joins: u32 = 0;
  let glued: u32 = 0;
  let mixed: u32 = 0;
  let lone: u32 = 0;
  let unmatched: f64 = 0;
  let opened: u32 = 0;
  let spaces: u32 = 0;
  let letters: u32 = 0;
  let signs: u32 = 0;
  let digits: u32 = 0;
  let lines: u32 = 0;
  let two = SPACE;
  let one = SPACE;
  let before: u32 = 32;
  for (let at = from; at < to; at++) {
    const unit = <u32>load<u16>(sourceAt + (load<u32>(placesAt + (at << 2)) << 1));
    const what = <u32>load<u8>(whatsAt + at);
    if (surpriseOf(two, one, what) >= 8) surprised++;
    const kind = <u32>load<u8>(symbolKindsAt + what);
    if (kind == 1) {
      if (unit - 65 < 26 && before - 97 < 26) joins++;
      if (isLetter(one)) {
        if ((what == SCRIPT) != (one == SCRIPT)) mixed++;
      } else if (isLetter(two) && before < 127 && load<u8>(hardSignsAt + before) == 1) glued++;
    } else if ((kind == 0 || kind == 4) && one >= 29 && one <= 41 && two == SPACE) lone++;
    else if (unit == 40 || unit == 91 || unit == 123) store<u8>(openAt + opened++, <u8>unit);
    else if (unit == 41 || unit == 93 || unit == 125) {
      const opener: u32 = opened == 0 ? 0 : <u32>load<u8>(openAt + opened - 1);
      if (unit > opener && opened > 0 && unit - opener <= 2) opened--;
      else unmatched += opened == 0 ? 0.5 : 1;
    }
    spaces += u32(kind == 0);
    letters += u32(kind == 1);
    signs += u32(kind == 2);
    digits += u32(kind == 3);
    lines += u32(kind == 4);
    two = one;
    one = what;
    before = unit;
  }
  if (opened > 2) unmatched += <f64>(opened - 2) * 0.5;
  const length = max<f64>(1, <f64>(to - from));
  const features = windowsAt + number * ((FEATURES + 2) << 3);
  store<f64>(features, level);
  store<f64>(features, (<f64>surprised / length) * 4, 8);
  store<f64>(features, (<f64>joins / length) * 20, 16);
  store<f64>(features, (<f64>glued / length) * 20, 24);
  store<f64>(features, (<f64>mixed / length) * 20, 32);
  store<f64>(features, (<f64>spaces / length) * 2, 40);
  store<f64>(features, (<f64>letters / length) * 2, 48);
  store<f64>(features, (<f64>signs / length) * 2, 56);
  store<f64>(features, (<f64>digits / length) * 2, 64);
  store<f64>(features, (<f64>lines / length) * 2, 72);
  store<f64>(features, (unmatched / length) * 20, 80);
  store<f64>(features, (<f64>lone / length) * 10, 88);
  store<u32>(features, load<u32>(placesAt + (from << 2)), FEATURES << 3);
  store<u32>(features, load<u32>(placesAt + ((to - 1) << 2)) + 1, (FEATURES << 3) + 4);
}
