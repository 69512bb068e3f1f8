/**
 * How much anybody may ask of the authorization server before they have shown who they are. In: who asks, from where, of what.
 * Out: that it goes on, or when to come again. Two bounds: how often (a bucket that refills), by network and by client; and how
 * many authorizations may be under way, by network, by client and in all, since each keeps short-lived records in the store.
 *
 * Memory is bounded. Where it is full, whoever is new shares one bucket: a flood from many networks makes room for nobody.
 *
 * @see RFC 6585, section 4 (429); RFC 9700, section 4.15 (whoever can name a client can ask in its name)
 */
import { addressBits } from "@cordon/core/risk/cidr";

/** `authorize`: a person would be asked, or a request is pushed. `token`: codes and refresh tokens are redeemed, or given back. */
export type Asked = "authorize" | "token";

export interface Rate {
  /** At once. */
  readonly burst: number;
  readonly perMinute: number;
}

export interface RequestLimitSettings {
  readonly network: Readonly<Record<Asked, Rate>>;
  readonly client: Readonly<Record<Asked, Rate>>;
  /** Authorizations under way. */
  readonly pending: { readonly network: number; readonly client: number; readonly all: number };
  /** Networks, or clients, that are told apart. */
  readonly mostNames: number;
}

/** A network may be a whole company behind one address; a client is everybody who uses it. About 4 MB at worst. */
export const requestLimits: RequestLimitSettings = {
  network: { authorize: { burst: 240, perMinute: 120 }, token: { burst: 1_200, perMinute: 1_200 } },
  client: { authorize: { burst: 1_200, perMinute: 600 }, token: { burst: 6_000, perMinute: 6_000 } },
  pending: { network: 200, client: 2_000, all: 10_000 },
  mostNames: 10_000,
};

/** When to come again, in seconds. */
export interface Wait {
  readonly seconds: number;
}

/** What one request holds. */
export interface Admission {
  /** The client it turned out to be of, which is registered. Asked more than once, it counts once, and the answer stays. */
  ofClient(id: string): Wait | undefined;
  /** It is answered: an authorization is under way from here on, by this name where it has one; or none is. */
  done(underWay: { readonly name?: string } | undefined): void;
}

export interface RequestLimits {
  /** @param holdMs how long the records last that it may leave */
  admit(address: string, asked: Asked, holdMs: number): Admission | Wait;
  /** The authorization of this name is over. */
  over(name: string): void;
  readonly pending: number;
}

interface Hold {
  readonly network: string;
  readonly until: number;
  client?: string;
  name?: string;
}

