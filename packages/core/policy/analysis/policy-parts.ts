/**
 * What each side contributes to a policy. In: a policy in Cedar's JSON form. Out: its largest parts that read the principal
 * alone and the resource alone, and which fields of the context it reads.
 *
 * A policy's outcome is a function of what these parts come to, the action and the context: an expression is made of
 * its operands. So principals for which every part comes to the same are the same to this policy, whatever they are called
 * (sides.ts). The analysis is closed: a shape that it does not know counts as reading both sides whole.
 */
import type { Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { contextFacts } from "../cedar-schema.ts";
import { conjunctsIn } from "../cedar/compile-policy.ts";
import { pathOf } from "../cedar/policy-openings.ts";

/** An expression with its text, by which equal ones are found. */
export interface Part {
  readonly text: string;
  readonly expression: Expr;
  /** `path == "text"` with the path of one side, which an index answers. */
  readonly literal?: { readonly path: Expr; readonly value: string };
}

/** `a == b` or `a != b`, one operand of each side. */
export interface Join {
  readonly principal: Part;
  readonly resource: Part;
}

export interface PolicyParts {
  /** Tests of one side that stand before everything that could fail: where one does not hold, the policy says nothing. */
  readonly tests: { readonly principal: readonly Part[]; readonly resource: readonly Part[] };
  readonly principal: readonly Part[];
  readonly resource: readonly Part[];
  /** The parts once more without those that are only ever compared by the one join there is. */
  readonly joined?: { readonly join: Join; readonly principal: readonly Part[]; readonly resource: readonly Part[] };
  readonly context: ContextReads;
  readonly readsAction: boolean;
}

/** Fields that are read; with texts, that are only compared with those. */
export type ContextReads = ReadonlyMap<string, ReadonlySet<string> | "whole">;

type Side = "principal" | "resource";
interface Reads {
  readonly principal: boolean;
  readonly resource: boolean;
  readonly other: boolean;
}

const contextNames: readonly string[] = [...Object.keys(contextFacts), "windows", "findings"];

export function partsOf({ conditions }: Pick<PolicyJson, "conditions">): PolicyParts {
  const tests = { principal: [] as Part[], resource: [] as Part[] };
  const rest: Expr[] = [];
  let mayFail = false;
  for (const conjunct of conditions.flatMap(conjunctsIn)) {
    const reads = readsOf(conjunct);
    const side = oneSide(reads);
    const failing = canFail(conjunct);
    if (!mayFail && side !== undefined) tests[side].push(partOf(conjunct, side));
    // Where a test fails, the policy does say something.
    if (mayFail || side === undefined || failing) rest.push(conjunct);
    mayFail ||= failing;
  }
  const found = new Collector();
  for (const conjunct of rest) found.walk(conjunct, undefined);
  for (const conjunct of conditions.flatMap(conjunctsIn)) found.readContext(conjunct);
  return {
    tests,
    ...found.parts(),
    context: found.context,
    readsAction: conditions.some(({ body }) => hasAction(body)),
  };
}

class Collector {
  readonly #sides = { principal: new Map<string, Part>(), resource: new Map<string, Part>() };
  readonly #joins = new Map<string, Join>();
  /** Parts that stand somewhere else than in a join. */
  readonly #outside = new Set<string>();
  readonly context = new Map<string, Set<string> | "whole">();

  walk(node: Expr, join: Join | undefined): void {
    const side = oneSide(readsOf(node));
    if (side !== undefined) {
      const part = partOf(node, side);
      this.#sides[side].set(part.text, part);
      if (join === undefined) this.#outside.add(`${side} ${part.text}`);
      return;
    }
    if (isOpaque(node)) {
      this.walk({ Var: "principal" }, undefined);
      this.walk({ Var: "resource" }, undefined);
    }
    const here = joinOf(node);
    if (here !== undefined) this.#joins.set(`${here.principal.text} ${here.resource.text}`, here);
    for (const child of childrenOf(node)) this.walk(child, here);
  }

  readContext(node: Expr): void {
    const [operator, operand] = Object.entries(node)[0] ?? [];
    if (operator === "==" || operator === "!=") {
      const { left, right } = operand as { left: Expr; right: Expr };
      if (this.#readText(left, right) || this.#readText(right, left)) return;
    }
    const name = contextField(node);
    if (name !== undefined) return void this.context.set(name, "whole");
    if ("Var" in node && node.Var === "context") for (const each of contextNames) this.context.set(each, "whole");
    for (const child of childrenOf(node)) this.readContext(child);
  }

  #readText(field: Expr, text: Expr): boolean {
    const name = contextField(field);
    if (name === undefined || !("Value" in text) || typeof text.Value !== "string") return false;
    const known = this.context.get(name) ?? new Set<string>();
    if (known !== "whole") this.context.set(name, known.add(text.Value));
    return true;
  }

  parts(): Pick<PolicyParts, "principal" | "resource" | "joined"> {
    const principal = [...this.#sides.principal.values()];
    const resource = [...this.#sides.resource.values()];
    const [join, ...more] = this.#joins.values();
    if (join === undefined || more.length > 0) return { principal, resource };
    const without = (side: Side, parts: readonly Part[]): readonly Part[] =>
      parts.filter(({ text }) => text !== join[side].text || this.#outside.has(`${side} ${text}`));
    return {
      principal,
      resource,
      joined: { join, principal: without("principal", principal), resource: without("resource", resource) },
    };
  }
}

function joinOf(node: Expr): Join | undefined {
  const [operator, operand] = Object.entries(node)[0] ?? [];
  if (operator !== "==" && operator !== "!=") return undefined;
  const { left, right } = operand as { left: Expr; right: Expr };
  const sides = [oneSide(readsOf(left)), oneSide(readsOf(right))];
  if (sides[0] === "principal" && sides[1] === "resource")
    return { principal: partOf(left, "principal"), resource: partOf(right, "resource") };
  if (sides[0] === "resource" && sides[1] === "principal")
    return { principal: partOf(right, "principal"), resource: partOf(left, "resource") };
  return undefined;
}

function partOf(expression: Expr, side: Side): Part {
  const text = textOf(expression);
  const literal = literalOf(expression, side);
  return { text, expression, ...(literal === undefined ? {} : { literal }) };
}

function literalOf(node: Expr, side: Side): Part["literal"] {
  if (!("==" in node)) return undefined;
  const { left, right } = node["=="] as { left: Expr; right: Expr };
  const [value, path] = isText(right) ? [right.Value, left] : isText(left) ? [left.Value, right] : [];
  if (value === undefined || path === undefined || pathOf(path)?.role !== side) return undefined;
  return { path, value };
}

function isText(node: Expr): node is { Value: string } {
  return "Value" in node && typeof node.Value === "string";
}

/** Text of JSON in which a long may be a bigint. */
export function textOf(json: unknown): string {
  return JSON.stringify(json, (_, value: unknown) => (typeof value === "bigint" ? `\u{f8ff}${value}` : value));
}

function oneSide({ principal, resource, other }: Reads): Side | undefined {
  if (other || principal === resource) return undefined;
  return principal ? "principal" : "resource";
}

const known = new WeakMap<Expr, Reads>();

function readsOf(node: Expr): Reads {
  let reads = known.get(node);
  if (reads === undefined) known.set(node, (reads = findReads(node)));
  return reads;
}

function findReads(node: Expr): Reads {
  if ("Var" in node)
    return {
      principal: node.Var === "principal",
      resource: node.Var === "resource",
      other: node.Var !== "principal" && node.Var !== "resource",
    };
  const children = childrenOf(node).map(readsOf);
  const opaque = isOpaque(node);
  return {
    principal: opaque || children.some(({ principal }) => principal),
    resource: opaque || children.some(({ resource }) => resource),
    other: opaque || children.some(({ other }) => other),
  };
}

/** Operators that look at the entity that stands at their left: it must be a variable, or a record reached from one. */
const dereferencing: ReadonlySet<string> = new Set([".", "has", "in", "is", "getTag", "hasTag"]);

/** Whether it may look into an entity that is not named as a variable: that may be the principal, or the resource. */
function isOpaque(node: Expr): boolean {
  const [operator = "", operand] = Object.entries(node)[0] ?? [];
  if (operator === "Slot") return true;
  if (!dereferencing.has(operator)) return false;
  return !isVariablePath((operand as { left: Expr }).left);
}

function isVariablePath(start: Expr): boolean {
  let node = start;
  while ("." in node) node = (node["."] as { left: Expr }).left;
  return "Var" in node;
}

/** The operands of a node. */
function childrenOf(node: Expr): readonly Expr[] {
  const [operator = "", operand] = Object.entries(node)[0] ?? [];
  switch (operator) {
    case "Value":
    case "Var":
    case "Slot":
      return [];
    case "Set":
      return operand as Expr[];
    case "Record":
      return Object.values(operand as Record<string, Expr>);
    case "if-then-else": {
      const branch = operand as { if: Expr; then: Expr; else: Expr };
      return [branch.if, branch.then, branch.else];
    }
    default: {
      if (Array.isArray(operand)) return operand as Expr[];
      const { left, right, arg, in: within } = operand as Partial<Record<"left" | "right" | "arg" | "in", Expr>>;
      return [left, right, arg, within].filter((part) => part !== undefined);
    }
  }
}

/**
 * Operators whose evaluation cannot fail on operands of the right type, which strict validation holds policies to. An
 * attribute of a component is always there.
 */
const safe: ReadonlySet<string> = new Set(
  "Value Var Set && || ! == != < <= > >= . has in is like contains containsAll containsAny isEmpty if-then-else".split(
    " ",
  ),
);

function canFail(node: Expr): boolean {
  const [operator = ""] = Object.keys(node);
  return !safe.has(operator) || isOpaque(node) || childrenOf(node).some(canFail);
}

function hasAction(node: Expr): boolean {
  return ("Var" in node && node.Var === "action") || childrenOf(node).some(hasAction);
}

/** `context.route`: the field's name; a path further in reads that field. */
function contextField(node: Expr): string | undefined {
  const [operator, operand] = Object.entries(node)[0] ?? [];
  if (operator !== "." && operator !== "has") return undefined;
  const { left, attr } = operand as { left: Expr; attr: string | readonly string[] };
  const [first] = typeof attr === "string" ? [attr] : attr;
  if ("Var" in left) return left.Var === "context" ? first : undefined;
  return "." in left ? contextField(left) : undefined;
}
