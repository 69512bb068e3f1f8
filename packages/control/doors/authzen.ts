/**
 * AuthZEN 1.0: evaluation, evaluations, search and metadata. In: who asks, a path, a body. Out: the answer's value. Which
 * questions are asked is in authzen-messages.ts; what is decided in decision-point.ts.
 */
import { actions } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { JsonValue } from "@cordon/core/contract/strict-json";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import {
  actionOf,
  checked,
  entityOf,
  maxPage,
  readEvaluation,
  readEvaluations,
  scalars,
  searches,
} from "./authzen-messages.ts";
import {
  answerFor,
  asked,
  decideFor,
  type Answered,
  type Asker,
  type DecisionPointDeps,
  type Question,
} from "./decision-point.ts";
import { namesOfType } from "./foreign-names.ts";

export const authzenPaths = {
  access_evaluation_endpoint: "/access/v1/evaluation",
  access_evaluations_endpoint: "/access/v1/evaluations",
  search_subject_endpoint: "/access/v1/search/subject",
  search_resource_endpoint: "/access/v1/search/resource",
  search_action_endpoint: "/access/v1/search/action",
} as const;

export const metadataPath = "/.well-known/authzen-configuration";

/** Section 9. */
export function metadata(base: string): Record<string, string> {
  const endpoints = Object.entries(authzenPaths).map(([name, path]) => [name, `${base}${path}`] as const);
  return { policy_decision_point: base, ...Object.fromEntries(endpoints) };
}

/** Candidates of a search at most; more are refused in words rather than left out. */
const maxCandidates = 10_000;

/** The answer to one request; `undefined` for a path that is none of AuthZEN's. */
export async function answerAuthzen(
  deps: DecisionPointDeps,
  asker: Asker,
  path: string,
  body: JsonValue,
): Promise<unknown> {
  switch (path) {
    case authzenPaths.access_evaluation_endpoint:
      return answerValue(await evaluate(deps, asker, readEvaluation(body)));
    case authzenPaths.access_evaluations_endpoint:
      return evaluateAll(deps, asker, body);
    case authzenPaths.search_subject_endpoint:
      return searchSubjects(deps, asker, body);
    case authzenPaths.search_resource_endpoint:
      return searchResources(deps, asker, body);
    case authzenPaths.search_action_endpoint:
      return searchActions(deps, asker, body);
    default:
      return undefined;
  }
}

function evaluate(deps: DecisionPointDeps, asker: Asker, question: Question): Promise<Answered> {
  return answerFor(deps, asker, asked(asker.point, question, deps.snapshots.current()));
}

/** A decision with why, what must be done for it to stand, and until when it does. */
function answerValue({ id, decision }: Answered): unknown {
  const { effect, reasons, obligations, revision, validUntil } = decision;
  const context = {
    ...{ id, revision, reasons: reasons.map(({ code, policy, words }) => ({ code, policy, words })) },
    ...(obligations.length === 0 ? {} : { obligations }),
    ...(validUntil === undefined || !Number.isFinite(validUntil)
      ? {}
      : { valid_until: new Date(validUntil).toISOString() }),
  };
  return { decision: effect === "allow", context };
}

/** Section 6: in order, and no further than the semantics say. */
async function evaluateAll(deps: DecisionPointDeps, asker: Asker, body: JsonValue): Promise<unknown> {
  const batch = readEvaluations(body);
  if (!("questions" in batch)) return answerValue(await evaluate(deps, asker, batch));
  const answers: unknown[] = [];
  for (const question of batch.questions) {
    const words = typeof question === "string" ? question : undefined;
    const answered = typeof question === "string" ? undefined : await evaluate(deps, asker, question);
    answers.push(
      answered === undefined
        ? { decision: false, context: { error: { status: 400, message: words } } }
        : answerValue(answered),
    );
    const allowed = answered?.decision.effect === "allow";
    if (batch.semantics === "deny_on_first_deny" && !allowed) break;
    if (batch.semantics === "permit_on_first_permit" && allowed) break;
  }
  return { evaluations: answers };
}

