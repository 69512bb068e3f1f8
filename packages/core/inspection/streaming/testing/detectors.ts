/**
 * Two small detectors for tests of the filter: e-mail addresses, and words from a list that stand alone. Both are
 * bounded, look at their context, and say exactly what they must keep.
 */
import type { Finding, FindingCategory, SpanDetector } from "../../finding.ts";

const isLocal = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a) || unit === 0x2e;

const maxPart = 24;

function finding(detector: string, category: FindingCategory, start: number, end: number): Finding {
  return { detector, category, owasp: "LLM02:2025", atlas: "", start, end, score: 1 };
}

/** `local@domain.tld`, of letters, digits and dots; at most {@link maxPart} of them on each side. They may overlap. */
export const emailDetector: SpanDetector = {
  name: "test-email",
  version: "1",
  maxSpan: 2 * maxPart + 1,
  detect(text) {
    const found: Finding[] = [];
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
      const start = startOfRun(text, at);
      let end = at + 1;
      while (end < text.length && end - at <= maxPart && isLocal(text.charCodeAt(end))) end += 1;
      if (at > start && /[^.]\.[^.]/.test(text.slice(at + 1, end)))
        found.push(finding("test-email/address", "pii", start, end));
    }
    return found;
  },
  openFrom(text) {
    // The domain may go on; or the end may become the part before an `@`.
    const run = startOfRun(text, text.length);
    const at = run - 1;
    return text.charCodeAt(at) === 0x40 && text.length - run < maxPart ? startOfRun(text, at) : run;
  },
};

function startOfRun(text: string, end: number): number {
  let start = end;
  while (start > 0 && end - start < maxPart && isLocal(text.charCodeAt(start - 1))) start -= 1;
  return start;
}

/** Words that stand alone, neither preceded nor followed by a letter or digit. */
export function wordDetector(name: string, words: readonly string[], category: FindingCategory): SpanDetector {
  const longest = Math.max(...words.map((word) => word.length));
  const isPart = (unit: number): boolean => isLocal(unit) && unit !== 0x2e;
  return {
    name,
    version: "1",
    maxSpan: longest + 2,
    detect(text) {
      const found: Finding[] = [];
      for (const word of words)
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
          const end = at + word.length;
          if (at > 0 && isPart(text.charCodeAt(at - 1))) continue;
          if (end < text.length && isPart(text.charCodeAt(end))) continue;
          found.push(finding(`${name}/word`, category, at, end));
        }
      return found.toSorted((a, b) => a.start - b.start);
    },
    openFrom(text) {
      // One more at each side: the boundary is part of the rule. The one in front is kept with what it bounds.
      const earliest = Math.max(0, text.length - longest - 1);
      for (let at = earliest; at < text.length; at++) {
        const tail = text.slice(at);
        if (words.some((word) => word.startsWith(tail) || tail === word)) return Math.max(0, at - 1);
      }
      return Math.max(0, text.length - 1);
    },
  };
}
