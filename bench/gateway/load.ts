/**
 * Drives a target. In: a pool of connections, one for each principal. Out: calls answered in a time at a fixed number in
 * flight, or the time to first byte that a target adds to streams begun at a fixed rate.
 */
import { Client, type Endpoint } from "./client.ts";
import { resourceCount } from "./estate.ts";
import type { Calls } from "./traffic.ts";
import type { BenchUpstream } from "./upstream.ts";

/** Connections that wait for a call, taken at random. */
export class ClientPool implements Disposable {
  readonly #endpoints: readonly Endpoint[];
  #all: readonly Client[] = [];
  #idle: Client[] = [];

  private constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
  }

  static async open(endpoints: readonly Endpoint[]): Promise<ClientPool> {
    const pool = new ClientPool(endpoints);
    await pool.revive();
    return pool;
  }

  /** Opens what is not open: at first, or since the target closed what it found idle. Not while calls are under way. */
  async revive(): Promise<void> {
    const clients: Client[] = [];
    // In groups: a thousand handshakes at once would run into each other's timeouts.
    for (let at = 0; at < this.#endpoints.length; at += 50)
      clients.push(
        ...(await Promise.all(
          this.#endpoints.slice(at, at + 50).map(async (endpoint, i) => {
            const known = this.#all[at + i];
            return known === undefined || known.dead ? await Client.open(endpoint) : known;
          }),
        )),
      );
    this.#all = clients;
    this.#idle = [...clients];
  }

  take(): Client | undefined {
    while (this.#idle.length > 0) {
      const at = Math.floor(Math.random() * this.#idle.length);
      const client = this.#idle[at] as Client;
      const last = this.#idle.pop() as Client;
      if (last !== client) this.#idle[at] = last;
      if (!client.dead) return client;
    }
    return undefined;
  }

  give(client: Client): void {
    if (!client.dead) this.#idle.push(client);
  }

  [Symbol.dispose](): void {
    for (const client of this.#all) client.close();
  }
}

export interface Throughput {
  readonly answered: number;
  /** Answers with another status than 200, and connections that broke. */
  readonly failed: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
}

/** Keeps `inFlight` calls going for a while, each on another principal's connection. */
export function saturate(pool: ClientPool, calls: Calls, inFlight: number, seconds: number): Promise<Throughput> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const endsAt = startedAt + seconds * 1000;
    const latenciesMs: number[] = [];
    let answered = 0;
    let failed = 0;
    let open = 0;
    const next = (): void => {
      const client = pool.take();
      if (client === undefined) return;
      open += 1;
      const sentAt = performance.now();
      client.call(calls.next(Math.floor(Math.random() * resourceCount)).bytes, (answer) => {
        const now = performance.now();
        open -= 1;
        pool.give(client);
        if (now < endsAt) {
          if (answer?.status === 200) {
            answered += 1;
            latenciesMs.push(now - sentAt);
          } else failed += 1;
          next();
        }
        if (open === 0) resolve({ answered, failed, seconds: (endsAt - startedAt) / 1000, latenciesMs });
      });
    };
    for (let i = 0; i < inFlight; i++) next();
    if (open === 0) resolve({ answered: 0, failed: 1, seconds, latenciesMs });
  });
}

export interface FirstBytes {
  /**
   * For each stream, what the target added to its first byte: from call to first byte at the client, less what the
   * upstream itself took. Free of the upstream's timer.
   */
  readonly addedMs: readonly number[];
  readonly failed: number;
}

/** Begins streams at a fixed rate for a while, whatever becomes of those before (open loop). */
export async function beginStreams(
  pool: ClientPool,
  calls: Calls,
  upstream: BenchUpstream,
  options: { readonly perSecond: number; readonly seconds: number },
): Promise<FirstBytes> {
  const addedMs: number[] = [];
  let failed = 0;
  let open = 0;
  const begin = (): void => {
    const client = pool.take();
    if (client === undefined) {
      failed += 1;
      return;
    }
    open += 1;
    const { bytes, serial } = calls.next(Math.floor(Math.random() * resourceCount));
    const sentAt = performance.now();
    client.call(bytes, (answer) => {
      open -= 1;
      pool.give(client);
      const times = upstream.takeTimes(serial);
      if (answer?.status !== 200 || times === undefined) failed += 1;
      else addedMs.push(answer.firstByteAt - sentAt - (times.beganAt - times.arrivedAt));
    });
  };
  const startedAt = performance.now();
  let begun = 0;
  while (performance.now() - startedAt < options.seconds * 1000) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * options.perSecond);
    while (begun < due) {
      begin();
      begun += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const patience = performance.now() + 5_000;
  while (open > 0 && performance.now() < patience) await new Promise((resolve) => setTimeout(resolve, 5));
  return { addedMs, failed: failed + open };
}
