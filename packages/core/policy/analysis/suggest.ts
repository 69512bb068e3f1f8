/**
 * Least-privilege policies from what was seen. In: decisions from the ledger. Out: one permit for each principal and
 * resource, with the actions that were used and what each rests on, as Cedar text to read, cut down and keep.
 *
 * A workload that acts for a person takes two permits, one for each of them. A person's says in which way they asked:
 * by themselves, through which workload, by which program. What stood on a grant alone is said and gets no permit: that
 * would make for ever what was let through for a while.
 */
import type { Action, Namespace } from "../../contract/vocabulary.ts";
import type { SpiffeId, TrustDomain } from "../../identity/spiffe-id.ts";
import type { Instant } from "../../instant.ts";
import type { DecisionEntry } from "../../ledger/entry.ts";
import { quoted } from "../cedar/value.ts";
import { entityIdOf } from "../cedar-schema.ts";

/** How often, from when to when, and which entries of the ledger say so. */
interface Seen {
  count: number;
  readonly first: Instant;
  last: Instant;
  readonly firstIndex: number;
  lastIndex: number;
}

/** The way in which a person asked. */
interface Way {
  /** The workload that acted for them. */
  readonly actor: SpiffeId | undefined;
  /** The program that did. */
  readonly client: string | undefined;
  /** Who says that it was them, where they did not prove it. */
  readonly vouchedBy: SpiffeId | undefined;
}

interface Flow {
  readonly principal: SpiffeId;
  /** Of a person. */
  readonly way: Way | undefined;
  readonly resource: SpiffeId;
  readonly namespace: Namespace;
  readonly actions: Map<Action, Seen>;
  /** Actions of a workload that it was seen to do for nobody else. */
  readonly alone: Set<Action>;
  /** The grants that it stood on alone, where it did. */
  readonly grants: Set<string> | undefined;
}

/** Gathers flows; bounded by the pairs that were seen, not by how often. */
export class ObservedFlows {
  readonly #flows = new Map<string, Flow>();

  /** Notes what went through, and what a route that observes let through; a refusal is no reason to permit. */
  add(index: number, entry: DecisionEntry): void {
    const { effect, again, principal, user, reasons } = entry;
    if (effect !== "allow" || again !== undefined) return;
    const grants = reasons.flatMap(({ code, grant }) => (code === "granted" && grant !== undefined ? [grant] : []));
    const permitted = grants.length === 0 || reasons.some(({ code }) => code === "permitted");
    const { client, vouchedBy } = user ?? {};
    if (user?.id === principal)
      return this.#note(index, entry, principal, { actor: undefined, client, vouchedBy }, permitted ? [] : grants);
    this.#note(index, entry, principal, undefined, permitted ? [] : grants);
    // Of two who are asked about, a grant may be either's: the person's half counts as what it let through.
    if (user !== undefined) this.#note(index, entry, user.id, { actor: principal, client, vouchedBy }, grants);
  }

  #note(
    index: number,
    { resource, namespace, action, at, user }: DecisionEntry,
    principal: SpiffeId,
    way: Way | undefined,
    grants: readonly string[],
  ): void {
    const wayKey = way === undefined ? null : [way.actor, way.client, way.vouchedBy].map((part) => part ?? null);
    const key = JSON.stringify([principal, resource, wayKey, grants.length > 0]);
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      const standsOn = grants.length > 0 ? new Set<string>() : undefined;
      flow = { principal, way, resource, namespace, actions: new Map(), alone: new Set(), grants: standsOn };
      this.#flows.set(key, flow);
    }
    for (const grant of grants) if ((flow.grants?.size ?? 0) < mostGrants) flow.grants?.add(grant);
    if (way === undefined && user === undefined) flow.alone.add(action);
    const seen = flow.actions.get(action);
    if (seen === undefined)
      flow.actions.set(action, { count: 1, first: at, last: at, firstIndex: index, lastIndex: index });
    else Object.assign(seen, { count: seen.count + 1, last: at, lastIndex: index });
  }

  /** Principals with a resource, and people by each way in which they asked. */
  get size(): number {
    return this.#flows.size;
  }

  /** Policies by the namespace that must hold them: the resource's. */
  policies(trustDomain: TrustDomain): ReadonlyMap<Namespace, string> {
    const texts = new Map<Namespace, string[]>();
    const writer = new Writer(trustDomain);
    const flows = [...this.#flows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
    for (const flow of [...flows.filter(isLasting), ...flows.filter((each) => !isLasting(each))]) {
      const known = texts.get(flow.namespace) ?? [];
      texts.set(flow.namespace, known);
      known.push(...writer.texts(flow));
    }
    return new Map([...texts].map(([namespace, list]) => [namespace, list.join("\n")]));
  }
}

