/**
 * When what is only observed can be enforced. In: a snapshot, and decisions from the ledger. Out: for each route, boundary and
 * forbid that observes, how many of the calls that went through it would refuse, which, and since when none. Each call is
 * decided again by what the configuration says now, at its own time: what was mended since does not count.
 */
import type { Boundary } from "../../contract/vocabulary.ts";
import type { Instant } from "../../instant.ts";
import type { DecisionEntry } from "../../ledger/entry.ts";
import type { AnalysablePolicies } from "../cedar-engine.ts";
import { decide } from "../decide.ts";
import type { Reason } from "../decision.ts";
import { isObserved } from "../observed-policy.ts";
import type { Snapshot } from "../snapshot.ts";

export interface ObservedItem {
  readonly kind: "route" | "boundary" | "policy";
  /** `namespace/name` of a route, a boundary, `namespace/id` of a policy. */
  readonly name: string;
  /** Calls that it had a say in. */
  readonly seen: number;
  readonly wouldDeny: number;
  /** The newest that it would refuse. */
  readonly last: Instant | undefined;
  /** Those that are alike together; the most frequent first. */
  readonly groups: readonly ObservedGroup[];
  /** `safe`: it saw calls of a whole week at least, and would have refused none. */
  readonly verdict: "safe" | "would deny" | "too early" | "nothing seen";
}

export interface ObservedGroup {
  readonly what: string;
  readonly why: string;
  readonly count: number;
  readonly last: Instant;
}

/** What a route in observe mode softens; everything else is refused there too. */
const softened: ReadonlySet<Reason["code"]> = new Set([
  "no-permit",
  "forbidden",
  "policy-error",
  "step-up-required",
  "restricted",
]);

const weekMs = 7 * 86_400_000;
/** Different refusals that one item keeps apart; more are counted with the last. */
const maxGroups = 1_000;

interface Item {
  readonly kind: ObservedItem["kind"];
  readonly name: string;
  seen: number;
  first: Instant;
  newest: Instant;
  readonly groups: Map<string, { what: string; why: string; count: number; last: Instant }>;
}

export class ObservedReport {
  readonly #snapshot: Snapshot;
  readonly #items = new Map<string, Item>();

  constructor(snapshot: Snapshot, policies: AnalysablePolicies) {
    this.#snapshot = snapshot;
    for (const route of snapshot.observing.keys()) this.#open("route", route);
    for (const [boundary, mode] of Object.entries(snapshot.boundaries.modes))
      if (mode === "observe") this.#open("boundary", boundary);
    for (const { namespace, id, json } of policies.analysed)
      if (isObserved(json.annotations)) this.#open("policy", `${namespace}/${id}`);
  }

  #open(kind: Item["kind"], name: string): void {
    const item = { kind, name, seen: 0, first: Infinity, newest: -Infinity, groups: new Map() };
    this.#items.set(`${kind} ${name}`, item);
  }

  /** @param shortName components in words */
  add(entry: DecisionEntry, shortName: (id: DecisionEntry["principal"]) => string): void {
    // What was refused then is not waiting for anything.
    if (entry.effect !== "allow") return;
    const { principal, action, resource, context, user, call, at } = entry;
    const asked = { principal, action, resource, context, ...(user && { user }), ...(call && { call }) };
    const now = decide(this.#snapshot, asked, { ...entry.signals, snapshotAgeMs: 0 }, at);
    const namespace = this.#snapshot.components.get(resource)?.namespace ?? entry.namespace;
    const route = entry.via ?? `${namespace}/${context.route}`;
    const own = this.#snapshot.components.get(principal)?.namespace;
    for (const item of this.#items.values()) {
      const policyNamespace = item.name.split("/")[0];
      if (item.kind === "route" && item.name !== route) continue;
      if (item.kind === "policy" && policyNamespace !== namespace && policyNamespace !== own) continue;
      item.seen += 1;
      item.first = Math.min(item.first, at);
      item.newest = Math.max(item.newest, at);
    }
    const what = `${shortName(principal)} ${action} ${shortName(resource)}`;
    if (now.effect === "deny") {
      const why = now.reasons.filter(({ code }) => softened.has(code));
      if (why.length > 0) this.#note(`route ${route}`, what, why.map(({ words }) => words).join("; "), at);
    }
    for (const { code, boundary, policy, namespace: of, words } of now.observed?.reasons ?? [])
      if (code === "boundary") this.#note(`boundary ${boundary satisfies Boundary | undefined}`, what, words, at);
      else if (policy !== undefined) this.#note(`policy ${of ?? namespace}/${policy}`, what, words, at);
  }

  #note(key: string, what: string, why: string, at: Instant): void {
    const groups = this.#items.get(key)?.groups;
    if (groups === undefined) return;
    const full = groups.size >= maxGroups ? "others" : `${what}\n${why}`;
    const group = groups.get(full);
    if (group === undefined) groups.set(full, { what: full === "others" ? full : what, why, count: 1, last: at });
    else Object.assign(group, { count: group.count + 1, last: Math.max(group.last, at) });
  }

  items(): readonly ObservedItem[] {
    return [...this.#items.values()].map(({ kind, name, seen, first, newest, groups }) => {
      const list = [...groups.values()].toSorted((a, b) => b.count - a.count);
      const wouldDeny = list.reduce((sum, { count }) => sum + count, 0);
      const last = list.length === 0 ? undefined : Math.max(...list.map((group) => group.last));
      const early = newest - first < weekMs ? "too early" : "safe";
      const verdict = wouldDeny > 0 ? "would deny" : seen === 0 ? "nothing seen" : early;
      return { kind, name, seen, wouldDeny, last, groups: list, verdict };
    });
  }
}
