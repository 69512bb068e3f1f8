/**
 * Watches the model files on this machine: those that components name by `modelFiles`. In: the control plane. Out: what
 * lies there, in the store as soon as it is seen, until disposed; with every snapshot, watchers for what is named in it.
 */
import { openHasher } from "@cordon/agent/model-files/hasher";
import { watchModel, type ModelWatch } from "@cordon/agent/model-files/watch-model";
import { forgetSeen, isMachine, onMachine, recordSeen } from "@cordon/control/supply/served/served-files";
import { silentAfterMs, type Watchers } from "@cordon/control/supply/served/watchers";
import type { ControlPlane } from "@cordon/control/wire";
import type { FilesSeen } from "@cordon/core/contract/served-files";
import type { Instant } from "@cordon/core/instant";
import { ownMachine } from "@cordon/core/policy/served-model";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";

export interface ServedModelsOptions {
  readonly control: Pick<ControlPlane, "snapshots" | "store" | "writer">;
  readonly watchers: Watchers;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
  /** Default 5,000. */
  readonly sweepEveryMs?: number;
  /** When another machine that says nothing has seen nothing. Default a minute. */
  readonly silentAfterMs?: number;
}

const actor = "system:model-files";
const retryAfterMs = 500;

interface Watched {
  readonly component: Component;
  readonly watch: ModelWatch;
  /** What was told last: told again where the store has lost it, as when another Cordon on the same store starts. */
  last?: FilesSeen;
}

export function watchServedModels(options: ServedModelsOptions): AsyncDisposable {
  const { control, watchers, now, onProblem, sweepEveryMs = 5_000 } = options;
  const own = onMachine(control.writer);
  const [hasher, quietHasher] = [openHasher(), openHasher()];
  const watched = new Map<string, Watched>();
  const news = new Map<string, { readonly component: Component; readonly seen: FilesSeen }>();
  let writing: Promise<void> | undefined;
  let closed = false;

  const report = (component: Component, seen: FilesSeen): void => {
    news.set(component.id, { component, seen });
    writing ??= write().finally(() => (writing = undefined));
  };
  /** Writes until there is no news. What cannot be written is tried again: until then the snapshot goes stale. */
  async function write(): Promise<void> {
    while (news.size > 0 && !closed) {
      const reports = [...news.values()];
      news.clear();
      try {
        await recordSeen(control.store, reports, { where: own, actor, now: now() });
      } catch (error) {
        onProblem(error);
        for (const one of reports) if (!news.has(one.component.id)) news.set(one.component.id, one);
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs).unref());
      }
    }
  }

  let components: Snapshot["components"] | undefined;
  let known: Snapshot["servedFiles"];
  /** Says again what is known here and nowhere else. */
  const retell = ({ servedFiles }: Snapshot): void => {
    if (servedFiles === known) return;
    known = servedFiles;
    for (const { component, last } of watched.values())
      if (last !== undefined && servedFiles?.get(component.id)?.some(({ where }) => where === ownMachine) !== true)
        report(component, last);
  };
  const follow = (snapshot: Snapshot): void => {
    if (closed) return;
    retell(snapshot);
    if (snapshot.components === components) return;
    components = snapshot.components;
    for (const [id, { component, watch }] of watched) {
      if (components.get(component.id)?.modelFiles === component.modelFiles) continue;
      watched.delete(id);
      void watch[Symbol.asyncDispose]();
    }
    for (const component of components.values()) {
      const { id, modelFiles } = component;
      if (modelFiles === undefined || watched.has(id)) continue;
      // What another folder was seen to hold says nothing of this one.
      if (snapshot.servedFiles?.get(component.id)?.some(({ where }) => where === ownMachine) === true)
        report(component, { problem: "they are being measured" });
      const onSeen = (seen: FilesSeen): void => {
        const one = watched.get(id);
        if (one?.component === component) one.last = seen;
        report(component, seen);
      };
      watched.set(id, { component, watch: watchModel({ path: modelFiles, hasher, quietHasher, onSeen }) });
    }
  };
  const stop = control.snapshots.subscribe(follow);
  follow(control.snapshots.current());

  /** Says that this machine looks, and drops what machines saw that do not look any more. */
  const sweep = async (): Promise<void> => {
    if (watched.size > 0) watchers.heard(own);
    await watchers.exchange();
    const silent = new Set(
      [...(control.snapshots.current().servedFiles?.values() ?? [])]
        .flat()
        .map(({ where }) => where)
        .filter((where) => isMachine(where) && watchers.silentMs(where) > (options.silentAfterMs ?? silentAfterMs)),
    );
    for (const where of silent) {
      await forgetSeen(control.store, { actor, now: now(), of: (one) => one === where });
      await watchers.forget(where);
    }
  };
  let sweeping: Promise<void> | undefined;
  const timer = setInterval(() => {
    sweeping ??= sweep()
      .catch(onProblem)
      .finally(() => (sweeping = undefined));
  }, sweepEveryMs);
  timer.unref();

  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(timer);
      await sweeping;
      stop();
      await Promise.all([...watched.values()].map(({ watch }) => watch[Symbol.asyncDispose]()));
      await Promise.all([hasher[Symbol.asyncDispose](), quietHasher[Symbol.asyncDispose]()]);
      await writing;
    },
  };
}
