/** A detector of given words, wherever they stand: what a test calls a secret. */
import type { FindingCategory, SpanDetector } from "@cordon/core/inspection/finding";

export function wordDetector(name: string, words: readonly string[], category: FindingCategory): SpanDetector {
  const maxSpan = Math.max(...words.map((word) => word.length));
  return {
    name,
    version: "1",
    maxSpan,
    detect: (text) =>
      words
        .flatMap((word) => {
          const found = [];
          for (let start = text.indexOf(word); start >= 0; start = text.indexOf(word, start + 1))
            found.push({ start, end: start + word.length });
          return found;
        })
        .toSorted((a, b) => a.start - b.start)
        .map((span) => ({ detector: `${name}/word`, category, owasp: "LLM02:2025", atlas: "", score: 1, ...span })),
    openFrom(text) {
      for (let at = Math.max(0, text.length - maxSpan + 1); at < text.length; at++)
        if (words.some((word) => word.length > text.length - at && word.startsWith(text.slice(at)))) return at;
      return text.length;
    },
  };
}
