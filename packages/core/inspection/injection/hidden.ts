/** What a text hides from who reads it as it stands. In: a text, and what is odd about it. Out: other readings; the text with its codes read. */
import type { Finding } from "../finding.ts";
import { findHidden, type Hidden } from "../normalise/encodings.ts";
import { findBroken } from "./broken.ts";
import { findRespelled } from "./respelled.ts";
import type { Strangeness } from "./strange.ts";
import type { Vocabulary } from "./vocabulary.ts";

export function hiddenIn(text: string, odd: Strangeness, vocabulary: Vocabulary): readonly Hidden[] {
  const found = findHidden(text, odd);
  findBroken(text, odd.broken, found);
  if (odd.stretches.length > 0) findRespelled(text, odd.stretches, vocabulary, found);
  return found;
}

/** What is a text in another notation, and no other reading of the same letters. */
const codes: ReadonlySet<string> = new Set([
  ...["base64", "base32", "base58", "base85", "binary", "hex", "quoted-printable", "uuencode", "broken", "joined"],
]);

/** The text with its codes read; `undefined` where it has none, or something else in it was found too. */
export function withCodesRead(
  text: string,
  hidden: readonly Hidden[],
  findings: readonly Pick<Finding, "start" | "end">[],
): string | undefined {
  const pieces = hidden.filter(({ encoding }) => codes.has(encoding)).toSorted((a, b) => a.start - b.start);
  const isInCode = (finding: Pick<Finding, "start" | "end">): boolean =>
    pieces.some(({ start, end }) => start < finding.end && finding.start < end);
  if (pieces.length === 0 || !findings.every(isInCode)) return undefined;
  let out = "";
  let at = 0;
  for (const { text: said, start, end } of pieces) {
    if (start < at) continue;
    out += text.slice(at, start) + said;
    at = end;
  }
  return out + text.slice(at);
}
