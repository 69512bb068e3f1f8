/**
 * A workload's own identity, kept fresh. In: a way to have an SVID issued, and clocks. Out: the newest SVID with its
 * trust bundle, and word of each change.
 *
 * Renewed at half its life (with jitter, so that a fleet does not ask at once), with back-off while the control plane
 * is away; the last good one stands until it expires and not a moment longer. Two clocks, because each lies in its own
 * way: the wall clock may be set back, the monotonic one may stand still while the machine sleeps. An SVID ends when
 * either says so, and is renewed when either says so, so a machine that wakes up past the expiry recovers by itself.
 */
import { CordonError } from "@cordon/core/errors";
import { parseCertificate } from "@cordon/core/identity/certificate";
import type { Instant } from "@cordon/core/instant";
import type { IdentitySource, X509Svid } from "@cordon/core/identity/svid";
import type { TrustBundle } from "@cordon/core/policy/snapshot";

export interface Issued {
  readonly svid: X509Svid;
  /** The bundle of the SVID's own trust domain. */
  readonly bundle: TrustBundle;
}

/** Milliseconds; `wall` since the epoch, `monotonic` since any fixed point. */
export interface Clocks {
  wall(): Instant;
  monotonic(): number;
}

export const systemClocks: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };

export interface WorkloadIdentity extends IdentitySource, AsyncDisposable {
  /** The newest SVID and bundle. @throws {CordonError} `SVID_EXPIRED` */
  issued(): Issued;
  /** As {@link issued}, but an expired one is renewed first. Rejects with the reason when that fails. */
  usable(): Promise<Issued>;
  /** Calls back after the SVID or the bundle changed; returns the way to stop. */
  onChange(listener: (issued: Issued) => void): () => void;
  /** Does what is due: renewal, bundle refresh. Never rejects. The identity calls it by itself; tests call it too. */
  check(): Promise<void>;
}

export interface IdentityOptions {
  /** Has a new SVID issued for a fresh key. */
  readonly issue: () => Promise<Issued>;
  /** Reads the trust domain's bundle alone; called every `refreshHintSeconds` of the bundle. */
  readonly fetchBundle: () => Promise<TrustBundle>;
  /**
   * Reads which authorities are not to be relied on any more (SHA-256 of their public keys); asked every few seconds. An
   * SVID that stands on one of them is renewed at once.
   */
  readonly fetchTainted?: () => Promise<readonly string[]>;
  readonly clocks?: Clocks;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
  /** Told in words when renewal begins to fail, and when it works again. */
  readonly onTrouble?: (words: string) => void;
}

const longestTickMs = 30_000;
const firstBackOffMs = 1_000;
const longestBackOffMs = 60_000;
const taintedEveryMs = 3_000;

/** Gets the first SVID and keeps it fresh until disposed. Rejects with whatever the first issue rejects with. */
export async function openIdentity(options: IdentityOptions): Promise<WorkloadIdentity> {
  const identity = new FreshIdentity(options, await options.issue());
  identity.schedule();
  return identity;
}

/** An identity that is there later: whoever needs it waits. */
export interface DeferredIdentity extends WorkloadIdentity {
  resolve(identity: WorkloadIdentity): void;
  reject(error: Error): void;
}

/** Disposing it disposes the identity that it was resolved with. */
export function deferredIdentity(): DeferredIdentity {
  const coming = Promise.withResolvers<WorkloadIdentity>();
  coming.promise.catch(() => undefined);
  const waiting = new Set<(issued: Issued) => void>();
  let held: WorkloadIdentity | undefined;
  const now = (): WorkloadIdentity => {
    if (held === undefined) throw new CordonError("IDENTITY_REQUIRED", "the identity has not been issued yet");
    return held;
  };
  return {
    resolve(identity) {
      held = identity;
      for (const listener of waiting) identity.onChange(listener);
      coming.resolve(identity);
    },
    reject: (error) => coming.reject(error),
    current: () => now().current(),
    issued: () => now().issued(),
    usable: async () => (await coming.promise).usable(),
    check: async () => held?.check(),
    onRotate: (listener) => now().onRotate(listener),
    onChange(listener) {
      if (held !== undefined) return held.onChange(listener);
      waiting.add(listener);
      return () => waiting.delete(listener);
    },
    [Symbol.asyncDispose]: async () => held?.[Symbol.asyncDispose](),
  };
}

