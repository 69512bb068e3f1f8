/**
 * An estate's components by number, and what policies' parts come to on each. In: a snapshot. Out: for an expression of
 * one side, which components give the same value; and the environments in which whole policies are evaluated.
 */
import type { Expr } from "@cedar-policy/cedar-wasm/nodejs";
import type { Action, Namespace } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import { compileExpression } from "../cedar/compile-expression.ts";
import type { Environment } from "../cedar/environment.ts";
import { EvaluationError } from "../cedar/evaluation-error.ts";
import type { Value } from "../cedar/value.ts";
import { CedarRequests } from "../cedar-requests.ts";
import { entityIdOf } from "../cedar-schema.ts";
import type { RequestContext } from "../decision.ts";
import type { Component, Snapshot } from "../snapshot.ts";
import { setOf, type IndexSet } from "./index-set.ts";
import type { Part } from "./policy-parts.ts";

export type Role = "principal" | "resource";

/** What one expression comes to on every component. */
export interface Valuation {
  /** By component, the number of its value. */
  readonly ids: Int32Array;
  /** Values by number, as text that is the same for equal values and no others. */
  readonly values: readonly string[];
}

export const trueText = "true";
export const falseText = "false";
const errorText = "!";

/** Valuations of all components that are kept; each is four bytes a component. */
const maxKept = 2_000;

export const anyContext: RequestContext = {
  assurance: "x509-svid",
  route: "",
  method: "GET",
  stream: false,
  external: false,
};

export class Universe {
  readonly components: readonly Component[];
  readonly numbers: ReadonlyMap<SpiffeId, number>;
  readonly all: Int32Array;
  /** By the name that policies write. */
  readonly byName: ReadonlyMap<string, number>;
  readonly byNamespace: ReadonlyMap<Namespace, Int32Array>;
  readonly #requests: CedarRequests;
  /** Each component as both sides of a request: an expression of one side reads no more. */
  readonly #environments: readonly Environment[];
  readonly #valuations = new Map<string, Valuation>();
  readonly #members = new Map<string, ReadonlyMap<string, Int32Array>>();

  constructor({ components, trustDomain }: Pick<Snapshot, "components" | "trustDomain">) {
    this.components = [...components.values()];
    this.all = Int32Array.from(this.components.keys());
    this.numbers = new Map(this.components.map(({ id }, number) => [id, number]));
    this.byName = new Map(this.components.map(({ id }, number) => [entityIdOf(id, trustDomain) as string, number]));
    const byNamespace = Map.groupBy(this.all, (number) => this.component(number).namespace);
    this.byNamespace = new Map([...byNamespace].map(([name, members]) => [name, Int32Array.from(members)]));
    this.#requests = new CedarRequests(trustDomain);
    this.#environments = this.components.map((_, number) =>
      this.environment(number, "read", number, anyContext, noWindows),
    );
  }

  get size(): number {
    return this.components.length;
  }

  component(number: number): Component {
    return this.components[number] as Component;
  }

  set(members: readonly number[] | Int32Array): IndexSet {
    return setOf(members, this.size);
  }

  environment(
    from: number,
    action: Action,
    to: number,
    context: RequestContext,
    windows: readonly string[],
  ): Environment {
    const principal = this.component(from);
    const resource = this.component(to);
    const request = { principal: principal.id, action, resource: resource.id, context };
    const environment = this.#requests.environment({ request, principal, resource, windows });
    if (typeof environment === "string") throw new Error(environment);
    return environment;
  }

  /** What a part of one side comes to on some components, one after another. */
  valuesOn(part: Part, members: Int32Array): readonly string[] {
    const evaluate = compileExpression(part.expression);
    return Array.from(members, (member) => textOn(evaluate, this.#environments[member] as Environment));
  }

  /** What a part comes to on every component. */
  valuation(role: Role, part: Part): Valuation {
    const key = `${role} ${part.text}`;
    const kept = this.#valuations.get(key);
    if (kept !== undefined) return kept;
    const literal = part.literal === undefined ? undefined : this.#literalValuation(role, part.literal);
    if (literal !== undefined) return literal;
    const values: string[] = [];
    const numbers = new Map<string, number>();
    const ids = new Int32Array(this.size);
    for (const [member, text] of this.valuesOn(part, this.all).entries()) {
      let number = numbers.get(text);
      if (number === undefined) {
        numbers.set(text, (number = values.length));
        values.push(text);
      }
      ids[member] = number;
    }
    const valuation = { ids, values };
    if (this.#valuations.size < maxKept) this.#valuations.set(key, valuation);
    return valuation;
  }

  /** The components on which a part comes to each value. */
  membersBy(role: Role, part: Part): ReadonlyMap<string, Int32Array> {
    const key = `${role} ${part.text}`;
    let members = this.#members.get(key);
    if (members === undefined) {
      const { ids, values } = this.valuation(role, part);
      const grouped = Map.groupBy(this.all, (member) => values[ids[member] ?? 0] ?? "");
      members = new Map([...grouped].map(([value, list]) => [value, Int32Array.from(list)]));
      this.#members.set(key, members);
    }
    return members;
  }

  /** Those on which `path == "text"` holds. */
  membersEqual(role: Role, { path, value }: { readonly path: Expr; readonly value: string }): Int32Array {
    return this.membersBy(role, pathPart(path)).get(textOfValue(value)) ?? none;
  }

  #literalValuation(role: Role, literal: { readonly path: Expr; readonly value: string }): Valuation | undefined {
    const ids = new Int32Array(this.size);
    for (const member of this.membersEqual(role, literal)) ids[member] = 1;
    return { ids, values: [falseText, trueText] };
  }
}

const none = new Int32Array(0);
const noWindows: readonly string[] = Object.freeze([]);

function pathPart(path: Expr): Part {
  return { text: JSON.stringify(path), expression: path };
}

function textOn(evaluate: (environment: Environment) => Value, environment: Environment): string {
  try {
    return textOfValue(evaluate(environment));
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof RangeError) return errorText;
    throw error;
  }
}

/** Equal values, and only they, have the same text. */
function textOfValue(value: Value): string {
  if (typeof value === "string") return `"${value.length}:${value}`;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "object") return `#${value};`;
  switch (value.kind) {
    case "entity":
      return `@${value.key.length}:${value.key}`;
    case "set":
      return `{${value.elements.map(textOfValue).toSorted().join("")}}`;
    case "record":
      return `(${[...value.fields]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, field]) => textOfValue(name) + textOfValue(field))
        .join("")})`;
    case "ipaddr":
      return `ip ${value.family}/${value.address}/${value.prefix};`;
    default:
      return `${value.kind} ${value.amount};`;
  }
}
