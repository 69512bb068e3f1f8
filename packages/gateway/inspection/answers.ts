/**
 * Opens the filter of an answer by what the answer is. In: its API, path, status and content type. Out: a filter; or none
 * where the answer holds no text, such as vectors. What nothing can read is put on record before it passes, or does not.
 */
import type { Finding } from "@cordon/core/inspection/finding";
import { EventStreamFilter, type AnswerFilter, type Released } from "@cordon/core/inspection/streaming/answer-filter";
import {
  jsonBodyFilter,
  JsonLinesFilter,
  jsonSequenceFilter,
  pageBodyFilter,
  TextBodyFilter,
} from "@cordon/core/inspection/streaming/body-filters";
import { ChatCompletionsFraming } from "@cordon/core/inspection/streaming/chat-completions";
import { blanked } from "@cordon/core/inspection/redaction/token-detector";
import { ContentGuard } from "@cordon/core/inspection/streaming/content-guard";
import type { Origin } from "@cordon/core/inspection/subject";
import type { EventFraming } from "@cordon/core/inspection/streaming/framing";
import { MessagesFraming } from "@cordon/core/inspection/streaming/messages";
import { PlainEventsFraming } from "@cordon/core/inspection/streaming/plain-events";
import { ResponsesFraming } from "@cordon/core/inspection/streaming/responses";
import { askedAhead, inlineBytes } from "./aside.ts";
import { InspectionFailure } from "./inspection-failure.ts";
import { refusalWords } from "../admission.ts";
import { charsetOf, isUtf8 } from "../charset.ts";
import type { FilterCut, ContentFilter, ResponseFilter, ResponseHead } from "../ports.ts";
import { filtersInTurn } from "../response-filters.ts";
import type { ApiShape } from "../routes/error-shapes.ts";
import type { InspectionDeps } from "./open-inspection.ts";
import { doubtedAnswer } from "./doubted-answer.ts";
import { hearingOf, type Hearing } from "./hearing.ts";
import { guessedAnswer, pageOrEvents } from "./guessed-answer.ts";
import {
  isForm,
  isJson,
  isJsonLines,
  isJsonSequence,
  isMarkup,
  isMediaType,
  isTable,
  isText as isTextual,
} from "./media-types.ts";
import { budgetOf, rulesOf, spansOf, type CountedRules, type Detectors } from "./rules.ts";
import { blockedWords, type Screening } from "./screening.ts";

export interface AnswerKind extends ResponseHead {
  readonly api: ApiShape;
  readonly path: string;
  /** Whom it is for. */
  readonly principal: string;
}

interface ReadAnswer extends AnswerKind {
  /** Whether what a model says in it is told from what others do. */
  readonly toldApart: boolean;
}

export function openAnswer(deps: InspectionDeps, screening: Screening, answer: AnswerKind): ResponseFilter | undefined {
  const { thread, detectors } = deps;
  const kind: ReadAnswer = { ...answer, toldApart: isToldApart(answer, screening) };
  // A judge is told whose answer it is, until somebody else is quoted in it.
  const origin = kind.toldApart ? "model" : originOf(kind);
  const hearing = isRead(kind) ? hearingOf(deps, screening, origin) : undefined;
  const doubted =
    thread === undefined || originOf(kind) === "model" || !isRead(kind)
      ? undefined
      : doubtedAnswer(
          thread,
          { detectors, screening, principal: kind.principal, isReadHere: isGuessed(kind) },
          (listening, scratch) => openHere({ ...deps, detectors: listening }, scratch, kind),
        );
  const reading = doubted === undefined ? deps : { ...deps, detectors: doubted.detectors };
  const filter = openContent(reading, screening, kind, hearing);
  const answered = filter === undefined || hearing === undefined ? filter : hearing.judged(filter);
  return answered === undefined || doubted === undefined ? answered : filtersInTurn(doubted.ahead, answered);
}

