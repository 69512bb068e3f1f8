/**
 * Policies, compiled to something that answers requests. In: policy sources. Out: `CompiledPolicies`, immutable.
 *
 * Scope is by construction, not by trust in what a policy says. A request is put to the policies of the resource's
 * namespace, all of them, and to the forbids alone of the principal's. So a permit cannot speak outside its namespace,
 * and crossing from one namespace to another needs the resource's namespace to permit it.
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { CordonError } from "../errors.ts";
import type { Namespace } from "../contract/vocabulary.ts";
import { authorize, compileSet, type Authorization, type CompiledPolicySet } from "./cedar/authorize.ts";
import { compilePolicy, type CompiledPolicy } from "./cedar/compile-policy.ts";
import { EvaluationError } from "./cedar/evaluation-error.ts";
import { argumentsRead, argumentsTypeText, mergedArguments, type ArgumentTree } from "./argument-types.ts";
import { schemaText } from "./cedar-schema.ts";
import { CedarRequests, type Asked } from "./cedar-requests.ts";
import type { SlottedPolicies } from "./cedar-slots.ts";
import type { AccessRequest } from "./decision.ts";
import type { CompiledPolicies, Evaluation, MatchedPolicy, NamedWindow, PolicySource, WindowsOf } from "./engine.ts";
import { checkPolicies, passedKey, problemText, type ParsedPolicy, type PolicyOptions } from "./policy-check.ts";
import { isObserved } from "./observed-policy.ts";
import { shadowEvaluation, type ShadowSample } from "./cedar-shadow.ts";
import type { Principal } from "./people.ts";
import type { RiskFacts } from "../risk/assess.ts";
import type { Component } from "./snapshot.ts";
import { KnownEvaluations } from "./known-evaluations.ts";
import { boundedCompiled, dependsOnArguments, withoutArguments, type Bound } from "./unknown-arguments.ts";
import { windowsNamed } from "./windows-named.ts";

const maxErrorCharacters = 300;

export interface CompileOptions extends Omit<PolicyOptions, "passed"> {
  /**
   * What was compiled before. Returned as it is when the sources say the same; otherwise only policies whose text is new
   * are parsed and validated.
   */
  readonly previous?: CedarPolicies;
  /**
   * Puts every request to Cedar's official engine as well, and hears of each answer that differs; such a request is
   * denied. For finding out, not for production: a call of that engine takes a third of a millisecond and more.
   */
  readonly shadow?: (disagreement: string) => void;
  /** Hands one evaluation of so many on, to be compared with the official engine's. It never changes an answer. */
  readonly sample?: { readonly oneIn: number; readonly take: (sample: ShadowSample) => void };
}

/** One policy with what it is made of. */
export interface AnalysedPolicy {
  readonly namespace: Namespace;
  readonly id: string;
  readonly json: PolicyJson;
  readonly compiled: CompiledPolicy;
}

/** Policies whose insides can be looked at, for analysis before deployment. */
export interface AnalysablePolicies {
  readonly analysed: readonly AnalysedPolicy[];
  /** Policies that read no arguments of calls, for questions about all calls: see unknown-arguments.ts. */
  withoutArguments(bound: Bound): CompiledPolicies & AnalysablePolicies;
}

