/**
 * Inspection of long content in a thread of its own. In: an inspection as it runs inline, and the thread. Out: what the same
 * inspection sees, asked ahead: its detectors then answer from what the thread found, and everything that decides stays
 * where it was. Nothing here knows where an API keeps its texts: a first run with detectors that only listen tells.
 */
import type { Finding, SpanDetector } from "@cordon/core/inspection/finding";
import type { Direction, PartDetector } from "@cordon/core/inspection/inspect";
import type { Part } from "@cordon/core/inspection/subject";
import { InspectionFailure } from "./inspection-failure.ts";
import type { Found, InspectionThread } from "./inspection-thread.ts";
import type { Detectors } from "./rules.ts";
import { Screening } from "./screening.ts";

/** Content up to this size, in bytes, is inspected where it is: a few milliseconds. */
export const inlineBytes = 32 * 1024;

/** What a run asks of detectors. */
interface Asked {
  readonly texts: Set<string>;
  readonly parts: Map<string, Part>;
}

/**
 * The findings of everything that `run` asks detectors about, and detectors that know them.
 *
 * @param run inspects with the given detectors and a screening that records nothing
 * @throws {InspectionFailure} as a rejection
 */
export async function askedAhead(
  thread: InspectionThread,
  { spans, parts, registered }: Detectors,
  screening: Screening,
  { direction, principal }: { readonly direction: Direction; readonly principal: string },
  run: (detectors: Detectors, scratch: Screening) => void,
): Promise<Detectors> {
  const asked: Asked = { texts: new Set(), parts: new Map() };
  const scratch = new Screening(screening.settings);
  scratch.tokens = screening.tokens;
  scratch.reveals = screening.reveals;
  run(listeners({ spans, parts }, asked), scratch);
  const texts = [...asked.texts];
  const heard = [...asked.parts];
  const job = { direction, texts, parts: heard.map(([, part]) => part), registered };
  const found = await thread.inspect(job, screening.settings.timeBudgetMs, principal);
  const keys = heard.map(([key]) => key);
  return knowing({ spans, parts }, indexed(texts, found.spans), indexed(keys, found.parts));
}

function listeners({ spans, parts }: Detectors, { texts, parts: heard }: Asked): Detectors {
  const [first] = spans;
  const hear: SpanDetector = {
    ...{ name: "listener", version: "1", maxSpan: first?.maxSpan ?? 1 },
    detect(text) {
      texts.add(text);
      return [];
    },
    openFrom: (text) => text.length,
  };
  const listen: PartDetector = {
    ...{ name: "listener", version: "1" },
    judge(part) {
      heard.set(keyOf(part), { text: part.text, origin: part.origin });
      return { probability: 0, findings: [] };
    },
  };
  return { spans: spans.length === 0 ? [] : [hear], parts: parts.length === 0 ? [] : [listen] };
}

function knowing(
  { spans, parts }: Detectors,
  texts: ReadonlyMap<string, Found["spans"][number]>,
  judged: ReadonlyMap<string, Found["parts"][number]>,
): Detectors {
  return {
    spans: spans.map((detector, place): SpanDetector => ({
      name: detector.name,
      version: detector.version,
      maxSpan: detector.maxSpan,
      detect: (text): readonly Finding[] => texts.get(text)?.[place] ?? inline(text, () => detector.detect(text)),
      openFrom: (text) => detector.openFrom(text),
    })),
    parts: parts.map((detector, place): PartDetector => ({
      name: detector.name,
      version: detector.version,
      judge: (part, direction) =>
        judged.get(keyOf(part))?.[place] ?? inline(part.text, () => detector.judge(part, direction)),
    })),
  };
}

/** Something that was not asked about before: short, it costs little; long, nobody knows how it came here. */
function inline<T>(text: string, detect: () => T): T {
  if (text.length > inlineBytes)
    throw new InspectionFailure("crash", "a long text was met that the inspecting thread was not given");
  return detect();
}

function keyOf({ origin, text }: Part): string {
  return `${origin} ${text}`;
}

function indexed<T>(keys: readonly string[], values: readonly T[]): Map<string, T> {
  return new Map(keys.map((key, at) => [key, values[at] as T]));
}
