/**
 * Who can reach what. In: a snapshot and a time. Out: every pair of classes with an action that the decision allows in
 * some context and at some moment, and what it rests on. It asks `decide` itself, once for each class, way and moment;
 * pairs that no permit can speak of are left out, as nothing is allowed without one.
 */
import type { Instant } from "../../instant.ts";
import { actions as allActions, type Action } from "../../contract/vocabulary.ts";
import type { CompiledPolicy, Scope } from "../cedar/compile-policy.ts";
import { openingsOf } from "../cedar/policy-openings.ts";
import type { AnalysablePolicies, AnalysedPolicy } from "../cedar-engine.ts";
import { componentFacts, entityIdOf } from "../cedar-schema.ts";
import { decide } from "../decide.ts";
import type { AccessRequest, Decision } from "../decision.ts";
import type { Component, Snapshot } from "../snapshot.ts";
import { classesOf, type ComponentClass } from "./classes.ts";
import { observe } from "./observe.ts";
import { contextsOf, momentsOf, routedWays, unroutedWays, textsOf, windowsAt, type Moment, type Way } from "./ways.ts";

/** One thing that the members of one class may do to those of another. */
export interface ReachEdge {
  readonly from: ComponentClass;
  readonly to: ComponentClass;
  readonly action: Action;
  /** Whether a route leads there; without one only other enforcement points can ask. */
  readonly routed: boolean;
  /** Windows of which one must be open (each a set that is open together); absent where it is allowed at any time. */
  readonly during?: readonly (readonly string[])[];
  /** Ids of the permits that it rests on in some context, as `namespace/id`. */
  readonly permits: readonly string[];
  /** The exception to a boundary that it stands on. */
  readonly excepted: boolean;
  /** Allowed only because a boundary does not enforce yet. */
  readonly observedOnly: boolean;
}

export interface Reach {
  readonly edges: readonly ReachEdge[];
  readonly principals: readonly ComponentClass[];
  readonly resources: readonly ComponentClass[];
  /** Decisions that were taken to know. */
  readonly decisions: number;
  readonly moments: readonly Moment[];
  /** False where windows change too often to look at every state that they come to. */
  readonly complete: boolean;
}

/** Hears of every decision, for those who ask what policies do (policy-use.ts). */
export type DecisionListener = (
  still: Snapshot,
  request: AccessRequest,
  principal: Component,
  resource: Component,
) => void;

/** @param policies the snapshot's own, with what they are made of */
export function reach(snapshot: Snapshot, policies: AnalysablePolicies, now: Instant, hear?: DecisionListener): Reach {
  const observed = observe(policies.analysed.map(({ json }) => json));
  const texts = observed.context.has("tool") ? textsOf(policies.analysed.map(({ json }) => json)) : new Set<string>();
  const routed = routedWays(snapshot, texts);
  const principals = classesOf(snapshot, observed.principal);
  const resources = classesOf(snapshot, observed.resource, ({ id }) => JSON.stringify(routed.get(id) ?? []));
  const windows = observed.context.has("windows") ? snapshot.windows : { all: [] };
  const { moments, complete } = momentsOf(windows, now);
  const stills = moments.map((moment) => ({
    moment,
    still: { ...snapshot, windows: windowsAt(snapshot.windows, moment.at) },
  }));
  const edges: ReachEdge[] = [];
  let decisions = 0;
  for (const [from, to, actions] of candidates(snapshot, policies, principals, resources)) {
    const ways = routed.get(to.member.id);
    const byAction = Map.groupBy(ways ?? unroutedWays, ({ action }) => action);
    for (const [action, own] of byAction) {
      if (!actions.has(action)) continue;
      const asked = ask({ from, to, ways: own, stills, observed: observed.context }, hear);
      decisions += asked.decisions;
      if (asked.allowed.size > 0) edges.push(edgeOf(from, to, action, ways !== undefined, asked.allowed, moments));
    }
  }
  return { edges, principals, resources, decisions, moments, complete };
}

interface Question {
  readonly from: ComponentClass;
  readonly to: ComponentClass;
  readonly ways: readonly Way[];
  /** The snapshot at each moment, its windows standing still. */
  readonly stills: readonly { readonly moment: Moment; readonly still: Snapshot }[];
  readonly observed: ReadonlySet<string>;
}

