/**
 * The agent of one node: proves the node to the control plane, keeps the SVIDs of its workloads fresh, and hands each
 * workload its own. In: where the control plane is, how the node proves itself, which socket to serve. Out: a running
 * agent. Built here, in order, by hand.
 */
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import { openLaunches } from "./attestation/launches.ts";
import { openMeasurer } from "./attestation/measure.ts";
import { followNodeState, type KnownState } from "./node/node-state.ts";
import type { NodeProof } from "./node/node-evidence.ts";
import { openNodeFolder } from "./node/node-folder.ts";
import { openNodeIdentity, type NodeIdentity } from "./node/node-identity.ts";
import { openServedModels } from "./node/served-models.ts";
import { openSvidCache } from "./node/svid-cache.ts";
import { parseControlUrl } from "./node/control-link.ts";
import { systemClocks, type Clocks } from "./run/identity.ts";
import { openEndpoint } from "./workload-api/endpoint.ts";
import { services } from "./workload-api/services.ts";
import { measureLinux } from "./posture/measure-linux.ts";
import { reportPosture } from "./posture/report-posture.ts";
import { openWorkloads } from "./workload-api/workloads.ts";

export interface AgentOptions {
  /** `https://host:port` of the control plane's API for agents. */
  readonly controlUrl: string;
  /** Where this node's key is kept; for this user alone. */
  readonly folder: string;
  readonly socketPath: string;
  /** Needed the first time. */
  readonly proof?: NodeProof | undefined;
  /** Gets sentences for a person. */
  readonly say: (words: string) => void;
  readonly clocks?: Clocks;
}

export interface Agent extends AsyncDisposable {
  readonly node: string;
  readonly trustDomain: TrustDomain;
  /** Components that are registered to this node. */
  readonly workloads: () => number;
  /** Those whose SVID is held now. */
  readonly held: () => number;
}

/** @throws {CordonError} what keeps the agent from starting, with the remedy */
export async function openAgent(options: AgentOptions): Promise<Agent> {
  const clocks = options.clocks ?? systemClocks;
  const { say } = options;
  await using opening = new AsyncDisposableStack();
  const folder = await openNodeFolder(options.folder);
  const url = parseControlUrl(options.controlUrl);
  const identity = opening.use(await openNodeIdentity({ url, folder, proof: options.proof, clocks }));
  const measurer = openMeasurer();
  const random = Math.random;
  opening.use(keepRenewed(identity, say));
  const cache = opening.use(openSvidCache({ link: identity.link, measurer, clocks, random, onTrouble: say }));
  const models = opening.use(
    openServedModels({ link: identity.link, onTrouble: say, onChange: (id) => cache.measureAgain(id) }),
  );
  let known: KnownState | undefined;
  opening.use(
    followNodeState({
      link: identity.link,
      onState(state) {
        known = state;
        const own = state.bundles.get(identity.trustDomain);
        if (own !== undefined) void identity.adopt(own).catch((error: unknown) => say((error as Error).message));
        cache.follow(state);
        models.follow(state);
      },
      onTrouble: say,
      random,
    }),
  );
  opening.use(
    reportPosture({
      link: () => identity.link,
      measure: () => measureLinux("/", clocks.wall()),
      say,
    }),
  );
  const launches = openLaunches();
  const workloads = openWorkloads({
    trustDomain: identity.trustDomain,
    current: () => known,
    cache,
    launches: (facts) => launches.of(facts),
    denied: say,
  });
  opening.use(
    await openEndpoint({
      socketPath: options.socketPath,
      routes: services({
        ...{ workloads, launches, measurer },
        ownUid: process.getuid?.() ?? 0,
        now: () => clocks.wall(),
      }),
      measurer,
      refused: (words) => say(`a caller was refused: ${words}`),
    }),
  );
  const owned = opening.move();
  return {
    node: identity.node,
    trustDomain: identity.trustDomain,
    workloads: () => cache.size,
    held: () => cache.held,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const renewTickMs = 500;
const longestBackOffMs = 30_000;

/** Renews the agent's own SVID when it is due, with back-off; an expired one too. */
function keepRenewed(identity: NodeIdentity, say: (words: string) => void): Disposable {
  let renewing = false;
  let failures = 0;
  let retryAt = 0;
  const timer = setInterval(() => {
    if (renewing || identity.dueInMs() > 0 || performance.now() < retryAt) return;
    renewing = true;
    identity
      .renew()
      .then(
        () => {
          failures = 0;
        },
        (error: unknown) => {
          if (failures === 0) say(`cannot renew this node's own identity: ${(error as Error).message}`);
          retryAt = performance.now() + Math.min(1000 * 2 ** Math.min(failures++, 10), longestBackOffMs);
        },
      )
      .finally(() => (renewing = false));
  }, renewTickMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
