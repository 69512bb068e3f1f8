/**
 * Texts made to exhaust: one token over and over. In: a part. Out: a finding where the same word or pair of short words
 * repeats a thousand times without a break. Probed, so ordinary text costs next to nothing.
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
      const found = firstPeriodic(text, period);
      if (found === undefined) continue;
      findings.push(
        classified({ detector: "flood/repetition", category: "resource-exhaustion", ...found, score: 0.9 }),
      );
      break;
    }
    return { probability: findings.length > 0 ? 0.9 : 0, findings };
  },
};

/**
 * The first stretch that is long enough. It covers a place that is probed, and is followed from there both ways: most texts
 * repeat at none, and are not read further. Rulers and indentation repeat as well: only what holds a letter or digit counts.
 */
function firstPeriodic(text: string, period: number): { start: number; end: number } | undefined {
  const needed = period === 1 ? repeatsOfOne : repeats * period;
  const units = unitsOf(text);
  const { length } = text;
  for (let place = probeEvery; place + probeLength < length; place += probeEvery) {
    let end = place;
    while (end < place + probeLength && units[end] === units[end - period]) end += 1;
    if (end < place + probeLength) continue;
    let first = place;
    while (first > period && units[first - 1] === units[first - 1 - period]) first -= 1;
    while (end < length && units[end] === units[end - period]) end += 1;
    const start = first - period;
    if (end - start >= needed && /[\p{L}\p{N}]/u.test(text.slice(start, start + period))) return { start, end };
    // The next place behind it.
    place = Math.max(place, Math.floor(end / probeEvery) * probeEvery);
  }
  return undefined;
}
