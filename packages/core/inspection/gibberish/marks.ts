/**
 * Floods that no repetition shows: thousands of combining marks on a few letters, of invisible characters and of selectors.
 * Each is a token or more to a model, and next to nothing to the eye. In: a part. Out: `flood/marks`, `flood/invisible`.
 */
import type { Finding } from "../finding.ts";
import type { PartDetector } from "../inspect.ts";
import { flag, scanner } from "../kernels/scanner.ts";
import { unitsOf } from "../normalise/units.ts";
import { classified } from "../taxonomy.ts";

/** As many as no text of any language holds in one request, and a share of it that no text has. */
const least = 1000;
const leastShare = 0.2;
/** No mark and nothing invisible that is counted stands before it. */
const leastUnit = 0x300;

export const markFloodDetector: PartDetector = {
  name: "flood",
  version: "1",
  judge({ text, origin }) {
    if (origin === "instructions" || origin === "model" || text.length < least) return { probability: 0, findings: [] };
    if (scanner()?.has(text, flag.unseen) === false) return { probability: 0, findings: [] };
    let marks = 0;
    let invisible = 0;
    const units = unitsOf(text);
    for (let at = 0; at < text.length; at++) {
      const unit = units[at] as number;
      if (unit < leastUnit) continue;
      if (unit <= 0x36f || (unit >= 0x1ab0 && unit <= 0x1aff) || (unit >= 0x20d0 && unit <= 0x20ff)) marks += 1;
      else if (isInvisible(unit)) invisible += 1;
    }
    const findings: Finding[] = [];
    const note = (kind: string, count: number): void => {
      if (count < least || count < text.length * leastShare) return;
      const found = { detector: `flood/${kind}`, category: "resource-exhaustion", start: 0, end: text.length } as const;
      findings.push(classified({ ...found, score: 0.9 }));
    };
    note("marks", marks);
    note("invisible", invisible);
    return { probability: 0, findings };
  },
};

/** Zero-width and directional characters, variation selectors, and the halves of tags and further selectors. */
function isInvisible(unit: number): boolean {
  return (
    (unit >= 0x200b && unit <= 0x200f) ||
    (unit >= 0x202a && unit <= 0x202e) ||
    (unit >= 0x2060 && unit <= 0x206f) ||
    (unit >= 0xfe00 && unit <= 0xfe0f) ||
    unit === 0xfeff ||
    unit === 0xdb40
  );
}
