/**
 * Principal components. In: vectors of one length. Out: each as its coordinates along the `wanted` directions of greatest
 * variance, after the mean is taken off. Eigenvectors by power iteration with deflation: deterministic.
 */
export function principal(vectors: readonly Float32Array[], wanted: number): Float32Array[] {
  const size = vectors[0]?.length ?? 0;
  const mean = new Float64Array(size);
  for (const vector of vectors)
    for (let at = 0; at < size; at++) mean[at] = (mean[at] as number) + (vector[at] as number) / vectors.length;
  const covariance = Array.from({ length: size }, () => new Float64Array(size));
  for (const vector of vectors)
    for (let at = 0; at < size; at++) {
      const row = covariance[at] as Float64Array;
      const value = (vector[at] as number) - (mean[at] as number);
      for (let other = 0; other < size; other++)
        row[other] = (row[other] as number) + value * ((vector[other] as number) - (mean[other] as number));
    }
  const directions: Float64Array[] = [];
  for (let found = 0; found < wanted; found++) {
    let direction = Float64Array.from({ length: size }, (_, at) => 1 + ((at * 7 + found * 13) % 11) / 10);
    for (let round = 0; round < 200; round++) {
      const next = Float64Array.from(covariance, (row) => dot(row, direction));
      for (const earlier of directions) {
        const share = dot(earlier, next);
        for (let at = 0; at < size; at++) next[at] = (next[at] as number) - share * (earlier[at] as number);
      }
      const length = Math.sqrt(dot(next, next)) || 1;
      direction = next.map((value) => value / length);
    }
    directions.push(direction);
  }
  return vectors.map((vector) => {
    const centred = Float64Array.from(vector, (value, at) => value - (mean[at] as number));
    return Float32Array.from(directions, (direction) => dot(direction, centred));
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
}
