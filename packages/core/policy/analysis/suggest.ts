/**
 * Least-privilege policies from what was seen. In: decisions from the ledger. Out: one permit for each principal and
 * resource, with the actions that were used and what each rests on, as Cedar text to read, cut down and keep.
 */
import type { Action, Namespace } from "../../contract/vocabulary.ts";
import type { SpiffeId, TrustDomain } from "../../identity/spiffe-id.ts";
import type { Instant } from "../../instant.ts";
import type { DecisionEntry } from "../../ledger/entry.ts";
import { quoted } from "../cedar/value.ts";
import { entityIdOf } from "../cedar-schema.ts";

interface Flow {
  readonly principal: SpiffeId;
  readonly resource: SpiffeId;
  readonly namespace: Namespace;
  readonly actions: Map<
    Action,
    { count: number; first: Instant; last: Instant; firstIndex: number; lastIndex: number }
  >;
}

/** Gathers flows; bounded by the pairs that were seen, not by how often. */
export class ObservedFlows {
  readonly #flows = new Map<string, Flow>();

  /** Notes what went through, and what a route that observes let through; a refusal is no reason to permit. */
  add(index: number, { effect, again, principal, resource, namespace, action, at }: DecisionEntry): void {
    if (effect !== "allow" || again !== undefined) return;
    const key = `${principal}\n${resource}`;
    let flow = this.#flows.get(key);
    if (flow === undefined) this.#flows.set(key, (flow = { principal, resource, namespace, actions: new Map() }));
    const seen = flow.actions.get(action);
    if (seen === undefined)
      flow.actions.set(action, { count: 1, first: at, last: at, firstIndex: index, lastIndex: index });
    else Object.assign(seen, { count: seen.count + 1, last: at, lastIndex: index });
  }

  get size(): number {
    return this.#flows.size;
  }

  /** Policies by the namespace that must hold them: the resource's. */
  policies(trustDomain: TrustDomain): ReadonlyMap<Namespace, string> {
    const texts = new Map<Namespace, string[]>();
    const flows = [...this.#flows.values()].toSorted((a, b) =>
      a.principal === b.principal ? (a.resource < b.resource ? -1 : 1) : a.principal < b.principal ? -1 : 1,
    );
    for (const flow of flows) {
      const known = texts.get(flow.namespace);
      const text = policyText(flow, trustDomain);
      if (known === undefined) texts.set(flow.namespace, [text]);
      else known.push(text);
    }
    return new Map([...texts].map(([namespace, list]) => [namespace, list.join("\n")]));
  }
}

function policyText({ principal, resource, actions }: Flow, trustDomain: TrustDomain): string {
  const from = entityIdOf(principal, trustDomain);
  const to = entityIdOf(resource, trustDomain);
  const used = [...actions].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const evidence = used.map(
    ([action, { count, first, last, firstIndex, lastIndex }]) =>
      `// ${action}: ${count} ${count === 1 ? "call" : "calls"}, ${day(first)} to ${day(last)}, entries ${firstIndex} to ${lastIndex}`,
  );
  const names = used.map(([action]) => `Action::"${action}"`);
  const scope = names.length === 1 ? `action == ${names[0]}` : `action in [${names.join(", ")}]`;
  return [
    ...evidence,
    `@id(${quoted(idOf(from, to))})`,
    `@reason(${quoted(`${from} was seen to use ${to}`)})`,
    "permit (",
    `  principal == Workload::${quoted(from)},`,
    `  ${scope},`,
    `  resource == Component::${quoted(to)}`,
    ");",
    "",
  ].join("\n");
}

function idOf(from: string, to: string): string {
  return `seen-${from}-${to}`.replaceAll(/[^A-Za-z0-9-]+/g, "-").slice(0, 120);
}

function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
