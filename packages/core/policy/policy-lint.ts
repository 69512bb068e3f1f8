/**
 * What a policy must be beyond valid Cedar: named, annotated with words we know, within its own namespace, and free of
 * literals that could never match. In: a policy in Cedar's JSON form, and its text. Out: its annotations, and problems.
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { isName, type Namespace } from "../contract/vocabulary.ts";
import type { TrustDomain } from "../identity/spiffe-id.ts";
import {
  componentFacts,
  contextClosedSets,
  contextFacts,
  namespaceOfEntityId,
  refuseEntityId,
} from "./cedar-schema.ts";
import { argumentsRead } from "./argument-types.ts";
import { entityLiterals } from "./entity-literals.ts";
import { demandProblems } from "./adaptive.ts";
import { modeProblem } from "./observed-policy.ts";
import { parseInspect } from "./inspect-annotation.ts";
import { problemAt, type PolicyProblem, type PolicyText } from "./policy-text.ts";

/** The annotations that Cordon knows; any other is refused, since a misspelt one would silently do nothing. */
export const policyAnnotations = {
  id: "the policy's name, unique within its namespace; reasons and the ledger show it",
  reason: "why, in words, for people who meet this policy's decision",
  keep: "on a permit: keep content in the ledger, encrypted: `request`, `response` or `request,response`",
  mode: "on a forbid: `observe` to let through what it refuses, and say so",
  stepup: "how lately a person must have proved to be present, such as `10m`; on a forbid: what lifts it",
  restrict: "the most sensitive data that is let through, such as `internal`; on a forbid: what it spares",
  inspect: "on a permit: what inspection does with what it finds, such as `response:pii=redact, request:secret=block`",
  approval: "on a permit: how many people must approve each call by itself, `1` or `2`",
  owner: "who answers for this policy; for people",
  reference: "a ticket, control or regulation; for people",
} as const;

/** Depth of the expression tree; the engine traps at about 350 (see policy-text.ts). */
export const maxDepth = 100;
/** `when` and `unless` clauses of one policy; the validator traps at about 520. */
export const maxConditions = 64;

const idPattern = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/;
const maxAnnotationCharacters = 500;

/** Why the engine could not bear this policy, or `undefined`. Only what passes may be validated, linted or evaluated. */
export function refuseDepth(policy: PolicyText, json: PolicyJson): PolicyProblem | undefined {
  const depth = depthOf(json);
  if (depth <= maxDepth && json.conditions.length <= maxConditions) return undefined;
  const words =
    depth > maxDepth
      ? `the conditions nest ${depth} deep; at most ${maxDepth}: split the policy`
      : `${json.conditions.length} conditions on one policy; at most ${maxConditions}: join them or split the policy`;
  return problemAt(policy.source, policy.start, words);
}

/** Everything wrong with one parsed policy; empty when nothing is. */
export function lintPolicy(policy: PolicyText, json: PolicyJson, trustDomain: TrustDomain): readonly PolicyProblem[] {
  return [
    ...lintAnnotations(json),
    ...lintEntityIds(json, policy.source.namespace, trustDomain),
    ...lintScope(json, policy.source.namespace),
    ...lintLiterals(json.conditions),
    ...argumentsRead(json).problems.map((words) => ({ words, near: "arguments" })),
  ].map(({ words, near }) => problemAt(policy.source, policy.start + offsetOf(policy.text, near), words));
}

/** What is wrong, and a piece of the policy's text near which it stands. */
interface Finding {
  readonly words: string;
  readonly near?: string;
}

/** Cedar's JSON form carries no positions; the piece of text itself does well enough. */
function offsetOf(text: string, near: string | undefined): number {
  return near === undefined ? 0 : Math.max(0, text.indexOf(near));
}

function depthOf(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  let deepest = 0;
  for (const child of Object.values(node)) deepest = Math.max(deepest, depthOf(child));
  // Each operator is an object within an object (`{"&&": {"left": ...}}`): count the operators.
  return deepest + (Array.isArray(node) || "left" in node || "arg" in node ? 0 : 1);
}

function* lintAnnotations(json: PolicyJson): Generator<Finding> {
  const annotations = json.annotations ?? {};
  const id = annotations["id"];
  if (id === undefined)
    yield { words: 'this policy has no `@id`: write a unique name above it, such as `@id("assistant-may-chat")`' };
  else if (!idPattern.test(id))
    yield {
      words: `\`@id("${id}")\`: a policy id is lower-case letters, digits and inner \`-\`, \`.\` or \`_\``,
      near: "@id",
    };
  for (const [name, value] of Object.entries(annotations)) {
    if (!Object.hasOwn(policyAnnotations, name))
      yield {
        words: `\`@${name}\` is not an annotation; one of ${Object.keys(policyAnnotations).join(", ")}`,
        near: `@${name}`,
      };
    else if (typeof value !== "string" || value.trim() === "")
      yield { words: `\`@${name}\` is empty: give it a value or remove it`, near: `@${name}` };
    else if (value.length > maxAnnotationCharacters || /\p{C}/u.test(value))
      yield { words: `\`@${name}\` is one line of at most ${maxAnnotationCharacters} characters`, near: `@${name}` };
  }
  for (const words of demandProblems(annotations)) yield { words, near: words.slice(1, words.indexOf("`", 1)) };
  const mode = modeProblem(annotations, json.effect);
  if (mode !== undefined) yield { words: mode, near: "@mode" };
  const inspect = annotations["inspect"];
  if (inspect !== undefined && json.effect !== "permit")
    yield { words: "`@inspect` belongs on a permit: a forbid lets no content pass", near: "@inspect" };
  const demands = inspect === undefined ? undefined : parseInspect(inspect);
  if (typeof demands === "string") yield { words: `\`@inspect\`: ${demands}`, near: "@inspect" };
  const approval = annotations["approval"];
  if (approval !== undefined && (json.effect !== "permit" || !/^[12]$/.test(approval)))
    yield { words: '`@approval` belongs on a permit and is "1" or "2"', near: "@approval" };
  const keep = annotations["keep"];
  if (keep === undefined) return;
  if (json.effect !== "permit")
    yield { words: "`@keep` belongs on a permit: a forbid lets no content pass", near: "@keep" };
  if (parseKeep(keep) === undefined)
    yield { words: `\`@keep("${keep}")\`: one of "request", "response", "request,response"`, near: "@keep" };
}

