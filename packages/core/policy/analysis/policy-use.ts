/**
 * What each policy is good for. In: a snapshot. Out: policies that apply to nothing that can be asked, permits that
 * another permit makes unnecessary wherever they apply, and forbids that refuse nothing which is permitted.
 */
import type { Instant } from "../../instant.ts";
import type { AnalysablePolicies } from "../cedar-engine.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Active, Group } from "./compose.ts";
import { addTo, keepOnly, meets, takeFrom, type Bits, type IndexSet } from "./index-set.ts";
import { activeIn, analyse, onArgumentsOf, signatureOf, type Analysis } from "./reach.ts";

export interface PolicyUse {
  /** `namespace/id`. */
  readonly policy: string;
  readonly effect: "permit" | "forbid";
  readonly finding: "dead" | "shadowed" | "idle";
  readonly words: string;
}

/** Judges every policy by everything that can be asked: all components, routes, contexts and window states. */
export function policyUse(snapshot: Snapshot, policies: AnalysablePolicies, now: Instant): readonly PolicyUse[] {
  const analysis = analyse(snapshot, policies, now);
  const { applies, needed } = usesOf(analysis);
  // What holds for some arguments of calls only makes no permit unnecessary, and what it refuses is not known.
  const unsure = onArgumentsOf(policies);
  const beside =
    unsure.size === 0
      ? needed
      : usesOf(analyse(snapshot, policies, now, undefined, ({ namespace, id }) => !unsure.has(`${namespace}/${id}`)))
          .needed;
  return policies.analysed.flatMap(({ namespace, id, compiled: { effect } }): PolicyUse[] => {
    const policy = `${namespace}/${id}`;
    if (needed.has(policy) || (effect === "permit" && beside.has(policy))) return [];
    if (unsure.has(policy) && (effect === "forbid" || applies.has(policy))) return [];
    if (effect === "permit" && !applies.has(policy))
      return [
        {
          policy,
          effect,
          finding: "dead",
          words: "applies to nothing that can be asked for: remove it, or mend what it names",
        },
      ];
    if (effect === "permit")
      return [{ policy, effect, finding: "shadowed", words: "whatever it permits, another policy permits as well" }];
    const words = applies.has(policy)
      ? "refuses nothing that is permitted and that no other forbid refuses: a safeguard, or left over"
      : "applies to nothing that can be asked for: a safeguard, or left over";
    return [{ policy, effect, finding: "idle", words }];
  });
}

interface Uses {
  readonly applies: Set<string>;
  readonly needed: Set<string>;
}

function usesOf(analysis: Analysis): Uses {
  const uses: Uses = { applies: new Set(), needed: new Set() };
  const settings = new Map<string, { readonly active: readonly Active[]; readonly asked: Bits }>();
  for (const asking of analysis.askings)
    for (const moment of analysis.moments.keys()) {
      const active = activeIn(analysis, asking, moment);
      const signature = signatureOf(active);
      const known = settings.get(signature);
      if (known === undefined) settings.set(signature, { active, asked: asking.resources.slice() });
      else addTo(known.asked, asking.resources);
    }
  for (const { active, asked } of settings.values()) {
    for (const { rule, relation } of active)
      if (relation.matches.some((set) => set !== undefined && meets(set, asked))) uses.applies.add(rule.name);
    for (const group of analysis.groups.compose(active)) judge(analysis, active, group, asked, uses);
  }
  return uses;
}

/** Which policies speak alone of something that one group may ask for. */
function judge(analysis: Analysis, active: readonly Active[], group: Group, asked: Bits, { needed }: Uses): void {
  const { permits, forbids } = group.composed;
  const alone = { permit: only(permits.once, permits.more, asked), forbid: only(forbids.once, forbids.more, asked) };
  keepOnly(alone.forbid, permits.once);
  const permitted = permits.once.slice();
  keepOnly(permitted, asked);
  const look = ({ rule: { effect, name, conditional } }: Active, set: IndexSet | undefined): void => {
    if (set === undefined || effect === "boundary" || needed.has(name)) return;
    // What a forbid demands is a demand beside those of others as well.
    if (meets(set, conditional ? permitted : alone[effect])) needed.add(name);
  };
  for (const [one, ofClass] of group.own?.added ?? []) look(one, one.relation.matches[ofClass]);
  // What is said of a group stands alone for its other members wherever it does for one who is told more.
  if (group.own !== undefined && group.own.removed.length === 0 && group.own.beside) return;
  const removed = new Set(group.own?.removed.map(([one]) => one));
  for (const one of active) {
    if (needed.has(one.rule.name) || removed.has(one)) continue;
    const ofClass = analysis.groups.plan(one.rule.principals).classOfGroup[group.group] ?? -1;
    if (ofClass >= 0) look(one, one.relation.matches[ofClass]);
  }
}

function only(once: Bits, more: Bits, asked: Bits): Bits {
  const alone = once.slice();
  takeFrom(alone, more);
  keepOnly(alone, asked);
  return alone;
}
