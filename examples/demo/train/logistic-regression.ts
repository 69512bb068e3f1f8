/**
 * Logistic regression. In: rows of numbers with a class. Out: weights, and predictions from them. Newton's method on the
 * penalised likelihood: exact, the same every time, and fast for the few dozen features of a small model.
 */

export interface LogisticModel {
  readonly intercept: number;
  readonly weights: readonly number[];
}

export interface Sample {
  readonly features: readonly number[];
  readonly positive: boolean;
}

const maxSteps = 30;
const converged = 1e-8;

/**
 * Fits a model.
 *
 * @param penalty L2 penalty on each weight, not on the intercept; above 0 keeps separable data finite
 */
export function fitLogistic(samples: readonly Sample[], penalty: number): LogisticModel {
  const size = (samples[0]?.features.length ?? 0) + 1;
  let beta = new Float64Array(size);
  for (let step = 0; step < maxSteps; step++) {
    const { gradient, hessian } = derivatives(samples, beta, penalty);
    const change = solve(hessian, gradient);
    beta = beta.map((value, at) => value + (change[at] ?? 0));
    if (Math.max(...change.map(Math.abs)) < converged) break;
  }
  const [intercept = 0, ...weights] = beta;
  return { intercept, weights };
}

/** The probability of the positive class. */
export function predict({ intercept, weights }: LogisticModel, features: readonly number[]): number {
  let sum = intercept;
  for (let at = 0; at < weights.length; at++) sum += (weights[at] ?? 0) * (features[at] ?? 0);
  return 1 / (1 + Math.exp(-sum));
}

function derivatives(samples: readonly Sample[], beta: Float64Array, penalty: number) {
  const size = beta.length;
  const gradient = new Float64Array(size);
  const hessian = Array.from({ length: size }, () => new Float64Array(size));
  const row = new Float64Array(size);
  row[0] = 1;
  for (const { features, positive } of samples) {
    row.set(features, 1);
    let sum = 0;
    for (let at = 0; at < size; at++) sum += (beta[at] as number) * (row[at] as number);
    const probability = 1 / (1 + Math.exp(-sum));
    const residual = (positive ? 1 : 0) - probability;
    const weight = Math.max(probability * (1 - probability), 1e-10);
    for (let left = 0; left < size; left++) {
      const value = row[left] as number;
      if (value === 0) continue; // most columns say whether a category holds
      gradient[left] = (gradient[left] as number) + residual * value;
      const line = hessian[left] as Float64Array;
      for (let right = 0; right <= left; right++)
        line[right] = (line[right] as number) + weight * value * (row[right] as number);
    }
  }
  for (let left = 0; left < size; left++) {
    const line = hessian[left] as Float64Array;
    if (left > 0) {
      gradient[left] = (gradient[left] as number) - penalty * (beta[left] as number);
      line[left] = (line[left] as number) + penalty;
    }
    for (let right = 0; right < left; right++) (hessian[right] as Float64Array)[left] = line[right] as number;
  }
  return { gradient, hessian };
}

/** Solves `matrix x = right` by elimination with partial pivoting. */
function solve(matrix: readonly Float64Array[], right: Float64Array): number[] {
  const size = right.length;
  const rows = matrix.map((row, at) => [...row, right[at] ?? 0]);
  const value = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++)
      if (Math.abs(value(row, column)) > Math.abs(value(pivot, column))) pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot] ?? [], rows[column] ?? []];
    for (let row = column + 1; row < size; row++) {
      const factor = value(row, column) / value(column, column);
      if (factor === 0) continue;
      const target = rows[row] ?? [];
      for (let at = column; at <= size; at++) target[at] = value(row, at) - factor * value(column, at);
    }
  }
  const solution = Array.from({ length: size }, () => 0);
  for (let row = size - 1; row >= 0; row--) {
    let sum = value(row, size);
    for (let column = row + 1; column < size; column++) sum -= value(row, column) * (solution[column] ?? 0);
    solution[row] = sum / value(row, row);
  }
  return solution;
}
