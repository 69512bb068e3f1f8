/**
 * Puts an answer before the route's judge. In: inspection as it runs on the answer, and whom to ask. Out: a listener for its
 * texts, and its filter with the judge's word in force.
 */
import type { SpanDetector } from "@cordon/core/inspection/finding";
import type { TextListener } from "@cordon/core/inspection/streaming/content-guard";
import { HeardTexts } from "@cordon/core/inspection/streaming/heard-texts";
import type { Origin } from "@cordon/core/inspection/subject";
import type { ContentFilter, ResponseFilter } from "../ports.ts";
import type { Judge } from "./judge.ts";
import { JudgedAnswer } from "./judged-answer.ts";
import type { Screening } from "./screening.ts";

export interface Hearing {
  /** @param spans what finds personal data and secrets: the judge is told neither, unless the operator says so */
  listener(spans: readonly SpanDetector[]): TextListener;
  /** The answer cannot be read, so the judge cannot be asked about it. */
  unread(): void;
  judged(filter: ContentFilter): ResponseFilter;
}

/** @returns undefined where the route's answers are put before nobody */
export function hearingOf(
  { judge }: { readonly judge?: Judge },
  screening: Screening,
  origin: Origin,
): Hearing | undefined {
  const settings = screening.settings.judge;
  const answers = settings?.answers;
  if (settings === undefined || answers === undefined) return undefined;
  const texts = new HeardTexts();
  let answer: JudgedAnswer | undefined;
  return {
    listener(spans) {
      if (settings.sees === "masked") texts.mask(spans);
      return texts;
    },
    unread: () => answer?.unread(),
    judged(filter) {
      // Once somebody else is quoted in it, it is not the model's alone.
      const ask = (text: string, over: AbortSignal) =>
        judge?.askAnswer(settings, answers.ask, text, texts.saysOthers ? "untrusted" : origin, over) ??
        Promise.reject(new Error("there is no judge here"));
      answer = new JudgedAnswer(filter, { ask, settings: answers, screening, texts });
      return answer;
    },
  };
}
