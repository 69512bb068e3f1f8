/**
 * Inspection of what passes through the gateway. In: detectors, and a thread for long bodies. Out: the {@link Inspection}
 * that interactions call: it reads requests whole, and answers while they stream.
 */
import type { Inspection } from "../ports.ts";
import { openAnswer } from "./answers.ts";
import { askedAhead, inlineBytes } from "./aside.ts";
import type { InspectionThread } from "./inspection-thread.ts";
import type { Judge } from "./judge.ts";
import { inspectContent } from "./requests.ts";
import type { Detectors } from "./rules.ts";
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
  return {
    aside(subject, content) {
      const { screening } = subject;
      if (thread === undefined || screening === undefined || !("bytes" in content)) return undefined;
      if (content.bytes <= inlineBytes || content.bytes > screening.settings.maxBytes) return undefined;
      return askedAhead(thread, deps.detectors, screening, "request", (listening, scratch) => {
        inspectContent({ detectors: listening, monotonicMs }, scratch, subject, content);
      }).then((known) => ({
        inspectRequest: () => inspectContent({ detectors: known, monotonicMs }, screening, subject, content),
      }));
    },
    inspectRequest(subject, content) {
      const { screening } = subject;
      return screening === undefined
        ? { verdict: "pass", findings: [] }
        : inspectContent(deps, screening, subject, content);
    },
    secondOpinion({ screening }) {
      if (judge === undefined || screening === undefined || screening.doubts.length === 0) return undefined;
      return secondOpinion(judge, deps.detectors, screening);
    },
    openResponse: ({ screening, api, path }, head) =>
      screening === undefined ? undefined : openAnswer(deps, screening, { api, path, ...head }),
  };
}

/** Detectors that unpack a model do so here, and not within the first request's time. */
function warm({ spans, parts }: Detectors): void {
  const text = "Ms Tan of 1 Raffles Place asked on Monday whether the rules could be sent to her.";
  for (const detector of spans) detector.detect(text);
  for (const detector of parts) detector.judge({ text, origin: "user" }, "request");
}