function openContent(
  deps: InspectionDeps,
  screening: Screening,
  kind: ReadAnswer,
  hearing: Hearing | undefined,
): ContentFilter | undefined {
  const { thread } = deps;
  const { type, charset } = mediaType(kind.contentType);
  const opened = openHere(deps, screening, kind, hearing);
  const held = isUtf8(charset) && (isJson(type) || isPage(type, deps.detectors));
  if (thread === undefined || opened === undefined || !held) return opened;
  // A long body is put before the same filter twice: to learn what it asks of detectors, and once they have answered.
  const ahead = (body: Uint8Array): Promise<ContentFilter> =>
    askedAhead(
      thread,
      deps.detectors,
      screening,
      { direction: "response", principal: kind.principal },
      (detectors, scratch) => {
        const listening = openHere({ ...deps, detectors }, scratch, kind);
        listening?.push(body);
        void listening?.end();
      },
    ).then((detectors) => openHere({ ...deps, detectors }, screening, kind, hearing) ?? opened);
  return heldBody(opened, ahead, screening, hearing);
}

function openHere(
  { detectors, monotonicMs }: InspectionDeps,
  screening: Screening,
  kind: ReadAnswer,
  hearing?: Hearing,
): ContentFilter | undefined {
  const { type, charset } = mediaType(kind.contentType);
  if (kind.api === "openai" && kind.path === "/embeddings" && kind.status < 300 && isJson(type)) return undefined;
  const rules = rulesOf(detectors, screening, "response", staysIn(type));
  /** Set once a body is read whole that did not say what it is. */
  let onGuessed: ((length: number) => void) | undefined;
  const origin = originOf(kind);
  const { toldApart } = kind;
  const guard = new ContentGuard(rules, {
    toldApart,
    listener: hearing?.listener(spansOf(detectors, screening.settings)),
    repeats: isResponses(kind),
    onBinary: () => (screening.unread("response", "gateway/unread-content") === "block" ? unreadFinding : undefined),
    // A body is read in one go, and may take too long; a stream takes as long as its upstream.
    ...(isJson(type) || isPage(type, detectors)
      ? { onText: budgetOf(monotonicMs, screening.settings.timeBudgetMs) }
      : isGuessed(kind)
        ? { onText: (length) => onGuessed?.(length) }
        : {}),
    ...(detectors.parts.length === 0
      ? {}
      : {
          whole: {
            mode: screening.settings.wholeAnswer,
            maxLength: screening.settings.maxBytes,
            judge: (written, own) => {
              const text = screening.tokens === undefined ? written : blanked(written, screening.tokens);
              const part = { text, origin: toldApart && own ? ("model" as const) : origin };
              return detectors.parts.flatMap((each) => [...each.judge(part, "response").findings]);
            },
          },
        }),
  });
  const apart = screening.settings.events === "apart";
  const common = {
    guard,
    words: () => wordsOf(screening, guard),
    onFailure: (error?: Error) => {
      screening.unread("response", error instanceof InspectionFailure ? error.detector : "gateway/unread-answer");
      hearing?.unread();
      return screening.observes ? ("open" as const) : screening.settings.onFailure;
    },
  };
  // Text in a character set that nobody here reads is no picture: it fails.
  if (!isUtf8(charset))
    return adapted(
      unreadable(kind.contentType, () => common.onFailure() === "closed"),
      true,
      screening,
      rules,
    );
  if (type === "text/event-stream")
    return adapted(
      new EventStreamFilter({ ...common, framing: framingOf(kind, guard, apart) }),
      false,
      screening,
      rules,
    );
  if (isJson(type)) return adapted(jsonBodyFilter(common, screening.settings.maxBytes), true, screening, rules);
  if (isJsonLines(type)) return adapted(new JsonLinesFilter(common, { apart }), false, screening, rules);
  // The official clients read events wherever they have asked for a stream, whatever the answer calls itself.
  if (isModels(kind) && kind.status < 300 && isText(type)) {
    const events = new EventStreamFilter({ ...common, framing: framingOf(kind, guard, apart) });
    const page = pageBodyFilter(common, screening.settings.maxBytes);
    return adapted(pageOrEvents(page, events, screening.settings.maxBytes), true, screening, rules);
  }
  if (isText(type)) {
    const page = isPage(type, detectors);
    const filter = page ? pageBodyFilter(common, screening.settings.maxBytes) : new TextBodyFilter(common);
    return adapted(filter, true, screening, rules);
  }
  const refused = (): boolean => {
    // A model's answer is JSON or events: what calls itself something else is neither picture nor sound.
    if (isModels(kind)) return common.onFailure() === "closed";
    return screening.unread("response", "gateway/uninspected-answer") === "block";
  };
  if (isGuessed(kind)) {
    const { maxBytes, timeBudgetMs } = screening.settings;
    const whole = (open: typeof jsonBodyFilter) => (): AnswerFilter => {
      onGuessed = budgetOf(monotonicMs, timeBudgetMs);
      return open(common, maxBytes);
    };
    const guesses = {
      events: () => new EventStreamFilter({ ...common, framing: framingOf(kind, guard, apart) }),
      json: whole(isJsonSequence(type) ? jsonSequenceFilter : jsonBodyFilter),
      page: whole(isJsonSequence(type) ? jsonSequenceFilter : pageBodyFilter),
      unread: () => unreadable(kind.contentType, refused),
    };
    return adapted(guessedAnswer(guesses, maxBytes), true, screening, rules);
  }
  return adapted(unreadable(kind.contentType, refused), true, screening, rules);
}

