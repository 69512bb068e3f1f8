/**
 * The conditions of a policy set, each once. In: conjuncts of compiled policies. Out: whether all of a row of them hold,
 * found once a request however many policies say the same. Large sets repeat few conditions over many names, and a
 * closure that many policies share stays in the processor's caches.
 *
 * A row is a list of conjuncts in the order of evaluation; rows and conjuncts are numbers, and what was found of each is
 * one number of an array: the request's turn, and the answer in its lowest two bits.
 */
import type { Conjunct } from "./compile-policy.ts";
import type { Environment } from "./environment.ts";
import { EvaluationError } from "./evaluation-error.ts";

export const no = 0;
export const yes = 1;
/** An error, whose words are kept for the row. */
export const failed = 2;

export type Answer = typeof no | typeof yes | typeof failed;

const lastTurn = 2 ** 30 - 1;

/** Collects rows while a set is built. */
export class ConditionRows {
  readonly #conjuncts = new Map<string, number>();
  readonly #rows = new Map<string, number>();
  readonly holds: Conjunct["holds"][] = [];
  readonly starts: number[] = [0];
  readonly members: number[] = [];

  /** The number of a row. */
  add(conjuncts: readonly Conjunct[]): number {
    const members = conjuncts.map((conjunct) => this.#numberOf(conjunct));
    const name = members.join(" ");
    let row = this.#rows.get(name);
    if (row === undefined) {
      this.#rows.set(name, (row = this.starts.length - 1));
      this.members.push(...members);
      this.starts.push(this.members.length);
    }
    return row;
  }

  #numberOf({ text, holds }: Conjunct): number {
    const known = text === undefined ? undefined : this.#conjuncts.get(text);
    if (known !== undefined) return known;
    const number = this.holds.push(holds) - 1;
    if (text !== undefined) this.#conjuncts.set(text, number);
    return number;
  }
}

export class SharedConditions {
  readonly #holds: readonly Conjunct["holds"][];
  readonly #starts: Uint32Array;
  readonly #members: Uint32Array;
  readonly #ofRows: Uint32Array;
  readonly #ofConjuncts: Uint32Array;
  /** By conjunct. */
  readonly #words: string[];
  /** By row: the conjunct that failed. */
  readonly #failedAt: Uint32Array;
  #turn = 0;

  constructor({ holds, starts, members }: ConditionRows) {
    this.#holds = holds;
    this.#starts = Uint32Array.from(starts);
    this.#members = Uint32Array.from(members);
    this.#ofRows = new Uint32Array(starts.length - 1);
    this.#ofConjuncts = new Uint32Array(holds.length);
    this.#words = holds.map(() => "");
    this.#failedAt = new Uint32Array(starts.length - 1);
  }

  /** Forgets what was found: another request. */
  begin(): void {
    if (this.#turn === lastTurn) {
      this.#ofRows.fill(0);
      this.#ofConjuncts.fill(0);
      this.#turn = 0;
    }
    this.#turn += 1;
  }

  /** Whether all of a row hold. */
  hold(row: number, environment: Environment): Answer {
    const known = this.#ofRows[row] as number;
    if (known >>> 2 === this.#turn) return (known & 3) as Answer;
    const end = this.#starts[row + 1] as number;
    let answer: Answer = yes;
    for (let at = this.#starts[row] as number; at < end; at += 1) {
      const conjunct = this.#members[at] as number;
      const found = this.#ofConjuncts[conjunct] as number;
      answer = found >>> 2 === this.#turn ? ((found & 3) as Answer) : this.#ask(conjunct, environment);
      if (answer === yes) continue;
      if (answer === failed) this.#failedAt[row] = conjunct;
      break;
    }
    this.#ofRows[row] = (this.#turn << 2) | answer;
    return answer;
  }

  /** The words of the error by which a row failed in this turn. */
  wordsOf(row: number): string {
    return this.#words[this.#failedAt[row] as number] as string;
  }

  #ask(conjunct: number, environment: Environment): Answer {
    let answer: Answer;
    try {
      answer = (this.#holds[conjunct] as Conjunct["holds"])(environment) ? yes : no;
    } catch (error) {
      this.#words[conjunct] = wordsOf(error);
      answer = failed;
    }
    this.#ofConjuncts[conjunct] = (this.#turn << 2) | answer;
    return answer;
  }
}

/** A stack that overflowed, say, is an error of this policy too: it must not pass for one that does not apply. */
export function wordsOf(error: unknown): string {
  return error instanceof EvaluationError ? error.message : String(error);
}
