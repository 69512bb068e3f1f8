/** What a verification has to say: findings, which must not be, and notices, which are worth knowing. Both bounded. */
export type FindingCode =
  /** The folder's history is not the one that a kept checkpoint or receipt was given for. */
  | "LEDGER_FORKED"
  /** The folder ends before a kept checkpoint does. */
  | "LEDGER_SHORTENED"
  /** A file is missing, damaged, or not what the signed root says. */
  | "LEDGER_CORRUPT"
  /** The folder's own checkpoint is missing or not signed by the key. */
  | "CHECKPOINT_INVALID"
  /** An outcome of something that was not open. */
  | "OUTCOME_UNMATCHED"
  /** The writer stopped in order, and an allowed interaction has no outcome. */
  | "OUTCOME_MISSING";

export interface Finding {
  readonly code: FindingCode;
  readonly words: string;
  /** The entry that it is about, where it is about one. */
  readonly index?: number;
}

/** A report holds at most this many findings, open interactions and notices each. */
export const maxReported = 100;

export class Findings {
  readonly list: Finding[] = [];
  readonly notices: string[] = [];
  #count = 0;

  /** How many there were; {@link list} holds the first {@link maxReported}. */
  get count(): number {
    return this.#count;
  }

  add(code: FindingCode, words: string, index?: number): void {
    this.#count += 1;
    if (this.list.length < maxReported) this.list.push(index === undefined ? { code, words } : { code, words, index });
  }

  notice(words: string): void {
    if (this.notices.length < maxReported) this.notices.push(words);
  }
}
