/**
 * What the classifier makes of a text's tokens: features, their sums by blocks, and the network over windows. In: the arrays
 * of `text.as`. Out: the windows' logits. To the last bit what `injection/features.ts` and `injection/network.ts` give.
 */
import {
  BLOCK,
  HIDDEN,
  IDEAS,
  IDENTITY,
  MARK,
  NUMBER,
  ODD,
  PIECES,
  PRIME,
  SEED,
  STRETCHES,
  UNSPACED,
  WIDTH,
  WINDOWS,
  WORD,
  WORST,
  bone,
  bucketCount,
  classOf,
  commonAt,
  commonMask,
  endAt,
  englishBitsAt,
  findIdeas,
  findKnown,
  hashAt,
  ideaAt,
  ideaCountAt,
  ideaTokenAt,
  idsAt,
  kindAt,
  layerAt,
  logitsAt,
  meansAt,
  lookUp,
  numberAt,
  offsetsAt,
  opensAt,
  outputAt,
  piecesAt,
  sourceAt,
  standsAt,
  startAt,
  stretchesAt,
  sumsAt,
  tokenize,
  unitAt,
  unitsAt,
  untilAt,
  vectorsAt,
} from "./text";
export * from "./text";

const BUCKET_BITS: u32 = 15;
const SALT: u32 = 0x9e3779b1;
const PAIR: u32 = 2 * SALT;
const SKIP: u32 = 3 * SALT;
const PIECE: u32 = 4 * SALT;
const IDEA: u32 = 5 * SALT;
const IDEA_PAIR: u32 = 6 * SALT;
const IDEA_TRIPLE: u32 = 7 * SALT;
const FORM: u32 = 8 * SALT;
const RUN: u32 = 9 * SALT;
const OPENING: u32 = 10 * SALT;
const PIECE_LENGTH: u32 = 4;
const PIECE_REACH: u32 = 14;
const IDEA_REACH: u32 = 9;
const SHRINK: f64 = 12;
const POOR: f64 = 2;
const SHORT: u32 = 16;
const LONG: u32 = 64;
const ODD_WHOLE: u32 = 1;
const ODD_NUMBERS: u32 = 2;
const ODD_FOREIGN: u32 = 4;
const ODD_STRETCHES: u32 = 8;
const FEWEST_UNKNOWN: u32 = 5;
const MOST_KNOWN: u32 = 2;
const FEWEST_NUMBERS: u32 = 12;
const FEWEST_FOREIGN: u32 = 3;
const SHORT_TEXT: u32 = 8;
const LONGEST_PIECE: u32 = 48;
const SHORTEST_PIECE: u32 = 8;

/** Reads a folded text of `bound` units; returns how many tokens it has. */
export function read(bound: u32): u32 {
  const count = tokenize(bound);
  findKnown(count);
  store<u32>(IDEAS, findIdeas(count, bound));
  if (count == 0) return 0;
  sum(count, bound);
  look(count);
  store<u32>(ODD, (isStrange(count) ? ODD_WHOLE : 0) | oddities(count));
  return count;
}

// @ts-ignore: decorator
@inline
function bucketOf(salt: u32, value: u32): u32 {
  const mixed = (value ^ salt) * 0x85ebca6b;
  return ((mixed ^ (mixed >>> 15)) * 0xc2b2ae35) >>> (32 - BUCKET_BITS);
}

// @ts-ignore: decorator
@inline
function mix(first: u32, second: u32): u32 {
  return (first * PRIME) ^ second;
}

// @ts-ignore: decorator
@inline
function put(to: usize, id: u32): usize {
  store<u32>(to, id);
  return to + 4;
}

