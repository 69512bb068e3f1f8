/**
 * An answer beside which a judge is asked. In: the filter of its content, which reads the texts, and a way to ask. Out: the
 * same filter, that waits for the judge: with all of the answer (`buffer`), or with what comes too far ahead of the judge, what
 * is acted on and what ends the answer (`cut`). The judge's word is a finding like any other: the route's action is
 * taken, and policy is asked. Nothing that it says lets anything pass.
 */
import { answerLabels, type AnswerJudgeSettings, type AnswerLabel } from "@cordon/core/inspection/settings";
import { freshLength, pieceLength, type HeardTexts, type Piece } from "@cordon/core/inspection/streaming/heard-texts";
import { classified } from "@cordon/core/inspection/taxonomy";
import { refusalWords } from "../admission.ts";
import type { ContentFilter, FilterCut, ResponseFilter } from "../ports.ts";
import { blockedWords, type Screening } from "./screening.ts";

export interface JudgedBy {
  /** @throws {Error} as a rejection, where there is no opinion */
  readonly ask: (text: string, over: AbortSignal) => Promise<AnswerLabel>;
  readonly settings: AnswerJudgeSettings;
  readonly screening: Screening;
  /** What the filter's guard hears. */
  readonly texts: HeardTexts;
}

/** In `cut`, after this many characters the judge is asked first; then each time there are twice as many, up to a piece. */
const firstLength = 512;
/** Characters that may be with the client before the judge has spoken about them. */
const aheadLength = pieceLength;
/** Questions about one answer at a time. */
const maxAsked = 4;
/** A judge is a model as well: surer than the classifier in doubt, not certain. */
const score = 0.85;

type Out = Uint8Array | FilterCut;
const nothing = new Uint8Array(0);

export class JudgedAnswer implements ResponseFilter {
  readonly #filter: ContentFilter;
  readonly #by: JudgedBy;
  readonly #over = new AbortController();
  /** It may become `cut` on the way, where more is to be held than may be. */
  #mode: AnswerJudgeSettings["mode"];
  #asked = 0;
  /** Code units that are out with a question. */
  #out = 0;
  /** Once this many are heard, the next question is due. */
  #due: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #sent = false;
  #cut: FilterCut | undefined;
  /** A piece is going through, and whoever brought it hears of a cut by it. */
  #passing = false;
  /** A promise is out, until what it waited for is settled. */
  #settling = false;
  #waiting: { readonly left: number; readonly go: () => void } | undefined;
  #finished = false;
  #tell: ((out: Out) => void) | undefined;
  #clock: NodeJS.Timeout | undefined;

  constructor(filter: ContentFilter, by: JudgedBy) {
    this.#filter = filter;
    this.#by = by;
    this.#mode = by.screening.observes ? "cut" : by.settings.mode;
    this.#due = this.#mode === "cut" ? firstLength : freshLength;
  }

  get whole(): boolean {
    return this.#filter.whole === true;
  }

  get findings(): readonly unknown[] {
    return this.#filter.findings;
  }

  get masks(): number {
    return this.#filter.masks;
  }

  tellTo(told: (out: Out) => void): void {
    this.#tell = told;
  }