/** @param monotonicMs a clock that is never set */
export function openRequestLimits(
  monotonicMs: () => number,
  settings: RequestLimitSettings = requestLimits,
): RequestLimits {
  const { pending, mostNames } = settings;
  const buckets = (rates: Readonly<Record<Asked, Rate>>) => ({
    authorize: openBuckets(rates.authorize, mostNames, monotonicMs),
    token: openBuckets(rates.token, mostNames, monotonicMs),
  });
  const [networks, clients] = [buckets(settings.network), buckets(settings.client)];
  /** In the order in which they end, by how long they last. */
  const holds = new Map<number, Set<Hold>>();
  const named = new Map<string, Hold>();
  const counts = { network: new Map<string, number>(), client: new Map<string, number>(), all: 0 };
  const count = (of: Map<string, number>, name: string, by: 1 | -1): void => {
    const next = (of.get(name) ?? 0) + by;
    if (next === 0) of.delete(name);
    else of.set(name, next);
  };
  const release = (hold: Hold, holdMs: number): void => {
    if (holds.get(holdMs)?.delete(hold) !== true) return;
    counts.all -= 1;
    count(counts.network, hold.network, -1);
    if (hold.client !== undefined) count(counts.client, hold.client, -1);
    if (hold.name !== undefined) named.delete(hold.name);
  };
  const sweep = (): void => {
    for (const [holdMs, own] of holds)
      for (const hold of own) {
        if (hold.until > monotonicMs()) break;
        release(hold, holdMs);
      }
  };
  const hold = (network: string, holdMs: number): Hold => {
    const made: Hold = { network, until: monotonicMs() + holdMs };
    let own = holds.get(holdMs);
    if (own === undefined) holds.set(holdMs, (own = new Set()));
    own.add(made);
    counts.all += 1;
    count(counts.network, network, 1);
    return made;
  };
  const full: Wait = { seconds: 60 };
  return {
    get pending() {
      sweep();
      return counts.all;
    },
    admit(address, asked, holdMs) {
      const network = networkOf(address);
      const wait = networks[asked].take(network);
      if (wait !== undefined) return wait;
      sweep();
      if (asked === "authorize")
        if (counts.all >= pending.all || (counts.network.get(network) ?? 0) >= pending.network) return full;
      const held = asked === "authorize" ? hold(network, holdMs) : undefined;
      let verdict: { readonly id: string; readonly wait: Wait | undefined } | undefined;
      const ask = (id: string): Wait | undefined => {
        const tooOften = clients[asked].take(id);
        if (tooOften !== undefined || held === undefined || held.client !== undefined) return tooOften;
        if ((counts.client.get(id) ?? 0) >= pending.client) return full;
        held.client = id;
        count(counts.client, id, 1);
        return undefined;
      };
      return {
        ofClient(id) {
          if (verdict?.id !== id) verdict = { id, wait: ask(id) };
          return verdict.wait;
        },
        done(underWay) {
          if (held === undefined) return;
          if (underWay === undefined) return release(held, holdMs);
          if (underWay.name === undefined || holds.get(holdMs)?.has(held) !== true) return;
          held.name = underWay.name;
          named.set(underWay.name, held);
        },
      };
    },
    over(name) {
      const held = named.get(name);
      if (held !== undefined) for (const holdMs of holds.keys()) release(held, holdMs);
    },
  };
}

interface Buckets {
  /** @returns how long to wait, where nothing is left */
  take(name: string): Wait | undefined;
}

interface Bucket {
  left: number;
  at: number;
}

function openBuckets({ burst, perMinute }: Rate, most: number, monotonicMs: () => number): Buckets {
  const perMs = perMinute / 60_000;
  const own = new Map<string, Bucket>();
  const shared: Bucket = { left: burst, at: monotonicMs() };
  let sweptAt = -Infinity;
  const refill = (bucket: Bucket): Bucket => {
    const now = monotonicMs();
    bucket.left = Math.min(burst, bucket.left + (now - bucket.at) * perMs);
    bucket.at = now;
    return bucket;
  };
  /** One that is full again says nothing that a new one would not. */
  const makeRoom = (): void => {
    if (monotonicMs() - sweptAt < 1_000) return;
    sweptAt = monotonicMs();
    for (const [name, bucket] of own) if (refill(bucket).left >= burst) own.delete(name);
  };
  const bucketOf = (name: string): Bucket => {
    const known = own.get(name);
    if (known !== undefined) return refill(known);
    if (own.size >= most) makeRoom();
    if (own.size >= most) return refill(shared);
    const bucket = { left: burst, at: monotonicMs() };
    own.set(name, bucket);
    return bucket;
  };
  return {
    take(name) {
      const bucket = bucketOf(name);
      if (bucket.left < 1) return { seconds: Math.max(1, Math.ceil((1 - bucket.left) / perMs / 1_000)) };
      bucket.left -= 1;
      return undefined;
    },
  };
}

/** IPv4 whole, IPv6 by its /64: one host has all of that. One address, however it is written. */
function networkOf(address: string): string {
  const bits = addressBits(address);
  if (bits === undefined) return "unknown";
  return bits >> 32n === 0xffffn ? `4:${bits & 0xffffffffn}` : `6:${bits >> 64n}`;
}
