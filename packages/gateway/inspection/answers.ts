/**
 * Opens the filter of an answer by what the answer is. In: its API, path, status and content type. Out: a filter; or none
 * where the answer holds no text that anybody reads, such as vectors.
 */
import { AnswerGuard } from "@cordon/core/inspection/streaming/answer-guard";
import {
  EventStreamFilter,
  type AnswerFilter,
  type AnswerFilterOptions,
  type Released,
} from "@cordon/core/inspection/streaming/answer-filter";
import { ChatCompletionsFraming } from "@cordon/core/inspection/streaming/chat-completions";
import type { FilterCut, ResponseFilter, ResponseHead } from "../ports.ts";
import type { ApiShape } from "../routes/error-shapes.ts";
import type { CountedRules } from "./open-inspection.ts";
import { blockedWords, type Screening } from "./screening.ts";

export interface AnswerKind extends ResponseHead {
  readonly api: ApiShape;
  readonly path: string;
}

export function openAnswer(rules: CountedRules, screening: Screening, kind: AnswerKind): ResponseFilter | undefined {
  const guard = new AnswerGuard(rules);
  const common = {
    guard,
    words: () => (guard.blocked === undefined ? "inspection" : blockedWords("response", guard.blocked)),
    onFailure: () => {
      screening.unread("response", "gateway/unread-answer");
      return screening.observes ? ("open" as const) : screening.settings.onFailure;
    },
  };
  const type = kind.contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "text/event-stream") return asResponseFilter(openEventStream(kind, common), false, screening, rules);
  return undefined;
}

function openEventStream(_kind: AnswerKind, common: Omit<AnswerFilterOptions, "framing">): AnswerFilter {
  return new EventStreamFilter({ ...common, framing: new ChatCompletionsFraming(common.guard) });
}

function asResponseFilter(
  filter: AnswerFilter,
  whole: boolean,
  screening: Screening,
  rules: CountedRules,
): ResponseFilter {
  const told = ({ bytes, cut }: Released): Uint8Array | FilterCut =>
    cut === undefined ? bytes : { cut: cut.words, ...(whole ? {} : { last: bytes }) };
  return {
    whole,
    push: (chunk) => told(filter.push(chunk)),
    end: () => told(filter.end()),
    get findings() {
      return screening.response.summary();
    },
    get masks() {
      return rules.masks;
    },
  };
}
