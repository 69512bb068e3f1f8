/**
 * The conditions of a policy set, each once. In: compiled policies. Out: whether a policy's conditions hold, found once a
 * request however many policies say the same. Large sets repeat few conditions over many names, and a closure that many
 * policies share stays in the processor's caches.
 */
import type { CompiledPolicy } from "./compile-policy.ts";
import type { Environment } from "./environment.ts";
import { EvaluationError } from "./evaluation-error.ts";

type Holds = CompiledPolicy["holds"];

export class SharedConditions {
  /** By a policy's place: its conditions' number. */
  readonly #numbers: Uint32Array;
  readonly #holds: Holds[] = [];
  /** By number: the turn in which it was answered, and the answer, or an error's words. */
  readonly #answeredIn: Uint32Array;
  readonly #answers: (boolean | string)[];
  #turn = 0;

  constructor(policies: readonly CompiledPolicy[]) {
    const known = new Map<string, number>();
    this.#numbers = Uint32Array.from(policies, ({ conditionText, holds }) => {
      const same = conditionText === undefined ? undefined : known.get(conditionText);
      if (same !== undefined) return same;
      const number = this.#holds.push(holds) - 1;
      if (conditionText !== undefined) known.set(conditionText, number);
      return number;
    });
    this.#answeredIn = new Uint32Array(this.#holds.length);
    this.#answers = this.#holds.map(() => false);
  }

  /** Forgets what was found: another request. */
  begin(): void {
    this.#turn = this.#turn === 0xffff_ffff ? 1 : this.#turn + 1;
    if (this.#turn === 1) this.#answeredIn.fill(0);
  }

  /** Whether the conditions of the policy at a place hold; the words of the error, where they fail. */
  hold(place: number, environment: Environment): boolean | string {
    const number = this.#numbers[place] as number;
    if (this.#answeredIn[number] === this.#turn) return this.#answers[number] as boolean | string;
    let answer: boolean | string;
    try {
      answer = (this.#holds[number] as Holds)(environment);
    } catch (error) {
      // A stack that overflowed, say, is an error of this policy too: it must not pass for one that does not apply.
      answer = error instanceof EvaluationError ? error.message : String(error);
    }
    this.#answers[number] = answer;
    this.#answeredIn[number] = this.#turn;
    return answer;
  }
}
