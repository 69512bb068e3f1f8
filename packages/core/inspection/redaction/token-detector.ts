/**
 * Tokens in a text, as the filter of a stream sees them. In: a sealer. Out: a detector that finds the tokens that open, and
 * detectors that do not see into them. What only looks like a token is text like any other.
 */
import { classified } from "../taxonomy.ts";
import type { Finding, SpanDetector } from "../finding.ts";
import { maxTokenLength, openTokenFrom, tokenMarkFrom, tokenShapes, type TokenShape } from "./token-format.ts";
import { isInAddress, isInJson, placeReach } from "./token-place.ts";
import type { OpenedToken, TokenSealer } from "./token-sealer.ts";

/** The part of a finding's detector before the slash. */
export const tokenFindings = "token";

/**
 * Finds `token/TYPE`: tokens that open and may be undone where they stand. One inside of an address stays (`token-place.ts`), and
 * so does one within a string of JSON that its value would end or break. The score is 0: where a token overlaps something that
 * was found, that speaks.
 *
 * @param stays whether a value may not stand in this kind of text
 */
export function tokenDetector(sealer: TokenSealer, stays: (value: string) => boolean = () => false): SpanDetector {
  return {
    name: tokenFindings,
    version: "1",
    maxSpan: maxTokenLength + placeReach,
    detect(text) {
      if (!mayHoldToken(text)) return [];
      const found: Finding[] = [];
      for (const shape of tokenShapes(text)) {
        const opened = sealer.open(shape);
        if (opened === undefined || stays(opened.value)) continue;
        const reach = text.slice(Math.max(0, shape.start - placeReach), shape.start);
        if (isInAddress(reach) || (breaksJson.test(opened.value) && isInJson(reach))) continue;
        const { start, end, type } = shape;
        found.push(
          classified({ detector: `${tokenFindings}/${type}`, category: opened.category, start, end, score: 0 }),
        );
      }
      return found;
    },
    openFrom: openTokenFrom,
  };
}

/** What a string of JSON holds only behind a backslash (RFC 8259, section 7). */
// oxlint-disable-next-line no-control-regex
const breaksJson = /["\\\0-\x1f]/;

/** What a text that is exactly one token stands for. */
export function openedToken(sealer: TokenSealer, text: string): OpenedToken | undefined {
  const shape = tokenShapes(text).find(({ start, end }) => start === 0 && end === text.length);
  return shape && sealer.open(shape);
}

/** A detector to which tokens are stars: a token looks like a secret, and is none. */
export function besideTokens(detector: SpanDetector, sealer: TokenSealer): SpanDetector {
  return {
    name: detector.name,
    version: detector.version,
    maxSpan: detector.maxSpan + maxTokenLength,
    detect: (text, from) => detector.detect(blanked(text, sealer), from),
    openFrom(text) {
      // What may become a token is not there yet: until it is whole, nobody knows what the detector will see of it.
      const settled = openTokenFrom(text);
      return detector.openFrom(blanked(settled === text.length ? text : text.slice(0, settled), sealer));
    },
  };
}

/** What the last text is that holds no mark: detectors are asked about the same one in turn. */
let unmarked = "";

function mayHoldToken(text: string): boolean {
  if (text === unmarked) return false;
  if (tokenMarkFrom(text, 0) >= 0) return true;
  unmarked = text;
  return false;
}

/** A text with stars in the place of its tokens; the offsets stay. */
export function blanked(text: string, sealer: TokenSealer): string {
  if (!mayHoldToken(text)) return text;
  const tokens = tokenShapes(text).filter((shape) => sealer.open(shape) !== undefined);
  let out = "";
  let at = 0;
  for (const { start, end } of tokens as readonly TokenShape[]) {
    if (start < at) continue;
    out += text.slice(at, start) + "*".repeat(end - start);
    at = end;
  }
  return at === 0 ? text : out + text.slice(at);
}
