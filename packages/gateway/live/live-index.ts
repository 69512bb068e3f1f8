/** Interactions by what they depend on. In: interactions with their keys. Out: those that hold a key. */
import type { ThreatIndex } from "@cordon/core/risk/threats";
import type { LiveExchange } from "./live-exchanges.ts";

export class LiveIndex {
  readonly #byKey = new Map<string, Set<LiveExchange>>();
  readonly #keys = new Map<LiveExchange, readonly string[]>();

  get size(): number {
    return this.#keys.size;
  }

  has(exchange: LiveExchange): boolean {
    return this.#keys.has(exchange);
  }

  add(exchange: LiveExchange): void {
    const keys = exchange.dependsOn();
    this.#keys.set(exchange, keys);
    for (const key of keys) {
      const known = this.#byKey.get(key);
      if (known === undefined) this.#byKey.set(key, new Set([exchange]));
      else known.add(exchange);
    }
  }

  remove(exchange: LiveExchange): void {
    const keys = this.#keys.get(exchange);
    if (keys === undefined) return;
    this.#keys.delete(exchange);
    for (const key of keys) {
      const known = this.#byKey.get(key);
      if (known === undefined) continue;
      known.delete(exchange);
      if (known.size === 0) this.#byKey.delete(key);
    }
  }

  /** After it was decided again: it may depend on other things now. */
  refresh(exchange: LiveExchange): void {
    const held = this.#keys.get(exchange);
    if (held === undefined) return;
    const keys = exchange.dependsOn();
    if (keys.length === held.length && keys.every((key, at) => key === held[at])) return;
    this.remove(exchange);
    this.add(exchange);
  }

  *holding(keys: Iterable<string>): Iterable<ReadonlySet<LiveExchange>> {
    for (const key of keys) {
      const found = this.#byKey.get(key);
      if (found !== undefined) yield found;
    }
  }

  /** Those from an address, or to a host, of which threat intelligence says something else than before. */
  *toldOtherwise(before: ThreatIndex | undefined, after: ThreatIndex | undefined): Iterable<ReadonlySet<LiveExchange>> {
    const says = (index: ThreatIndex | undefined, key: string): string => {
      if (index === undefined) return "[]";
      const name = key.slice(key.indexOf(":") + 1);
      // At no particular time: an indicator that begins or ends later is held by `validUntil`.
      const found = key.startsWith("address:") ? index.everAddress(name) : index.everDomain(name);
      return JSON.stringify(found);
    };
    for (const [key, exchanges] of this.#byKey)
      if (key.startsWith("address:") || key.startsWith("host:"))
        if (says(before, key) !== says(after, key)) yield exchanges;
  }
}
