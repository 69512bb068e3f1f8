/**
 * Inspection of what passes through the gateway. In: detectors, and a thread for long bodies. Out: the {@link Inspection}
 * that interactions call: it reads requests whole, and answers while they stream.
 */
import { doubtingInjectionDetector, injectionDetector } from "@cordon/core/inspection/injection/model";
import type { PartDetector } from "@cordon/core/inspection/inspect";
import type { Inspection, InspectionSubject, RequestContent } from "../ports.ts";
import { openAnswer } from "./answers.ts";
import { askedAhead, inlineBytes } from "./aside.ts";
import type { InspectionThread } from "./inspection-thread.ts";
import type { Judge } from "./judge.ts";
import { inspectContent } from "./requests.ts";
import type { Detectors } from "./rules.ts";
import type { Screening } from "./screening.ts";
import { secondOpinion } from "./second-opinion.ts";

export interface InspectionDeps {
  /** Read anew for each request and answer: what is registered changes. */
  readonly detectors: Detectors;
  /** Where long bodies are read; its detectors are those that are built in. Without it all are read here. */
  readonly thread?: InspectionThread;
  /** Whom routes with a judge ask. */
  readonly judge?: Judge;
  readonly monotonicMs: () => number;
}

export function openInspection(deps: InspectionDeps): Inspection {
  const { judge, thread, monotonicMs } = deps;
  warm(deps.detectors);
  let doubted = false;
  const doubting = doubtingInjectionDetector(() => (doubted = true));
  const here = thread === undefined ? (detectors: Detectors): Detectors => detectors : withDoubts(doubting);
  const askThread = (
    to: InspectionThread,
    screening: Screening,
    subject: InspectionSubject,
    content: RequestContent,
  ): Promise<Pick<Inspection, "inspectRequest">> =>
    askedAhead(
      to,
      deps.detectors,
      screening,
      { direction: "request", principal: subject.principal },
      (listening, scratch) => {
        inspectContent({ detectors: listening, monotonicMs }, scratch, subject, content);
      },
    ).then((known) => ({
      inspectRequest: () => inspectContent({ detectors: known, monotonicMs }, screening, subject, content),
    }));
  return {
    aside(subject, content) {
      const { screening } = subject;
      if (thread === undefined || screening === undefined || !("bytes" in content)) return undefined;
      if (content.bytes <= inlineBytes || content.bytes > screening.settings.maxBytes) return undefined;
      return askThread(thread, screening, subject, content);
    },
    inspectRequest(subject, content) {
      const { screening } = subject;
      doubted = false;
      if (screening === undefined) return { verdict: "pass", findings: [] };
      return inspectContent({ detectors: here(deps.detectors), monotonicMs }, screening, subject, content);
    },
    closer(subject, content) {
      const { screening } = subject;
      if (!doubted || thread === undefined || screening === undefined) return undefined;
      doubted = false;
      screening.again();
      return askThread(thread, screening, subject, content);
    },
    secondOpinion({ screening }) {
      if (judge === undefined || screening === undefined || screening.doubts.length === 0) return undefined;
      return secondOpinion(judge, deps.detectors, screening);
    },
    openResponse: ({ screening, api, path, principal }, head) =>
      screening === undefined ? undefined : openAnswer(deps, screening, { api, path, principal, ...head }),
  };
}

/** The same detectors, but for the one that has a costlier one to ask. */
function withDoubts(doubting: PartDetector): (detectors: Detectors) => Detectors {
  let last: Detectors | undefined;
  let made: Detectors | undefined;
  return (detectors) => {
    if (made !== undefined && detectors === last) return made;
    last = detectors;
    made = { ...detectors, parts: detectors.parts.map((each) => (each === injectionDetector ? doubting : each)) };
    return made;
  };
}

/** Detectors that unpack a model do so here, and not within the first request's time. */
function warm({ spans, parts }: Detectors): void {
  const text = "Ms Tan of 1 Raffles Place asked on Monday whether the rules could be sent to her.";
  for (const detector of spans) detector.detect(text);
  for (const detector of parts) detector.judge({ text, origin: "user" }, "request");
}