/** More grants than these are not named one by one. */
const mostGrants = 5;

function isLasting({ grants }: Flow): boolean {
  return grants === undefined;
}

class Writer {
  readonly #trustDomain: TrustDomain;
  readonly #ids = new Map<Namespace, Set<string>>();

  constructor(trustDomain: TrustDomain) {
    this.#trustDomain = trustDomain;
  }

  texts(flow: Flow): readonly string[] {
    if (flow.grants !== undefined) return [this.#granted(flow)];
    if (flow.way !== undefined) return [this.#policy(flow, [...flow.actions], this.#conditionsOf(flow.way))];
    // What a workload did for people alone, it need not be able to do by itself.
    const alone = [...flow.actions].filter(([action]) => flow.alone.has(action));
    const forPeople = [...flow.actions].filter(([action]) => !flow.alone.has(action));
    return [
      ...(alone.length === 0 ? [] : [this.#policy(flow, alone, [])]),
      ...(forPeople.length === 0 ? [] : [this.#policy(flow, forPeople, [`context.user != ""`], "for people")]),
    ];
  }

  #conditionsOf({ actor, client, vouchedBy }: Way): readonly string[] {
    return [
      `context.actor == ${quoted(actor === undefined ? "" : this.#short(actor))}`,
      `context.client == ${quoted(client ?? "")}`,
      ...(vouchedBy === undefined ? [] : [`context.assurance == "vouched"`]),
    ];
  }

  #policy(
    { principal, way, resource, namespace }: Flow,
    actions: readonly (readonly [Action, Seen])[],
    conditions: readonly string[],
    note = "",
  ): string {
    const [from, to] = [this.#short(principal), this.#short(resource)];
    const used = actions.toSorted(([a], [b]) => (a < b ? -1 : 1));
    const names = used.map(([action]) => `Action::"${action}"`);
    const scope = names.length === 1 ? `action == ${names[0]}` : `action in [${names.join(", ")}]`;
    const how = [note, ...this.#words(way)].filter((part) => part !== "");
    return [
      ...used.map(([action, seen]) => evidence(action, seen)),
      `@id(${quoted(this.#idOf(namespace, [from, ...how, to]))})`,
      `@reason(${quoted([`${from} was seen to use ${to}`, ...how].join(", "))})`,
      "permit (",
      `  principal == ${way === undefined ? "Workload" : "User"}::${quoted(from)},`,
      `  ${scope},`,
      `  resource == Component::${quoted(to)}`,
      conditions.length === 0 ? ");" : `) when { ${conditions.join(" && ")} };`,
      "",
    ].join("\n");
  }

  #granted({ principal, way, resource, actions, grants }: Flow): string {
    const who = [this.#short(principal), ...this.#words(way)].join(", ");
    const ids = [...(grants ?? [])].join(", ");
    const lines = [...actions].map(([action, seen]) => evidence(action, seen));
    const more = (grants?.size ?? 0) < mostGrants ? "" : " and perhaps more";
    const words = `No permit: ${who} was seen to use ${this.#short(resource)} by grant ${ids}${more}, which ends by itself.`;
    return [
      `// ${words.replaceAll(/[\p{C}\p{Z}]+/gu, " ")}`, // a program's name must not end the comment
      ...lines,
      "",
    ].join("\n");
  }

  #words(way: Way | undefined): readonly string[] {
    if (way === undefined) return [];
    return [
      ...(way.actor === undefined ? [] : [`through ${this.#short(way.actor)}`]),
      ...(way.client === undefined ? [] : [`by the program ${way.client}`]),
      ...(way.vouchedBy === undefined ? [] : [`vouched for by ${this.#short(way.vouchedBy)}`]),
    ];
  }

  #short(id: SpiffeId): string {
    return entityIdOf(id, this.#trustDomain);
  }

  /** An id that no other policy of the namespace has here. */
  #idOf(namespace: Namespace, parts: readonly string[]): string {
    const taken = this.#ids.get(namespace) ?? new Set<string>();
    this.#ids.set(namespace, taken);
    const stem = ["seen", ...parts]
      .join("-")
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .slice(0, 110)
      .replace(/-$/, "");
    let id = stem;
    for (let n = 2; taken.has(id); n += 1) id = `${stem}-${n}`;
    taken.add(id);
    return id;
  }
}

function evidence(action: Action, { count, first, last, firstIndex, lastIndex }: Seen): string {
  const calls = `${count} ${count === 1 ? "call" : "calls"}`;
  return `// ${action}: ${calls}, ${day(first)} to ${day(last)}, entries ${firstIndex} to ${lastIndex}`;
}

function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
