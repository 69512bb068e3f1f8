/**
 * Labels that the rest of the data contradicts. In: labels and what a model that never saw each row says. Out: the rows
 * whose label is doubted, most doubtful first: confident learning (Northcutt, Jiang and Chuang 2021), where a row counts
 * when another label is at least as sure as that label is on its own rows.
 */
import type { OutOfFold } from "./out-of-fold.ts";

export interface DoubtedLabel {
  readonly row: number;
  readonly suggested: number;
  /** How much surer the other label is, 0 to 1. */
  readonly margin: number;
}

/** Finds doubted labels. */
export function doubtLabels({ probabilities, classes }: OutOfFold, labels: Int32Array): DoubtedLabel[] {
  const thresholds = selfConfidence(probabilities, classes, labels);
  const doubted: DoubtedLabel[] = [];
  for (const [row, label] of labels.entries()) {
    let suggested = label;
    let best = 0;
    for (let c = 0; c < classes; c++) {
      const p = probabilities[row * classes + c] ?? 0;
      if (c !== label && p >= (thresholds[c] ?? 1) && p > best) {
        suggested = c;
        best = p;
      }
    }
    const own = probabilities[row * classes + label] ?? 0;
    if (suggested !== label && best > own) doubted.push({ row, suggested, margin: best - own });
  }
  return doubted.toSorted((a, b) => b.margin - a.margin);
}

/**
 * How sure the model is of each label on the rows that have it: the tenth percentile over rows where it agrees. The paper's
 * mean finds the surest half only.
 */
function selfConfidence(probabilities: Float32Array, classes: number, labels: Int32Array): Float64Array {
  const sure: number[][] = Array.from({ length: classes }, () => []);
  for (const [row, label] of labels.entries()) {
    const own = probabilities[row * classes + label] ?? 0;
    const best = Math.max(...probabilities.subarray(row * classes, (row + 1) * classes));
    if (own === best) sure[label]?.push(own);
  }
  return Float64Array.from(sure, (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 10)] ?? 1);
}
