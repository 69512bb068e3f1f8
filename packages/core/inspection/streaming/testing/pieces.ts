/** Ways to cut things into pieces, for property tests. */
import fc from "fast-check";

/** A text in pieces, cut anywhere: inside surrogate pairs too, and with empty pieces. */
export function pieces(text: fc.Arbitrary<string>): fc.Arbitrary<readonly string[]> {
  return text.chain((whole) =>
    fc.array(fc.nat(whole.length), { maxLength: 12 }).map((cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      return places.slice(1).map((end, index) => whole.slice(places[index], end));
    }),
  );
}

/** Bytes in pieces, at the given places modulo their length; one byte a piece where there are none. */
export function cutBytes(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  if (cuts.length === 0) return Array.from(bytes, (byte) => Uint8Array.of(byte));
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
