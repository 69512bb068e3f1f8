/**
 * Inspection of what passes through the gateway. In: detectors. Out: the {@link Inspection} that interactions call: it
 * reads requests whole, and answers while they stream.
 */
import type { Inspection } from "../ports.ts";
import { openAnswer } from "./answers.ts";
import { inspectContent } from "./requests.ts";
import type { Detectors } from "./rules.ts";

export interface InspectionDeps {
  readonly detectors: Detectors;
  readonly monotonicMs: () => number;
}

export function openInspection(deps: InspectionDeps): Inspection {
  warm(deps.detectors);
  return {
    inspectRequest(subject, content) {
      const { screening } = subject;
      return screening === undefined
        ? { verdict: "pass", findings: [] }
        : inspectContent(deps, screening, subject, content);
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
