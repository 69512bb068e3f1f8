/**
 * Whether a resource's model may serve. In: a snapshot, the resource, the time. Out: why not, in words with the remedy, or
 * until when it may.
 */
import type { Instant } from "../instant.ts";
import type { Reason } from "./decision.ts";
import type { Component, Snapshot } from "./snapshot.ts";

/**
 * A model serves only while its digest is admitted. What states no digest is not judged here. It comes before policies, so
 * that neither a permit nor a route that observes opens it.
 */
export function checkAdmission(snapshot: Snapshot, resource: Component, now: Instant): Reason | undefined {
  const { modelDigest } = resource;
  if (modelDigest === undefined || now < admittedUntil(snapshot, resource)) return undefined;
  const standing = snapshot.admissions?.get(modelDigest);
  let why = "nobody admitted it";
  if (standing !== undefined) why = "refused" in standing ? standing.refused : endedWords(standing.validUntil);
  const words =
    `the model of ${shortName(resource)}, ${modelDigest}, is not admitted (${why}): admit it with ` +
    `\`cordon model admit PATH --component ${resource.namespace}/${resource.name} --admission-key FILE\``;
  return { code: "model-not-admitted", words };
}

function endedWords(validUntil: Instant): string {
  return Number.isFinite(validUntil) ? `its admission ended at ${new Date(validUntil).toISOString()}` : "it has no end";
}

/** The first instant at which the model may serve no more. */
export function admittedUntil({ admissions }: Snapshot, { modelDigest }: Component): Instant {
  if (modelDigest === undefined) return Infinity;
  const standing = admissions?.get(modelDigest);
  return standing !== undefined && "validUntil" in standing ? standing.validUntil : -Infinity;
}

/** As policies name it: a component with an id of its own, such as another trust domain's, by that. */
export function shortName({ id, namespace, kind, name }: Component): string {
  const short = `${namespace}/${kind}/${name}`;
  return id.endsWith(`/ns/${short}`) ? short : id;
}
