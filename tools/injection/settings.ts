/** What the classifier was trained with. In: nothing. Out: numbers, chosen on held-out families (see docs/detection.md). */
import type { TrainingOptions } from "./trainer.ts";

/** Rounds of the generators: each makes about eight rows. */
export const trainingScale = 5000;

export const trainingOptions: TrainingOptions = {
  epochs: 6,
  rate: 0.05,
  decay: 1e-5,
  dropout: 0.55,
  smoothing: 0.03,
  longest: 2,
};

/**
 * The share of honest texts of left-out families that may be blocked; the threshold follows from it. Whole kinds of text
 * (source code, tool schemas) are left out with their family: of kinds that were seen, a fraction of it is blocked.
 */
export const benignBlocked = 0.01;

/**
 * Taken from a logit for each doubling of the number of windows. Documents are long, and the longest were blocked ten times as
 * often as short ones with what suits users' texts.
 */
export const perDoubling = { user: 0.12, untrusted: 0.35 } as const;