class FreshIdentity implements WorkloadIdentity {
  readonly #options: IdentityOptions;
  readonly #clocks: Clocks;
  readonly #random: () => number;
  readonly #listeners = new Set<(issued: Issued) => void>();
  #held: Held;
  #bundleDueMs: number;
  #taintedDueMs: number;
  #failures = 0;
  #retryAtMs = 0;
  #renewing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: IdentityOptions, first: Issued) {
    this.#options = options;
    this.#clocks = options.clocks ?? systemClocks;
    this.#random = options.random ?? Math.random;
    this.#held = hold(first, this.#clocks, this.#random());
    this.#bundleDueMs = this.#clocks.monotonic() + first.bundle.refreshHintSeconds * 1000;
    this.#taintedDueMs = options.fetchTainted === undefined ? Infinity : this.#clocks.monotonic() + taintedEveryMs;
  }

  current(): X509Svid {
    return this.issued().svid;
  }

  issued(): Issued {
    if (this.#expired())
      throw new CordonError(
        "SVID_EXPIRED",
        `The SVID of ${this.#held.issued.svid.id} has expired and could not be renewed. Check that the control plane ` +
          "runs (`cordon up`); the agent renews by itself as soon as it answers.",
      );
    return this.#held.issued;
  }

  async usable(): Promise<Issued> {
    if (this.#expired()) await this.#renew();
    return this.issued();
  }

  onRotate(listener: (svid: X509Svid) => void): () => void {
    let last = this.#held.issued.svid;
    return this.onChange(({ svid }) => {
      if (svid === last) return;
      last = svid;
      listener(svid);
    });
  }

  onChange(listener: (issued: Issued) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async check(): Promise<void> {
    const monotonic = this.#clocks.monotonic();
    const due = this.#clocks.wall() >= this.#held.renewAtWall || monotonic >= this.#held.renewAtMonotonic;
    if (due && (monotonic >= this.#retryAtMs || this.#renewing !== undefined)) await this.#renew();
    else if (monotonic >= this.#bundleDueMs) await this.#refreshBundle();
    else if (monotonic >= this.#taintedDueMs) await this.#renewIfTainted();
  }

  /** Sleeps until the next thing is due, at most {@link longestTickMs}, so that a changed wall clock is noticed. */
  schedule(): void {
    if (this.#closed) return;
    const monotonic = this.#clocks.monotonic();
    const renewIn = Math.min(this.#held.renewAtWall - this.#clocks.wall(), this.#held.renewAtMonotonic - monotonic);
    const look = Math.min(this.#bundleDueMs, this.#taintedDueMs) - monotonic;
    const next = Math.min(Math.max(renewIn, this.#retryAtMs - monotonic), look);
    this.#timer = setTimeout(
      () => void this.check().then(() => this.schedule()),
      Math.min(Math.max(next, 50), longestTickMs),
    );
    this.#timer.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    await this.#renewing;
  }

  #expired(): boolean {
    return (
      this.#clocks.wall() >= this.#held.issued.svid.notAfter || this.#clocks.monotonic() >= this.#held.endMonotonic
    );
  }

  /** Renews once, however many ask; never rejects. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renewOnce(): Promise<void> {
    try {
      const issued = await this.#options.issue();
      this.#held = hold(issued, this.#clocks, this.#random());
      this.#bundleDueMs = this.#clocks.monotonic() + issued.bundle.refreshHintSeconds * 1000;
      this.#retryAtMs = 0;
      if (this.#failures > 0) this.#options.onTrouble?.(`identity renewed again: ${issued.svid.id}`);
      this.#failures = 0;
      this.#tell();
    } catch (error) {
      const backOff = Math.min(firstBackOffMs * 2 ** Math.min(this.#failures, 10), longestBackOffMs);
      this.#retryAtMs = this.#clocks.monotonic() + backOff * (0.5 + this.#random() / 2);
      if (this.#failures++ === 0)
        this.#options.onTrouble?.(`cannot renew the identity, still trying: ${wordsOf(error)}`);
    }
  }

  async #refreshBundle(): Promise<void> {
    try {
      const bundle = await this.#options.fetchBundle();
      this.#bundleDueMs = this.#clocks.monotonic() + bundle.refreshHintSeconds * 1000;
      const before = this.#held.issued;
      if (sameAuthorities(before.bundle, bundle)) return;
      this.#held = { ...this.#held, issued: { svid: before.svid, bundle } };
      this.#tell();
    } catch {
      // The last good bundle stands; renewal, which reports its own trouble, brings a new one too.
      this.#bundleDueMs = this.#clocks.monotonic() + longestBackOffMs;
    }
  }

  async #renewIfTainted(): Promise<void> {
    this.#taintedDueMs = this.#clocks.monotonic() + taintedEveryMs * (0.75 + this.#random() / 2);
    let tainted: readonly string[];
    try {
      tainted = (await this.#options.fetchTainted?.()) ?? [];
    } catch {
      return; // asked again soon; renewal, which reports its own trouble, does not depend on it
    }
    if (tainted.length === 0) return;
    const above = this.#held.issued.svid.chain.slice(1).map((der) => parseCertificate(der).keyFingerprint);
    if (above.some((key) => tainted.includes(key))) await this.#renew();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#held.issued);
  }
}

interface Held {
  readonly issued: Issued;
  readonly renewAtWall: Instant;
  readonly renewAtMonotonic: number;
  readonly endMonotonic: number;
}

function hold(issued: Issued, clocks: Clocks, random: number): Held {
  const wall = clocks.wall();
  const monotonic = clocks.monotonic();
  const lifeMs = Math.max(issued.svid.notAfter - wall, 0);
  // Half of life, ten per cent to either side (SPIRE's practice).
  const renewInMs = lifeMs * (0.45 + random / 10);
  return {
    issued,
    renewAtWall: wall + renewInMs,
    renewAtMonotonic: monotonic + renewInMs,
    endMonotonic: monotonic + lifeMs,
  };
}

function sameAuthorities(left: TrustBundle, right: TrustBundle): boolean {
  return (
    left.sequence === right.sequence &&
    left.x509Authorities.length === right.x509Authorities.length &&
    left.x509Authorities.every((der, at) => Buffer.compare(der, right.x509Authorities[at] ?? new Uint8Array()) === 0)
  );
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
