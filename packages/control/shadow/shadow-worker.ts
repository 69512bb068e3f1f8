/**
 * Entry of the thread that asks Cedar's official engine. In: samples, and policy sets the first time. Out: for each, how the
 * answers differ, if they do, and the time that it took.
 */
import { parentPort } from "node:worker_threads";
import { disagreementOf, type ShadowSet } from "@cordon/core/policy/cedar-shadow";
import type { FromShadow, ToShadow } from "./policy-shadow.ts";

/** Sets of so many revisions and namespaces are kept; an older one is asked for no more. */
const keptSets = 64;

const port = parentPort;
if (port !== null) {
  const sets = new Map<number, ShadowSet>();
  port.on("message", ({ set, policies, sample }: ToShadow) => {
    if (policies !== undefined) sets.set(set, policies);
    if (sets.size > keptSets) sets.delete(sets.keys().next().value ?? 0);
    const known = sets.get(set);
    const before = performance.now();
    const disagreement =
      known === undefined
        ? undefined
        : disagreementOf({ evaluation: sample.evaluation, shadowed: { ...sample.shadowed, set: known } });
    port.postMessage({
      tookMs: performance.now() - before,
      missing: known === undefined,
      disagreement,
    } satisfies FromShadow);
  });
}
