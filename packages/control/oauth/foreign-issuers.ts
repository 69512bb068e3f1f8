/**
 * Keeps the keys of authorization servers that are not ours. In: the issuers that the configuration names, each with where its
 * keys are published. Out: `token-issuer` objects of the store, so that every gateway verifies with the same keys; and word of
 * a fetch that fails. While one fails, the last keys stand: tokens under them live minutes, and no other key is trusted.
 *
 * @see RFC 7517 (JWK Set); RFC 8414, section 2 (`jwks_uri`)
 */
import { isDeepStrictEqual } from "node:util";
import { isJsonObject, parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import { importJwtAuthority } from "@cordon/core/identity/jws";
import type { Instant } from "@cordon/core/instant";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import { fetchBundle } from "../federation/fetch-bundle.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateStore } from "../store/state-store.ts";
import {
  foreignIssuerKind,
  foreignIssuerValue,
  tokenIssuerKind,
  tokenIssuerValue,
  type ForeignIssuerValue,
  type TokenIssuerValue,
} from "./objects.ts";

export interface ForeignIssuersOptions {
  readonly store: StateStore;
  readonly snapshots: SnapshotSource;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
  /** How often keys are asked for. */
  readonly everyMs?: number;
}

const actor = "system:token-issuers";
/** Often enough that a key which an issuer withdraws is not believed for long. */
const defaultEveryMs = 5 * 60_000;
const retryMs = 15_000;
const maxKeys = 64;

interface Followed {
  readonly key: ObjectKey;
  readonly value: ForeignIssuerValue;
  timer: NodeJS.Timeout | undefined;
  /** It has failed since it last answered. */
  failing: boolean;
}

/** Starts following; the first keys are fetched in the background. */
export async function openForeignIssuers(options: ForeignIssuersOptions): Promise<AsyncDisposable> {
  const { store, snapshots, now, onProblem, everyMs = defaultEveryMs } = options;
  const followed = new Map<string, Followed>();
  const ending = new AbortController();
  const fetching = new Set<Promise<void>>();

  const follow = (one: Followed, waitMs: number): void => {
    if (ending.signal.aborted || followed.get(nameOf(one.key)) !== one) return;
    one.timer = setTimeout(() => {
      const run = fetchOnce(one).finally(() => fetching.delete(run));
      fetching.add(run);
    }, waitMs);
    one.timer.unref();
  };

  const fetchOnce = async (one: Followed): Promise<void> => {
    const { issuer, jwksUrl, caFile } = one.value;
    try {
      const profile = { kind: "https_web" as const, ...(caFile === undefined ? {} : { caFile }) };
      const keys = readKeySet(await fetchBundle(jwksUrl, profile, { now, signal: ending.signal }), jwksUrl);
      await keep(one, keys);
      one.failing = false;
      follow(one, everyMs);
    } catch (error) {
      if (!one.failing && !ending.signal.aborted)
        onProblem(new CordonError("FEDERATION_FAILED", `the keys of ${issuer}: ${(error as Error).message}`));
      one.failing = true;
      follow(one, retryMs);
    }
  };

  /** Written only where something of it is new; the configuration is looked up where it is written down. */
  const keep = async ({ key, value }: Followed, keys: TokenIssuerValue["keys"]): Promise<void> => {
    const { issuer, maxLifetimeSeconds, clients, scopes } = value;
    const wanted: TokenIssuerValue = { issuer, keys, maxLifetimeSeconds, foreign: { clients, scopes } };
    await store.transact(actor, now(), async (transaction) => {
      const stated = await transaction.get(key);
      if (stated === undefined || !isDeepStrictEqual(readValue(foreignIssuerValue, stated), value)) return;
      const at = { ...key, kind: tokenIssuerKind };
      const held = await transaction.get(at);
      if (held !== undefined && isDeepStrictEqual(readValue(tokenIssuerValue, held), wanted)) return;
      await transaction.put(at, wanted, "system");
    });
  };

  const drop = async (): Promise<void> => {
    const issuers = await store.list(tokenIssuerKind);
    const gone = issuers.filter((object) => {
      const { foreign } = readValue(tokenIssuerValue, object);
      return foreign !== undefined && !followed.has(nameOf(object));
    });
    if (gone.length === 0) return;
    await store.transact(actor, now(), async (transaction) => {
      for (const { namespace, name } of gone)
        if ((await transaction.get({ kind: foreignIssuerKind, namespace, name })) === undefined)
          await transaction.delete({ kind: tokenIssuerKind, namespace, name }, "system");
    });
  };

  const read = async (): Promise<void> => {
    const stated = await store.list(foreignIssuerKind);
    const names = new Set(stated.map(nameOf));
    for (const [name, { timer }] of followed) {
      if (names.has(name)) continue;
      clearTimeout(timer);
      followed.delete(name);
    }
    for (const object of stated) {
      const { kind, namespace, name } = object;
      const value = readValue(foreignIssuerValue, object);
      const known = followed.get(nameOf(object));
      if (known !== undefined && isDeepStrictEqual(known.value, value)) continue;
      clearTimeout(known?.timer);
      const one: Followed = { key: { kind, namespace, name }, value, timer: undefined, failing: false };
      followed.set(nameOf(object), one);
      follow(one, 0);
    }
    await drop();
  };

  let reading = read();
  await reading;
  const stop = snapshots.subscribe(() => {
    reading = reading.then(read).catch(onProblem);
  });
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      stop();
      for (const { timer } of followed.values()) clearTimeout(timer);
      await reading.catch(() => undefined);
      await Promise.allSettled(fetching);
    },
  };
}

function nameOf({ namespace, name }: Pick<ObjectKey, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

const keptMembers = ["kty", "crv", "x", "y", "n", "e", "alg"] as const;

/**
 * The signing keys of a JWK Set: public members only, each of a kind that counts. A key without an id, for encryption or of
 * another kind is left out, as RFC 7517, section 5, has it; two of one id refuse the set.
 *
 * @throws {CordonError} `FEDERATION_FAILED`
 */
export function readKeySet(bytes: Uint8Array, url: string): TokenIssuerValue["keys"] {
  const failed = (why: string) => new CordonError("FEDERATION_FAILED", `${url} is no JWK Set: ${why}`);
  let set: JsonValue;
  try {
    set = parseStrictJson(bytes);
  } catch (error) {
    throw failed((error as Error).message);
  }
  const keys = isJsonObject(set) ? set["keys"] : undefined;
  if (!Array.isArray(keys) || keys.length > maxKeys) throw failed(`it has no \`keys\`, or more than ${maxKeys}`);
  const read = new Map<string, TokenIssuerValue["keys"][number]>();
  for (const key of keys) {
    if (!isJsonObject(key)) throw failed("one of its keys is no object");
    const { kid, use, kty } = key;
    if (typeof kid !== "string" || kid === "" || (use !== undefined && use !== "sig")) continue;
    if (kty !== "EC" && kty !== "RSA") continue;
    if (read.has(kid)) throw failed("two of its keys have one id");
    const jwk: Record<string, string> = {};
    for (const name of keptMembers) if (typeof key[name] === "string") jwk[name] = key[name];
    try {
      importJwtAuthority({ kid, jwk });
    } catch {
      continue; // too short, or not on a curve that counts: no token by it is believed
    }
    read.set(kid, { kid, jwk });
  }
  if (read.size === 0) throw failed("it holds no key that signs tokens");
  return [...read.values()];
}
