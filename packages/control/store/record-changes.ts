/**
 * Writes every revision of the state into the ledger: who changed what, and the digest of what it became. In: the
 * store's own log, followed without gaps. Out: one `change` entry a revision. Where it stopped is kept in a small file,
 * so that a restart goes on from there; after a crash a revision may be recorded twice, never not at all.
 */
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { ChangeEntry, LedgerAppender } from "@cordon/core/ledger/entry";
import type { Change, StateStore } from "./state-store.ts";

export interface RecordChangesOptions {
  readonly store: StateStore;
  readonly ledger: LedgerAppender;
  /** File that holds the last recorded revision. */
  readonly cursorFile: string;
  readonly onProblem: (error: unknown) => void;
}

/** Objects named in one entry at most; a larger revision becomes several entries of the same revision. */
const maxObjectsPerEntry = 200;

/** Follows until disposed. */
export function recordChanges({ store, ledger, cursorFile, onProblem }: RecordChangesOptions): AsyncDisposable {
  const ending = new AbortController();
  const follow = async (): Promise<void> => {
    let last = await readCursor(cursorFile);
    for await (const changes of store.follow(last, ending.signal)) {
      for (const entry of entriesOf(changes)) await ledger.append(entry);
      last = changes.at(-1)?.revision ?? last;
      await writeCursor(cursorFile, last);
    }
  };
  const running = (async () => {
    while (!ending.signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (ending.signal.aborted) return;
        onProblem(error);
        await new Promise((resolve) => setTimeout(resolve, 1000).unref());
      }
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

/** One revision's changes as ledger entries. */
export function entriesOf(changes: readonly Change[]): ChangeEntry[] {
  const entries: ChangeEntry[] = [];
  for (let start = 0; start < changes.length; start += maxObjectsPerEntry) {
    const slice = changes.slice(start, start + maxObjectsPerEntry);
    const [first] = slice;
    if (first === undefined) break;
    entries.push({
      v: 1,
      kind: "change",
      at: first.at,
      revision: first.revision,
      actor: first.actor,
      objects: slice.map(({ op, kind, namespace, name, object }) => ({
        op,
        kind,
        namespace,
        name,
        ...(object === undefined ? {} : { sha256: digestOf(object.value) }),
      })),
    });
  }
  return entries;
}

/** Digest of a value's canonical JSON: names sorted, no spaces (RFC 8785 for the values that the store holds). */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const properties = Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${properties.map(([name, child]) => `${JSON.stringify(name)}:${canonical(child)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

async function readCursor(file: string): Promise<Revision> {
  try {
    const number = Number((await readFile(file, "utf8")).trim());
    return (Number.isSafeInteger(number) && number >= 0 ? number : 0) as Revision;
  } catch {
    return 0 as Revision; // no cursor: record from the beginning
  }
}

async function writeCursor(file: string, revision: Revision): Promise<void> {
  await writeFile(`${file}.new`, `${revision}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