  push(chunk: Uint8Array): Out | Promise<Out> {
    if (this.#cut !== undefined) return this.#cut;
    this.#passing = true;
    return this.#pass(this.#filter.push(chunk), false);
  }

  end(): Out | Promise<Out> {
    if (this.#cut !== undefined) return this.#cut;
    this.#passing = true;
    const last = this.#filter.end();
    return last instanceof Promise ? last.then((out) => this.#pass(out, true)) : this.#pass(last, true);
  }

  /** What the client has and the judge has not spoken about is on record as that. */
  close(): void {
    if (!this.#finished && this.#cut === undefined && this.#sent && this.#unjudged > 0)
      this.#by.screening.unread("response", "judge/unfinished");
    this.#finished = true;
    this.#quit();
  }

  /** The content filter could not read the answer: there is nothing to ask about. */
  unread(): void {
    if (this.#cut !== undefined || this.#finished) return;
    if (!this.#tolerated("judge/unavailable", "it could not be read")) return;
    this.#by.texts.stop();
  }

  get #unjudged(): number {
    return this.#by.texts.fresh + this.#out;
  }

  #pass(out: Out, ended: boolean): Out | Promise<Out> {
    const { texts, settings } = this.#by;
    const last = ended || !(out instanceof Uint8Array);
    if (last) texts.end();
    if (texts.length > settings.maxLength && this.#cut === undefined) {
      if (this.#tolerated("judge/overrun", `it is longer than ${settings.maxLength} characters`)) texts.stop();
    }
    const left = this.#mayBeAhead(texts.tookBarrier(), ended, last);
    this.#ask(left);
    this.#passing = false;
    if (this.#cut !== undefined || this.#unjudged <= left) return this.#settled(out, last);
    this.#startClock();
    this.#settling = true;
    return new Promise<void>((go) => (this.#waiting = { left, go })).then(() => {
      this.#settling = false;
      return this.#settled(out, last);
    });
  }

  /** How much may be unjudged for what has come in to go on. */
  #mayBeAhead(barrier: boolean, ended: boolean, last: boolean): number {
    if (this.#by.screening.observes) return ended ? 0 : Infinity;
    if (this.#mode === "cut" && last && !ended) return Infinity; // it ends for what was found here
    return last || (barrier && this.#mode === "cut") ? 0 : aheadLength;
  }

  #settled(out: Out, last: boolean): Out {
    if (this.#cut !== undefined) return this.#cut;
    if (this.#mode === "buffer" && !last) {
      this.#hold(out as Uint8Array);
      return this.#cut ?? nothing;
    }
    const held = this.#letGo();
    if (last) this.#finish();
    if (out instanceof Uint8Array) {
      this.#sent ||= held.length + out.length > 0;
      return held.length === 0 ? out : Buffer.concat([held, out]);
    }
    // Without a last word, the connection breaks off: then nothing of it is sent.
    return held.length === 0 || out.last === undefined ? out : { ...out, last: Buffer.concat([held, out.last]) };
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#startClock();
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    const { holdBytes } = this.#by.settings;
    if (this.#heldBytes <= holdBytes) return;
    this.#passing = true;
    const passes = this.#tolerated("judge/overrun", `more than ${holdBytes} bytes of it would have to be held`);
    this.#passing = false;
    if (passes) this.#goOnBeside();
  }

  #letGo(): Uint8Array {
    const held = this.#held.length === 0 ? nothing : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  /** From here on text flows, and the judge is asked beside it. What was held leaves with what comes next. */
  #goOnBeside(): void {
    this.#mode = "cut";
    clearTimeout(this.#clock);
  }

  #startClock(): void {
    const { screening, settings } = this.#by;
    if (screening.observes || (this.#mode === "cut" && !this.whole)) return;
    this.#clock ??= setTimeout(() => {
      if (!this.#tolerated("judge/overrun", `it was held for ${settings.holdMs} ms`)) return;
      this.#goOnBeside();
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (this.#settling) return waiting?.go();
      this.#sent = true;
      this.#tell?.(this.#letGo());
    }, settings.holdMs);
  }

  /** Asks what is due, and all there is where nothing may be left. */
  #ask(left: number): void {
    const { texts } = this.#by;
    while (this.#cut === undefined && this.#asked < maxAsked) {
      if (texts.length < this.#due && texts.fresh <= left) return;
      const piece = texts.take();
      if (piece === undefined) return;
      const before = texts.length - texts.fresh;
      this.#due = before + (this.#mode === "cut" ? Math.min(before, freshLength) : freshLength);
      this.#put(piece);
    }
  }

  #put({ text, fresh }: Piece): void {
    this.#asked += 1;
    this.#out += fresh;
    const over = (act: () => void): void => {
      this.#asked -= 1;
      this.#out -= fresh;
      if (this.#finished || this.#cut !== undefined) return;
      act();
      this.#ask(this.#waiting?.left ?? Infinity);
      this.#goOn();
    };
    this.#by
      .ask(text, this.#over.signal)
      .then(
        (label) => over(() => this.#heard(label, text.length)),
        (error: Error) => over(() => void this.#tolerated("judge/unavailable", error.message)),
      )
      .catch((error: Error) => this.#stop(`the answer could not be judged: ${error.message}`));
  }

  #heard(label: AnswerLabel, length: number): void {
    if (label === "benign") return;
    const { screening } = this.#by;
    const category = answerLabels[label];
    const finding = classified({ detector: `judge/${label}`, category, start: 0, end: length, score });
    if (screening.judge("response", finding) === "release") return;
    const { refusal } = screening;
    this.#stop(refusal === undefined ? blockedWords("response", finding) : refusalWords(refusal));
  }

  /** Puts on record that the judge has not spoken. False where the answer ends with that. */
  #tolerated(detector: string, why: string): boolean {
    const { screening, settings } = this.#by;
    const action = screening.unread("response", detector);
    if (screening.observes || (settings.onFailure === "open" && action !== "block")) return true;
    const { refusal } = screening;
    this.#stop(refusal === undefined ? `the answer could not be judged: ${why}` : refusalWords(refusal));
    return false;
  }

  /** Ends the answer: by what is under way, or of its own accord. */
  #stop(words: string): void {
    if (this.#cut !== undefined) return;
    const underWay = this.#passing || this.#settling;
    this.#cut = this.#filter.stop(words, !this.#sent ? "nothing" : underWay ? "last" : "all");
    this.#held = [];
    this.#quit();
    if (!underWay) this.#tell?.(this.#cut);
    this.#goOn();
  }

  #goOn(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || (this.#cut === undefined && this.#unjudged > waiting.left)) return;
    this.#waiting = undefined;
    waiting.go();
  }

  #finish(): void {
    this.#finished = true;
    this.#quit();
  }

  #quit(): void {
    clearTimeout(this.#clock);
    this.#over.abort();
  }
}
