/**
 * Evaluations that were made before. In: the places of the policies that apply. Out: the same object for the same
 * policies, so that what is made of one need not be made again. A number from the places finds it: a joined text of
 * fifty places would cost as much as asking their policies.
 */
import type { Evaluation } from "./engine.ts";

interface Known {
  readonly permits: readonly number[];
  readonly forbids: readonly number[];
  readonly evaluation: Evaluation;
}

/** More than any estate's answers differ by; then it begins anew. */
const maxKnown = 4_096;

export class KnownEvaluations {
  readonly #byHash = new Map<number, Known>();

  of(permits: readonly number[], forbids: readonly number[], make: () => Evaluation): Evaluation {
    const hash = hashOf(permits, hashOf(forbids, 0x811c_9dc5));
    const known = this.#byHash.get(hash);
    if (known !== undefined && same(known.permits, permits) && same(known.forbids, forbids)) return known.evaluation;
    const evaluation = make();
    if (this.#byHash.size >= maxKnown) this.#byHash.clear();
    this.#byHash.set(hash, { permits, forbids, evaluation });
    return evaluation;
  }
}

/** FNV-1a over places, and their number: permits and forbids cannot pass for one another. */
function hashOf(places: readonly number[], seed: number): number {
  let hash = Math.imul(seed ^ places.length, 0x0100_0193);
  for (const place of places) hash = Math.imul(hash ^ place, 0x0100_0193);
  return hash;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
