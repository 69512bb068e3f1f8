/** Scores of texts under some weights. In: features, weights. Out: each text's worst logit. */
import type { Features } from "@cordon/core/inspection/injection/features";
import { eachWindow, hidden, logitOf, support, width, type Weights } from "@cordon/core/inspection/injection/network";
import { average, totals } from "./averages.ts";

const mean = new Float64Array(width);
const units = new Float64Array(hidden);

export function score(features: Features, weights: Weights): number {
  if (features.until.length === 0) return -20;
  const sums = totals(features, weights.vectors);
  let worst = -Infinity;
  eachWindow(features.until.length, (from, to) => {
    average(sums, features, from, to, mean);
    worst = Math.max(worst, logitOf(mean, weights, units) + support(features, from, to));
  });
  return worst;
}
