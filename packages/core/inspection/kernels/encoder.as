/**
 * The steps of the transformer encoder (`encoder/encoder.ts`): matrices of 32-bit floats, row by row, at addresses that the
 * caller gives. What `encoder/plain.ts` does, but for the last digits of sums. Nothing here depends on the machine.
 */

/** The largest quantised activation: 8191 * 127 * 2048 columns stay below 2^31. */
const LARGEST: f32 = 8191;
/** Adding 1.5 * 2^23 rounds a small float to an integer, ties to even, in its lowest bits. */
const ROUNDER: f32 = 12582912;
const ROUNDER_BITS: i32 = 0x4b400000;
const EPSILON: f32 = 1e-6;

// @ts-ignore: decorator
@inline
function total(four: v128): f32 {
  const two = f32x4.add(four, v128.shuffle<f32>(four, four, 2, 3, 0, 1));
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1);
}

// @ts-ignore: decorator
@inline
function largest(four: v128): f32 {
  const two = f32x4.max(four, v128.shuffle<f32>(four, four, 2, 3, 0, 1));
  return max(f32x4.extract_lane(two, 0), f32x4.extract_lane(two, 1));
}

/** Layer norm of each row (Ba et al. 2016). */
export function normalise(from: usize, rows: u32, width: u32, gain: usize, bias: usize, to: usize): void {
  const bytes: usize = width << 2;
  for (let row: u32 = 0; row < rows; row++) {
    let sums = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) sums = f32x4.add(sums, v128.load(from + at));
    const mean = f32x4.splat(total(sums) / <f32>width);
    let squares = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      const difference = f32x4.sub(v128.load(from + at), mean);
      squares = f32x4.add(squares, f32x4.mul(difference, difference));
    }
    const factor = f32x4.splat(1 / sqrt<f32>(total(squares) / <f32>width + EPSILON));
    for (let at: usize = 0; at < bytes; at += 16) {
      const scaled = f32x4.mul(f32x4.sub(v128.load(from + at), mean), factor);
      v128.store(to + at, f32x4.add(f32x4.mul(scaled, v128.load(gain + at)), v128.load(bias + at)));
    }
    from += bytes;
    to += bytes;
  }
}

/**
 * Rows as integers of 16 bits, a scale for each. Four rows lie together: of each two columns, row after row, so that the
 * product reads them one after another.
 */
export function quantise(from: usize, rows: u32, width: u32, scales: usize, to: usize): void {
  const bytes: usize = width << 2;
  for (let row: u32 = 0; row < rows; row++) {
    let most = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) most = f32x4.max(most, f32x4.abs(v128.load(from + at)));
    const bound = largest(most);
    store<f32>(scales + (row << 2), bound / LARGEST);
    const factor = f32x4.splat(bound > 0 ? LARGEST / bound : 0);
    const rounder = f32x4.splat(ROUNDER);
    const bits = i32x4.splat(ROUNDER_BITS);
    let into = to + (<usize>(row >>> 2) * width << 3) + ((row & 3) << 2);
    for (let at: usize = 0; at < bytes; at += 32) {
      const low = i32x4.sub(f32x4.add(f32x4.mul(v128.load(from + at), factor), rounder), bits);
      const high = i32x4.sub(f32x4.add(f32x4.mul(v128.load(from + at, 16), factor), rounder), bits);
      const eight = i16x8.narrow_i32x4_s(low, high);
      v128.store_lane<i32>(into, eight, 0);
      v128.store_lane<i32>(into, eight, 1, 16);
      v128.store_lane<i32>(into, eight, 2, 32);
      v128.store_lane<i32>(into, eight, 3, 48);
      into += 64;
    }
    from += bytes;
  }
}

/**
 * The product of quantised rows with a matrix of bytes, its columns scaled, and the bias; `add` adds it to what is there,
 * `rectify` cuts off what is below 0. The matrix lies in groups of eight columns, of each two rows, column after column.
 */
