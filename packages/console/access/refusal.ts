/**
 * Why a request came to nothing, in words for the person in front of the screen. In: an answer's status and body, and
 * both clocks. Out: a {@link RequestRefused}.
 */
import { consoleError, maxSignatureAgeMs } from "@cordon/core/contract/console-api";

/** `unpaired`: this browser's key is not, or no longer, good. `clock`: it may be, but this machine's clock is wrong. */
export type RefusalKind = "unreachable" | "unpaired" | "clock" | "refused";

export class RequestRefused extends Error {
  readonly kind: RefusalKind;
  /** The server's stable code; empty when it sent none. */
  readonly code: string;

  constructor(kind: RefusalKind, code: string, words: string, cause?: unknown) {
    super(words, { cause });
    this.name = "RequestRefused";
    this.kind = kind;
    this.code = code;
  }
}

/** Cordon did not answer at all. */
export function unreachable(cause: unknown): RequestRefused {
  return new RequestRefused("unreachable", "", "Cordon does not answer. Is `cordon up` running?", cause);
}

/**
 * What an answer that is no success means.
 *
 * @param serverMs the answer's `Date` header in milliseconds; `NaN` where there is none
 */
export function refusalOf(status: number, body: string, serverMs: number, browserMs: number): RequestRefused {
  const parsed = consoleError.safeParse(parseJson(body));
  const { code, message } = parsed.success
    ? parsed.data.error
    : { code: "", message: `Cordon answered with status ${status}.` };
  if (status !== 401) return new RequestRefused("refused", code, message);
  const aheadMs = browserMs - serverMs;
  // `Date` has whole seconds, and the answer took time: only a difference that would spoil a signature counts.
  if (Math.abs(aheadMs) > maxSignatureAgeMs - 5_000) return new RequestRefused("clock", code, clockWords(aheadMs));
  return new RequestRefused("unpaired", code, message);
}

function clockWords(aheadMs: number): string {
  const minutes = Math.max(1, Math.round(Math.abs(aheadMs) / 60_000));
  const amount =
    minutes === 1 ? "about a minute" : minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
  const direction = aheadMs > 0 ? "ahead of" : "behind";
  return `This machine's clock is ${amount} ${direction} Cordon's. Signatures are good for one minute: set the clock right, then try again.`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
