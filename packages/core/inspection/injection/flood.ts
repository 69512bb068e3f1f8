/**
 * Texts made to exhaust: one token over and over. In: a part. Out: a finding where the same word or pair of short words
 * repeats a thousand times without a break. Probed first, so ordinary text costs next to nothing.
 */
import type { Finding } from "../finding.ts";
import type { PartDetector } from "../inspect.ts";
import { unitsOf } from "../normalise/units.ts";
import { classified } from "../taxonomy.ts";

const repeats = 1000;
/** Of one sign: long base64 holds runs of `A`. */
const repeatsOfOne = 4000;
const longestPeriod = 12;
/** A flood covers at least one of the places that are this far apart. */
const probeEvery = repeats / 2;
const probeLength = 40;

export const floodDetector: PartDetector = {
  name: "flood",
  version: "1",
  judge({ text, origin }) {
    if (origin === "instructions" || origin === "model" || text.length < repeats * 2)
      return { probability: 0, findings: [] };
    const findings: Finding[] = [];
    // A text with period p equals itself moved by p: count how long that holds, for the periods that floods have.
    for (let period = 1; period <= longestPeriod; period++) {
      if (!isSuspected(text, period)) continue;
      const found = longestPeriodic(text, period);
      if (found === undefined) continue;
      findings.push(
        classified({ detector: "flood/repetition", category: "resource-exhaustion", ...found, score: 0.9 }),
      );
      break;
    }
    return { probability: findings.length > 0 ? 0.9 : 0, findings };
  },
};

/** Whether the text repeats with the period at any probed place: most texts do not, and are not read further. */
function isSuspected(text: string, period: number): boolean {
  const units = unitsOf(text);
  for (let place = probeEvery; place + probeLength < text.length; place += probeEvery) {
    let at = place;
    while (at < place + probeLength && units[at] === units[at - period]) at += 1;
    if (at === place + probeLength) return true;
  }
  return false;
}

/** Rulers and indentation repeat as well: only what holds a letter or digit counts. */
function longestPeriodic(text: string, period: number): { start: number; end: number } | undefined {
  const needed = period === 1 ? repeatsOfOne : repeats * period;
  let start = 0;
  for (let at = period; at <= text.length; at++) {
    if (at < text.length && text.charCodeAt(at) === text.charCodeAt(at - period)) continue;
    if (at - start >= needed && /[\p{L}\p{N}]/u.test(text.slice(start, start + period))) return { start, end: at };
    start = at - period + 1;
  }
  return undefined;
}