/** Compiled policies, with what made them. */
export interface CedarPolicies extends CompiledPolicies, AnalysablePolicies {
  readonly sources: readonly PolicySource[];
  readonly options: CompileOptions;
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
    previous.options.shadow === options.shadow &&
    previous.options.sample === options.sample &&
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
export interface PolicySet {
  readonly matched: readonly MatchedPolicy[];
  readonly compiled: CompiledPolicySet;
  /** Evaluations without errors, by what matched. */
  readonly known: KnownEvaluations;
  /** The same policies for the official engine. */
  readonly slotted: SlottedPolicies;
  /** What they read of a call's arguments, if they do. */
  readonly reads: ArgumentTree | undefined;
}

export const nothingMatched: Evaluation = Object.freeze({
  permits: Object.freeze([]),
  forbids: Object.freeze([]),
  errors: Object.freeze([]),
});

class CompiledCedar implements CedarPolicies {
  readonly size: number;
  readonly namedWindows: readonly NamedWindow[];
  readonly observed: readonly string[];
  readonly analysed: readonly AnalysedPolicy[];
  readonly sources: readonly PolicySource[];
  readonly options: CompileOptions;
  /** Every policy of this revision, for the next compilation. */
  readonly passed: ReadonlyMap<string, PolicyJson>;
  readonly #requests: CedarRequests;
  /** Counts up to the next one that is sampled. */
  #evaluated = 0;
  /** What speaks about a namespace's resources: all its policies. */
  readonly #all: ReadonlyMap<Namespace, PolicySet>;
  /** What speaks about a namespace's principals elsewhere: its forbids. */
  readonly #forbids: ReadonlyMap<Namespace, PolicySet>;

  readonly #policies: readonly ParsedPolicy[];
  #onArguments: boolean | undefined;
  readonly #bounds = new Map<Bound, CompiledCedar>();

  constructor(
    policies: readonly ParsedPolicy[],
    sources: readonly PolicySource[],
    options: CompileOptions,
    bound?: Bound,
  ) {
    const { previous: _, ...kept } = options;
    this.#policies = policies;
    this.size = policies.length;
    this.observed = policies.flatMap(({ id, json, source }) =>
      isObserved(json.annotations) ? [`${source.namespace}/${id}`] : [],
    );
    this.namedWindows = policies.flatMap(({ id, json, source }) =>
      windowsNamed(json).map((name) => ({ namespace: source.namespace, policy: id, name })),
    );
    this.passed = new Map(policies.map((policy) => [passedKey(policy), policy.json]));
    this.sources = sources;
    this.options = kept;
    this.#requests = new CedarRequests(options.trustDomain);
    const all = new Map<Namespace, PolicySet>();
    const forbids = new Map<Namespace, PolicySet>();
    const compiled = policies.map((policy): Checked => ({ policy, compiled: compileChecked(policy, bound) }));
    for (const [namespace, own] of Map.groupBy(compiled, ({ policy }) => policy.source.namespace)) {
      all.set(namespace, policySet(`${namespace}/all`, own));
      const forbidding = own.filter(({ policy }) => policy.json.effect === "forbid");
      if (forbidding.length > 0) forbids.set(namespace, policySet(`${namespace}/forbids`, forbidding));
    }
    this.analysed = compiled.map(({ policy: { source, id, json }, compiled: closures }) => ({
      namespace: source.namespace,
      id,
      json: bound === undefined ? json : withoutArguments(json, bound),
      compiled: closures,
    }));
    this.#all = all;
    this.#forbids = forbids;
  }

  evaluate(
    request: AccessRequest,
    principal: Principal,
    resource: Component,
    windowsOf: WindowsOf = () => noWindows,
    risk?: RiskFacts,
  ): Evaluation {
    const ofResource = this.#all.get(resource.namespace);
    const ofPrincipal = principal.namespace === resource.namespace ? undefined : this.#forbids.get(principal.namespace);
    if (ofResource === undefined && ofPrincipal === undefined) return nothingMatched;
    const asked = { request, principal, resource, risk };
    const local = ofResource && this.#ask(ofResource, { ...asked, windows: windowsOf(resource.namespace) });
    if (ofPrincipal === undefined) return local ?? nothingMatched;
    const crossing = this.#ask(ofPrincipal, { ...asked, windows: windowsOf(principal.namespace) });
    if (local === undefined) return crossing;
    return {
      permits: local.permits,
      forbids: [...local.forbids, ...crossing.forbids],
      errors: [...local.errors, ...crossing.errors],
    };
  }