/** A body that is judged whole: here while it is short, and else once a thread has read it. */
function heldBody(
  here: ContentFilter,
  ahead: (body: Uint8Array) => Promise<ContentFilter>,
  screening: Screening,
  hearing: Hearing | undefined,
): ContentFilter {
  let chunks: Uint8Array[] | undefined = [];
  let length = 0;
  let filter = here;
  /** Everything that was held goes through the filter, and all that follows. */
  const flush = (): Uint8Array | FilterCut => {
    const held = Buffer.concat(chunks ?? []);
    chunks = undefined;
    return filter.push(held);
  };
  return {
    whole: true,
    push(chunk) {
      if (chunks === undefined) return filter.push(chunk);
      chunks.push(chunk);
      length += chunk.length;
      return length > screening.settings.maxBytes ? flush() : nothing;
    },
    end() {
      const last = (): ReturnType<ContentFilter["end"]> => {
        const first = chunks === undefined ? nothing : flush();
        if (!(first instanceof Uint8Array)) return first;
        const rest = filter.end();
        if (first.length === 0 || !(rest instanceof Uint8Array)) return rest;
        return Buffer.concat([first, rest]);
      };
      if (chunks === undefined || length <= inlineBytes) return last();
      const body = Buffer.concat(chunks);
      return ahead(body).then(
        (known) => {
          filter = known;
          return last();
        },
        (error: Error) => {
          const detector = error instanceof InspectionFailure ? error.detector : "gateway/unread-answer";
          screening.unread("response", detector);
          hearing?.unread();
          if (screening.observes || screening.settings.onFailure === "open") return body;
          return { cut: `the answer could not be inspected: ${error.message}` };
        },
      );
    },
    stop: (words, after) => filter.stop(words, after),
    get findings() {
      return filter.findings;
    },
    get masks() {
      return filter.masks;
    },
  };
}

const nothing = new Uint8Array(0);

/**
 * Whether the answer is one of a model behind an API of its maker's own: then what the model says in it is told from what others do.
 * Only where a model was asked, for an endpoint may keep files as well; a page of markup, or an error, is nobody's answer.
 */
function isToldApart({ api, status, contentType }: AnswerKind, { asksModel }: Screening): boolean {
  if (api !== "http" || !asksModel || status >= 300) return false;
  const { type } = mediaType(contentType);
  return type === "text/event-stream" || type === "text/plain" || isJson(type) || isJsonLines(type);
}

/** What nobody vouches for, or what a model says. */
function originOf({ api }: AnswerKind): Origin {
  return api === "http" || api === "mcp" || api === "s3" ? "untrusted" : "model";
}

/** Whether an answer's texts are read at all. */
function isRead(kind: AnswerKind): boolean {
  const { type, charset } = mediaType(kind.contentType);
  if (!isUtf8(charset)) return false;
  return type === "text/event-stream" || isJson(type) || isJsonLines(type) || isText(type) || isGuessed(kind);
}

