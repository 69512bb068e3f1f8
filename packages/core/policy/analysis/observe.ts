/**
 * What policies can observe. In: policies in Cedar's JSON form. Out: which facts of principal, resource and context
 * their outcome can depend on. Components that agree on these are one class, and are judged once (classes.ts).
 *
 * The analysis is closed: a shape that it does not know counts as seeing everything. A miss here would hand one
 * component's verdict to another, so each rule says why nothing more is visible.
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { componentFacts, contextFacts, type ComponentFact } from "../cedar-schema.ts";
import { riskFields } from "../../risk/facts.ts";
import { entityLiterals } from "../entity-literals.ts";

/** What is visible of the principal, or of the resource. Its namespace always is: it picks the policies. */
export interface ObservedComponent {
  /** Entity ids that policies write out; each can be told from all others. */
  readonly names: Set<string>;
  /** Facts that are read. All of them, the SPIFFE ID included, where a whole component can be seen. */
  readonly facts: Set<ComponentFact>;
  /** Facts that are only compared with texts that policies write out, and those texts: any other value looks the same. */
  readonly texts: Map<ComponentFact, Set<string>>;
}

export interface Observations {
  readonly principal: ObservedComponent;
  readonly resource: ObservedComponent;
  readonly context: Set<string>;
}

/** What the given policies can observe, all together. */
export function observe(policies: Iterable<PolicyJson>): Observations {
  const seen: Observations = { principal: nothing(), resource: nothing(), context: new Set() };
  for (const policy of policies) {
    // Scope: `==`, `in` and `is` against written-out entities; the type is fixed by the role.
    collectLiterals(seen, policy.principal);
    collectLiterals(seen, policy.resource);
    for (const condition of policy.conditions) walk(seen, condition.body);
  }
  return seen;
}

function nothing(): ObservedComponent {
  return { names: new Set(), facts: new Set(), texts: new Map() };
}

const contextNames: ReadonlySet<string> = new Set([
  ...Object.keys(contextFacts),
  ...Object.keys(riskFields),
  ...["windows", "userGroups"],
]);

/** A node of Cedar's expression JSON: one key, the operator. */
type Node = Readonly<Record<string, unknown>>;

function walk(seen: Observations, node: unknown): void {
  if (Array.isArray(node)) return node.forEach((item) => walk(seen, item));
  if (!isPlain(node)) return typeof node === "object" && node !== null ? seeAll(seen) : undefined;
  for (const [operator, operand] of Object.entries(node)) walkOperator(seen, operator, operand);
}

function walkOperator(seen: Observations, operator: string, operand: unknown): void {
  switch (operator) {
    case "Value":
      return collectLiterals(seen, operand);
    case "Var":
      return seeWhole(seen, operand);
    case ".":
    case "has":
      return seeAttribute(seen, operand);
    case "==":
    case "!=":
      return seeComparison(seen, operand, true);
    case "in":
    case "contains":
      return seeComparison(seen, operand, false);
    case "is": {
      // The type of each variable is fixed by the schema, so `is` alone shows nothing; `is T in x` is an `in`.
      const { left, in: within } = operand as { left: unknown; in?: unknown };
      return seeComparison(seen, { left, right: within ?? { Set: [] } }, false);
    }
    case "Slot":
      return seeAll(seen);
    default:
      return walk(seen, operand);
  }
}

/** A bare variable compared with written-out entities shows only which of those it is. Anything else is walked. */
function seeComparison(seen: Observations, operand: unknown, texts: boolean): void {
  const { left, right } = operand as { left: unknown; right: unknown };
  if (isBareVariable(left) && isLiteral(right)) return collectLiterals(seen, right);
  if (isBareVariable(right) && isLiteral(left)) return collectLiterals(seen, left);
  if (texts && (seeText(seen, left, right) || seeText(seen, right, left))) return;
  walk(seen, left);
  walk(seen, right);
}

