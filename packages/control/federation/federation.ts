/**
 * Keeps the bundles of other trust domains. In: the relationships that the state holds, and a way to fetch. Out: bundles
 * as objects of the store, each under its own trust domain, never merged with another's; and what became of each fetch.
 *
 * A bundle is asked for at the pace of its own refresh hint. When the endpoint does not answer, the last good bundle
 * stands: SVIDs under it live their time, and nothing new is trusted. An older bundle than the one that is known is
 * refused, for it may bring back a key that was withdrawn.
 */
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { parseBundle } from "@cordon/core/identity/bundle";
import { parseBundleOrMap } from "@cordon/core/identity/bundle-map";
import { parseSpiffeId, parseTrustDomain, trustDomainOf, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import { bundleKey, bundleValueOf } from "../authority/authority-state.ts";
import { bundleValue, federationValue, readValue, type FederationValue } from "../registry/objects.ts";
import type { StateStore } from "../store/state-store.ts";
import { fetchBundle, type EndpointProfile } from "./fetch-bundle.ts";

export interface FederatedDomain {
  readonly trustDomain: TrustDomain;
  readonly url: string;
  readonly profile: "https_web" | "https_spiffe";
  /** The bundle in force; absent before the first. */
  readonly sequence?: number;
  readonly x509Authorities?: number;
  readonly jwtAuthorities?: number;
  readonly refreshHintSeconds?: number;
  readonly fetchedAt?: Instant;
  readonly nextAt?: Instant;
  /** Why the last try failed, where it did. */
  readonly problem?: string;
}

export interface Federation extends AsyncDisposable {
  list(): readonly FederatedDomain[];
  /**
   * Fetches a bundle again because a key was met that it does not hold; at most once in five seconds for each trust
   * domain, whoever asks. True when the snapshot now holds another bundle.
   */
  refresh(trustDomain: TrustDomain): Promise<boolean>;
  /** As {@link refresh}, at once, and with its failure. @throws {CordonError} `FEDERATION_FAILED`, `SVID_UNTRUSTED` */
  fetchNow(trustDomain: TrustDomain): Promise<FederatedDomain>;
}

export interface FederationOptions {
  readonly store: StateStore;
  readonly snapshots: SnapshotSource;
  readonly ownTrustDomain: TrustDomain;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
}

/** A refresh hint is followed within these bounds, in seconds. */
const paceSeconds = { least: 10, most: 86_400 };
const retrySeconds = 15;
const refreshEveryMs = 5_000;
const actor = "system:federation";

interface Relationship {
  readonly trustDomain: TrustDomain;
  readonly value: FederationValue;
  readonly text: string;
  fetchedAt: Instant | undefined;
  nextAt: Instant | undefined;
  problem: string | undefined;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  fetching: Promise<boolean> | undefined;
  refreshedAtMs: number;
}

/** Starts following; the first bundles are fetched in the background. */
export async function openFederation(options: FederationOptions): Promise<Federation> {
  const { store, snapshots, now, onProblem } = options;
  const random = options.random ?? Math.random;
  const relationships = new Map<TrustDomain, Relationship>();
  const ending = new AbortController();

  const read = async (): Promise<void> => {
    const objects = await store.list("federation");
    const wanted = new Set<TrustDomain>();
    for (const object of objects) {
      const trustDomain = parseTrustDomain(object.name);
      const value = readValue(federationValue, object);
      const text = JSON.stringify(value);
      wanted.add(trustDomain);
      const known = relationships.get(trustDomain);
      if (known?.text === text) continue;
      clearTimeout(known?.timer);
      const fresh = { fetchedAt: undefined, nextAt: undefined, problem: undefined, failures: 0 };
      const idle = { timer: undefined, fetching: undefined, refreshedAtMs: Number.NEGATIVE_INFINITY };
      const relationship: Relationship = { trustDomain, value, text, ...fresh, ...idle };
      relationships.set(trustDomain, relationship);
      schedule(relationship, 0);
    }
    for (const [trustDomain, { timer }] of relationships) {
      if (wanted.has(trustDomain)) continue;
      clearTimeout(timer);
      relationships.delete(trustDomain);
    }
    await dropBundles(options, wanted);
  };

  const schedule = (relationship: Relationship, waitMs: number): void => {
    if (ending.signal.aborted || relationships.get(relationship.trustDomain) !== relationship) return;
    clearTimeout(relationship.timer);
    relationship.nextAt = Math.round(now() + waitMs);
    relationship.timer = setTimeout(() => void fetchOnce(relationship).catch(() => undefined), waitMs);
    relationship.timer.unref();
  };

  /** One fetch at a time for each trust domain; resolves with whether the bundle is another now. */
  const fetchOnce = (relationship: Relationship): Promise<boolean> =>
    (relationship.fetching ??= attempt(relationship).finally(() => (relationship.fetching = undefined)));

  const attempt = async (relationship: Relationship): Promise<boolean> => {
    const { trustDomain, value } = relationship;
    try {
      const profile = await profileOf(trustDomain, value, snapshots);
      const bytes = await fetchBundle(value.url, profile, { now, signal: ending.signal });
      const bundle = parseBundle(trustDomain, bytes);
      // The relationship may have ended while its endpoint was answering.
      if (relationships.get(trustDomain) !== relationship) return false;
      const changed = await keep(options, bundle);
      relationship.fetchedAt = now();
      relationship.problem = undefined;
      relationship.failures = 0;
      const { least, most } = paceSeconds;
      const seconds = Math.min(Math.max(bundle.refreshHintSeconds, least), most);
      schedule(relationship, seconds * 1000 * (0.9 + random() / 5));
      return changed;
    } catch (error) {
      if (relationship.failures++ === 0 && !ending.signal.aborted) onProblem(error);
      relationship.problem = (error as Error).message;
      const { most } = paceSeconds;
      const seconds = Math.min(retrySeconds * 2 ** Math.min(relationship.failures - 1, 5), most);
      schedule(relationship, seconds * 1000 * (0.9 + random() / 5));
      throw error;
    }
  };

  let reading = read();
  await reading;
  const stop = snapshots.subscribe(() => {
    reading = reading.then(read).catch(onProblem);
  });

  const viewOf = (relationship: Relationship): FederatedDomain => {
    const { trustDomain, value, fetchedAt, nextAt, problem } = relationship;
    const bundle = snapshots.current().bundles.get(trustDomain);
    return {
      trustDomain,
      url: value.url,
      profile: value.profile.kind,
      ...(bundle !== undefined && {
        sequence: bundle.sequence,
        x509Authorities: bundle.x509Authorities.length,
        jwtAuthorities: bundle.jwtAuthorities.length,
        refreshHintSeconds: bundle.refreshHintSeconds,
      }),
      ...(fetchedAt !== undefined && { fetchedAt }),
      ...(nextAt !== undefined && { nextAt }),
      ...(problem !== undefined && { problem }),
    };
  };

  return {
    list: () => [...relationships.values()].map(viewOf),
    async refresh(trustDomain) {
      const relationship = relationships.get(trustDomain);
      if (relationship === undefined) return false;
      if (relationship.fetching === undefined) {
        if (performance.now() - relationship.refreshedAtMs < refreshEveryMs) return false;
        relationship.refreshedAtMs = performance.now();
      }
      const before = snapshots.current().bundles.get(trustDomain);
      const changed = await fetchOnce(relationship).catch(() => false);
      return changed && arrival(snapshots, trustDomain, before);
    },
    async fetchNow(trustDomain) {
      const relationship = relationships.get(trustDomain);
      if (relationship === undefined)
        throw new CordonError("FEDERATION_FAILED", `${trustDomain} is not among \`federation.trustDomains\``);
      const before = snapshots.current().bundles.get(trustDomain);
      if (await fetchOnce(relationship)) await arrival(snapshots, trustDomain, before);
      return viewOf(relationship);
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      stop();
      for (const { timer } of relationships.values()) clearTimeout(timer);
      await reading;
      await Promise.allSettled([...relationships.values()].flatMap(({ fetching }) => fetching ?? []));
    },
  };
}

/** How the endpoint is judged: by the newest bundle of its trust domain, at first by the one that we were given. */
async function profileOf(
  trustDomain: TrustDomain,
  { profile, url }: FederationValue,
  snapshots: SnapshotSource,
): Promise<EndpointProfile> {
  if (profile.kind === "https_web") return profile;
  const endpointId = parseSpiffeId(profile.endpointId);
  const { bundles, revocations } = snapshots.current();
  const domain = trustDomainOf(endpointId);
  let bundle = bundles.get(domain);
  if (bundle === undefined && domain === trustDomain && profile.bundleFile !== undefined)
    bundle = parseBundleOrMap(trustDomain, await readBundleFile(url, profile.bundleFile));
  const trust: IdentityTrust = { bundles: new Map(bundle === undefined ? [] : [[domain, bundle]]), revocations };
  return { kind: "https_spiffe", endpointId, trust };
}

async function readBundleFile(url: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const why = `the first bundle ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`;
    throw new CordonError("FEDERATION_FAILED", `the bundle endpoint ${url} was not asked: ${why}`, { cause });
  }
}