/** The allows among all decisions on one question, by moment. */
function ask(
  { from, to, ways, stills, observed }: Question,
  hear: DecisionListener | undefined,
): { readonly allowed: ReadonlyMap<Moment, readonly Decision[]>; readonly decisions: number } {
  const allowed = new Map<Moment, Decision[]>();
  let decisions = 0;
  for (const way of ways)
    for (const context of contextsOf(way, observed, from.member.bearerTokens)) {
      const request = { principal: from.member.id, action: way.action, resource: to.member.id, context };
      for (const { moment, still } of stills) {
        decisions += 1;
        const decision = decide(still, request, { snapshotAgeMs: 0 }, moment.at);
        hear?.(still, request, from.member, to.member);
        if (decision.effect === "allow") allowed.set(moment, [...(allowed.get(moment) ?? []), decision]);
      }
    }
  return { allowed, decisions };
}

function edgeOf(
  from: ComponentClass,
  to: ComponentClass,
  action: Action,
  routed: boolean,
  allowed: ReadonlyMap<Moment, readonly Decision[]>,
  moments: readonly Moment[],
): ReachEdge {
  const all = [...allowed.values()].flat();
  const permits = new Set(
    all.flatMap(({ reasons }) =>
      reasons.flatMap(({ code, policy, namespace }) => (code === "permitted" ? [`${namespace}/${policy}`] : [])),
    ),
  );
  return {
    from,
    to,
    action,
    routed,
    ...(allowed.size === moments.length ? {} : { during: [...allowed.keys()].map(({ open }) => open) }),
    permits: [...permits].toSorted(),
    excepted: all.every(({ reasons }) => reasons.some(({ code }) => code === "boundary-exception")),
    observedOnly: all.every(({ observed }) => observed !== undefined),
  };
}

/** Pairs that at least one permit's scope and opening conditions do not rule out, each once. */
function* candidates(
  { trustDomain }: Snapshot,
  { analysed }: AnalysablePolicies,
  principals: readonly ComponentClass[],
  resources: readonly ComponentClass[],
): Generator<readonly [ComponentClass, ComponentClass, ReadonlySet<Action>]> {
  const pairs = new Map<ComponentClass, Map<ComponentClass, Set<Action>>>();
  const byPrincipal = new ClassFinder(principals, "Workload", trustDomain);
  const byResource = new ClassFinder(resources, "Component", trustDomain);
  for (const { compiled, namespace } of analysed.filter(isPermit)) {
    const permitted = actionsOf(compiled);
    const to = byResource.matching(compiled, "resource").filter(({ member }) => member.namespace === namespace);
    for (const from of byPrincipal.matching(compiled, "principal")) {
      const known = pairs.get(from) ?? new Map<ComponentClass, Set<Action>>();
      pairs.set(from, known);
      for (const one of to) {
        const actions = known.get(one) ?? new Set();
        known.set(one, actions);
        for (const action of permitted) actions.add(action);
      }
    }
  }
  for (const [from, tos] of pairs) for (const [to, actions] of tos) yield [from, to, actions];
}

/** The actions that a policy's scope leaves; Cordon's actions are in no groups. */
function actionsOf({ action: { equals, within } }: CompiledPolicy): readonly Action[] {
  const named = equals === undefined ? within : [equals];
  return named === undefined ? allActions : allActions.filter((action) => named.some(({ id }) => id === action));
}

function isPermit({ compiled }: AnalysedPolicy): boolean {
  return compiled.effect === "permit";
}

/** Finds the classes that a policy's scope leaves, by name where it says one. */
class ClassFinder {
  readonly #all: readonly ComponentClass[];
  readonly #byName: ReadonlyMap<string, ComponentClass>;
  readonly #type: "Workload" | "Component";

  constructor(all: readonly ComponentClass[], type: "Workload" | "Component", trustDomain: Snapshot["trustDomain"]) {
    this.#all = all;
    this.#type = type;
    this.#byName = new Map(
      all.flatMap((one) => one.members.map((member) => [entityIdOf(member.id, trustDomain) as string, one] as const)),
    );
  }

  matching(policy: CompiledPolicy, role: "principal" | "resource"): readonly ComponentClass[] {
    const { equals, within, is }: Scope = policy[role];
    if (is !== undefined && is !== this.#type) return [];
    if (equals !== undefined) {
      const named = equals.type === this.#type ? this.#byName.get(equals.id) : undefined;
      return named === undefined ? [] : [named];
    }
    const openings = openingsOf(policy.conditions).filter((opening) => opening.role === role);
    return this.#all.filter(
      ({ member }) =>
        (within === undefined ||
          within.some(({ type, id }) =>
            type === "Namespace" ? id === member.namespace : this.#byName.get(id)?.member === member,
          )) &&
        openings.every(({ path, value }) => {
          const fact = componentFacts.find((one) => one.path === path.join("."));
          return fact === undefined || fact.read(member) === value;
        }),
    );
  }
}
