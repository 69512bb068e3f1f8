/** How good a classifier's probabilities are. In: probabilities and the truth. Out: the usual figures. */

export interface Scored {
  readonly probability: number;
  readonly positive: boolean;
}

export interface Metrics {
  readonly rows: number;
  readonly positives: number;
  readonly accuracy: number;
  /** Area under the ROC curve. */
  readonly auc: number;
  readonly logLoss: number;
}

export function measure(scored: readonly Scored[], threshold = 0.5): Metrics {
  const positives = scored.filter(({ positive }) => positive).length;
  const right = scored.filter(({ probability, positive }) => probability >= threshold === positive).length;
  const loss = scored.reduce(
    (sum, { probability, positive }) => sum - Math.log(Math.max(positive ? probability : 1 - probability, 1e-12)),
    0,
  );
  return {
    rows: scored.length,
    positives,
    accuracy: rounded(right / scored.length),
    auc: rounded(areaUnderCurve(scored, positives)),
    logLoss: rounded(loss / scored.length),
  };
}

/** By ranks (Mann-Whitney); ties share their rank. */
function areaUnderCurve(scored: readonly Scored[], positives: number): number {
  const sorted = scored.toSorted((left, right) => left.probability - right.probability);
  let rankSum = 0;
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (end < sorted.length && sorted[end]?.probability === sorted[at]?.probability) end++;
    const rank = (at + 1 + end) / 2;
    for (let tied = at; tied < end; tied++) if (sorted[tied]?.positive === true) rankSum += rank;
    at = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (scored.length - positives));
}

export function rounded(value: number, digits = 4): number {
  return Number(value.toFixed(digits));
}