/** Writes each block's features and adds their vectors to the running totals. */
function sum(count: u32, bound: u32): void {
  const none = v128.splat<f64>(0);
  for (let at: u32 = 0; at < WIDTH * 8; at += 16) v128.store(sumsAt + at, none);
  store<u32>(untilAt, 0);
  store<u32>(ideaCountAt, 0);
  const shouted = bucketOf(FORM, 1);
  const standing = bucketOf(FORM, 2);
  const numeric = bucketOf(FORM, 3);
  const ideas = load<u32>(IDEAS);
  let total: u32 = 0;
  let row = sumsAt;
  let previous: u32 = 0;
  let beforePrevious: u32 = 0;
  let nextIdea: u32 = 0;
  let block: u32 = 0;
  for (let from: u32 = 0; from < count; from += BLOCK) {
    const last = min(count, from + BLOCK);
    let to = idsAt;
    for (let at = from; at < last; at++) {
      const kind = <u32>load<u8>(kindAt + at);
      const start = load<u32>(startAt + (at << 2));
      const end = load<u32>(endAt + (at << 2));
      const hash: u32 = kind == NUMBER ? 77 : load<u32>(hashAt + (at << 2));
      if (kind == WORD) {
        const number = load<i32>(numberAt + (at << 2));
        if (number >= 0) to = put(to, bucketCount + number);
        else {
          to = put(to, bucketOf(SALT, hash));
          to = addPieces(start, end, to);
        }
        if (isShouted(start, end)) to = put(to, shouted);
        if (load<u8>(standsAt + at) == 1 && hasStandIn(start, end)) to = put(to, standing);
        if (load<u8>(opensAt + at) == 1) to = put(to, bucketOf(OPENING, hash));
      } else if (kind == UNSPACED) to = addRun(start, end, bound, to);
      else to = put(to, kind == NUMBER ? numeric : bucketOf(SALT, hash));
      if (previous != 0) to = put(to, bucketOf(PAIR, mix(previous, hash)));
      if (beforePrevious != 0 && kind != MARK) to = put(to, bucketOf(SKIP, mix(beforePrevious, hash)));
      beforePrevious = previous;
      previous = hash;
      if (nextIdea < ideas && load<u32>(ideaTokenAt + (nextIdea << 2)) == at) to = addIdeas(nextIdea++, to);
    }
    add(idsAt, to, row);
    row += WIDTH * 8;
    total += <u32>(to - idsAt) >>> 2;
    block += 1;
    store<u32>(untilAt + (block << 2), total);
    store<u32>(ideaCountAt + (block << 2), nextIdea);
  }
}

function addPieces(start: u32, end: u32, into: usize): usize {
  const last = min(end, start + PIECE_REACH);
  if (last - start < PIECE_LENGTH) return into;
  let a: u32 = 0;
  let b = bone(unitAt(start));
  let c = bone(unitAt(start + 1));
  let to = into;
  for (let at = start + 2; at <= last; at++) {
    const d: u32 = at == end ? 1 : at == last ? 0 : bone(unitAt(at));
    if (d == 0) break;
    to = put(to, bucketOf(PIECE, ((((((((SEED ^ a) * PRIME) ^ b) * PRIME) ^ c) * PRIME) ^ d) * PRIME)));
    a = b;
    b = c;
    c = d;
  }
  return to;
}

function addRun(start: u32, end: u32, bound: u32, into: usize): usize {
  const shorter: u32 = unitAt(start) >= 0x3040 ? 2 : 3;
  let to = into;
  for (let from = start; from < end; from++) {
    let hash: u32 = SEED;
    for (let at = from; at <= from + shorter && at < bound; at++) {
      if (classOf(at) != 3) break;
      hash = (hash ^ unitAt(at)) * PRIME;
      if (at - from + 1 >= shorter) to = put(to, bucketOf(RUN, hash));
    }
  }
  return to;
}

function addIdeas(at: u32, into: usize): usize {
  const idea = <u32>load<u8>(ideaAt + at) + 1;
  const token = load<u32>(ideaTokenAt + (at << 2));
  let to = put(into, bucketOf(IDEA, idea));
  for (let back: u32 = 1; back <= 3 && back <= at; back++) {
    if (token - load<u32>(ideaTokenAt + ((at - back) << 2)) > IDEA_REACH) break;
    const other = <u32>load<u8>(ideaAt + at - back) + 1;
    to = put(to, bucketOf(IDEA_PAIR, other * 256 + idea));
    if (back != 2) continue;
    const middle = <u32>load<u8>(ideaAt + at - 1) + 1;
    to = put(to, bucketOf(IDEA_TRIPLE, (other * 256 + middle) * 256 + idea));
  }
  return to;
}