export function multiply(
  rows: u32,
  depth: u32,
  width: u32,
  quantised: usize,
  rowScales: usize,
  matrix: usize,
  scales: usize,
  bias: usize,
  to: usize,
  add: u32,
  rectify: u32,
): void {
  const stride: usize = width << 2;
  for (let column: u32 = 0; column < width; column += 8) {
    const firstScales = v128.load(scales + (column << 2));
    const secondScales = v128.load(scales + (column << 2), 16);
    const firstBias = v128.load(bias + (column << 2));
    const secondBias = v128.load(bias + (column << 2), 16);
    let left = quantised;
    for (let row: u32 = 0; row < rows; row += 4) {
      let a = i32x4.splat(0);
      let b = a;
      let c = a;
      let d = a;
      let e = a;
      let f = a;
      let g = a;
      let h = a;
      let cells = matrix;
      const end = matrix + (depth << 3);
      while (cells < end) {
        const first = v128.load_ext<i8>(cells);
        const second = v128.load_ext<i8>(cells, 8);
        const one = v128.load_splat<i32>(left);
        const two = v128.load_splat<i32>(left, 4);
        const three = v128.load_splat<i32>(left, 8);
        const four = v128.load_splat<i32>(left, 12);
        a = i32x4.add(a, i32x4.dot_i16x8_s(first, one));
        b = i32x4.add(b, i32x4.dot_i16x8_s(second, one));
        c = i32x4.add(c, i32x4.dot_i16x8_s(first, two));
        d = i32x4.add(d, i32x4.dot_i16x8_s(second, two));
        e = i32x4.add(e, i32x4.dot_i16x8_s(first, three));
        f = i32x4.add(f, i32x4.dot_i16x8_s(second, three));
        g = i32x4.add(g, i32x4.dot_i16x8_s(first, four));
        h = i32x4.add(h, i32x4.dot_i16x8_s(second, four));
        cells += 16;
        left += 16;
      }
      let into = to + row * stride + (column << 2);
      const factors = rowScales + (row << 2);
      put(into, a, firstScales, load<f32>(factors), firstBias, add, rectify);
      put(into + 16, b, secondScales, load<f32>(factors), secondBias, add, rectify);
      into += stride;
      put(into, c, firstScales, load<f32>(factors, 4), firstBias, add, rectify);
      put(into + 16, d, secondScales, load<f32>(factors, 4), secondBias, add, rectify);
      into += stride;
      put(into, e, firstScales, load<f32>(factors, 8), firstBias, add, rectify);
      put(into + 16, f, secondScales, load<f32>(factors, 8), secondBias, add, rectify);
      into += stride;
      put(into, g, firstScales, load<f32>(factors, 12), firstBias, add, rectify);
      put(into + 16, h, secondScales, load<f32>(factors, 12), secondBias, add, rectify);
    }
    matrix += depth << 3;
  }
}

// @ts-ignore: decorator
@inline
function put(to: usize, sums: v128, scales: v128, factor: f32, bias: v128, add: u32, rectify: u32): void {
  let four = f32x4.mul(f32x4.convert_i32x4_s(sums), f32x4.mul(scales, f32x4.splat(factor)));
  four = f32x4.add(four, bias);
  if (add != 0) four = f32x4.add(four, v128.load(to));
  if (rectify != 0) four = f32x4.max(four, f32x4.splat(0));
  v128.store(to, four);
}

/**
 * Attention (Vaswani et al. 2017): rows of `mixed` hold queries, keys and values of `width` each. `chances` has room for a
 * row's weights, rounded up to four.
 */
export function attend(mixed: usize, rows: u32, width: u32, heads: u32, chances: usize, to: usize): void {
  const size: u32 = width / heads;
  const bytes: usize = size << 2;
  const stride: usize = width * 12;
  const keys = mixed + (width << 2);
  const values = keys + (width << 2);
  const scale: f32 = 1 / sqrt<f32>(<f32>size);
  for (let head: u32 = 0; head < heads; head++) {
    const offset: usize = head * bytes;
    for (let row: u32 = 0; row < rows; row++) {
      score(mixed + row * stride + offset, keys + offset, rows, stride, bytes, scale, chances);
      const sum = exponents(chances, rows);
      mix(values + offset, rows, stride, bytes, chances, 1 / sum, to + row * (width << 2) + offset);
    }
  }
}

