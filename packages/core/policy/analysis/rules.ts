/**
 * Policies and boundaries as relations between sets of components. In: a policy, a setting (action, context, open windows).
 * Out: for each class of principals, the set of resources that the policy speaks of. One evaluation stands for a class of
 * principals and a class of resources.
 */
import { actions as allActions, type Action, type Namespace } from "../../contract/vocabulary.ts";
import { isObserved } from "../observed-policy.ts";
import { parseSensitivity, rankOf } from "../adaptive.ts";
import { checkBoundaries, type BoundaryRules } from "../boundaries.ts";
import { scopeMatches, type CompiledPolicy } from "../cedar/compile-policy.ts";
import type { AnalysedPolicy } from "../cedar-engine.ts";
import type { RequestContext } from "../decision.ts";
import type { Component } from "../snapshot.ts";
import { clearBit, forEachMember, hasBit, unionOf, wordsFor, addTo, type IndexSet } from "./index-set.ts";
import { partsOf, type ContextReads, type Join, type PolicyParts } from "./policy-parts.ts";
import type { Side, SideClass, Sides } from "./sides.ts";
import type { Universe } from "./universe.ts";

/** Everything that a request is besides its two sides. */
export interface Setting {
  readonly action: Action;
  readonly context: RequestContext;
  /** Open windows of a namespace, at one moment. */
  readonly windowsOf: (namespace: Namespace) => readonly string[];
}

/** By class of the rule's principals: the resources. */
export interface Relation {
  readonly number: number;
  readonly matches: readonly (IndexSet | undefined)[];
  /** Where it cannot be evaluated, or demands what nobody can meet who acts for itself. */
  readonly walls: readonly (IndexSet | undefined)[];
}

export interface Rule {
  readonly effect: "permit" | "forbid" | "boundary";
  /** `namespace/id` of a policy. */
  readonly name: string;
  /** A forbid that something lifts; what it refuses is among the walls. */
  readonly conditional: boolean;
  readonly actions: ReadonlySet<Action>;
  readonly principals: Side;
  relation(setting: Setting): Relation;
}

/** Classes of two sides that are worth more than this many evaluations are joined by what they compare, if they can be. */
export const defaultMostEvaluations = 100_000;

/** Counts evaluations, and gives relations their numbers. */
export class Tally {
  evaluations = 0;
  relations = 0;
}

export class PolicyRule implements Rule {
  readonly effect: "permit" | "forbid";
  readonly name: string;
  readonly namespace: Namespace;
  readonly conditional: boolean;
  readonly actions: ReadonlySet<Action>;
  readonly reads: ContextReads;
  readonly principals: Side;
  readonly #resources: Side;
  readonly #compiled: CompiledPolicy;
  readonly #demands: Demands;
  readonly #observed: boolean;
  readonly #parts: PolicyParts;
  readonly #universe: Universe;
  readonly #tally: Tally;
  readonly #join: JoinIndex | undefined;
  readonly #relations = new Map<string, Relation>();

  constructor(policy: AnalysedPolicy, sides: Sides, universe: Universe, tally: Tally, mostEvaluations: number) {
    const { namespace, id, json, compiled } = policy;
    this.effect = compiled.effect;
    this.#demands = demandsIn(json);
    const lifted = this.#demands.presence || this.#demands.atMost !== undefined;
    this.conditional = compiled.effect === "forbid" && (lifted || isObserved(json.annotations));
    this.#observed = isObserved(json.annotations);
    this.name = `${namespace}/${id}`;
    this.namespace = namespace;
    this.actions = new Set(actionsOf(compiled));
    const parts = partsOf(json);
    this.reads = parts.context;
    this.#parts = parts;
    this.#compiled = compiled;
    this.#universe = universe;
    this.#tally = tally;
    // A permit speaks of its namespace's resources; a forbid where either side is of its namespace.
    const reach = compiled.effect === "permit" ? { only: namespace } : { split: namespace };
    const sideOf = (role: "principal" | "resource", own: PolicyParts["principal"]): Side =>
      sides.of({
        ...{ role, scope: compiled[role], tests: parts.tests[role], parts: own },
        ...(role === "resource" || compiled.effect === "forbid" ? reach : {}),
      });
    let principals = sideOf("principal", parts.principal);
    let resources = sideOf("resource", parts.resource);
    if (principals.length * resources.length > mostEvaluations && parts.joined !== undefined) {
      const { join } = parts.joined;
      this.#join = new JoinIndex(universe, join);
      principals = this.#join.split(sideOf("principal", parts.joined.principal));
      resources = sideOf("resource", parts.joined.resource);
    }
    this.principals = principals;
    this.#resources = resources;
  }