/**
 * Whether it is read where it turns out to be text: its type is missing or is none, as some servers and clients take no notice of
 * it, or nothing here knows its syntax. A model's own API always says what it answers.
 */
function isGuessed(kind: AnswerKind): boolean {
  if (isModels(kind)) return false;
  const { type } = mediaType(kind.contentType);
  return !isMediaType(type) || isJsonSequence(type) || isForm(type);
}

/** Values that would be syntax in a text of this type: their tokens stay. */
function staysIn(type: string): ((value: string) => boolean) | undefined {
  if (isMarkup(type)) return (value) => /["'<>&]/.test(value);
  return isTable(type) ? (value) => /[\n\r\t,;"]/.test(value) : undefined;
}

const unreadFinding: Finding = {
  ...{ detector: "gateway/unread-content", category: "uninspectable" as const, owasp: "", atlas: "" },
  ...{ start: 0, end: 0, score: 1 },
};

/** Why an answer ended: what policy said about what was found, or what was found. */
function wordsOf({ refusal }: Screening, { blocked }: ContentGuard): string {
  if (refusal !== undefined) return refusalWords(refusal);
  return blocked === undefined ? "inspection" : blockedWords("response", blocked);
}

/** Text that is no event stream. */
function isText(type: string): boolean {
  return type !== "text/event-stream" && isTextual(type);
}

/** A page is no stream: it is judged before any of it is sent, as JSON is, where anything judges whole texts. */
function isPage(type: string, { parts }: Detectors): boolean {
  return isText(type) && parts.length > 0;
}

/** Whether a model's own API answers; files come back as what they are. */
function isModels({ api, path }: AnswerKind): boolean {
  return api === "anthropic" || (api === "openai" && !path.startsWith("/files"));
}

function isResponses({ api, path }: AnswerKind): boolean {
  return api === "openai" && path.startsWith("/responses");
}

/** @param apart whether events of a format that is not known are read one by one */
function framingOf(kind: AnswerKind, guard: ContentGuard, apart: boolean): EventFraming {
  if (isResponses(kind)) return new ResponsesFraming(guard);
  if (kind.api === "openai") return new ChatCompletionsFraming(guard);
  return kind.api === "anthropic" ? new MessagesFraming(guard) : new PlainEventsFraming(guard, { apart });
}

function mediaType(contentType: string): { readonly type: string; readonly charset: string | undefined } {
  return { type: contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "", charset: charsetOf(contentType) };
}

/** Images, audio, files, and whatever else nothing here reads. An answer without a body is none of these. */
function unreadable(contentType: string, refused: () => boolean): AnswerFilter {
  let decided = false;
  return {
    stop: (words) => ({ bytes: nothing, cut: { words, ended: false } }),
    push(chunk) {
      if (decided || chunk.length === 0) return { bytes: chunk };
      decided = true;
      if (!refused()) return { bytes: chunk };
      const words = `nothing here can inspect \`${contentType.slice(0, 80)}\`, which this route does not let pass`;
      return { bytes: new Uint8Array(0), cut: { words, ended: false } };
    },
    end: () => ({ bytes: new Uint8Array(0) }),
  };
}

/** @param whole whether the head waits for the first bytes: a refusal before them is an answer of its own */
function adapted(filter: AnswerFilter, whole: boolean, screening: Screening, rules: CountedRules): ContentFilter {
  const told = ({ bytes, cut }: Released): Uint8Array | FilterCut =>
    cut === undefined
      ? bytes
      : {
          cut: cut.words,
          ...(cut.ended ? { last: bytes } : {}),
          ...(screening.refusal === undefined ? {} : { decision: screening.refusal }),
        };
  return {
    whole,
    push: (chunk) => told(filter.push(chunk)),
    end: () => told(filter.end()),
    stop(words, after) {
      const out = told(filter.stop(words, after));
      return out instanceof Uint8Array ? { cut: words } : out;
    },
    get findings() {
      return screening.response.summary();
    },
    get masks() {
      return rules.masks;
    },
  };
}
