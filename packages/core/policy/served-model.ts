/**
 * May the model that a component serves serve? In: a snapshot, a component, the time. Out: why not, or nothing. A model
 * serves only while its digest is admitted and, where somebody watches its files, while they are what was admitted. What
 * states no digest is not judged here. It comes before policies, so that neither a permit nor a route that observes opens it.
 */
import type { Instant } from "../instant.ts";
import { checkAdmission, shortName } from "./admission-check.ts";
import type { Reason } from "./decision.ts";
import type { Component, ModelStanding, Snapshot } from "./snapshot.ts";

export function checkServedModel(snapshot: Snapshot, resource: Component, now: Instant): Reason | undefined {
  return checkAdmission(snapshot, resource, now) ?? checkFiles(snapshot, resource);
}

/** Whether somebody has to have seen the files of this component before it may serve. */
export function isWatched({ modelFiles, registrations }: Component): boolean {
  return modelFiles !== undefined || registrations?.some(({ modelFile }) => modelFile !== undefined) === true;
}

/** The watcher of the control plane's own machine, among those that have seen something. */
export const ownMachine = "on the control plane's machine";

/** Why what is known of the files speaks against serving them; nothing while nobody has looked yet. */
export function filesProblem(
  { admissions, servedFiles }: Snapshot,
  { id, modelDigest }: Component,
): string | undefined {
  const standing = modelDigest === undefined ? undefined : admissions?.get(modelDigest);
  for (const one of servedFiles?.get(id) ?? []) {
    if ("problem" in one) return `${one.where}: ${one.problem}`;
    if (!isSameModel(one.digest, modelDigest ?? "", standing)) return `${one.where}: they are ${one.digest}`;
  }
  return undefined;
}

/** Whether what was seen is the model that a component states. */
export function isSameModel(digest: string, modelDigest: string, standing: ModelStanding | undefined): boolean {
  if (digest === modelDigest) return true;
  return standing !== undefined && "validUntil" in standing && standing.content?.includes(digest) === true;
}

function checkFiles(snapshot: Snapshot, resource: Component): Reason | undefined {
  if (!isWatched(resource)) return undefined;
  const seen = snapshot.servedFiles?.get(resource.id) ?? [];
  // Whatever nodes say, the control plane's own watcher must have looked where it was told to.
  const unseen =
    seen.length === 0 || (resource.modelFiles !== undefined && !seen.some(({ where }) => where === ownMachine));
  const wrong = filesProblem(snapshot, resource) ?? (unseen ? "nobody has looked at them yet" : undefined);
  if (wrong === undefined) return undefined;
  return {
    code: "model-changed",
    words:
      `the model files that ${shortName(resource)} serves are not known to be the admitted ones (${wrong}): it serves again ` +
      "as soon as they are, or once what lies there was admitted",
  };
}
