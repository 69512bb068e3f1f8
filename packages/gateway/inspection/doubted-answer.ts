/**
 * Has the encoder asked, in the inspecting thread, about what is in doubt in the answer of a tool or a server. In: an answer's
 * pieces, on their way to its filter. Out: the same pieces, each once it has been asked about; and the filter's detectors, which
 * know what was said.
 *
 * A second filter with detectors that only listen goes through the pieces first, as in `aside.ts`: it knows where an API keeps its
 * texts. What cannot be asked about, or was not heard of, fails in the filter itself, which then does as the route says.
 */
import type { Part } from "@cordon/core/inspection/subject";
import { doubtingInjectionDetector, injectionDetector } from "@cordon/core/inspection/injection/model";
import type { PartDetector, PartJudgement } from "@cordon/core/inspection/inspect";
import type { ContentFilter, ResponseFilter } from "../ports.ts";
import { inlineBytes } from "./aside.ts";
import { InspectionFailure } from "./inspection-failure.ts";
import type { InspectionThread } from "./inspection-thread.ts";
import type { Detectors } from "./rules.ts";
import { Screening } from "./screening.ts";

/** So many code units of texts in doubt are remembered from one piece to the next; of the piece that is there, all. */
const remembered = 256 * 1024;

export interface DoubtedAnswer {
  /** Stands before the filter. */
  readonly ahead: ResponseFilter;
  /** The filter's. */
  readonly detectors: Detectors;
}

/**
 * @param principal whom the answer is for; `isReadHere`, whether it is, however long it is
 * @param openFilter the answer's filter, with these detectors and a screening that records nothing
 */
export function doubtedAnswer(
  thread: InspectionThread,
  {
    detectors,
    screening,
    principal,
    isReadHere,
  }: {
    readonly detectors: Detectors;
    readonly screening: Screening;
    readonly principal: string;
    readonly isReadHere: boolean;
  },
  openFilter: (detectors: Detectors, scratch: Screening) => ContentFilter | undefined,
): DoubtedAnswer | undefined {
  const place = detectors.parts.indexOf(injectionDetector);
  if (place < 0) return undefined;
  const { settings, tokens } = screening;
  // One that only watches is never through before the other is.
  const scratch = new Screening({ ...settings, mode: "observe" });
  scratch.tokens = tokens;
  const alone = classifierAlone();
  let doubted: Part[] = [];
  /** Texts of the piece that is there, as the classifier judges them, which is in no doubt. */
  const plain = new Map<string, PartJudgement>();
  const { name, version } = alone;
  const note: PartDetector = {
    name,
    version,
    judge(part) {
      const judged = alone.judge(part, "response");
      // What the model itself says is in no doubt, and says nothing of the same words of others.
      if (part.origin === "model") return judged;
      if (alone.inDoubt) doubted.push({ text: part.text, origin: part.origin });
      else plain.set(part.text, judged);
      return judged;
    },
  };
  let listening = openFilter({ spans: [], parts: [note] }, scratch);
  let heard = 0;
  const known = new Map<string, PartJudgement | Error>();
  let knownLength = 0;

  const ask = (): Promise<void> | undefined => {
    if (knownLength > remembered) {
      known.clear();
      knownLength = 0;
    }
    const parts = doubted.filter(({ text }) => !known.has(text));
    doubted = [];
    if (parts.length === 0) return undefined;
    const keep = (at: number, judged: PartJudgement | Error): void => {
      const { text } = parts[at] as Part;
      known.set(text, judged);
      knownLength += text.length;
    };
    return thread.inspect({ direction: "response", texts: [], parts }, settings.timeBudgetMs, principal).then(
      (found) => parts.forEach((_, at) => keep(at, found.parts[at]?.[place] as PartJudgement)),
      (error: Error) => parts.forEach((_, at) => keep(at, error)),
    );
  };
  const told: PartDetector = {
    name,
    version,
    judge(part) {
      if (part.origin === "model") return alone.judge(part, "response");
      const judged = known.get(part.text) ?? plain.get(part.text);
      if (judged instanceof Error) throw judged;
      if (judged !== undefined) return judged;
      const here = alone.judge(part, "response");
      if (alone.inDoubt)
        throw new InspectionFailure("crash", "a text in doubt was met that the inspecting thread was not asked about");
      return here;
    },
  };
  return {
    detectors: { ...detectors, parts: detectors.parts.with(place, told) },
    ahead: {
      push(chunk) {
        heard += chunk.length;
        // What is long and judged whole is read in the thread altogether.
        if (!isReadHere && listening?.whole === true && heard > inlineBytes) listening = undefined;
        plain.clear();
        listening?.push(chunk);
        return ask()?.then(() => chunk) ?? chunk;
      },
      end() {
        void listening?.end();
        return ask()?.then(() => nothing) ?? nothing;
      },
      findings: [],
      masks: 0,
    },
  };
}

const nothing = new Uint8Array(0);

/** The classifier without the encoder, and whether it was in doubt about what it judged last. */
function classifierAlone(): PartDetector & { readonly inDoubt: boolean } {
  let inDoubt = false;
  const doubting = doubtingInjectionDetector(() => (inDoubt = true));
  return {
    name: doubting.name,
    version: doubting.version,
    judge(part, direction) {
      inDoubt = false;
      return doubting.judge(part, direction);
    },
    get inDoubt() {
      return inDoubt;
    },
  };
}
