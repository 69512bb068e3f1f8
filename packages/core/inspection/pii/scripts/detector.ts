/**
 * People's names and addresses in Chinese, Thai and Tamil script. In: a text. Out: `pii/person`, `pii/address`. The tagger of
 * `../names` reads scripts that part words; these are read by what stands around a name (titles, forms, who speaks), by lists of
 * family and given names, and by how addresses are built.
 *
 * A text is cut into stretches at line ends and, in Chinese, at full stops; nothing looks across. Within one each place is judged
 * by itself, {@link leftReach} back and {@link rightReach} beyond the longest finding: so pieces of a stream give what the whole does.
 */
import type { Finding, SpanDetector } from "../../finding.ts";
import { flag, scanner } from "../../kernels/scanner.ts";
import { toFinding } from "../candidate.ts";
import { findChinese } from "./chinese.ts";
import { findTamil } from "./tamil.ts";
import { findThai } from "./thai.ts";
import type { ScriptSpan } from "./script-span.ts";

/** The longest finding, in code units; and how far around it is looked. */
const maxLength = 120;
const leftReach = 48;
const rightReach = 40;
const maxSpan = 2 * maxLength + leftReach + rightReach;

const anyScript = /[\u0b80-\u0bff\u0e00-\u0e7f\u3400-\u9fff]/;
/** Line ends; full stops of Chinese. */
const stretchEnd = /[\n\r\u2028。！？；]/g;

export const scriptNameDetector: SpanDetector = {
  name: "pii",
  version: "1",
  maxSpan,
  detect(text: string): readonly Finding[] {
    if (scanner()?.has(text, flag.script) === false || !anyScript.test(text)) return [];
    const found: ScriptSpan[] = [];
    for (let from = 0; from < text.length;) {
      stretchEnd.lastIndex = from;
      const to = stretchEnd.exec(text)?.index ?? text.length;
      if (to > from) readStretch(text.slice(from, to), from, found);
      from = to + 1;
    }
    return resolved(found).map(toFinding);
  },
  openFrom(text: string): number {
    const least = Math.max(0, text.length - maxLength - rightReach);
    const tail = text.slice(least);
    const first = tail.search(anyScript);
    // An address may begin with its number, before the first letter of the script.
    if (first < 0) return text.length - (/[0-9/-]{1,12}[ ,]{0,2}$/.exec(tail)?.[0].length ?? 0);
    let open = least;
    stretchEnd.lastIndex = 0;
    for (let end = stretchEnd.exec(tail); end !== null; end = stretchEnd.exec(tail)) open = least + end.index + 1;
    return open;
  },
};

function readStretch(stretch: string, offset: number, found: ScriptSpan[]): void {
  const push = (type: ScriptSpan["type"], start: number, end: number, score: number): void => {
    if (end > start && end - start <= maxLength) found.push({ type, start: start + offset, end: end + offset, score });
  };
  if (/[\u3400-\u9fff]/.test(stretch)) findChinese(stretch, push);
  if (/[\u0e00-\u0e7f]/.test(stretch)) findThai(stretch, push);
  if (/[\u0b80-\u0bff]/.test(stretch)) findTamil(stretch, push);
}

/** By start; what lies within, or begins within, an earlier one goes. */
function resolved(found: readonly ScriptSpan[]): ScriptSpan[] {
  const sorted = found.toSorted((a, b) => a.start - b.start || b.end - a.end || b.score - a.score);
  let covered = 0;
  return sorted.filter(({ end }) => {
    const isOuter = end > covered;
    covered = Math.max(covered, end);
    return isOuter;
  });
}
