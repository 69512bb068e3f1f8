/**
 * Who may reach what in one setting. In: rules as relations. Out: for each principal the set of resources, composed: what
 * permits say, less what forbids, boundaries and failing policies take.
 *
 * Principals that only large classes tell apart share one composition. The few that a rule names are composed by themselves,
 * from their group's: what the rule says of the group and not of them is taken out again, by counts.
 */
import { addTo, clearBit, forEachMember, hasBit, setBit, wordsFor, type Bits, type IndexSet } from "./index-set.ts";
import type { Relation, Rule } from "./rules.ts";
import { Refinement, type Side } from "./sides.ts";
import type { Universe } from "./universe.ts";

/** How often something is said of a resource: at least once, and more often. */
export interface Said {
  readonly once: Bits;
  readonly more: Bits;
}

/** What is said of one principal's resources, or of those of a whole group. */
export interface Composed {
  readonly permits: Said;
  readonly forbids: Said;
  /** Boundaries, policies that cannot be evaluated, demands that are not met. */
  readonly walls: Bits;
}

export interface Active {
  readonly rule: Rule;
  readonly relation: Relation;
}

/** Who is composed together: those of a group whom no rule singles out, or one whom some do. */
export interface Group {
  readonly group: number;
  readonly members: readonly number[];
  readonly composed: Composed;
  /** Of one alone: what is said of it, and whether others of its group are composed together. */
  readonly own?: Own & { readonly beside: boolean };
}

/** How the classes of one side lie in the groups. */
interface Plan {
  /** By group: the class that its members are in; -1 where the rule says nothing of them. */
  readonly classOfGroup: Int32Array;
  /** Those who are not in their group's class, with theirs. */
  readonly singled: readonly (readonly [member: number, own: number])[];
}

/** A class, or what lies outside of all, of at most so many is singled out. */
export const defaultSingledUpTo = 32;

export class Groups {
  readonly count: number;
  readonly groupOf: Int32Array;
  readonly #universe: Universe;
  readonly #singledUpTo: number;
  readonly #plans = new Map<Side, Plan>();
  readonly #members: readonly (readonly number[])[];

  constructor(universe: Universe, sides: Iterable<Side>, singledUpTo: number) {
    this.#universe = universe;
    this.#singledUpTo = singledUpTo;
    const distinct = new Set(sides);
    const groups = new Refinement(universe.size);
    for (const side of distinct) {
      const large = this.#large(side);
      if (large.classes.length > 1) groups.by(large.numbers);
    }
    this.groupOf = groups.classes;
    this.#members = groups.groups();
    this.count = this.#members.length;
    for (const side of distinct) this.#plans.set(side, this.#plan(side));
  }

  members(group: number): readonly number[] {
    return this.#members[group] ?? [];
  }

  plan(side: Side): Plan {
    return this.#plans.get(side) as Plan;
  }