/** `resource.name == "ledger"`: whether it is that text, no more. Only for facts that are texts. */
function seeText(seen: Observations, node: unknown, other: unknown): boolean {
  const text = isPlain(other) ? other["Value"] : undefined;
  const { variable, path } = attributePath(node);
  if (typeof text !== "string" || (variable !== "principal" && variable !== "resource")) return false;
  const fact = componentFacts.find((one) => one.path === path.join(".") && one.type === "String");
  if (fact === undefined) return false;
  const { texts } = seen[variable];
  texts.set(fact, (texts.get(fact) ?? new Set()).add(text));
  return true;
}

/** `principal.labels.sensitivity` as variable and path; no variable where it is anything else. */
function attributePath(start: unknown): { readonly variable: unknown; readonly path: readonly string[] } {
  const path: string[] = [];
  let node = start;
  while (isPlain(node) && "." in node) {
    const { left, attr } = node["."] as { left: unknown; attr: string };
    path.unshift(attr);
    node = left;
  }
  return { variable: path.length > 0 && isPlain(node) ? node["Var"] : undefined, path };
}

function isBareVariable(node: unknown): boolean {
  return isPlain(node) && (node["Var"] === "principal" || node["Var"] === "resource");
}

function isLiteral(node: unknown): boolean {
  if (!isPlain(node)) return false;
  if ("Value" in node) return true;
  const set = node["Set"];
  return Array.isArray(set) && set.every(isLiteral);
}

/** `principal.labels.sensitivity`, or `principal has labels.sensitivity`: that path of that variable, no more. */
function seeAttribute(seen: Observations, operand: unknown): void {
  const path: string[] = [];
  let node: unknown = { ".": operand };
  while (isPlain(node) && ("." in node || "has" in node)) {
    const { left, attr } = (node["."] ?? node["has"]) as { left: unknown; attr: string | readonly string[] };
    path.unshift(...(typeof attr === "string" ? [attr] : attr));
    node = left;
  }
  const variable = isPlain(node) ? node["Var"] : undefined;
  if (variable === "principal" || variable === "resource") return seePath(seen[variable], path.join("."));
  if (variable === "context" && path[0] !== undefined && contextNames.has(path[0]))
    return void seen.context.add(path[0]);
  // An attribute of a computed or written-out entity: it may be the principal or the resource in disguise.
  seeAll(seen);
}

function seePath(component: ObservedComponent, path: string): void {
  const read = componentFacts.filter((fact) => fact.path === path || fact.path.startsWith(`${path}.`));
  if (read.length === 0) return seeWholeComponent(component);
  for (const fact of read) component.facts.add(fact);
}

/** A variable on its own, where anything may be done with it. The action is always told apart. */
function seeWhole(seen: Observations, variable: unknown): void {
  if (variable === "principal" || variable === "resource") return seeWholeComponent(seen[variable]);
  if (variable === "context") return seeContext(seen);
  if (variable !== "action") seeAll(seen);
}

function seeAll(seen: Observations): void {
  seeWholeComponent(seen.principal);
  seeWholeComponent(seen.resource);
  seeContext(seen);
}

function seeWholeComponent(component: ObservedComponent): void {
  for (const fact of componentFacts) component.facts.add(fact);
}

function seeContext(seen: Observations): void {
  for (const name of contextNames) seen.context.add(name);
}

/** Gathers the entities written out anywhere below `node`: `{type, id}`, bare or under `__entity`. */
function collectLiterals(seen: Observations, node: unknown): void {
  for (const { type, id } of entityLiterals(node)) {
    if (type === "Workload") seen.principal.names.add(id);
    else if (type === "Component") seen.resource.names.add(id);
  }
}

/** Whether `node` is an object of Cedar's JSON. A record key `__proto__` would hide its value behind the prototype. */
function isPlain(node: unknown): node is Node {
  return typeof node === "object" && node !== null && Object.getPrototypeOf(node) === Object.prototype;
}