/** What a `@keep` annotation asks for, or `undefined` when it is not one. */
export function parseKeep(text: string): { readonly request: boolean; readonly response: boolean } | undefined {
  const words = text.split(",").map((word) => word.trim());
  if (!words.every((word) => word === "request" || word === "response") || new Set(words).size < words.length)
    return undefined;
  return { request: words.includes("request"), response: words.includes("response") };
}

function* lintEntityIds(json: PolicyJson, namespace: Namespace, trustDomain: TrustDomain): Generator<Finding> {
  for (const { type, id } of entityLiterals([json.principal, json.resource, json.conditions])) {
    const near = JSON.stringify(id);
    if (type === "Namespace") {
      if (!isName(id))
        yield { words: `\`Namespace::"${id}"\` cannot exist: a namespace is a name such as \`${namespace}\``, near };
    } else if (type === "Workload" || type === "Component" || type === "User") {
      const refusal = refuseEntityId(id, trustDomain, type);
      if (refusal !== undefined) yield { words: `\`${type}::"${id}"\` can never match: ${refusal}`, near };
    }
  }
}

/** A permit speaks only of resources in its namespace, a forbid of principals or resources in it. */
function* lintScope(json: PolicyJson, namespace: Namespace): Generator<Finding> {
  const outside = (constraint: unknown): boolean => {
    const literals = [...entityLiterals(constraint)];
    return (
      literals.length > 0 &&
      literals.every(({ type, id }) => {
        const home = type === "Namespace" ? id : namespaceOfEntityId(id);
        return home !== undefined && home !== namespace;
      })
    );
  };
  if (json.effect === "permit" && outside(json.resource))
    yield {
      words: `a policy of namespace \`${namespace}\` permits only on resources of \`${namespace}\`: move it to the resource's namespace`,
      near: "resource",
    };
  if (json.effect === "forbid" && outside(json.resource) && outside(json.principal))
    yield {
      words: `a policy of namespace \`${namespace}\` forbids only where the principal or the resource is of \`${namespace}\`; this one never is`,
      near: "principal",
    };
}

const closedSets: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...contextClosedSets,
  ...componentFacts.flatMap(({ path, values }) =>
    values === undefined ? [] : ["principal", "resource"].map((role) => [`${role}.${path}`, values] as const),
  ),
  ...Object.entries(contextFacts).flatMap(([name, fact]) =>
    "values" in fact ? [[`context.${name}`, fact.values] as const] : [],
  ),
]);

/** Comparisons of a closed set with a literal outside it: `resource.kind == "datasett"` is never true. */
function* lintLiterals(node: unknown): Generator<Finding> {
  if (typeof node !== "object" || node === null) return;
  for (const [operator, operand] of Object.entries(node)) {
    if (operator === "==" || operator === "!=" || operator === "contains") yield* lintComparison(operand);
    yield* lintLiterals(operand);
  }
}

function* lintComparison(operand: unknown): Generator<Finding> {
  const { left, right } = operand as { left: unknown; right: unknown };
  for (const [read, literal] of [
    [left, right],
    [right, left],
  ]) {
    const path = pathOf(read);
    const values = closedSets.get(path);
    if (values === undefined) continue;
    for (const text of stringLiterals(literal)) {
      if (!values.includes(text))
        yield { words: `\`${path}\` is never "${text}"; one of ${values.join(", ")}`, near: JSON.stringify(text) };
    }
  }
}

/** `principal.labels.sensitivity` as text; the empty string for anything but a variable's attributes. */
function pathOf(node: unknown): string {
  const names: string[] = [];
  let at = node as { Var?: string; "."?: { left: unknown; attr: string } };
  for (; at?.["."] !== undefined; at = at["."].left as typeof at) names.unshift(at["."].attr);
  return typeof at?.Var === "string" && names.length > 0 ? `${at.Var}.${names.join(".")}` : "";
}

function* stringLiterals(node: unknown): Generator<string> {
  const { Value: value, Set: items } = (node ?? {}) as { Value?: unknown; Set?: unknown };
  if (typeof value === "string") yield value;
  else if (Array.isArray(items)) for (const item of items) yield* stringLiterals(item);
}
