/**
 * How the models that components serve stand. In: a snapshot, now. Out: for each component that states a model, whether it is
 * admitted, who looks at its files and what they saw; and where nobody looks, that, with what to do about it.
 */
import type { Instant } from "@cordon/core/instant";
import { checkServedModel, isWatched } from "@cordon/core/policy/served-model";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";

export interface ModelStatus {
  readonly component: string;
  readonly modelDigest: string;
  readonly serves: boolean;
  /** Why it does not. */
  readonly why?: string;
  /** Until when it is admitted, in milliseconds since the epoch. */
  readonly admittedUntil?: Instant;
  /** Who looks at its files. */
  readonly watched: readonly string[];
  /** Why nobody does. */
  readonly unseen?: string;
}

export function modelStatus(snapshot: Snapshot, now: Instant): ModelStatus[] {
  return [...snapshot.components.values()].flatMap((component) => {
    const { id, modelDigest } = component;
    if (modelDigest === undefined) return [];
    const refusal = checkServedModel(snapshot, component, now);
    const standing = snapshot.admissions?.get(modelDigest);
    return [
      {
        component: id,
        modelDigest,
        serves: refusal === undefined,
        ...(refusal === undefined ? {} : { why: refusal.words }),
        ...(standing !== undefined && "validUntil" in standing ? { admittedUntil: standing.validUntil } : {}),
        watched: (snapshot.servedFiles?.get(id) ?? []).map(({ where }) => where),
        ...unseen(component),
      },
    ];
  });
}

function unseen(component: Component): { readonly unseen?: string } {
  if (isWatched(component)) return {};
  return {
    unseen:
      "Cordon does not see the files that it serves: a swap goes unnoticed. Name them, by `modelFiles` on this machine or " +
      "by `modelFile` in its registration on the node that serves it",
  };
}
