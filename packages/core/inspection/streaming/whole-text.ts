/**
 * Judging a text that arrives in pieces by judges that need it whole. In: pieces, and what the hold-back released of them.
 * Out: what may be sent: nothing before the end (`buffer`), or everything at once until a verdict ends it (`cut`). Then
 * the text so far is judged each time it has doubled, and at its end.
 */
import type { Finding } from "../finding.ts";
import type { WholeTexts } from "./content-guard.ts";

const firstJudgedLength = 512;

export class WholeText {
  readonly #whole: WholeTexts;
  readonly #blocks: (finding: Finding) => boolean;
  #text = "";
  #held = "";
  #nextLength = firstJudgedLength;
  #over = false;
  readonly #seen = new Set<string>();

  /** @param blocks decides about a finding; true when the text ends with it */
  constructor(whole: WholeTexts, blocks: (finding: Finding) => boolean) {
    this.#whole = whole;
    this.#blocks = blocks;
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
    const { maxLength } = this.#whole;
    if (this.#text.length > maxLength)
      throw new Error(`it is longer than ${maxLength} characters, and is to be judged whole`);
    if (this.#whole.mode === "buffer") {
      this.#held += released;
      return "";
    }
    if (this.#text.length >= this.#nextLength) {
      this.#nextLength = this.#text.length * 2;
      if (this.#judge()) return "";
    }
    return released;
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
