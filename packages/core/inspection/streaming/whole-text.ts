/**
 * Judging a text that arrives in pieces by judges that need it whole. In: pieces, and what the hold-back released of them.
 * Out: what may be sent: nothing before the end (`buffer`), or everything at once until a verdict ends it (`cut`). Then
 * the text so far is judged each time it has doubled, and at its end.
 *
 * An endless text is judged a window at a time, each of which begins with the end of the one before.
 */
import type { Finding } from "../finding.ts";
import type { WholeAnswerMode } from "../settings.ts";

const firstJudgedLength = 512;
/** Of an endless text: the longest that is judged as one, and how much of it the next one begins with. */
const windowLength = 65_536;
const overlapLength = 4096;

/** Judges of whole texts: what no bounded piece of a text can show. */
export interface WholeTexts {
  readonly mode: WholeAnswerMode;
  /** Longest text that is judged, in UTF-16 code units. */
  readonly maxLength: number;
  /**
   * Findings of a text; `decide` of the rules is asked about each. One that is to be masked or blocked blocks. `own` says of an
   * answer that is told apart whether the model wrote it.
   */
  readonly judge: (text: string, own: boolean) => readonly Finding[];
}

/** Judges of one text. */
type JudgedText = Omit<WholeTexts, "judge"> & { readonly judge: (text: string) => readonly Finding[] };

export class WholeText {
  readonly #whole: JudgedText;
  readonly #blocks: (finding: Finding) => boolean;
  #text = "";
  #held = "";
  #nextLength = firstJudgedLength;
  #over = false;
  readonly #seen = new Set<string>();
  readonly #endless: boolean;

  /** @param blocks decides about a finding; true when the text ends with it */
  constructor(whole: JudgedText, blocks: (finding: Finding) => boolean, endless = false) {
    this.#whole = whole;
    this.#blocks = blocks;
    this.#endless = endless;
  }

  get held(): number {
    return this.#held.length;
  }

  /** What was released to it and is held. */
  get rest(): string {
    return this.#over ? "" : this.#held;
  }

  /** @throws {Error} when the text is longer than is judged */
  push(piece: string, released: string): string {
    if (this.#over) return "";
    this.#text += piece;
    const { maxLength, mode } = this.#whole;
    if (this.#text.length > maxLength)
      throw new Error(`it is longer than ${maxLength} characters, and is to be judged whole`);
    const isFull = this.#endless && this.#text.length >= Math.min(windowLength, maxLength / 2);
    if (isFull || (mode === "cut" && this.#text.length >= this.#nextLength)) {
      this.#nextLength = this.#text.length * 2;
      if (this.#judge()) return "";
    }
    if (isFull) this.#slide();
    if (mode === "cut") return released;
    this.#held += released;
    const out = isFull ? this.#held : "";
    if (isFull) this.#held = "";
    return out;
  }

  /** All of the text is judged: what comes now is judged with the end of it. */
  #slide(): void {
    this.#text = this.#text.slice(-Math.min(overlapLength, this.#text.length / 4));
    this.#nextLength = this.#text.length * 2;
    this.#seen.clear();
  }

  /** It is somebody else's from here on: what was let pass before is judged anew. */
  forget(): void {
    this.#seen.clear();
  }

  end(released: string): string {
    if (this.#over || this.#judge()) return "";
    const out = this.#held + released;
    this.#held = "";
    return out;
  }

  #judge(): boolean {
    for (const finding of this.#whole.judge(this.#text)) {
      // A finding that was told of an earlier part is the same one.
      const key = `${finding.detector} ${finding.start}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (this.#blocks(finding)) this.#over = true;
    }
    if (this.#over) this.#held = "";
    return this.#over;
  }
}