/** Keeps a bundle unless it is older than the one that is known. True when it is another. */
async function keep({ store, now }: FederationOptions, bundle: TrustBundle): Promise<boolean> {
  const key = bundleKey(bundle.trustDomain);
  const value = bundleValueOf(bundle);
  const { result } = await store.transact(actor, now(), async (transaction) => {
    // The relationship is looked up where it is written down: it may have ended in another process.
    if ((await transaction.get({ ...key, kind: "federation" })) === undefined) return { changed: false };
    const stored = await transaction.get(key);
    const known = stored && readValue(bundleValue, stored);
    if (known !== undefined && bundle.sequence < known.sequence) return { changed: false, older: known.sequence };
    if (isDeepStrictEqual(known, value)) return { changed: false };
    await transaction.put(key, value, "system");
    return { changed: true };
  });
  if (result.older !== undefined)
    throw new CordonError(
      "SVID_UNTRUSTED",
      `the bundle of ${bundle.trustDomain} is refused: it is number ${bundle.sequence}, and number ${result.older} is ` +
        "known. Where the trust domain was made anew, remove it from the configuration and add it again.",
    );
  return result.changed;
}

/** Deletes the bundles of trust domains that are no longer federated with. */
async function dropBundles({ store, now, ownTrustDomain }: FederationOptions, wanted: ReadonlySet<TrustDomain>) {
  const stale = (name: string): boolean => name !== ownTrustDomain && !wanted.has(name as TrustDomain);
  if (!(await store.list("bundle")).some(({ name }) => stale(name))) return;
  await store.transact(actor, now(), async (transaction) => {
    const federated = new Set((await transaction.list("federation")).map(({ name }) => name));
    for (const object of await transaction.list("bundle"))
      if (stale(object.name) && !federated.has(object.name)) await transaction.delete(object, object.source);
  });
}

/** Waits, for two seconds at most, until the snapshot holds another bundle than `before`. */
function arrival(
  snapshots: SnapshotSource,
  trustDomain: TrustDomain,
  before: TrustBundle | undefined,
): Promise<boolean> {
  const arrived = (): boolean => snapshots.current().bundles.get(trustDomain) !== before;
  if (arrived()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (): void => {
      stop();
      clearTimeout(timer);
      resolve(arrived());
    };
    const stop = snapshots.subscribe(() => {
      if (arrived()) end();
    });
    const timer = setTimeout(end, 2_000);
  });
}
