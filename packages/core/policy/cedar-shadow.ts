/**
 * Cedar's official engine beside the compiled one. In: a request and the compiled engine's evaluation of it. Out: whether
 * both agree. A debugging engine denies where they do not (`shadow`); a running one only hears of it (`sample`).
 */
import type { TrustDomain } from "../identity/spiffe-id.ts";
import type { PolicySet } from "./cedar-engine.ts";
import { absentFacts, cedarEntity, cedarUser } from "./cedar-schema.ts";
import { argumentJson, argumentRecord, isUnfit } from "./argument-facts.ts";
import { askCedar, type CedarRequest } from "./cedar-slots.ts";
import type { Asked } from "./cedar-requests.ts";
import { findingsJson } from "./finding-facts.ts";
import { riskJson } from "../risk/facts.ts";
import type { Evaluation } from "./engine.ts";
import { isUser } from "./people.ts";

/** Policies as the official engine reads them; they can be handed to another thread. */
export type ShadowSet = Pick<PolicySet, "matched" | "slotted" | "reads">;

export interface Shadowed extends Asked {
  readonly set: ShadowSet;
  readonly trustDomain: TrustDomain;
}

/** One evaluation that was picked, to be compared somewhere else and later. */
export interface ShadowSample {
  readonly shadowed: Shadowed;
  readonly evaluation: Evaluation;
}

/** Compares which policies apply and which err. A failure of the official engine is a disagreement as well. */
export function shadowEvaluation(
  evaluation: Evaluation,
  shadowed: Shadowed,
  report: (disagreement: string) => void,
): Evaluation {
  const disagreement = disagreementOf({ evaluation, shadowed });
  if (disagreement === undefined) return evaluation;
  report(`${disagreement.words}: ${disagreement.details}`);
  return { ...evaluation, errors: [...evaluation.errors, { policy: "", words: disagreement.words }] };
}

/** How both engines' answers to one request differ; `undefined` where they do not. */
export function disagreementOf({
  evaluation,
  shadowed,
}: ShadowSample): { readonly words: string; readonly details: string } | undefined {
  const given = argumentRecord(shadowed.set.reads, shadowed.request.arguments);
  if (isUnfit(given)) return undefined; // Cedar has no value that fails when it is looked at: nothing to compare
  const compiled = summary(evaluation);
  const official = officialSummary(shadowed, argumentJson(given));
  if (compiled === official) return undefined;
  const { request } = shadowed;
  const words = `the compiled policy engine and Cedar's disagree about ${request.principal} ${request.action} ${request.resource}`;
  return { words, details: `compiled ${compiled}, official ${official}` };
}

/** What decides, and what failed. Permits that a forbid overrules are not told by the official engine. */
function summary({ permits, forbids, errors }: Evaluation): string {
  const ids = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id).toSorted();
  return JSON.stringify([
    forbids.length > 0 ? ["deny", ids(forbids)] : [permits.length > 0 ? "allow" : "deny", ids(permits)],
    errors.map(({ policy }) => policy).toSorted(),
  ]);
}

function officialSummary(
  { set, request, principal, resource, windows, risk, trustDomain }: Shadowed,
  given: Record<string, unknown>,
): string {
  const workload = isUser(principal)
    ? cedarUser(principal, trustDomain)
    : cedarEntity("Workload", principal, trustDomain);
  const component = cedarEntity("Component", resource, trustDomain);
  const namespaces = new Set([principal.namespace, resource.namespace]);
  const answer = askCedar(set.slotted, {
    principal: workload.uid,
    action: { type: "Action", id: request.action },
    resource: component.uid,
    context: {
      ...absentFacts,
      ...request.context,
      userGroups: [...(request.context.userGroups ?? [])],
      claims: [...(request.context.claims ?? [])],
      windows: [...windows],
      arguments: given as CedarRequest["context"],
      findings: findingsJson(request.context.findings),
      ...riskJson(risk),
    },
    entities: [
      workload,
      component,
      ...Array.from(namespaces, (id) => ({ uid: { type: "Namespace", id }, attrs: {}, parents: [] })),
    ],
  });
  if (answer.type === "failure") return answer.errors.map(({ message }) => message).join("; ");
  const { decision, diagnostics } = answer.response;
  const idOf = (place: string): string => set.matched[Number(place.slice(1))]?.id ?? "";
  return JSON.stringify([
    [decision, diagnostics.reason.map(idOf).toSorted()],
    diagnostics.errors.map(({ policyId }) => idOf(policyId)).toSorted(),
  ]);
}