// @ts-ignore: decorator
@inline
function sourceUnit(at: u32): u32 {
  const place = load<u32>(IDENTITY) != 0 ? at : load<u32>(offsetsAt + (at << 2));
  return <u32>load<u16>(sourceAt + (place << 1));
}

function isShouted(start: u32, end: u32): bool {
  if (end - start < 3 || sourceUnit(start) - 0x41 > 25) return false;
  return sourceUnit(start + 1) - 0x41 <= 25 && sourceUnit(start + 2) - 0x41 <= 25;
}

function hasStandIn(start: u32, end: u32): bool {
  for (let at = start + 1; at + 1 < end; at++) {
    const unit = unitAt(at);
    if (unit < 0x61 && unit >= 0x20 && classOf(at - 1) == 1 && classOf(at + 1) == 1) return true;
  }
  return false;
}

/** Adds the vectors of the ids in [from, to) to the totals in `row`, into the row behind it: sums in lanes of 16 bits. */
function add(from: usize, to: usize, row: usize): void {
  let low = v128.splat<i16>(0);
  let high = v128.splat<i16>(0);
  const vectors = vectorsAt;
  for (let at = from; at < to; at += 4) {
    const vector = v128.load(vectors + (load<u32>(at) << 4));
    low = v128.add<i16>(low, v128.extend_low<u8>(vector));
    high = v128.add<i16>(high, v128.extend_high<u8>(vector));
  }
  const raised = v128.splat<i32>(<i32>((to - from) << 5));
  spread(row, v128.extend_low<u16>(low), raised);
  spread(row + 32, v128.extend_high<u16>(low), raised);
  spread(row + 64, v128.extend_low<u16>(high), raised);
  spread(row + 96, v128.extend_high<u16>(high), raised);
}

// @ts-ignore: decorator
@inline
function spread(row: usize, four: v128, raised: v128): void {
  const sums = v128.sub<i32>(four, raised);
  const upper = v128.shuffle<i32>(sums, sums, 2, 3, 0, 1);
  const first = f64x2.add(v128.load(row), f64x2.convert_low_i32x4_s(sums));
  const second = f64x2.add(v128.load(row, 16), f64x2.convert_low_i32x4_s(upper));
  v128.store(row, first, WIDTH * 8);
  v128.store(row, second, WIDTH * 8 + 16);
}

/** The logits of all windows, in the order of `eachWindow`. */
function look(count: u32): void {
  let seen: u32 = 0;
  let size: u32 = SHORT;
  for (;;) {
    for (let from: u32 = 0; ; from += size >>> 1) {
      const to = min(from + size, count);
      const first = from / BLOCK;
      const last = (to + BLOCK - 1) / BLOCK;
      const features = load<u32>(untilAt + (last << 2)) - load<u32>(untilAt + (first << 2));
      const ideas = load<u32>(ideaCountAt + (last << 2)) - load<u32>(ideaCountAt + (first << 2));
      const lane: usize = (seen & 3) << 3;
      average(sumsAt + first * WIDTH * 8, sumsAt + last * WIDTH * 8, 1 / (<f64>features + SHRINK), meansAt + lane);
      store<f64>(meansAt + WIDTH * 32 + lane, ideas >= 2 ? 0 : -POOR);
      seen += 1;
      if ((seen & 3) == 0) judge(logitsAt + ((seen - 4) << 3));
      if (to == count) break;
    }
    if (count <= size || size == LONG) break;
    size = LONG;
  }
  if ((seen & 3) != 0) judge(logitsAt + ((seen & ~3) << 3));
  let most: f64 = -Infinity;
  for (let at: u32 = 0; at < seen; at++) most = max(most, load<f64>(logitsAt + (at << 3)));
  store<u32>(WINDOWS, seen);
  store<f64>(WORST, most);
}

