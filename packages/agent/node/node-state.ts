/**
 * What this node is to know, followed. In: the link to the control plane. Out: the newest state, parsed, and word of each
 * change. While the control plane is away the last good state stands; the agent serves on from memory.
 */
import { maxWaitSeconds, nodeState, type NodeRegistration, type NodeState } from "@cordon/core/contract/node-api";
import type { Registration } from "@cordon/core/contract/registration-schema";
import { parseSpiffeId, parseTrustDomain, type SpiffeId, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Revocations, TrustBundle } from "@cordon/core/policy/snapshot";
import { readBundle } from "./node-identity.ts";
import type { ControlLink } from "./control-link.ts";

export interface RegisteredWorkload {
  readonly id: SpiffeId;
  readonly bearerTokens: boolean;
  readonly modelDigest: string | undefined;
  readonly selectors: readonly Registration[];
}

/** The gateway, and what it offers to the outside. */
export interface EgressGateway {
  readonly url: string;
  readonly id: SpiffeId;
  readonly egress?: boolean | undefined;
  /** PEM of who certifies hosts that are looked into, where any are. */
  readonly interception?: string | undefined;
}

export interface KnownState {
  readonly revision: number;
  readonly registrations: ReadonlyMap<SpiffeId, RegisteredWorkload>;
  readonly bundles: ReadonlyMap<TrustDomain, TrustBundle>;
  readonly revocations: Revocations;
  /** Keys of authorities whose SVIDs are to be replaced now, though they still count. */
  readonly tainted: ReadonlySet<string>;
  readonly gateway: EgressGateway;
}

export interface FollowOptions {
  readonly link: ControlLink;
  readonly onState: (state: KnownState) => void;
  /** Told in words when the control plane cannot be reached, and when it can again. */
  readonly onTrouble: (words: string) => void;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

const firstBackOffMs = 250;
const longestBackOffMs = 10_000;

/** Follows until disposed. */
export function followNodeState(options: FollowOptions): AsyncDisposable {
  const stop = new AbortController();
  const running = run(options, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function run({ link, onState, onTrouble, random }: FollowOptions, signal: AbortSignal): Promise<void> {
  let after: number | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const answer = await link.call({
        method: "GET",
        path: `/v1/node/state${after === undefined ? "" : `?after=${after}`}`,
        schema: nodeState,
        timeoutMs: (maxWaitSeconds + 15) * 1000,
        signal,
      });
      if (failures > 0) onTrouble("the control plane answers again");
      failures = 0;
      if (answer === undefined) continue;
      onState(parseState(answer));
      after = answer.revision;
    } catch (error) {
      if (signal.aborted) return;
      if (failures === 0) onTrouble(`serving from memory: ${error instanceof Error ? error.message : String(error)}`);
      const backOff = Math.min(firstBackOffMs * 2 ** Math.min(failures++, 8), longestBackOffMs);
      await sleep(backOff * (0.5 + random() / 2), signal);
      // Whoever comes back may be a restored, older one: ask for everything.
      after = undefined;
    }
  }
}

/** @throws {CordonError} when a bundle or an id in it is malformed: half a state is a different state */
export function parseState(state: NodeState): KnownState {
  return {
    revision: state.revision,
    registrations: new Map(state.registrations.map((one) => [parseSpiffeId(one.id), workloadOf(one)])),
    bundles: new Map(
      Object.entries(state.bundles).map(([name, document]) => {
        const trustDomain = parseTrustDomain(name);
        return [trustDomain, readBundle(trustDomain, document)];
      }),
    ),
    revocations: {
      keys: new Set(state.revoked.keys),
      certificates: new Set(state.revoked.certificates),
      workloads: new Set(state.revoked.workloads.map(parseSpiffeId)),
    },
    tainted: new Set(state.tainted),
    gateway: { ...state.gateway, id: parseSpiffeId(state.gateway.id) },
  };
}

function workloadOf({ id, bearerTokens, modelDigest, selectors }: NodeRegistration): RegisteredWorkload {
  return { id: parseSpiffeId(id), bearerTokens, modelDigest, selectors };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