  withoutArguments(bound: Bound): CompiledPolicies & AnalysablePolicies {
    this.#onArguments ??= this.#policies.some(({ json }) => dependsOnArguments(json));
    if (!this.#onArguments) return this;
    let bounded = this.#bounds.get(bound);
    if (bounded === undefined) {
      const { shadow: _, sample: _sample, ...options } = this.options; // the official engine reads the policies' texts
      this.#bounds.set(bound, (bounded = new CompiledCedar(this.#policies, this.sources, options, bound)));
    }
    return bounded;
  }

  #ask(set: PolicySet, asked: Asked): Evaluation {
    const environment = this.#requests.environment(asked, set.reads);
    if (typeof environment === "string") return { ...nothingMatched, errors: [{ policy: "", words: environment }] };
    const evaluation = evaluationOf(set, authorize(set.compiled, environment));
    const { shadow, sample, trustDomain } = this.options;
    if (sample !== undefined && (this.#evaluated = (this.#evaluated + 1) % sample.oneIn) === 0)
      sample.take({ shadowed: { ...asked, set, trustDomain }, evaluation });
    return shadow === undefined ? evaluation : shadowEvaluation(evaluation, { ...asked, set, trustDomain }, shadow);
  }
}

const noWindows: readonly string[] = Object.freeze([]);

/** The same object for the same policies: what is made of one need not be made again. */
function evaluationOf({ matched, known }: PolicySet, { permits, forbids, errors }: Authorization): Evaluation {
  if (errors.length > 0) {
    const words = errors.map(({ place, words: said }) => ({
      policy: matched[place]?.id ?? "",
      words: said.slice(0, maxErrorCharacters),
      ...(isObserved(matched[place]?.annotations) ? { observed: true } : {}),
    }));
    return { permits: at(matched, permits), forbids: at(matched, forbids), errors: words };
  }
  if (permits.length === 0 && forbids.length === 0) return nothingMatched;
  return known.of(permits, forbids, () =>
    Object.freeze({
      permits: Object.freeze(at(matched, permits)),
      forbids: Object.freeze(at(matched, forbids)),
      errors: nothingMatched.errors,
    }),
  );
}

function at(matched: readonly MatchedPolicy[], places: readonly number[]): readonly MatchedPolicy[] {
  return places.map((place) => matched[place] as MatchedPolicy);
}

interface Checked {
  readonly policy: ParsedPolicy;
  readonly compiled: CompiledPolicy;
}

function policySet(slot: string, policies: readonly Checked[]): PolicySet {
  const trees = policies.flatMap(({ policy: { json } }) => argumentsRead(json).tree ?? []);
  const reads = trees.length === 0 ? undefined : mergedArguments(trees).tree;
  return {
    reads,
    matched: policies.map(({ policy }) => matchedPolicy(policy)),
    compiled: compileSet(policies.map(({ compiled }) => compiled)),
    known: new KnownEvaluations(),
    slotted: {
      slot,
      texts: Object.fromEntries(policies.map(({ policy }, index) => [`p${index}`, policy.text])),
      ...(reads === undefined ? {} : { schema: schemaText(argumentsTypeText(reads, true)) }),
    },
  };
}

function compileChecked(policy: ParsedPolicy, bound: Bound | undefined): CompiledPolicy {
  const { json } = policy;
  try {
    if (bound === undefined) return compilePolicy(json);
    return boundedCompiled(compilePolicy(withoutArguments(json, bound)), json, bound);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new CordonError("POLICY_INVALID", `${policy.source.origin}: policy \`${policy.id}\`: ${error.message}`, {
      cause: [],
    });
  }
}

function matchedPolicy({ id, json, source }: ParsedPolicy): MatchedPolicy {
  const annotations = Object.freeze({ ...json.annotations });
  const verb = json.effect === "permit" ? "permits" : "forbids";
  const words = annotations["reason"] ?? `policy \`${id}\` of namespace \`${source.namespace}\` ${verb} this`;
  return Object.freeze({ id, words, namespace: source.namespace, annotations });
}
