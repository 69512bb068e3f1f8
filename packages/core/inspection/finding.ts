/**
 * What inspection says of a text, and what a detector is. In: nothing. Out: the types that detectors, filters, gateway,
 * ledger and `cordon inspect` share. Offsets are UTF-16 code units into the text as it was given, never into a
 * normalised copy of it.
 */

/** What a finding is about. The words go to policy, ledger and `cordon inspect`: other programs read them. */
export const findingCategories = [
  "prompt-injection",
  "indirect-injection",
  "jailbreak",
  "prompt-extraction",
  "exfiltration",
  "adversarial-suffix",
  "resource-exhaustion",
  "out-of-distribution",
  "pii",
  "secret",
  "canary",
  "proprietary",
  "uninspectable",
] as const;
export type FindingCategory = (typeof findingCategories)[number];

/** One detector's claim about one span. It never holds the text itself. */
export interface Finding {
  /** The detector and what it saw, such as `pii/sg-nric`; stable. */
  readonly detector: string;
  readonly category: FindingCategory;
  /** The OWASP Top 10 for LLM applications (2025) entry, such as `LLM01:2025`. */
  readonly owasp: string;
  /** MITRE ATLAS technique, such as `AML.T0051.000`; the empty string where none fits. */
  readonly atlas: string;
  readonly start: number;
  /** One past the last code unit. */
  readonly end: number;
  /** Calibrated probability, 0 to 1, that the claim is true. */
  readonly score: number;
  /** Where the subject is a list of messages: the index of the message that the text belongs to. */
  readonly message?: number;
  /** Beside {@link message}: the JSON Pointer (RFC 6901) of the string within the list; `start` and `end` count in it. */
  readonly path?: string;
}

export type Verdict = "allow" | "flag" | "block";

/**
 * A detector whose findings are spans of bounded length, so that it works on text that is still arriving. It is a pure
 * function of the text: the same text gives the same findings, whatever pieces it came in.
 */
export interface SpanDetector {
  /** The part of {@link Finding.detector} before the slash. */
  readonly name: string;
  readonly version: string;
  /** The most code units that one finding covers, with the context on both sides that its rule looks at. */
  readonly maxSpan: number;
  /**
   * All findings of a whole text, by start.
   *
   * @param from findings that start before it are not asked for: a detector may leave them out, and save the reading
   */
  detect(text: string, from?: number): readonly Finding[];
  /**
   * The first index from which text of an unfinished stream must be kept: nothing before it can become part of, or
   * change, a finding, whatever follows. `text.length` when everything may go. Never below `text.length - maxSpan`.
   */
  openFrom(text: string): number;
}
