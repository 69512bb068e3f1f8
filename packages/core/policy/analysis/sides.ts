/**
 * One side of a policy as classes of components. In: the side's scope, tests and parts. Out: classes, each with its members;
 * the policy cannot tell the members of one apart, and says nothing of components that are in none.
 */
import type { Namespace } from "../../contract/vocabulary.ts";
import type { Scope } from "../cedar/compile-policy.ts";
import type { IndexSet } from "./index-set.ts";
import type { Part } from "./policy-parts.ts";
import { falseText, type Role, type Universe } from "./universe.ts";

export interface SideClass {
  /** Stands for all of them. */
  readonly member: number;
  readonly members: IndexSet;
  readonly size: number;
}

export type Side = readonly SideClass[];

export interface SideQuestion {
  readonly role: Role;
  readonly scope: Scope;
  readonly tests: readonly Part[];
  readonly parts: readonly Part[];
  /** Only components of this namespace. */
  readonly only?: Namespace;
  /** Whether a component is of this namespace tells it apart. */
  readonly split?: Namespace;
}

/** Up to so many components an expression is evaluated on each; beyond, on all, and remembered for other policies. */
const directlyUpTo = 256;

const types = { principal: "Workload", resource: "Component" } as const;

export class Sides {
  readonly #universe: Universe;
  readonly #known = new Map<string, Side>();

  constructor(universe: Universe) {
    this.#universe = universe;
  }

  /** The same object for the same question. */
  of(question: SideQuestion): Side {
    const key = keyOf(question);
    let side = this.#known.get(key);
    if (side === undefined) this.#known.set(key, (side = this.#find(question)));
    return side;
  }

  #find({ role, scope, tests, parts, only, split }: SideQuestion): Side {
    let domain = this.#scoped(role, scope);
    if (only !== undefined) domain = domain.filter((member) => this.#universe.component(member).namespace === only);
    for (const test of tests) domain = this.#passing(role, test, domain);
    const classes = new Refinement(domain.length);
    for (const part of parts) classes.by(this.#numbersOn(role, part, domain));
    if (split !== undefined)
      classes.by(domain.map((member) => (this.#universe.component(member).namespace === split ? 1 : 0)));
    return classes.groups().map((places) => {
      const members = Int32Array.from(places, (place) => domain[place] ?? 0);
      return { member: members[0] ?? 0, members: this.#universe.set(members), size: members.length };
    });
  }

  #scoped(role: Role, { is, equals, within }: Scope): Int32Array {
    if (is !== undefined && is !== types[role]) return none;
    if (equals !== undefined) return this.#named(role, equals);
    if (within === undefined) return this.#universe.all;
    const members = new Set<number>();
    for (const group of within) {
      const found =
        group.type === "Namespace"
          ? (this.#universe.byNamespace.get(group.id as Namespace) ?? none)
          : this.#named(role, group);
      for (const member of found) members.add(member);
    }
    return Int32Array.from(members).sort();
  }

  #named(role: Role, { type, id }: { readonly type: string; readonly id: string }): Int32Array {
    const member = type === types[role] ? this.#universe.byName.get(id) : undefined;
    return member === undefined ? none : Int32Array.of(member);
  }

  /** Those for which a test does not come to false. */
  #passing(role: Role, test: Part, domain: Int32Array): Int32Array {
    if (domain.length === 0) return domain;
    if (domain.length <= directlyUpTo) {
      const values = this.#universe.valuesOn(test, domain);
      return domain.filter((_, place) => values[place] !== falseText);
    }
    if (test.literal !== undefined) {
      const equal = this.#universe.membersEqual(role, test.literal);
      if (domain.length === this.#universe.size) return equal;
      const wanted = new Set(equal);
      return domain.filter((member) => wanted.has(member));
    }
    const { ids, values } = this.#universe.valuation(role, test);
    return domain.filter((member) => values[ids[member] ?? 0] !== falseText);
  }

  #numbersOn(role: Role, part: Part, domain: Int32Array): Int32Array {
    if (domain.length <= directlyUpTo) {
      const numbers = new Map<string, number>();
      return Int32Array.from(this.#universe.valuesOn(part, domain), (text) => {
        const number = numbers.get(text) ?? numbers.size;
        numbers.set(text, number);
        return number;
      });
    }
    const { ids } = this.#universe.valuation(role, part);
    return domain.map((member) => ids[member] ?? 0);
  }
}

const none = new Int32Array(0);

function keyOf({ role, scope, tests, parts, only, split }: SideQuestion): string {
  const { is, equals, within } = scope;
  const named = [is ?? "", equals?.key ?? "", within?.map(({ key }) => key) ?? "", only ?? "", split ?? ""];
  return JSON.stringify([role, named, tests.map(({ text }) => text), parts.map(({ text }) => text)]);
}

/** Splits places step by step by the numbers that they have. */
export class Refinement {
  readonly #classes: Int32Array;
  #count: number;

  constructor(size: number) {
    this.#classes = new Int32Array(size);
    this.#count = size > 0 ? 1 : 0;
  }

  by(numbers: Int32Array): void {
    const pairs = new Map<number, number>();
    const width = numbers.reduce((most, number) => Math.max(most, number), 0) + 1;
    for (const [place, number] of numbers.entries()) {
      const pair = (this.#classes[place] ?? 0) * width + number;
      let next = pairs.get(pair);
      if (next === undefined) pairs.set(pair, (next = pairs.size));
      this.#classes[place] = next;
    }
    this.#count = pairs.size;
  }

  get classes(): Int32Array {
    return this.#classes;
  }

  /** Places by class. */
  groups(): readonly (readonly number[])[] {
    const groups: number[][] = Array.from({ length: this.#count }, () => []);
    for (const [place, one] of this.#classes.entries()) groups[one]?.push(place);
    return groups;
  }
}
