/**
 * Policies, compiled to something that answers requests: Cedar's official engine behind a memo. In: policy sources.
 * Out: `CompiledPolicies`, immutable but for its memo, which never shows in an answer.
 *
 * Scope is by construction, not by trust in what a policy says. A request is put to the policies of the resource's
 * namespace, all of them, and to the forbids alone of the principal's. So a permit cannot speak outside its namespace,
 * and crossing from one namespace to another needs the resource's namespace to permit it.
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { CordonError } from "../errors.ts";
import type { Namespace } from "../contract/vocabulary.ts";
import type { TrustDomain } from "../identity/spiffe-id.ts";
import { askCedar, fillSlot, type SlottedPolicies } from "./cedar-slots.ts";
import { cedarEntity } from "./cedar-schema.ts";
import type { AccessRequest } from "./decision.ts";
import type { CompiledPolicies, Evaluation, MatchedPolicy, PolicySource } from "./engine.ts";
import { Memo, MemoKeys, type MemoCounters } from "./memo.ts";
import { observe } from "./observe.ts";
import { checkPolicies, passedKey, problemText, type ParsedPolicy, type PolicyOptions } from "./policy-check.ts";
import type { Component } from "./snapshot.ts";

/** Evaluations that one policy revision remembers, unless said otherwise: some tens of megabytes at the very most. */
export const defaultMemoCapacity = 65_536;

const maxErrorCharacters = 300;

export interface CompileOptions extends Omit<PolicyOptions, "passed"> {
  /** Most evaluations remembered; 0 switches the memo off. */
  readonly memoCapacity?: number;
  /**
   * What was compiled before. Returned as it is, memo and all, when the sources say the same; otherwise only policies
   * whose text is new are parsed and validated.
   */
  readonly previous?: CedarPolicies;
}

/** Compiled policies, with what `cordon status` shows of them. */
export interface CedarPolicies extends CompiledPolicies {
  readonly sources: readonly PolicySource[];
  readonly options: CompileOptions;
  memoCounters(): MemoCounters;
}

/**
 * Compiles policies, all or none.
 *
 * @throws {CordonError} `POLICY_INVALID`; the message lists every problem as `origin:line:column: words`, and `cause`
 *   is the list of `PolicyProblem`s
 */
export function compilePolicies(sources: readonly PolicySource[], options: CompileOptions): CedarPolicies {
  if (options.previous !== undefined && isSame(options.previous, sources, options)) return options.previous;
  const earlier = options.previous instanceof CompiledCedar ? options.previous : undefined;
  const passed = earlier?.options.trustDomain === options.trustDomain ? earlier.passed : undefined;
  const { policies, problems } = checkPolicies(sources, {
    trustDomain: options.trustDomain,
    ...(passed === undefined ? {} : { passed }),
  });
  if (problems.length > 0) throw new CordonError("POLICY_INVALID", problemText(problems), { cause: problems });
  return new CompiledCedar(policies, sources, options);
}

function isSame(previous: CedarPolicies, sources: readonly PolicySource[], options: CompileOptions): boolean {
  return (
    previous.options.trustDomain === options.trustDomain &&
    previous.options.memoCapacity === options.memoCapacity &&
    previous.sources.length === sources.length &&
    previous.sources.every((source, index) => {
      const other = sources[index];
      return (
        other !== undefined &&
        source.namespace === other.namespace &&
        source.origin === other.origin &&
        source.text === other.text
      );
    })
  );
}

/** Policies that are always evaluated together. */
interface PolicySet {
  readonly policies: readonly { readonly effect: "permit" | "forbid"; readonly matched: MatchedPolicy }[];
  readonly slotted: SlottedPolicies;
  readonly keys: MemoKeys<Evaluation>;
}

const nothingMatched: Evaluation = Object.freeze({
  permits: Object.freeze([]),
  forbids: Object.freeze([]),
  errors: Object.freeze([]),
});

class CompiledCedar implements CedarPolicies {
  readonly size: number;
  readonly sources: readonly PolicySource[];
  readonly options: CompileOptions;
  /** Every policy of this revision, for the next compilation. */
  readonly passed: ReadonlyMap<string, PolicyJson>;
  readonly #memo: Memo<Evaluation> | undefined;
  /** What speaks about a namespace's resources: all its policies. */
  readonly #all: ReadonlyMap<Namespace, PolicySet>;
  /** What speaks about a namespace's principals elsewhere: its forbids. */
  readonly #forbids: ReadonlyMap<Namespace, PolicySet>;

  constructor(policies: readonly ParsedPolicy[], sources: readonly PolicySource[], options: CompileOptions) {
    const capacity = options.memoCapacity ?? defaultMemoCapacity;
    const memo = new Memo<Evaluation>(capacity);
    const { previous: _, ...kept } = options;
    this.size = policies.length;
    this.passed = new Map(policies.map((policy) => [passedKey(policy), policy.json]));
    this.sources = sources;
    this.options = kept;
    this.#memo = capacity > 0 ? memo : undefined;
    const byNamespace = Map.groupBy(policies, (policy) => policy.source.namespace);
    const all = new Map<Namespace, PolicySet>();
    const forbids = new Map<Namespace, PolicySet>();
    let number = 0;
    for (const [namespace, own] of byNamespace) {
      all.set(namespace, policySet(`${namespace}/all`, number++, own, memo, options.trustDomain));
      const forbidding = own.filter((policy) => policy.json.effect === "forbid");
      if (forbidding.length === 0) continue;
      forbids.set(namespace, policySet(`${namespace}/forbids`, number++, forbidding, memo, options.trustDomain));
    }
    this.#all = all;
    this.#forbids = forbids;
  }

