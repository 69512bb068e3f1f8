/**
 * `@inspect("response:pii=redact, request:secret=block")` on a permit: what must be done with what inspection finds, for
 * the permit to hold. In: annotations. Out: actions by direction and category.
 */
import { findingCategories, type FindingCategory } from "../inspection/finding.ts";
import { inspectionActions, stricter, type InspectionAction } from "../inspection/settings.ts";

export type DemandedActions = Readonly<Partial<Record<FindingCategory, InspectionAction>>>;

/** What policy demands of inspection, in place of what the route says; a category that is not named is the route's. */
export interface InspectionDemands {
  readonly request: DemandedActions;
  readonly response: DemandedActions;
}

const statement = /^(?:(request|response):)?([a-z-]+)=([a-z]+)$/;

/** What an annotation demands, or in words what is wrong with it. */
export function parseInspect(text: string): InspectionDemands | string {
  const demands: { request: Record<string, InspectionAction>; response: Record<string, InspectionAction> } = {
    request: {},
    response: {},
  };
  for (const part of text.split(",").map((word) => word.trim())) {
    const [, direction, category = "", action = ""] = statement.exec(part) ?? [];
    if (category === "")
      return `\`${part}\` is not \`category=action\`, with \`request:\` or \`response:\` before it or without`;
    if (!(findingCategories as readonly string[]).includes(category))
      return `\`${category}\` is not a category of findings; one of ${findingCategories.join(", ")}`;
    if (!(inspectionActions as readonly string[]).includes(action))
      return `\`${action}\` is not an action; one of ${inspectionActions.join(", ")}`;
    for (const each of ["request", "response"] as const) {
      if (direction !== undefined && direction !== each) continue;
      if (demands[each][category] !== undefined) return `\`${category}\` is named twice for the ${each}`;
      demands[each][category] = action as InspectionAction;
    }
  }
  return demands;
}

const parsed = new WeakMap<Readonly<Record<string, string>>, InspectionDemands>();

/** What a permit's annotations demand; they were held to be right when the policy was loaded. */
export function demandsOf(annotations: Readonly<Record<string, string>>): InspectionDemands | undefined {
  const text = annotations["inspect"];
  if (text === undefined) return undefined;
  let demands = parsed.get(annotations);
  if (demands === undefined) {
    const read = parseInspect(text);
    if (typeof read === "string") return undefined;
    parsed.set(annotations, (demands = read));
  }
  return demands;
}

/** What several permits demand together: of each category the strictest. */
export function joinDemands(all: readonly InspectionDemands[]): InspectionDemands {
  const join = (direction: "request" | "response"): DemandedActions => {
    const out: Partial<Record<FindingCategory, InspectionAction>> = {};
    for (const category of findingCategories)
      for (const demands of all) {
        const action = demands[direction][category];
        const known = out[category];
        if (action !== undefined) out[category] = known === undefined ? action : stricter(known, action);
      }
    return out;
  };
  return { request: join("request"), response: join("response") };
}
