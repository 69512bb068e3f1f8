/**
 * Has a judge asked about the texts of a request that the classifier doubts. In: a request as it was judged here. Out: the
 * same, or with what the judge said: a finding `judge/attack`, on which policy decides again.
 */
import type { Finding } from "@cordon/core/inspection/finding";
import { redactSensitive } from "@cordon/core/inspection/redaction/redact";
import { classified } from "@cordon/core/inspection/taxonomy";
import type { Judge } from "./judge.ts";
import { spansOf, type Detectors } from "./rules.ts";
import { blockedWords, type Doubt, type Screening } from "./screening.ts";

/** Texts of one request that a judge is asked about: the most doubtful. */
const maxAsked = 2;
/** Of a long text it sees the beginning and the end, both masked with this much around them in view. */
const headLength = 6000;
const tailLength = 2000;
const around = 10_000;
/** A judge is a model as well: surer than the classifier in doubt, not certain. */
const score = 0.85;

export interface SecondOpinion {
  /** Why the request may not pass; undefined where it may. */
  readonly blocked: string | undefined;
}

/** What the judge makes of what is doubted. Findings are on record with the screening afterwards. */
export async function secondOpinion(judge: Judge, detectors: Detectors, screening: Screening): Promise<SecondOpinion> {
  const settings = screening.settings.judge;
  const doubts = screening.doubts.toSorted((a, b) => b.probability - a.probability).slice(0, maxAsked);
  if (settings === undefined || doubts.length === 0) return { blocked: undefined };
  const spans = spansOf(detectors, screening.settings);
  const findings = await Promise.all(
    doubts.map(async ({ part }: Doubt): Promise<Finding | Error | undefined> => {
      // What the judge does not need to know it is not told, unless the operator says so.
      const redact = (text: string): string =>
        settings.sees === "everything"
          ? text
          : redactSensitive(
              text,
              spans.flatMap((detector) => [...detector.detect(text)]),
            );
      const text = shortened(part.text, redact);
      try {
        const label = await judge.ask(settings, text, part.origin);
        if (label === "benign") return undefined;
        const category = part.origin === "user" ? "prompt-injection" : "indirect-injection";
        return classified({ detector: "judge/attack", category, start: 0, end: part.text.length, score });
      } catch (error) {
        return error as Error;
      }
    }),
  );
  let blocked: string | undefined;
  for (const finding of findings) {
    if (finding === undefined) continue;
    if (finding instanceof Error) {
      const action = screening.unread("request", "judge/unavailable");
      if (settings.onFailure === "closed" && !screening.observes) blocked ??= finding.message;
      else if (action === "block") blocked ??= finding.message;
    } else if (screening.judge("request", finding) !== "release") blocked ??= blockedWords("request", finding);
  }
  return { blocked };
}

function shortened(text: string, redact: (text: string) => string): string {
  if (text.length <= headLength + tailLength) return redact(text);
  const head = redact(text.slice(0, headLength + around)).slice(0, headLength);
  return `${head}\n…\n${redact(text.slice(-(tailLength + around))).slice(-tailLength)}`;
}
