/**
 * Watches the model files that are registered to this node. In: the node's registrations as they are now. Out: what lies
 * there, told to the control plane as soon as it is seen and again before it would be taken for silence; and a call back for
 * components whose files are not theirs any more, so that their identity goes with them.
 */
import { modelsEverySeconds, nodeModelsResponse } from "@cordon/core/contract/node-api";
import type { FilesSeen } from "@cordon/core/contract/served-files";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { openHasher } from "../model-files/hasher.ts";
import { watchModel, type ModelWatch } from "../model-files/watch-model.ts";
import type { ControlLink } from "./control-link.ts";
import type { KnownState } from "./node-state.ts";

export interface ServedModels extends AsyncDisposable {
  /** Takes over the registrations. */
  follow(state: KnownState): void;
}

export interface ServedModelsOptions {
  readonly link: Pick<ControlLink, "call">;
  readonly onTrouble: (words: string) => void;
  /** The files of a component changed: what it holds on the ground of them is to be judged again. */
  readonly onChange: (id: SpiffeId) => void;
}

const firstBackOffMs = 200;
const longestBackOffMs = 5_000;

interface Watched {
  readonly path: string;
  readonly watch: ModelWatch;
  seen: FilesSeen | undefined;
}

export function openServedModels({ link, onTrouble, onChange }: ServedModelsOptions): ServedModels {
  const [hasher, quietHasher] = [openHasher(), openHasher()];
  const watched = new Map<SpiffeId, Watched>();
  let changed = false;
  let telling: Promise<void> | undefined;
  let failures = 0;
  let revision = -1;
  let closed = false;
  let wake: (() => void) | undefined;
  const repeat = setInterval(() => tell(), modelsEverySeconds * 1000);
  repeat.unref();

  const tell = (): void => {
    changed = true;
    wake?.();
    telling ??= tellAll().finally(() => (telling = undefined));
  };

  /** Everything, so that a control plane which began anew knows it too. */
  async function tellAll(): Promise<void> {
    while (changed && !closed) {
      changed = false;
      const models = [...watched].flatMap(([id, { seen }]) => (seen === undefined ? [] : [{ id, seen }]));
      if (models.length === 0) return;
      try {
        await link.call({ method: "POST", path: "/v1/node/models", schema: nodeModelsResponse, body: { models } });
        if (failures > 0) onTrouble("the control plane hears of this node's model files again");
        failures = 0;
      } catch (error) {
        if (failures === 0) onTrouble(`cannot tell of this node's model files: ${(error as Error).message}`);
        changed = true;
        await pause(Math.min(firstBackOffMs * 2 ** Math.min(failures++, 6), longestBackOffMs));
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    follow(state) {
      for (const [id, { path, watch }] of watched) {
        if (pathOf(state, id) === path) continue;
        watched.delete(id);
        void watch[Symbol.asyncDispose]();
      }
      for (const id of state.registrations.keys()) {
        const path = pathOf(state, id);
        if (path === undefined || watched.has(id)) continue;
        const onSeen = (seen: FilesSeen): void => {
          const entry = watched.get(id);
          if (entry === undefined) return;
          const first = entry.seen === undefined;
          entry.seen = seen;
          if (!first) onChange(id);
          tell();
        };
        watched.set(id, {
          path,
          watch: watchModel({ path, hasher, quietHasher, onSeen, saysMeasuring: true }),
          seen: undefined,
        });
      }
      // Each state that comes from the beginning may be another control plane's, or the same one's after a start.
      if (state.revision !== revision) tell();
      revision = state.revision;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(repeat);
      wake?.();
      await Promise.all([...watched.values()].map(({ watch }) => watch[Symbol.asyncDispose]()));
      await Promise.all([hasher[Symbol.asyncDispose](), quietHasher[Symbol.asyncDispose]()]);
      await telling;
    },
  };
}

function pathOf(state: KnownState, id: SpiffeId): string | undefined {
  return state.registrations.get(id)?.selectors.find(({ modelFile }) => modelFile !== undefined)?.modelFile;
}