  memoCounters(): MemoCounters {
    return this.#memo?.counters() ?? { hits: 0, misses: 0, size: 0, resets: 0 };
  }

  evaluate(request: AccessRequest, principal: Component, resource: Component): Evaluation {
    const ofResource = this.#all.get(resource.namespace);
    const ofPrincipal = principal.namespace === resource.namespace ? undefined : this.#forbids.get(principal.namespace);
    if (ofPrincipal === undefined)
      return ofResource === undefined ? nothingMatched : this.#evaluateSet(ofResource, request, principal, resource);
    const crossing = this.#evaluateSet(ofPrincipal, request, principal, resource);
    if (ofResource === undefined) return crossing;
    const local = this.#evaluateSet(ofResource, request, principal, resource);
    return {
      permits: local.permits,
      forbids: [...local.forbids, ...crossing.forbids],
      errors: [...local.errors, ...crossing.errors],
    };
  }

  #evaluateSet(set: PolicySet, request: AccessRequest, principal: Component, resource: Component): Evaluation {
    const memo = this.#memo;
    if (memo === undefined) return askEngine(set, request, principal, resource, this.options.trustDomain);
    const key = set.keys.keyOf(request.action, principal, resource, request.context);
    const known = key < 0 ? undefined : memo.get(key);
    if (known !== undefined) return known;
    const evaluation = askEngine(set, request, principal, resource, this.options.trustDomain);
    // Errors quote what they met, which another of the same class might not: they are never handed on.
    if (key >= 0 && evaluation.errors.length === 0) memo.set(key, evaluation);
    return evaluation;
  }
}

function policySet(
  slot: string,
  number: number,
  policies: readonly ParsedPolicy[],
  memo: Memo<Evaluation>,
  trustDomain: TrustDomain,
): PolicySet {
  const slotted = { slot, texts: Object.fromEntries(policies.map((policy, index) => [`p${index}`, policy.text])) };
  // Ahead of time, so that the first request does not wait.
  const [error] = fillSlot(slotted).errors;
  if (error !== undefined)
    throw new CordonError("POLICY_INVALID", `the policies could not be loaded: ${error.message}`);
  return {
    policies: policies.map((policy) => ({ effect: policy.json.effect, matched: matchedPolicy(policy) })),
    slotted,
    keys: new MemoKeys(memo, number, observe(policies.map((policy) => policy.json)), trustDomain),
  };
}

function matchedPolicy({ id, json, source }: ParsedPolicy): MatchedPolicy {
  const annotations = Object.freeze({ ...json.annotations });
  const verb = json.effect === "permit" ? "permits" : "forbids";
  const words = annotations["reason"] ?? `policy \`${id}\` of namespace \`${source.namespace}\` ${verb} this`;
  return Object.freeze({ id, words, namespace: source.namespace, annotations });
}

/** One call of the official engine. Whatever goes wrong is in `errors`. */
function askEngine(
  set: PolicySet,
  request: AccessRequest,
  principal: Component,
  resource: Component,
  trustDomain: TrustDomain,
): Evaluation {
  const workload = cedarEntity("Workload", principal, trustDomain);
  const component = cedarEntity("Component", resource, trustDomain);
  const namespaces = new Set([principal.namespace, resource.namespace]);
  const answer = askCedar(set.slotted, {
    principal: workload.uid,
    action: { type: "Action", id: request.action },
    resource: component.uid,
    context: { ...request.context },
    entities: [
      workload,
      component,
      ...Array.from(namespaces, (id) => ({ uid: { type: "Namespace", id }, attrs: {}, parents: [] })),
    ],
  });
  if (answer.type === "failure") {
    const words = answer.errors.map(({ message }) => message).join("; ");
    return { ...nothingMatched, errors: [{ policy: "", words: words.slice(0, maxErrorCharacters) }] };
  }
  const { reason, errors } = answer.response.diagnostics;
  if (reason.length === 0 && errors.length === 0) return nothingMatched;
  // Cedar reports both in no order; the same request must give the same decision, in the order policies are written.
  const matched = reason.toSorted(byPlace).map((id) => set.policies[placeOf(id)]);
  return freeze({
    permits: matched.flatMap((policy) => (policy?.effect === "permit" ? [policy.matched] : [])),
    forbids: matched.flatMap((policy) => (policy?.effect === "forbid" ? [policy.matched] : [])),
    errors: errors
      .toSorted((a, b) => byPlace(a.policyId, b.policyId))
      .map(({ policyId, error }) => ({
        policy: set.policies[placeOf(policyId)]?.matched.id ?? "",
        words: error.message.slice(0, maxErrorCharacters),
      })),
  });
}

function byPlace(a: string, b: string): number {
  return placeOf(a) - placeOf(b);
}

/** A policy's place in its set, from the id that Cedar was given for it. */
function placeOf(id: string): number {
  return Number(id.slice(1));
}

/** An evaluation is handed to many callers: none may change it for the others. */
function freeze(evaluation: Evaluation): Evaluation {
  Object.freeze(evaluation.permits);
  Object.freeze(evaluation.forbids);
  Object.freeze(evaluation.errors);
  return Object.freeze(evaluation);
}