function score(query: usize, keys: usize, rows: u32, stride: usize, bytes: usize, scale: f32, to: usize): void {
  for (let row: u32 = 0; row < rows; row++) {
    let a = f32x4.splat(0);
    let b = a;
    for (let at: usize = 0; at < bytes; at += 32) {
      a = f32x4.add(a, f32x4.mul(v128.load(query + at), v128.load(keys + at)));
      b = f32x4.add(b, f32x4.mul(v128.load(query + at, 16), v128.load(keys + at, 16)));
    }
    store<f32>(to + (row << 2), total(f32x4.add(a, b)) * scale);
    keys += stride;
  }
}

/** Scores less the largest become their exponents; returns the sum of them. */
function exponents(at: usize, rows: u32): f32 {
  const end = at + (rows << 2);
  let most: f32 = -Infinity;
  for (let place = at; place < end; place += 4) most = max(most, load<f32>(place));
  // So much below the largest that it counts for nothing.
  for (let place = end; place < at + ((rows + 3) >> 2 << 4); place += 4) store<f32>(place, most - 200);
  const bound = f32x4.splat(most);
  let sums = f32x4.splat(0);
  for (let place = at; place < end; place += 16) {
    const four = exponent(f32x4.sub(v128.load(place), bound));
    v128.store(place, four);
    sums = f32x4.add(sums, four);
  }
  return total(sums);
}

/** e^x for x <= 0 to the last bits of a float (the polynomial of Cephes' expf); e^-87 for what is less. */
// @ts-ignore: decorator
@inline
function exponent(x: v128): v128 {
  const kept = f32x4.max(x, f32x4.splat(-87));
  const whole = f32x4.nearest(f32x4.mul(kept, f32x4.splat(1.44269504088896341)));
  let rest = f32x4.sub(kept, f32x4.mul(whole, f32x4.splat(0.693359375)));
  rest = f32x4.add(rest, f32x4.mul(whole, f32x4.splat(2.12194440e-4)));
  let sum = f32x4.splat(1.9875691500e-4);
  sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(1.3981999507e-3));
  sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(8.3334519073e-3));
  sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(4.1665795894e-2));
  sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(1.6666665459e-1));
  sum = f32x4.add(f32x4.mul(sum, rest), f32x4.splat(5.0000001201e-1));
  sum = f32x4.add(f32x4.mul(f32x4.mul(sum, rest), rest), f32x4.add(rest, f32x4.splat(1)));
  return i32x4.add(sum, i32x4.shl(i32x4.trunc_sat_f32x4_s(whole), 23));
}

/** The average of the values by their weights, sixteen places of them at a time. */
function mix(values: usize, rows: u32, stride: usize, bytes: usize, chances: usize, factor: f32, to: usize): void {
  const factors = f32x4.splat(factor);
  for (let at: usize = 0; at < bytes; at += 64) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let cells = values + at;
    for (let row: u32 = 0; row < rows; row++) {
      const chance = v128.load_splat<f32>(chances + (row << 2));
      a = f32x4.add(a, f32x4.mul(chance, v128.load(cells)));
      b = f32x4.add(b, f32x4.mul(chance, v128.load(cells, 16)));
      c = f32x4.add(c, f32x4.mul(chance, v128.load(cells, 32)));
      d = f32x4.add(d, f32x4.mul(chance, v128.load(cells, 48)));
      cells += stride;
    }
    v128.store(to + at, f32x4.mul(a, factors));
    v128.store(to + at, f32x4.mul(b, factors), 16);
    v128.store(to + at, f32x4.mul(c, factors), 32);
    v128.store(to + at, f32x4.mul(d, factors), 48);
  }
}
