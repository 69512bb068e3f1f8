/**
 * What the services stand on: the node's state and SVIDs, as one value that changes. In: the state follower and the SVID
 * cache. Out: who is entitled to what, and streams of the whole truth at each change.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import type { SpiffeId, TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { CallerFacts } from "../attestation/attest.ts";
import type { KnownState } from "../node/node-state.ts";
import type { HeldSvid, SvidCache } from "../node/svid-cache.ts";
import { entitlementsOf, refusalsOf, type Entitlement, type LaunchesBySession } from "./callers.ts";

export interface Workloads {
  /** @throws {ConnectError} `Unavailable` before the first state came */
  state(): KnownState & { readonly trustDomain: TrustDomain };
  entitledOf(facts: CallerFacts): readonly Entitlement[];
  svid(id: SpiffeId): HeldSvid | undefined;
  token: SvidCache["token"];
  /** The refusal of a caller that is nobody here; tells the operator why. */
  denied(facts: CallerFacts): ConnectError;
  /**
   * Messages for one caller: at once, and again whenever `make` makes another one. `undefined` from `make` means that
   * nothing is ready yet.
   */
  stream<T extends object>(
    facts: CallerFacts,
    signal: AbortSignal,
    make: (entitled: readonly Entitlement[]) => Promise<T | undefined>,
  ): AsyncGenerator<T>;
}

export interface WorkloadsOptions {
  readonly trustDomain: TrustDomain;
  readonly current: () => KnownState | undefined;
  readonly cache: SvidCache;
  readonly launches: LaunchesBySession;
  /** Told of callers that are nobody here. */
  readonly denied: (words: string) => void;
}

/** How long a first message waits for an SVID that is being issued. */
const issueWaitMs = 5_000;

export function openWorkloads(options: WorkloadsOptions): Workloads {
  const { cache, trustDomain, launches } = options;
  const state = (): KnownState & { readonly trustDomain: TrustDomain } => {
    const known = options.current();
    if (known === undefined)
      throw new ConnectError("the agent has not heard from the control plane yet", Code.Unavailable);
    return { ...known, trustDomain };
  };
  const entitledOf = (facts: CallerFacts): readonly Entitlement[] => entitlementsOf(facts, state(), launches);
  const denied = (facts: CallerFacts): ConnectError => {
    const why = refusalsOf(facts, state(), launches);
    options.denied(
      `process ${facts.pid} (user ${facts.uid}, ${facts.path}) is no registered workload of this node` +
        (why.length === 0 ? ": none is registered" : `: ${why.join("; ")}`),
    );
    return new ConnectError("no identity issued", Code.PermissionDenied);
  };

  return {
    state,
    entitledOf,
    denied,
    svid: (id) => cache.get(id),
    token: (id, audience) => cache.token(id, audience),
    async *stream(facts, signal, make) {
      const changes = changesOf(cache, signal);
      let last: string | undefined;
      let first = true;
      try {
        while (!signal.aborted) {
          const entitled = entitledOf(facts);
          if (entitled.length === 0) throw denied(facts);
          if (first) await settled(cache, entitled);
          const message = await make(entitled);
          if (message === undefined && first)
            throw new ConnectError("the identity could not be issued yet; try again", Code.Unavailable);
          first = false;
          const print = fingerprint(message);
          if (message !== undefined && print !== last) yield message;
          last = print;
          await changes.next();
        }
      } finally {
        changes.stop();
      }
    },
  };
}

async function settled(cache: SvidCache, entitled: readonly Entitlement[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, issueWaitMs)));
  await Promise.race([late, Promise.all(entitled.map(({ workload }) => cache.settled(workload.id)))]);
  clearTimeout(timer);
}

/** Waits for changes one after another; one that came while nobody waited is not lost. */
function changesOf(cache: SvidCache, signal: AbortSignal) {
  let pending = false;
  let wake: (() => void) | undefined;
  const ring = (): void => {
    pending = true;
    wake?.();
  };
  const stopListening = cache.onChange(ring);
  signal.addEventListener("abort", ring);
  return {
    async next(): Promise<void> {
      if (!pending) await new Promise<void>((resolve) => (wake = resolve));
      pending = false;
      wake = undefined;
    },
    stop(): void {
      stopListening();
      signal.removeEventListener("abort", ring);
    },
  };
}

/** Tells one message from another by its content; bytes are compared as base64. */
function fingerprint(message: object | undefined): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
}
