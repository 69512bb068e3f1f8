/**
 * Why a reader stopped. Thrown by readers on foreign bytes, caught where the file's report is made and turned into a
 * finding there: nothing of it leaves the room.
 */
import type { Refusal } from "../verdict.ts";

export class Unreadable extends Error {
  readonly verdict: Refusal;
  readonly rule: string;
  readonly offset: number | undefined;

  /** `rule` is `reader/what`; `words` a sentence about what is wrong. */
  constructor(verdict: Refusal, rule: string, words: string, offset?: number) {
    super(words);
    this.name = "Unreadable";
    this.verdict = verdict;
    this.rule = rule;
    this.offset = offset;
  }
}

/** The file breaks its format. */
export function malformed(rule: string, words: string, offset?: number): Unreadable {
  return new Unreadable("malformed", rule, words, offset);
}
