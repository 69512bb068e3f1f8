/**
 * Whom to ask about where the question is about people. In: estates with what their policies are made of. Out: everybody
 * who is enrolled, everybody whom policies name, one member of each group that policies speak of, and one person of each
 * namespace in no group at all. So a change is found for people who come only later, and without the state that knows them.
 */
import { isName, type Namespace } from "../../contract/vocabulary.ts";
import { userId, type SpiffeId } from "../../identity/spiffe-id.ts";
import type { AnalysablePolicies } from "../cedar-engine.ts";
import { entityLiterals } from "../entity-literals.ts";
import type { User } from "../people.ts";
import type { Snapshot } from "../snapshot.ts";

export interface Estate {
  readonly snapshot: Snapshot;
  readonly policies: AnalysablePolicies;
}

/** Somebody, in words, and who that is in each of the estates; absent where they are not enrolled there. */
export interface Somebody {
  readonly words: string;
  readonly in: readonly (User | undefined)[];
}

/** The same people for all estates that are compared. */
export function peopleOf(estates: readonly Estate[]): readonly Somebody[] {
  const [first] = estates;
  if (first === undefined) return [];
  const { trustDomain } = first.snapshot;
  const people = new Map<string, Somebody>();
  const enrolled = new Set(estates.flatMap(({ snapshot }) => [...(snapshot.users?.keys() ?? [])]));
  for (const id of enrolled) {
    const known = estates.map(({ snapshot }) => snapshot.users?.get(id));
    people.set(id, { words: shortUser(known.find((user) => user !== undefined)), in: known });
  }
  const assume = (user: User, words: string): void => {
    if (!people.has(user.id)) people.set(user.id, { words, in: estates.map(() => user) });
  };
  for (const { namespace, name } of namedUsers(estates)) {
    const id = userId(trustDomain, namespace, name);
    if (!enrolled.has(id)) assume(userOf(id, namespace, name, []), `${namespace}/user/${name}, if enrolled`);
  }
  const taken = new Set([...people.keys()] as SpiffeId[]);
  for (const { namespace, groups } of profiles(estates, people)) {
    const name = freeName(namespace, groups, (candidate) => taken.has(userId(trustDomain, namespace, candidate)));
    const words =
      groups.length === 0 ? `anybody of ${namespace}` : `anybody of ${namespace} in ${groups.join(" and ")}`;
    assume(userOf(userId(trustDomain, namespace, name), namespace, name, groups), words);
  }
  return [...people.values()];
}

/** An estate in which these people are enrolled besides. */
export function withPeople(snapshot: Snapshot, people: Iterable<User>): Snapshot {
  const users = new Map(snapshot.users);
  for (const user of people) if (!users.has(user.id)) users.set(user.id, user);
  return { ...snapshot, users };
}

/** Somebody for a question: enrolled, not locked, with these groups. */
export function userOf(id: SpiffeId, namespace: Namespace, name: string, groups: readonly string[]): User {
  return { id, namespace, kind: "user", name, displayName: name, groups: [...new Set(groups)].toSorted() };
}

function shortUser(user: User | undefined): string {
  return user === undefined ? "" : `${user.namespace}/user/${user.name}`;
}

interface Named {
  readonly namespace: Namespace;
  readonly name: string;
}

/** People whom policies name: `User::"default/user/mei"`, `context.user == "default/user/mei"`. */
function namedUsers(estates: readonly Estate[]): readonly Named[] {
  const found = new Map<string, Named>();
  const add = (text: string): void => {
    const [namespace, kind, name, ...more] = text.split("/");
    if (kind !== "user" || namespace === undefined || name === undefined || more.length > 0) return;
    if (isName(namespace) && isName(name)) found.set(text, { namespace: namespace as Namespace, name });
  };
  for (const { policies } of estates)
    for (const { json } of policies.analysed) {
      for (const { type, id } of entityLiterals([json.principal, json.resource, json.conditions]))
        if (type === "User") add(id);
      for (const text of textsIn(json.conditions)) add(text);
    }
  return [...found.values()];
}

interface Profile {
  readonly namespace: Namespace;
  readonly groups: readonly string[];
}

/** Each group by itself, those that one policy speaks of together, those that somebody has, and nobody's. */
function profiles(estates: readonly Estate[], people: ReadonlyMap<string, Somebody>): readonly Profile[] {
  const found = new Map<string, Profile>();
  const add = (namespace: Namespace, groups: readonly string[]): void => {
    const sorted = [...new Set(groups)].toSorted();
    found.set(JSON.stringify([namespace, ...sorted]), { namespace, groups: sorted });
  };
  for (const { snapshot, policies } of estates) {
    for (const { namespace } of snapshot.components.values()) add(namespace, []);
    for (const { namespace, json } of policies.analysed) {
      const named = [...groupsNamed(json.conditions)];
      for (const group of named) add(namespace, [group]);
      if (named.length > 0) add(namespace, named);
    }
  }
  for (const somebody of people.values())
    for (const user of somebody.in) {
      if (user === undefined) continue;
      for (const group of user.groups) add(user.namespace, [group]);
    }
  return [...found.values()];
}

/** Texts that conditions look for in the groups of a person. */
function* groupsNamed(node: unknown): Generator<string> {
  if (typeof node !== "object" || node === null) return;
  for (const [operator, operand] of Object.entries(node)) {
    if (operator.startsWith("contains")) {
      const { left, right } = operand as { left?: unknown; right?: unknown };
      if (isGroups(left) || isGroups(right)) yield* textsIn([left, right]);
    }
    yield* groupsNamed(operand);
  }
}

function isGroups(node: unknown): boolean {
  const attribute = (node as { "."?: { attr?: unknown } } | undefined)?.["."]?.attr;
  return attribute === "groups" || attribute === "userGroups";
}

function* textsIn(node: unknown): Generator<string> {
  if (typeof node !== "object" || node === null) return;
  const { Value: value } = node as { Value?: unknown };
  if (typeof value === "string") yield value;
  for (const child of Object.values(node)) yield* textsIn(child);
}

/** A name that nobody has, and that is the same each time. */
function freeName(namespace: string, groups: readonly string[], isTaken: (name: string) => boolean): string {
  const stem = ["anybody", ...groups]
    .join("-")
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replace(/-+$/, "");
  for (let n = 0; ; n += 1) {
    const name = `${stem.slice(0, 50)}${n === 0 ? "" : `-${n}`}`;
    if (!isTaken(name)) return name;
  }
}
