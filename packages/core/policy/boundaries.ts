/**
 * The four boundaries as invariants. In: a snapshot, a request and its parties, the time. Out: what the request would
 * cross, if anything. They follow from what the registry says of both sides, and no permit is stronger: only an exception
 * with an owner, a reason and an end lets something across, and only until that end.
 *
 * data: training and evaluation data is out of reach of everything that serves. model: a model reaches no other model's
 * weights or configuration. pipeline: training and evaluation lie apart from production, in both directions. api: what is
 * outside reaches endpoints and nothing behind them, and nothing passes out that is more sensitive than its receiver may hold.
 */
import type { Instant } from "../instant.ts";
import { sensitivities, type Action, type Boundary, type Mode } from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { AccessRequest } from "./decision.ts";
import type { Component } from "./snapshot.ts";

/** Lets one principal do some things to one resource across one boundary, for a while. */
export interface BoundaryException {
  readonly name: string;
  readonly boundary: Boundary;
  readonly principal: SpiffeId;
  readonly resource: SpiffeId;
  readonly actions: readonly Action[];
  /** Who answers for it. */
  readonly owner: string;
  readonly reason: string;
  readonly expires: Instant;
}

export interface BoundaryRules {
  readonly modes: Readonly<Record<Boundary, Mode>>;
  /** By principal and resource, see {@link exceptionKey}. */
  readonly exceptions: ReadonlyMap<string, readonly BoundaryException[]>;
}

export interface Crossing {
  readonly boundary: Boundary;
  /** What is wrong with it and what would make it right, in words. */
  readonly words: string;
}

export type BoundaryVerdict =
  | { readonly kind: "within" }
  /** Across, and let: by an exception, until it ends. */
  | { readonly kind: "excepted"; readonly exception: BoundaryException }
  | { readonly kind: "across"; readonly crossing: Crossing; readonly mode: Mode };

const within: BoundaryVerdict = Object.freeze({ kind: "within" });

export function exceptionKey(principal: SpiffeId, resource: SpiffeId): string {
  return `${principal}\n${resource}`;
}

/** Judges one request. An exception that has ended is none. */
export function checkBoundaries(
  { modes, exceptions }: BoundaryRules,
  request: AccessRequest,
  principal: Component,
  resource: Component,
  now: Instant,
): BoundaryVerdict {
  const crossing = crossingOf(request, principal, resource);
  if (crossing === undefined) return within;
  const exception = exceptions
    .get(exceptionKey(principal.id, resource.id))
    ?.find(
      ({ boundary, actions, expires }) =>
        boundary === crossing.boundary && actions.includes(request.action) && now < expires,
    );
  if (exception !== undefined) return { kind: "excepted", exception };
  return { kind: "across", crossing, mode: modes[crossing.boundary] };
}

/** The boundary that a request crosses, whatever policies, modes and exceptions say. */
export function crossingOf(request: AccessRequest, principal: Component, resource: Component): Crossing | undefined {
  return (
    crossesData(principal, resource) ??
    crossesModel(request, principal, resource) ??
    crossesPipeline(request, principal, resource) ??
    crossesApi(request, principal, resource)
  );
}

const learningPurposes: ReadonlySet<string | undefined> = new Set(["training", "evaluation"]);

/** Data to learn from: said so, or a data set that lies within the pipeline boundary. */
function isLearningData({ kind, purpose, boundary }: Component): boolean {
  return learningPurposes.has(purpose) || (kind === "dataset" && boundary === "pipeline" && purpose === undefined);
}

function crossesData(principal: Component, resource: Component): Crossing | undefined {
  if (!isLearningData(resource) || principal.boundary === "pipeline" || principal.boundary === "data") return undefined;
  const what = resource.purpose ?? "training";
  return {
    boundary: "data",
    words:
      `${what} data is out of reach of inference: ${shortName(principal)} lies in the ${principal.boundary} boundary, ` +
      `and only the pipeline and data boundaries reach ${shortName(resource)}`,
  };
}

/** What touches weights or configuration, as opposed to asking for an answer. */
const touchesModel: ReadonlySet<Action> = new Set(["read", "write", "train", "deploy", "releaseKey", "administer"]);

function crossesModel({ action }: AccessRequest, principal: Component, resource: Component): Crossing | undefined {
  if (principal.boundary !== "model" || resource.boundary !== "model" || !touchesModel.has(action)) return undefined;
  if (principal.id === resource.id || principal.serves?.includes(resource.id) === true) return undefined;
  return {
    boundary: "model",
    words:
      `a model does not reach another's weights or configuration: ${shortName(principal)} may not ${action} ` +
      `${shortName(resource)}, which it does not serve (\`serves\` of the component says what it does)`,
  };
}

/** How a pipeline would change production other than by deploying to it. */
const changesProduction: ReadonlySet<Action> = new Set([
  ...(["write", "train", "administer", "sample", "elicit", "listRoots"] as const),
]);

function crossesPipeline({ action }: AccessRequest, principal: Component, resource: Component): Crossing | undefined {
  const serving = (boundary: Boundary): boolean => boundary === "model" || boundary === "api";
  if (serving(principal.boundary) && resource.boundary === "pipeline")
    return {
      boundary: "pipeline",
      words: `production does not reach into training and evaluation: ${shortName(principal)} may not ${action} ${shortName(resource)}`,
    };
  if (principal.boundary === "pipeline" && serving(resource.boundary) && changesProduction.has(action))
    return {
      boundary: "pipeline",
      words:
        `a pipeline changes production by \`deploy\` alone: ${shortName(principal)} may not ${action} ` +
        shortName(resource),
    };
  return undefined;
}

/** What hands something over, as opposed to fetching. */
const passesData: ReadonlySet<Action> = new Set([
  ...(["write", "egress", "callTool", "infer", "embed", "train", "deploy"] as const),
  ...(["sample", "elicit", "listRoots"] as const),
]);
const asks: ReadonlySet<Action> = new Set(["infer", "embed"]);

function crossesApi(request: AccessRequest, principal: Component, resource: Component): Crossing | undefined {
  const { action, context } = request;
  if (principal.kind === "external") {
    const reached = resource.boundary === "api" || (resource.kind === "endpoint" && asks.has(action));
    if (reached) return undefined;
    return {
      boundary: "api",
      words:
        `what is outside reaches what is meant for it and asks endpoints, no more: ${shortName(principal)} may not ` +
        `${action} ${shortName(resource)}`,
    };
  }
  if ((resource.kind !== "external" && !context.external) || !passesData.has(action)) return undefined;
  const { sensitivity: held } = principal.labels;
  const { sensitivity: cleared } = resource.labels;
  if (sensitivities.indexOf(held) <= sensitivities.indexOf(cleared)) return undefined;
  return {
    boundary: "api",
    words:
      `${shortName(principal)} handles ${held} information, and ${shortName(resource)} lies outside and may be given ` +
      `${cleared} information at most`,
  };
}

function shortName({ namespace, kind, name }: Component): string {
  return `${namespace}/${kind}/${name}`;
}