/** The average of a window, as one of four: see {@link meansAt}. */
function average(row: usize, end: usize, factor: f64, to: usize): void {
  const factors = v128.splat<f64>(factor);
  for (let at: usize = 0; at < WIDTH * 8; at += 16) {
    const means = f64x2.mul(f64x2.sub(v128.load(end + at), v128.load(row + at)), factors);
    v128.store64_lane(to + (at << 2), means, 0);
    v128.store64_lane(to + (at << 2), means, 1, 32);
  }
}

/** The logits of four windows: each is added up in the order of `logitOf` in `injection/network.ts`. */
function judge(to: usize): void {
  const none = v128.splat<f64>(0);
  let low = v128.load64_splat(outputAt + (HIDDEN + WIDTH) * 8);
  let high = low;
  for (let unit: usize = 0; unit < HIDDEN * 8; unit += 24) {
    const bias = layerAt + WIDTH * HIDDEN * 8 + unit;
    let a = v128.load64_splat(bias);
    let b = a;
    let c = v128.load64_splat(bias, 8);
    let d = c;
    let e = v128.load64_splat(bias, 16);
    let f = e;
    let cells = layerAt + unit;
    for (let mean = meansAt; mean < meansAt + WIDTH * 32; mean += 32) {
      const first = v128.load(mean);
      const second = v128.load(mean, 16);
      const one = v128.load64_splat(cells);
      const two = v128.load64_splat(cells, 8);
      const three = v128.load64_splat(cells, 16);
      a = f64x2.add(a, f64x2.mul(one, first));
      b = f64x2.add(b, f64x2.mul(one, second));
      c = f64x2.add(c, f64x2.mul(two, first));
      d = f64x2.add(d, f64x2.mul(two, second));
      e = f64x2.add(e, f64x2.mul(three, first));
      f = f64x2.add(f, f64x2.mul(three, second));
      cells += HIDDEN * 8;
    }
    const weights = outputAt + unit;
    const one = v128.load64_splat(weights);
    const two = v128.load64_splat(weights, 8);
    const three = v128.load64_splat(weights, 16);
    low = f64x2.add(low, f64x2.mul(f64x2.max(a, none), one));
    high = f64x2.add(high, f64x2.mul(f64x2.max(b, none), one));
    low = f64x2.add(low, f64x2.mul(f64x2.max(c, none), two));
    high = f64x2.add(high, f64x2.mul(f64x2.max(d, none), two));
    low = f64x2.add(low, f64x2.mul(f64x2.max(e, none), three));
    high = f64x2.add(high, f64x2.mul(f64x2.max(f, none), three));
  }
  const direct = outputAt + HIDDEN * 8;
  for (let at: usize = 0; at < WIDTH * 8; at += 8) {
    const weight = v128.load64_splat(direct + at);
    low = f64x2.add(low, f64x2.mul(weight, v128.load(meansAt + (at << 2))));
    high = f64x2.add(high, f64x2.mul(weight, v128.load(meansAt + (at << 2), 16)));
  }
  const support = meansAt + WIDTH * 32;
  v128.store(to, f64x2.add(low, v128.load(support)));
  v128.store(to, f64x2.add(high, v128.load(support, 16)), 16);
}

/** Four words of Latin letters or more, and at most one in eight a common English one. */
function isStrange(count: u32): bool {
  let words: u32 = 0;
  let known: u32 = 0;
  const sampled = min<u32>(count, 200);
  for (let at: u32 = 0; at < sampled; at++) {
    const kind = <u32>load<u8>(kindAt + at);
    if ((kind != WORD && kind != MARK) || unitAt(load<u32>(startAt + (at << 2))) > 0x2ff) continue;
    words += 1;
    if (lookUp(commonAt, commonMask, load<u32>(hashAt + (at << 2))) != 0) known += 1;
    // So many that no number of other words makes up for them.
    if (known * 8 > sampled) return false;
  }
  return words >= 4 && known * 8 <= words;
}

