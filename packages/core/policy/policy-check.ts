/**
 * Checks policies as they are loaded. In: sources. Out: parsed policies, and every problem there is, each with its
 * place. Nothing is evaluated here; cedar-engine.ts compiles what passes.
 */
import { validate, type DetailedError, type PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { TrustDomain } from "../identity/spiffe-id.ts";
import { exactPolicyJson } from "./cedar/policy-json.ts";
import { argumentsRead, argumentsTypeText, mergedArguments, type ArgumentTree } from "./argument-types.ts";
import { cedarSchema, schemaText } from "./cedar-schema.ts";
import { engineError } from "./cedar-slots.ts";
import type { PolicySource } from "./engine.ts";
import { lintPolicy, refuseDepth } from "./policy-lint.ts";
import {
  problemAt,
  problemIn,
  problemLine,
  splitPolicies,
  type PolicyProblem,
  type PolicyText,
} from "./policy-text.ts";

/** More policies than this in one compilation are refused. */
export const maxPolicies = 20_000;

/** A policy that passed every check, or that at least parsed. */
export interface ParsedPolicy extends PolicyText {
  readonly id: string;
  readonly json: PolicyJson;
}

export interface CheckedPolicies {
  readonly policies: readonly ParsedPolicy[];
  /** Everything wrong, in the order of the sources; the policies may be used only when this is empty. */
  readonly problems: readonly PolicyProblem[];
}

export interface PolicyOptions {
  /** Our own trust domain: its workloads are written `namespace/kind/name`. */
  readonly trustDomain: TrustDomain;
  /**
   * Policies that passed every check before, by {@link passedKey}: they are not parsed and validated again, which is
   * what most of a compilation costs. Each policy is checked by itself, so what passed once passes always.
   */
  readonly passed?: ReadonlyMap<string, PolicyJson>;
}

/** The same policy: same text, in the same namespace. */
export function passedKey({ source, text }: PolicyText): string {
  return `${source.namespace}\n${text}`;
}

/**
 * Parses, lints and validates policies strictly. Cedar's warnings count as problems: each says that a policy can never
 * apply or reads otherwise than it runs, and a forbid that never applies is a hole.
 */
export function checkPolicies(sources: readonly PolicySource[], options: PolicyOptions): CheckedPolicies {
  const problems: PolicyProblem[] = [];
  const policies: ParsedPolicy[] = [];
  const unchecked: ParsedPolicy[] = [];
  for (const source of sources) {
    const split = splitPolicies(source);
    problems.push(...split.problems);
    for (const text of split.policies) {
      if (policies.length >= maxPolicies) {
        problems.push(
          problemAt(source, text.start, `more than ${maxPolicies} policies: split them over trust domains`),
        );
        return { policies, problems };
      }
      const passed = options.passed?.get(passedKey(text));
      const { json, problems: found } = passed
        ? { json: passed, problems: [] }
        : parsePolicy(text, options.trustDomain);
      problems.push(...found);
      if (json === undefined) continue;
      const policy = { ...text, json, id: json.annotations?.["id"] ?? "" };
      policies.push(policy);
      if (passed === undefined) unchecked.push(policy);
    }
  }
  problems.push(...duplicateIds(policies), ...argumentClashes(policies));
  for (const [schema, own] of Map.groupBy(unchecked, ({ json }) => schemaFor(json)))
    problems.push(...validatePolicies(own, schema));
  return { policies, problems: inSourceOrder(sources, problems) };
}

/** All problems as one text, one a line, for an error message. At most 200 are spelled out. */
export function problemText(problems: readonly PolicyProblem[]): string {
  const shown = problems.slice(0, 200).map((problem) => `  ${problemLine(problem)}`);
  if (problems.length > shown.length) shown.push(`  and ${problems.length - shown.length} more`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return `${count} in the policies; none of them was loaded:\n${shown.join("\n")}`;
}

function parsePolicy(
  policy: PolicyText,
  trustDomain: TrustDomain,
): { readonly json: PolicyJson | undefined; readonly problems: readonly PolicyProblem[] } {
  const answer = guarded(() => exactPolicyJson(policy.text));
  if ("failed" in answer) return { json: undefined, problems: [problemAt(policy.source, policy.start, answer.failed)] };
  if (answer.value.type === "failure")
    return { json: undefined, problems: answer.value.errors.flatMap((error) => problemsOf(policy, error)) };
  const { json } = answer.value;
  // What is too deep for the engine must not reach the validator either.
  const tooDeep = refuseDepth(policy, json);
  if (tooDeep !== undefined) return { json: undefined, problems: [tooDeep] };
  return { json, problems: lintPolicy(policy, json, trustDomain) };
}

function duplicateIds(policies: readonly ParsedPolicy[]): PolicyProblem[] {
  const first = new Map<string, ParsedPolicy>();
  const problems: PolicyProblem[] = [];
  for (const policy of policies) {
    if (policy.id === "") continue;
    const key = `${policy.source.namespace}/${policy.id}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, policy);
      continue;
    }
    const place = problemAt(earlier.source, earlier.start, "");
    const words = `\`@id("${policy.id}")\` is already taken in namespace \`${policy.source.namespace}\`, at ${place.origin}:${place.line}: choose another`;
    problems.push(problemAt(policy.source, policy.start, words));
  }
  return problems;
}

/** A policy that reads arguments is validated against what it takes them to be. */
function schemaFor(json: PolicyJson): string {
  const { tree } = argumentsRead(json);
  return tree === undefined ? cedarSchema : schemaText(argumentsTypeText(tree));
}

/** Requests are read once for all policies of a namespace: they must take an argument for the same thing. */
function argumentClashes(policies: readonly ParsedPolicy[]): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const known = new Map<string, ArgumentTree>();
  for (const policy of policies) {
    const { tree } = argumentsRead(policy.json);
    if (tree === undefined) continue;
    const { namespace } = policy.source;
    const merged = mergedArguments([known.get(namespace) ?? new Map(), tree]);
    if (merged.clash === undefined) known.set(namespace, merged.tree);
    else
      problems.push(
        problemAt(policy.source, policy.start, `\`context.arguments.${merged.clash} by policies of \`${namespace}\``),
      );
  }
  return problems;
}

function validatePolicies(policies: readonly ParsedPolicy[], schema: string): PolicyProblem[] {
  const staticPolicies = Object.fromEntries(policies.map((policy, index) => [`p${index}`, policy.text]));
  const first = policies[0];
  if (first === undefined) return [];
  const answer = guarded(() => validate({ schema, policies: { staticPolicies } }));
  if ("failed" in answer) return [problemAt(first.source, 0, answer.failed)];
  if (answer.value.type === "failure") return answer.value.errors.flatMap((error) => problemsOf(first, error));
  const { validationErrors, validationWarnings, otherWarnings } = answer.value;
  const refused = new Set(validationErrors.map(({ policyId }) => policyId));
  return [
    ...validationErrors,
    // A policy with an error is also "impossible": saying both would hide the cause.
    ...validationWarnings.filter(({ policyId }) => !refused.has(policyId)),
    ...otherWarnings.map((error) => ({ policyId: "p0", error })),
  ].flatMap(({ policyId, error }) => problemsOf(policies[Number(policyId.slice(1))] ?? first, error));
}

/** Cedar's error and those related to it, at their places, without the internal number that we gave the policy. */
function problemsOf(policy: PolicyText, error: DetailedError): PolicyProblem[] {
  const [label] = error.sourceLocations ?? [];
  const said = error.message.replace(/^failed to parse policy from string: /, "").replace(/^for policy `p\d+`, /, "");
  const help = (error.help ?? "").replace(/^for policy `p\d+`, /, "");
  const words = [said, label?.label ?? "", help].filter((text) => text !== "").join("; ");
  return [
    problemIn(policy, label?.start ?? 0, words),
    ...(error.related ?? []).flatMap((related) => problemsOf(policy, related)),
  ];
}

function inSourceOrder(sources: readonly PolicySource[], problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  const order = new Map(sources.map((source, index) => [`${source.namespace}\n${source.origin}`, index]));
  const rank = (problem: PolicyProblem): number => order.get(`${problem.namespace}\n${problem.origin}`) ?? 0;
  return problems.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}

/** Runs a call into the engine; a trap becomes words, so that bad text is a problem and never a crash. */
function guarded<T>(call: () => T): { readonly value: T } | { readonly failed: string } {
  try {
    return { value: call() };
  } catch (error) {
    return { failed: engineError(error).message };
  }
}
