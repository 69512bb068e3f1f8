/**
 * The SVIDs of a node's workloads, held ready. In: the registrations as they are now, and the link. Out: for each
 * component the newest X.509-SVID, renewed at half of its life; and JWT-SVIDs on demand.
 *
 * Everything is fetched before it is asked for and kept in memory, so that a workload that starts while the control plane
 * is away still gets its identity, for as long as what was issued lives. Private keys are made here and never leave
 * this process but to the workload itself. What is no longer registered is dropped at once.
 */
import { createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import {
  maxSvidBatch,
  nodeJwtResponse,
  x509BatchResponse,
  type X509BatchResponse,
} from "@cordon/core/contract/node-api";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { parseCertificate } from "@cordon/core/identity/certificate";
import { makeCsr } from "@cordon/core/identity/csr";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { readX509Svid, verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";
import type { Measurer } from "../attestation/measure.ts";
import type { Clocks } from "../run/identity.ts";
import type { ControlLink } from "./control-link.ts";
import { derOf } from "./node-evidence.ts";
import type { KnownState, RegisteredWorkload } from "./node-state.ts";

const generate = promisify(generateKeyPair);

export interface SvidCacheOptions {
  readonly link: ControlLink;
  readonly measurer: Measurer;
  readonly clocks: Clocks;
  readonly random: () => number;
  readonly onTrouble: (words: string) => void;
}

export interface HeldSvid extends X509Svid {
  /** PKCS#8, DER. */
  readonly keyDer: Uint8Array;
}

export interface SvidCache extends AsyncDisposable {
  /** Takes over the registrations; drops what is gone, asks for what is new. */
  follow(state: KnownState): void;
  /** The newest SVID that has not expired. */
  get(id: SpiffeId): HeldSvid | undefined;
  /** Its model files changed: they are measured now, and where they are not its own it holds no SVID any more. */
  measureAgain(id: SpiffeId): void;
  /** Resolves once the first attempt to get this component's SVID has ended, well or not. */
  settled(id: SpiffeId): Promise<void>;
  /** @throws {CordonError} as the control plane refuses, or `CONTROL_UNREACHABLE` when nothing that is held will do */
  token(id: SpiffeId, audience: readonly string[]): Promise<{ readonly token: string; readonly notAfter: Instant }>;
  /** Calls back after any SVID changed; returns the way to stop. */
  onChange(listener: () => void): () => void;
  readonly size: number;
  /** How many have an SVID now. */
  readonly held: number;
}

interface Entry {
  workload: RegisteredWorkload;
  svid: HeldSvid | undefined;
  /** When it is renewed: by either clock, for the wall's may be set back and the other may stand still in a sleep. */
  dueAt: Instant;
  dueAtMonotonic: number;
  endMonotonic: number;
  failures: number;
  readonly first: PromiseWithResolvers<void>;
}

interface Token {
  readonly token: string;
  readonly notAfter: Instant;
  readonly renewAt: Instant;
}

const tickMs = 250;
const firstBackOffMs = 500;
const longestBackOffMs = 30_000;
const maxTokens = 10_000;

export function openSvidCache(options: SvidCacheOptions): SvidCache {
  const { link, clocks, random } = options;
  const entries = new Map<SpiffeId, Entry>();
  const tokens = new Map<string, Token>();
  const listeners = new Set<() => void>();
  let state: KnownState | undefined;
  let working: Promise<void> | undefined;
  let failing = false;
  let closed = false;
  const timer = setInterval(() => wake(), tickMs);
  timer.unref();

  return {
    follow(next) {
      state = next;
      tokens.clear(); // whatever changed, it may have been their key or their workload
      for (const [id, entry] of entries)
        if (!next.registrations.has(id)) {
          entries.delete(id);
          entry.first.resolve();
        }
      for (const [id, workload] of next.registrations) {
        const entry = entries.get(id);
        if (entry === undefined) entries.set(id, newEntry(workload));
        else if (isWithdrawn(entry.svid, next)) {
          // The SVID, its key or its issuer was revoked, the workload was not: a new one at once.
          entry.svid = undefined;
          entry.workload = workload;
          entry.dueAt = 0;
        } else {
          entry.workload = workload;
          // It serves until the new one is there.
          if (isTainted(entry.svid, next)) entry.dueAt = 0;
        }
      }
      tell();
      wake();
    },
    get(id) {
      const entry = entries.get(id);
      const lives = entry?.svid !== undefined && entry.svid.notAfter > clocks.wall();
      return lives && clocks.monotonic() < entry.endMonotonic ? entry.svid : undefined;
    },
    measureAgain(id) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entry.dueAt = 0;
      wake();
    },
    settled: (id) => entries.get(id)?.first.promise ?? Promise.resolve(),
    async token(id, audience) {
      const key = JSON.stringify([id, ...audience.toSorted()]);
      const held = tokens.get(key);
      const at = clocks.wall();
      if (held !== undefined && at < held.renewAt) return held;
      try {
        const issued = await link.call({
          method: "POST",
          path: "/v1/svids/jwt",
          schema: nodeJwtResponse,
          body: { id, audience },
        });
        if (issued === undefined) throw new CordonError("CONTROL_UNREACHABLE", "the control plane issued no token");
        const fresh = { ...issued, renewAt: at + (issued.notAfter - at) / 2 };
        if (tokens.size >= maxTokens) tokens.clear();
        tokens.set(key, fresh);
        return fresh;
      } catch (error) {
        if (isCordonError(error, "CONTROL_UNREACHABLE") && held !== undefined && at < held.notAfter) return held;
        throw error;
      }
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get size() {
      return entries.size;
    },
    get held() {
      return [...entries.values()].filter(({ svid }) => svid !== undefined).length;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(timer);
      await working;
    },
  };

  /** Begins the work that is due, unless it is under way. */
  function wake(): void {
    if (closed || working !== undefined) return;
    const [at, monotonic] = [clocks.wall(), clocks.monotonic()];
    const due = [...entries.values()].filter((entry) => entry.dueAt <= at || entry.dueAtMonotonic <= monotonic);
    if (due.length === 0) return;
    working = renewAll(due).finally(() => {
      working = undefined;
    });
  }

  async function renewAll(due: readonly Entry[]): Promise<void> {
    for (let from = 0; from < due.length && !closed; from += maxSvidBatch) {
      const batch = due.slice(from, from + maxSvidBatch);
      try {
        await renew(batch);
        if (failing) options.onTrouble("workloads' identities are renewed again");
        failing = false;
      } catch (error) {
        for (const entry of batch) postpone(entry);
        if (!failing) options.onTrouble(`cannot renew workloads' identities: ${wordsOf(error)}`);
        failing = true;
      }
      for (const entry of batch) entry.first.resolve();
    }
  }

  async function renew(batch: readonly Entry[]): Promise<void> {
    const asked = await Promise.all(batch.map((entry) => prepare(entry)));
    const sent = asked.flatMap((one) => (one === undefined ? [] : [one]));
    if (sent.length === 0) return;
    const answer = await link.call({
      method: "POST",
      path: "/v1/svids/x509",
      schema: x509BatchResponse,
      body: { requests: sent.map(({ request }) => request) },
      timeoutMs: 30_000,
    });
    if (answer?.svids.length !== sent.length)
      throw new CordonError("SVID_INVALID", "the control plane answered other requests than were sent");
    for (const [at, { entry, key }] of sent.entries()) take(entry, key, answer.svids[at]);
    tell();
  }

  async function prepare(entry: Entry) {
    const { id, modelDigest, selectors } = entry.workload;
    const modelFile = selectors.find((one) => one.modelFile !== undefined)?.modelFile;
    let measured: string | undefined;
    if (modelFile !== undefined) {
      try {
        measured = `sha256:${(await options.measurer.measure(modelFile)).sha256}`;
      } catch (error) {
        withdraw(entry, wordsOf(error));
        return undefined;
      }
      if (measured !== modelDigest) {
        withdraw(entry, `${modelFile} is ${measured}, and ${modelDigest ?? "no model"} is registered`);
        return undefined;
      }
    }
    const { privateKey } = await generate("ec", { namedCurve: "P-256" });
    const csr = await makeCsr(privateKey);
    return {
      entry,
      key: privateKey,
      request: { id, csr, ...(measured === undefined ? {} : { modelDigest: measured }) },
    };
  }

  function take(entry: Entry, key: KeyObject, answer: X509BatchResponse["svids"][number] | undefined): void {
    const { id } = entry.workload;
    if (answer === undefined || "refused" in answer)
      return withdraw(entry, answer === undefined ? "no answer" : `${answer.refused.message} (${answer.refused.code})`);
    const bundles = state?.bundles ?? new Map();
    const revocations = state?.revocations;
    if (revocations === undefined) return;
    try {
      const chain = derOf(answer.chain);
      const at = clocks.wall();
      const verified = verifyX509Svid(chain, { bundles, revocations }, at);
      const { leaf } = readX509Svid(chain);
      const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
      if (verified.id !== id || Buffer.compare(publicKey, leaf.publicKeyInfo) !== 0)
        throw new CordonError("SVID_INVALID", "it is for another key or name than was asked");
      const keyDer = key.export({ type: "pkcs8", format: "der" });
      entry.svid = { id, chain, key, keyDer, notBefore: leaf.notBefore, notAfter: verified.notAfter };
      entry.failures = 0;
      // Half of what is left of its life, ten per cent to either side, so that a fleet does not ask at once.
      const lifeMs = verified.notAfter - at;
      const renewInMs = lifeMs * (0.45 + random() / 10);
      entry.dueAt = at + renewInMs;
      entry.dueAtMonotonic = clocks.monotonic() + renewInMs;
      entry.endMonotonic = clocks.monotonic() + lifeMs;
    } catch (error) {
      // A root that is newer than our bundle: the next state brings it.
      postpone(entry);
      options.onTrouble(`the SVID issued to ${id} does not verify: ${wordsOf(error)}`);
    }
  }

  /** Refused for good, until something changes: what was held must not be used on. */
  function withdraw(entry: Entry, why: string): void {
    if (entry.failures === 0) options.onTrouble(`${entry.workload.id} gets no identity: ${why}`);
    entry.svid = undefined;
    postpone(entry);
    tell();
  }

  function postpone(entry: Entry): void {
    // However long it has failed, a short life is tried several times before it ends.
    const leftMs = Math.min((entry.svid?.notAfter ?? 0) - clocks.wall(), entry.endMonotonic - clocks.monotonic());
    const longest = leftMs > 0 ? Math.min(Math.max(leftMs / 8, firstBackOffMs), longestBackOffMs) : longestBackOffMs;
    const backOff = Math.min(firstBackOffMs * 2 ** Math.min(entry.failures++, 10), longest);
    entry.dueAt = Infinity;
    entry.dueAtMonotonic = clocks.monotonic() + backOff * (0.5 + random() / 2);
  }

  function tell(): void {
    for (const listener of listeners) listener();
  }
}

function newEntry(workload: RegisteredWorkload): Entry {
  const never = { dueAtMonotonic: Infinity, endMonotonic: 0 };
  return { workload, svid: undefined, dueAt: 0, ...never, failures: 0, first: Promise.withResolvers() };
}

/** Whether an authority above a held SVID is tainted. */
function isTainted(svid: HeldSvid | undefined, { tainted }: KnownState): boolean {
  if (svid === undefined || tainted.size === 0) return false;
  return svid.chain.slice(1).some((der) => tainted.has(parseCertificate(der).keyFingerprint));
}

/** Whether a held SVID would be refused by its peers now: its key, itself or its issuer was withdrawn. */
function isWithdrawn(svid: HeldSvid | undefined, { revocations, bundles }: KnownState): boolean {
  if (svid === undefined) return false;
  try {
    verifyX509Svid(svid.chain, { bundles, revocations }, svid.notAfter - 1);
    return false;
  } catch {
    return true;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