interface Found {
  readonly value: unknown;
  readonly component: SpiffeId;
}

async function searchSubjects(deps: DecisionPointDeps, asker: Asker, body: JsonValue): Promise<unknown> {
  const { subject, action, resource, page } = checked(searches.subject, body);
  const snapshot = deps.snapshots.current();
  const candidates = namesOfType(asker.point, "subjects", subject.type, snapshot);
  const to = { action: actionOf(action), resource: entityOf(resource) };
  return search(deps, asker, "subject", page, candidates, (name) => {
    const own = { ...name, properties: { ...scalars(subject), ...name.properties } };
    return found(deps, asker, snapshot, { ...to, subject: own }, "principal", { type: name.type, id: name.id });
  });
}

async function searchResources(deps: DecisionPointDeps, asker: Asker, body: JsonValue): Promise<unknown> {
  const { subject, action, resource, page } = checked(searches.resource, body);
  const snapshot = deps.snapshots.current();
  const candidates = namesOfType(asker.point, "resources", resource.type, snapshot);
  const from = { subject: entityOf(subject), action: actionOf(action) };
  return search(deps, asker, "resource", page, candidates, (name) => {
    const own = { ...name, properties: { ...scalars(resource), ...name.properties } };
    return found(deps, asker, snapshot, { ...from, resource: own }, "resource", { type: name.type, id: name.id });
  });
}

async function searchActions(deps: DecisionPointDeps, asker: Asker, body: JsonValue): Promise<unknown> {
  const { subject, resource, page } = checked(searches.action, body);
  const snapshot = deps.snapshots.current();
  const mapped = Object.keys(asker.point.settings.actions);
  const names = [...new Set([...mapped, ...actions])];
  const sides = { subject: entityOf(subject), resource: entityOf(resource) };
  return search(deps, asker, "action", page, names, (name) =>
    found(deps, asker, snapshot, { ...sides, action: { name, properties: {} } }, "resource", { name }),
  );
}

function found(
  deps: DecisionPointDeps,
  { point }: Asker,
  snapshot: Snapshot,
  question: Question,
  side: "principal" | "resource",
  value: unknown,
): Found | undefined {
  const { request, decision } = decideFor(deps, point, asked(point, question, snapshot));
  return decision.effect === "allow" ? { value, component: request[side] } : undefined;
}

/** Section 7: a page of what is allowed. What was shown to whom is recorded before it is. */
async function search<T>(
  deps: DecisionPointDeps,
  { point }: Asker,
  kind: keyof typeof searches,
  page: { readonly limit?: number | undefined; readonly token?: string | undefined } | undefined,
  candidates: readonly T[],
  judge: (candidate: T) => Found | undefined,
): Promise<unknown> {
  if (candidates.length > maxCandidates)
    throw new CordonError("REQUEST_TOO_LARGE", `there are more than ${maxCandidates} of this type to look at`);
  const start = startOf(page?.token, candidates.length);
  const limit = Math.min(page?.limit ?? maxPage, maxPage);
  const results: Found[] = [];
  let place = start;
  for (; place < candidates.length && results.length < limit; place += 1) {
    const one = judge(candidates[place] as T);
    if (one !== undefined) results.push(one);
  }
  await deps.ledger.append({
    ...{ v: 1, kind: "discovery", at: deps.now(), id: deps.nextId(), namespace: point.component.namespace },
    ...{ revision: deps.snapshots.current().revision, principal: point.component.id, route: `authzen search ${kind}` },
    visible: [...new Set(results.map(({ component }) => component))],
  });
  const values = results.map(({ value }) => value);
  const next = place < candidates.length ? String(place) : "";
  if (page === undefined && next === "") return { results: values };
  return { results: values, page: { next_token: next, count: values.length } };
}

function startOf(token: string | undefined, length: number): number {
  if (token === undefined || token === "") return 0;
  const place = /^\d{1,9}$/.test(token) ? Number(token) : length + 1;
  if (place > length) throw new CordonError("REQUEST_MALFORMED", "`page.token` is none that was given out");
  return place;
}