/**
 * Whether there are numbers, words of other languages, stretches of words that are not English: see `injection/strange.ts`. Writes which
 * tokens the stretches are, and which pieces are not plainly English: see `gloss/languages.ts`.
 */
function oddities(count: u32): u32 {
  let odd: u32 = count <= SHORT_TEXT ? ODD_FOREIGN : 0;
  let row: u32 = 0;
  let others: u32 = 0;
  let unknown: u32 = 0;
  let known: u32 = 0;
  let first: u32 = 0;
  let last: u32 = 0;
  let stretches: usize = stretchesAt;
  let pieces: usize = piecesAt;
  let from: u32 = 0;
  let isLatin = isLatinAt(0);
  let words: u32 = 0;
  let ours: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    if (at - from == LONGEST_PIECE || (at > from && load<u8>(opensAt + at) == 1 && endsPiece(from, at, isLatin))) {
      if (ours * 3 < words * 2) pieces = putPair(pieces, from, at);
      from = at;
      isLatin = isLatinAt(at);
      words = 0;
      ours = 0;
    }
    const kind = <u32>load<u8>(kindAt + at);
    if (kind == NUMBER || (kind == WORD && load<u8>(standsAt + at) == 1)) {
      row += 1;
      if (row == FEWEST_NUMBERS) odd |= ODD_NUMBERS;
    } else if (kind == WORD) row = 0;
    if (kind != WORD) {
      if (kind != UNSPACED) continue;
      // More than any number of English words makes up for.
      words += LONGEST_PIECE * 3;
      others += 1;
      if (others == FEWEST_FOREIGN || !isLatinAt(at)) odd |= ODD_FOREIGN;
      continue;
    }
    words += 1;
    const hash = load<u32>(hashAt + (at << 2)) & 0x3ffff;
    if (((<u32>load<u8>(englishBitsAt + (hash >>> 3)) >>> (hash & 7)) & 1) == 1) {
      ours += 1;
      others = 0;
      known += 1;
      if (known != MOST_KNOWN || unknown == 0) continue;
      if (unknown >= FEWEST_UNKNOWN) stretches = putPair(stretches, first, last);
      unknown = 0;
      continue;
    }
    const start = load<u32>(startAt + (at << 2));
    const unit = unitAt(start);
    others += 1;
    if (others == FEWEST_FOREIGN || unit > 0x24f) odd |= ODD_FOREIGN;
    if (unit > 0x2ff || isName(start)) continue;
    if (unknown == 0) first = at;
    last = at;
    unknown += 1;
    known = 0;
  }
  if (unknown >= FEWEST_UNKNOWN) stretches = putPair(stretches, first, last);
  if (ours * 3 < words * 2) pieces = putPair(pieces, from, count);
  store<u32>(STRETCHES, <u32>(stretches - stretchesAt) >>> 2);
  store<u32>(PIECES, <u32>(pieces - piecesAt) >>> 2);
  return stretches > stretchesAt ? odd | ODD_STRETCHES : odd;
}

// @ts-ignore: decorator
@inline
function putPair(to: usize, one: u32, two: u32): usize {
  store<u32>(to, one);
  store<u32>(to, two, 4);
  return to + 8;
}

// @ts-ignore: decorator
@inline
function isLatinAt(at: u32): bool {
  return unitAt(load<u32>(startAt + (at << 2))) < 0x250;
}

/** Where a sentence begins: a short one ends the piece only where its letters are of another kind. */
// @ts-ignore: decorator
@inline
function endsPiece(from: u32, at: u32, isLatin: bool): bool {
  return at - from >= SHORTEST_PIECE || isLatinAt(at) != isLatin;
}

/** A capital, and then a small letter. */
// @ts-ignore: decorator
@inline
function isName(start: u32): bool {
  const place = load<u32>(IDENTITY) != 0 ? start : load<u32>(offsetsAt + (start << 2));
  const units = sourceAt + (place << 1);
  return <u32>load<u16>(units) - 0x41 <= 25 && <u32>load<u16>(units, 2) - 0x61 <= 25;
}