  relation(setting: Setting): Relation {
    const key = this.#projection(setting);
    let relation = this.#relations.get(key);
    if (relation === undefined) this.#relations.set(key, (relation = this.#relate(setting)));
    return relation;
  }

  /** What of a setting it can tell. */
  #projection({ action, context, windowsOf }: Setting): string {
    const { context: reads, readsAction } = this.#parts;
    if (reads.size === 0) return readsAction ? action : "";
    const facts = context as unknown as Readonly<Record<string, unknown>>;
    const values = [...reads.keys()].map((name) => (name === "windows" ? windowsOf(this.namespace) : facts[name]));
    return JSON.stringify([readsAction ? action : "", values]);
  }

  #relate(setting: Setting): Relation {
    const rows = this.principals.map((from) => this.#row(from, setting));
    return {
      number: (this.#tally.relations += 1),
      matches: rows.map(({ match }) => match),
      walls: rows.map(({ wall }) => wall),
    };
  }

  #row(from: SideClass, setting: Setting): { match: IndexSet | undefined; wall: IndexSet | undefined } {
    const sets = { match: [] as IndexSet[], error: [] as IndexSet[] };
    for (const to of this.#resources)
      for (const { member, members } of this.#join?.partsOf(from, to) ?? [to]) {
        const outcome = this.#outcome(from.member, member, setting);
        if (outcome !== "nothing") sets[outcome].push(members);
      }
    const bound = this.#universe.size;
    const match = unionOf(sets.match, bound);
    const unmet = match === undefined || this.#observed ? undefined : this.#unmet(match);
    if (this.#observed) return { match, wall: undefined };
    return { match, wall: unionOf([...sets.error, ...(unmet === undefined ? [] : [unmet])], bound) };
  }

  /** Where it applies and demands what is not met (adaptive-checks.ts, approval.ts). */
  #unmet(match: IndexSet): IndexSet | undefined {
    const { presence, approval, atMost } = this.#demands;
    if (presence || (approval && this.effect === "permit")) return match;
    if (atMost === undefined) return undefined;
    const above: number[] = [];
    forEachMember(match, (to) => {
      if (rankOf(this.#universe.component(to).labels.sensitivity) > atMost) above.push(to);
    });
    return above.length === 0 ? undefined : this.#universe.set(above);
  }

  #outcome(from: number, to: number, { action, context, windowsOf }: Setting): "match" | "error" | "nothing" {
    const principal = this.#universe.component(from);
    const resource = this.#universe.component(to);
    if (!speaksOf(this, principal, resource)) return "nothing";
    this.#tally.evaluations += 1;
    const environment = this.#universe.environment(from, action, to, context, windowsOf(this.namespace));
    if (!scopeMatches(this.#compiled, environment)) return "nothing";
    try {
      return this.#compiled.holds(environment) ? "match" : "nothing";
    } catch {
      return "error"; // whatever it was, as the engine counts it (cedar/authorize.ts)
    }
  }
}

/** What a policy demands beyond its conditions. */
interface Demands {
  readonly presence: boolean;
  readonly approval: boolean;
  /** Rank of the most sensitive resource that it lets through. */
  readonly atMost: number | undefined;
}

function demandsIn({ annotations = {} }: AnalysedPolicy["json"]): Demands {
  const { stepup, restrict, approval } = annotations;
  return {
    presence: stepup !== undefined,
    approval: Number(approval ?? 0) > 0,
    atMost: restrict === undefined ? undefined : rankOf(parseSensitivity(restrict) ?? "public"),
  };
}

function speaksOf({ effect, namespace }: PolicyRule, principal: Component, resource: Component): boolean {
  return resource.namespace === namespace || (effect === "forbid" && principal.namespace === namespace);
}

/** The actions that a policy's scope leaves; Cordon's actions are in no groups. */
function actionsOf({ action: { equals, within } }: CompiledPolicy): readonly Action[] {
  const named = equals === undefined ? within : [equals];
  return named === undefined ? allActions : allActions.filter((action) => named.some(({ id }) => id === action));
}

/** Two expressions that are compared: for a principal's value, the resources with the same one. */
class JoinIndex {
  readonly #universe: Universe;
  readonly #join: Join;
  readonly #partners: ReadonlyMap<string, Int32Array>;
  /** The value that a principal of a class has; absent where no resource has it. */
  readonly #values = new WeakMap<SideClass, string>();

  constructor(universe: Universe, join: Join) {
    this.#universe = universe;
    this.#join = join;
    this.#partners = universe.membersBy("resource", join.resource);
  }

  /** Classes of principals that have the same value as well, where any resource has it. */
  split(side: Side): Side {
    const { ids, values } = this.#universe.valuation("principal", this.#join.principal);
    const split: SideClass[] = [];
    for (const { members } of side) {
      const byValue = new Map<string | undefined, number[]>();
      const list = members instanceof Int32Array ? members : this.#universe.all.filter((one) => hasBit(members, one));
      for (const member of list) {
        const text = values[ids[member] ?? 0] ?? "";
        const value = this.#partners.has(text) ? text : undefined;
        byValue.set(value, [...(byValue.get(value) ?? []), member]);
      }
      for (const [value, own] of byValue) {
        const one = { member: own[0] ?? 0, members: this.#universe.set(own), size: own.length };
        if (value !== undefined) this.#values.set(one, value);
        split.push(one);
      }
    }
    return split;
  }

  /** A class of resources as those that compare equal with a class of principals, and the others. */
  partsOf(from: SideClass, to: SideClass): readonly Pick<SideClass, "member" | "members">[] {
    const value = this.#values.get(from);
    if (value === undefined) return [to];
    const others = new Uint32Array(wordsFor(this.#universe.size));
    addTo(others, to.members);
    const equal = (this.#partners.get(value) ?? new Int32Array(0)).filter((one) => hasBit(others, one));
    const [first] = equal;
    if (first === undefined) return [to];
    for (const one of equal) clearBit(others, one);
    const rest = this.#universe.all.find((one) => hasBit(others, one));
    const parts = [{ member: first, members: this.#universe.set(equal) }];
    return rest === undefined ? parts : [...parts, { member: rest, members: others }];
  }
}

/**
 * What boundaries refuse, but for pairs that stand in a relation of their own: a model and what it serves, exceptions
 * (compose.ts asks about each of those).
 */
export class BoundaryRule implements Rule {
  readonly effect = "boundary";
  readonly name = "boundaries";
  readonly conditional = false;
  readonly actions: ReadonlySet<Action> = new Set(allActions);
  readonly principals: Side;
  readonly #resources: Side;
  readonly #rules: BoundaryRules;
  readonly #universe: Universe;
  readonly #tally: Tally;
  readonly #relations = new Map<string, Relation>();

  constructor(rules: BoundaryRules, universe: Universe, tally: Tally) {
    this.#rules = { modes: rules.modes, exceptions: new Map() };
    this.#universe = universe;
    this.#tally = tally;
    const sideBy = (key: (component: Component) => string): Side =>
      [...Map.groupBy(universe.all, (one) => key(universe.component(one))).values()].map((members) => ({
        member: members[0] ?? 0,
        members: universe.set(members),
        size: members.length,
      }));
    this.principals = sideBy(({ boundary, kind, labels }) => `${boundary} ${kind} ${labels.sensitivity}`);
    this.#resources = sideBy(
      ({ boundary, kind, labels, purpose }) => `${boundary} ${kind} ${labels.sensitivity} ${purpose ?? ""}`,
    );
  }

  relation({ action, context }: Setting): Relation {
    const key = `${action} ${context.external}`;
    let relation = this.#relations.get(key);
    if (relation === undefined) {
      const matches = this.principals.map((from) => this.#row(from, action, context));
      relation = { number: (this.#tally.relations += 1), matches, walls: [] };
      this.#relations.set(key, relation);
    }
    return relation;
  }

  #row(from: SideClass, action: Action, context: RequestContext): IndexSet | undefined {
    const refused = this.#resources.filter((to) => {
      this.#tally.evaluations += 1;
      const principal = stranger(this.#universe.component(from.member));
      const resource = this.#universe.component(to.member);
      const request = { principal: principal.id, action, resource: resource.id, context };
      const verdict = checkBoundaries(this.#rules, request, principal, resource, 0);
      return verdict.kind === "across" && verdict.mode === "enforce";
    });
    return unionOf(
      refused.map(({ members }) => members),
      this.#universe.size,
    );
  }
}

/** One of a class that is no resource and serves none. */
function stranger(component: Component): Component {
  return { ...component, id: `${component.id}/\0` as Component["id"], serves: [] };
}