  /** Every component's class where that is large; the most frequent large one stands in for the others. */
  #large(side: Side): { readonly classes: readonly number[]; readonly numbers: Int32Array } {
    const { size } = this.#universe;
    const inside = side.reduce((sum, one) => sum + one.size, 0);
    const sizes = [...side.map((one) => one.size), size - inside];
    const outside = side.length;
    const classes = sizes.flatMap((of, one) => (of > this.#singledUpTo ? [one] : []));
    const [first = 0] = classes.toSorted((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
    if (classes.length < 2) return { classes: [first], numbers: none };
    const numbers = this.#classNumbers(side);
    const kept = new Set(classes);
    for (let member = 0; member < size; member += 1) {
      const own = numbers[member] ?? -1;
      const known = own === -1 ? outside : own;
      numbers[member] = kept.has(known) ? known : first;
    }
    return { classes, numbers };
  }

  #classNumbers(side: Side): Int32Array {
    const numbers = new Int32Array(this.#universe.size).fill(-1);
    for (const [number, { members }] of side.entries()) forEachMember(members, (member) => (numbers[member] = number));
    return numbers;
  }

  #plan(side: Side): Plan {
    const { size } = this.#universe;
    const inside = side.reduce((sum, one) => sum + one.size, 0);
    const classOfGroup = new Int32Array(this.count).fill(-1);
    // Most policies name one component: nobody else is looked at.
    if (inside <= this.#singledUpTo) {
      const singled: [number, number][] = [];
      for (const [own, { members }] of side.entries()) forEachMember(members, (member) => singled.push([member, own]));
      return { classOfGroup, singled };
    }
    const numbers = this.#classNumbers(side);
    const votes = this.#majority(side, numbers);
    classOfGroup.set(votes);
    const singled: [number, number][] = [];
    for (let member = 0; member < size; member += 1) {
      const own = numbers[member] ?? -1;
      if (own !== classOfGroup[this.groupOf[member] ?? 0]) singled.push([member, own]);
    }
    return { classOfGroup, singled };
  }

  /** By group, a class that is not too small to stand for it. */
  #majority(side: Side, numbers: Int32Array): Int32Array {
    const outside = this.#universe.size - side.reduce((sum, one) => sum + one.size, 0);
    const sizeOf = (own: number): number => (own === -1 ? outside : (side[own]?.size ?? 0));
    return Int32Array.from(this.#members, (members) => {
      let best = numbers[members[0] ?? 0] ?? -1;
      for (const member of members) {
        if (sizeOf(best) > this.#singledUpTo) break;
        const own = numbers[member] ?? -1;
        if (sizeOf(own) > sizeOf(best)) best = own;
      }
      return best;
    });
  }

  /** What is said of everybody: each group's members who are not singled out, and every other one alone. */
  *compose(active: readonly Active[]): Generator<Group> {
    const shared = Array.from({ length: this.count }, () => new Sayings(this.#universe.size));
    const singled = new Map<number, Own>();
    const ownOf = (member: number): Own => {
      let own = singled.get(member);
      if (own === undefined) singled.set(member, (own = { added: [], removed: [] }));
      return own;
    };
    for (const one of active) {
      const plan = this.plan(one.rule.principals);
      const mixed = plan.singled.length > 0;
      for (let group = 0; group < this.count; group += 1) {
        const own = plan.classOfGroup[group] ?? -1;
        if (own >= 0) shared[group]?.say(one, own, mixed);
      }
      for (const [member, own] of plan.singled) {
        if (own >= 0 && speaks(one, own)) ownOf(member).added.push([one, own]);
        const instead = plan.classOfGroup[this.groupOf[member] ?? 0] ?? -1;
        if (instead >= 0 && speaks(one, instead)) ownOf(member).removed.push([one, instead]);
      }
    }
    const together = new Set<number>();
    for (const [group, sayings] of shared.entries()) {
      const members = this.members(group).filter((member) => !singled.has(member));
      if (members.length === 0) continue;
      together.add(group);
      yield { group, members, composed: sayings.composed() };
    }
    for (const [member, own] of singled) {
      const group = this.groupOf[member] ?? 0;
      const composed = (shared[group] as Sayings).composedFor(own);
      yield { group, members: [member], composed, own: { ...own, beside: together.has(group) } };
    }
  }
}

const none = new Int32Array(0);

/** What a rule says of one class of its principals. */
export type Saying = readonly [active: Active, ofClass: number];

export interface Own {
  readonly added: Saying[];
  /** What is said of the group, and not of this one. */
  readonly removed: Saying[];
}

function speaks({ relation }: Active, own: number): boolean {
  return relation.matches[own] !== undefined || relation.walls[own] !== undefined;
}

const kinds = ["permit", "forbid", "wall"] as const;
type Kind = (typeof kinds)[number];

function* saidBy({ rule, relation }: Active, own: number): Generator<readonly [Kind, IndexSet]> {
  const match = relation.matches[own];
  const wall = relation.walls[own];
  if (match !== undefined && !rule.conditional) yield [rule.effect === "boundary" ? "wall" : rule.effect, match];
  if (wall !== undefined) yield ["wall", wall];
}

/** What is said of one group's resources. What may have to be taken out again is counted. */
class Sayings {
  readonly #bound: number;
  readonly #plain: Record<Kind, { once: Bits; more: Bits }>;
  readonly #counted: Record<Kind, Uint16Array | undefined> = { permit: undefined, forbid: undefined, wall: undefined };
  #whole: Record<Kind, { once: Bits; more: Bits }> | undefined;

  constructor(bound: number) {
    this.#bound = bound;
    const empty = (): { once: Bits; more: Bits } => ({
      once: new Uint32Array(wordsFor(bound)),
      more: new Uint32Array(wordsFor(bound)),
    });
    this.#plain = { permit: empty(), forbid: empty(), wall: empty() };
  }

  say(active: Active, own: number, counted: boolean): void {
    for (const [kind, set] of saidBy(active, own))
      if (counted) {
        const counts = (this.#counted[kind] ??= new Uint16Array(this.#bound));
        forEachMember(set, (member) => (counts[member] = (counts[member] ?? 0) + 1));
      } else sayTo(this.#plain[kind], set);
  }

  composed(): Composed {
    const { permit, forbid, wall } = (this.#whole ??= this.#together());
    return { permits: permit, forbids: forbid, walls: wall.once };
  }

  #together(): Record<Kind, { once: Bits; more: Bits }> {
    const whole = { ...this.#plain };
    for (const kind of kinds) {
      const counts = this.#counted[kind];
      if (counts === undefined) continue;
      const said = copyOf(whole[kind]);
      for (let member = 0; member < this.#bound; member += 1) {
        const count = counts[member] ?? 0;
        if (count > 0) sayAgain(said, member, count);
      }
      whole[kind] = said;
    }
    return whole;
  }

  /** The same with what is said of one member alone, and without what is not said of it. */
  composedFor({ added, removed }: Own): Composed {
    const group = (this.#whole ??= this.#together());
    const own = { permit: copyOf(group.permit), forbid: copyOf(group.forbid), wall: copyOf(group.wall) };
    for (const kind of kinds) {
      const taken = new Map<number, number>();
      for (const [active, instead] of removed)
        for (const [of, set] of saidBy(active, instead))
          if (of === kind) forEachMember(set, (member) => taken.set(member, (taken.get(member) ?? 0) + 1));
      for (const [member, times] of taken) {
        clearBit(own[kind].once, member);
        clearBit(own[kind].more, member);
        const plain = this.#plain[kind];
        const before = hasBit(plain.more, member) ? 2 : hasBit(plain.once, member) ? 1 : 0;
        const left = before + (this.#counted[kind]?.[member] ?? 0) - times;
        if (left > 0) sayAgain(own[kind], member, left);
      }
    }
    for (const [active, at] of added) for (const [kind, set] of saidBy(active, at)) sayTo(own[kind], set);
    return { permits: own.permit, forbids: own.forbid, walls: own.wall.once };
  }
}

function copyOf({ once, more }: Said): { once: Bits; more: Bits } {
  return { once: once.slice(), more: more.slice() };
}

function sayAgain(said: Said, member: number, times: number): void {
  if (hasBit(said.once, member) || times > 1) setBit(said.more, member);
  setBit(said.once, member);
}

function sayTo({ once, more }: Said, set: IndexSet): void {
  if (set instanceof Int32Array) {
    for (const member of set) sayAgain({ once, more }, member, 1);
    return;
  }
  for (let word = 0; word < once.length; word += 1)
    more[word] = (more[word] ?? 0) | ((once[word] ?? 0) & (set[word] ?? 0));
  addTo(once, set);
}
