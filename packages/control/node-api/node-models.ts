/**
 * What agents say of the model files on their nodes. In: reports, each over a node's own connection. Out: `served-files`
 * objects, and with them what routes decide. An agent that falls silent has seen nothing; a node that was evicted never did.
 */
import { modelsEverySeconds, nodeModelsRequest, type NodeModelsResponse } from "@cordon/core/contract/node-api";
import { CordonError } from "@cordon/core/errors";
import { agentId } from "@cordon/core/identity/node-id";
import type { Instant } from "@cordon/core/instant";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import { checked } from "../api/local-exchange.ts";
import type { StateStore } from "../store/state-store.ts";
import { forgetSeen, nodeOf, onNode, recordSeen } from "../supply/served/served-files.ts";
import type { Watchers } from "../supply/served/watchers.ts";
import { componentFor, registrationsOf } from "./node-registrations.ts";
import type { NodeCaller } from "./node-operations.ts";
import type { Nodes } from "./nodes.ts";

export interface NodeModels extends Disposable {
  report(caller: NodeCaller, body: unknown): Promise<NodeModelsResponse>;
}

export interface NodeModelsOptions {
  readonly store: Pick<StateStore, "transact">;
  readonly snapshots: SnapshotSource;
  readonly nodes: Pick<Nodes, "find">;
  readonly watchers: Watchers;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
  /** How often silence is looked for; tests are quicker. */
  readonly sweepEveryMs?: number;
  readonly silentAfterMs?: number;
}

const actor = "system:model-files";

export function openNodeModels(options: NodeModelsOptions): NodeModels {
  const {
    store,
    snapshots,
    nodes,
    watchers,
    now,
    sweepEveryMs = 5_000,
    silentAfterMs = 3_000 * modelsEverySeconds,
  } = options;
  let sweeping = false;

  const timer = setInterval(() => {
    if (sweeping) return;
    sweeping = true;
    sweep()
      .catch(options.onProblem)
      .finally(() => (sweeping = false));
  }, sweepEveryMs);
  timer.unref();

  return {
    async report({ node }, body) {
      const { models } = checked(nodeModelsRequest, body);
      const snapshot = snapshots.current();
      const reports = models.map(({ id, seen }) => {
        const component = componentFor(snapshot, node, id);
        if (
          component === undefined ||
          !registrationsOf(component, node).some(({ modelFile }) => modelFile !== undefined)
        )
          throw new CordonError("ACCESS_DENIED", `\`${id.slice(0, 200)}\` has no model file on node \`${node}\``);
        return { component, seen };
      });
      watchers.heard(onNode(node));
      if (reports.length > 0)
        await recordSeen(store, reports, {
          where: onNode(node),
          actor: agentId(snapshot.trustDomain, node),
          now: now(),
        });
      return { revision: snapshots.current().revision };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };

  async function sweep(): Promise<void> {
    await watchers.exchange(); // an agent that speaks to another machine is not silent
    const { servedFiles, components } = snapshots.current();
    for (const [id, seen] of servedFiles ?? [])
      for (const one of seen) {
        const node = nodeOf(one.where);
        const component = components.get(id);
        if (node === undefined || component === undefined) continue;
        if ((await nodes.find(node)) === undefined || registrationsOf(component, node).length === 0)
          await forgetSeen(store, { actor, now: now(), of: (where) => where === one.where, component });
        else if ("digest" in one && watchers.silentMs(one.where) > silentAfterMs) {
          const problem = `its agent has said nothing for ${Math.round(silentAfterMs / 1000)} s`;
          await recordSeen(store, [{ component, seen: { problem } }], { where: one.where, actor, now: now() });
        }
      }
  }
}
