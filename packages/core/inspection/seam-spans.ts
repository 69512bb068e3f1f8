/**
 * What detectors of spans find where texts meet, and in none of the texts alone: a key in two halves, a number in one block and its name in
 * the block before. In: seams, detectors. Out: for each finding, what of it lies in which text, so that each can be masked where it stands.
 */
import type { Finding, SpanDetector } from "./finding.ts";
import type { Piece, Seam, SeamPlace } from "./seams.ts";

/** A finding in the text of a piece: its offsets count in it. */
export interface SeamSpan {
  readonly piece: Piece;
  readonly finding: Finding;
}

/** So far behind a seam, in UTF-16 code units, a value may stand whose name is before it. */
const valueReach = 64;
/** Below it nothing is done about a finding. */
const leastScore = 0.5;
/** So much of a text is looked at on each side of a finding in it: most detectors look no further, and texts may be long. */
const window = 2048;

/** Each finding with its spans that were not told before, in the order of the texts. */
export function findAtSeams(
  seams: readonly Seam[],
  detectors: readonly SpanDetector[],
): readonly (readonly SeamSpan[])[] {
  const found: (readonly SeamSpan[])[] = [];
  const told = new Map<Piece, Finding[]>();
  const isFresh = ({ piece, finding }: SeamSpan): boolean =>
    told.get(piece)?.some((other) => other.detector === finding.detector && covers(other, finding)) !== true;
  for (const seam of seams)
    for (const detector of detectors)
      for (const finding of detector.detect(seam.text)) {
        if (finding.score < leastScore || finding.end <= finding.start) continue;
        const places = touched(seam, finding);
        if (!isOfSeam(seam, places, finding)) continue;
        const spans = places.map((place) => spanIn(place, finding));
        const isOver = places.length === 2 && isPlainWord(places[1] as SeamPlace, finding);
        if (isOver && isKnown(spans[0] as SeamSpan, detector)) continue;
        const fresh = spans.filter((span) => isFresh(span) && !isKnown(span, detector));
        for (const { piece, finding: part } of fresh) {
          const before = told.get(piece);
          if (before === undefined) told.set(piece, [part]);
          else before.push(part);
        }
        if (fresh.length > 0) found.push(fresh);
      }
  return found;
}

/** The places that a finding lies in. */
function touched({ places }: Seam, { start, end }: Finding): SeamPlace[] {
  let low = 0;
  for (let high = places.length; low < high;) {
    const middle = (low + high) >> 1;
    const { at, length } = places[middle] as SeamPlace;
    if (at + length <= start) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < places.length && (places[last] as SeamPlace).at < end) last += 1;
  return places.slice(low, last).filter(({ length }) => length > 0);
}

/** Whether a finding lies over a seam, or right behind one; where a text was cut it may be half of another. */
function isOfSeam({ text, places }: Seam, within: readonly SeamPlace[], { start, end }: Finding): boolean {
  const [first, last] = [within[0], within.at(-1)];
  if (first === undefined || last === undefined) return false;
  if (start === 0 && first.from > 0) return false;
  if (end === text.length && last.from + last.length < last.piece.text.length) return false;
  return within.length > 1 || (first !== places[0] && start - first.at <= valueReach);
}

function spanIn({ piece, at, from, length }: SeamPlace, finding: Finding): SeamSpan {
  const start = from + Math.max(0, finding.start - at);
  const end = from + Math.min(length, finding.end - at);
  return { piece, finding: { ...finding, start, end } };
}

/** Whether all that a finding has of a text is the word that it begins with: behind what is whole without it, that is the next sentence. */
function isPlainWord({ piece, at, from }: SeamPlace, { end }: Finding): boolean {
  return (
    from === 0 &&
    /^\p{Lu}?\p{Ll}+$/u.test(piece.text.slice(0, end - at)) &&
    !/[\p{L}\p{N}]/u.test(piece.text[end - at] ?? "")
  );
}

/** Whether the text alone shows it. */
function isKnown({ piece, finding }: SeamSpan, detector: SpanDetector): boolean {
  const from = Math.max(0, finding.start - window);
  const { start, end } = finding;
  return detector
    .detect(piece.text.slice(from, end + window))
    .some(
      (own) =>
        own.category === finding.category &&
        own.score >= leastScore &&
        covers({ start: own.start + from, end: own.end + from }, { start, end }),
    );
}

type Range = Pick<Finding, "start" | "end">;

function covers(one: Range, other: Range): boolean {
  return one.start <= other.start && one.end >= other.end;
}
