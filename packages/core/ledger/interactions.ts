/**
 * Which interactions are open: allowed, and without an outcome yet. In: entries in order. Out: what is open, and what
 * breaks the rule that every allowed decision gets exactly one outcome. Memory: one small object for each open one.
 */
import { hash } from "node:crypto";
import { CordonError } from "../errors.ts";
import type { Namespace } from "../contract/vocabulary.ts";
import type { LedgerEntry } from "./entry.ts";

export interface OpenInteraction {
  readonly id: string;
  readonly namespace: Namespace;
  /** Index of the decision that allowed it. */
  readonly index: number;
}

/** What an entry does to the open interactions. */
export type Mark =
  | { readonly does: "opens" | "closes"; readonly id: string; readonly namespace: Namespace }
  | { readonly does: "starts" | "stops" }
  | undefined;

/** The mark of an entry. A decision that re-takes an earlier one (`again`) continues its interaction. */
export function markOf(entry: LedgerEntry): Mark {
  switch (entry.kind) {
    case "decision":
      return entry.effect === "allow" ? { does: "opens", id: entry.id, namespace: entry.namespace } : undefined;
    case "outcome":
      return { does: "closes", id: entry.id, namespace: entry.namespace };
    case "writer":
      return { does: entry.event === "stopped" ? "stops" : "starts" };
    case "discovery":
    case "refusal":
    case "change":
      return undefined;
  }
}

/** The open interactions of a growing ledger. */
export class Interactions {
  readonly #open: Map<string, OpenInteraction>;
  #stopped: boolean;

  constructor(open: readonly OpenInteraction[] = [], stopped = true) {
    this.#open = new Map(open.map((each) => [each.id, each]));
    this.#stopped = stopped;
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /** Whether the writer's last word was that it stopped. */
  get stopped(): boolean {
    return this.#stopped;
  }

  open(): OpenInteraction[] {
    return [...this.#open.values()];
  }

  /** Takes in one entry's mark. Returns false for an outcome of something that was not open. */
  apply(mark: Mark, index: number): boolean {
    switch (mark?.does) {
      case "opens":
        if (!this.#open.has(mark.id)) this.#open.set(mark.id, { id: mark.id, namespace: mark.namespace, index });
        return true;
      case "closes":
        return this.#open.delete(mark.id);
      case "starts":
      case "stops":
        this.#stopped = mark.does === "stops";
        return true;
      default:
        return true;
    }
  }
}

/**
 * What was open at a checkpoint, as the writer keeps it in `open/<size>`. With it, a restart finds orphans by reading
 * only what came after the checkpoint. It is a copy of what the entries say: a verifier computes it again.
 */
export function encodeOpen(size: number, interactions: Interactions): Buffer {
  const open = interactions.open().map(({ id, namespace, index }) => [id, namespace, index]);
  const body = JSON.stringify({ v: 1, size, stopped: interactions.stopped, open });
  return Buffer.from(`${hash("sha256", body)}\n${body}\n`);
}

export function openPath(size: number): string {
  return `open/${size}`;
}

/** @throws {CordonError} `LEDGER_CORRUPT` */
export function decodeOpen(bytes: Uint8Array, size: number): Interactions {
  const text = Buffer.from(bytes).toString("utf8");
  const [digest, body = "", end, ...more] = text.split("\n");
  if (end !== "" || more.length > 0 || hash("sha256", body) !== digest)
    throw new CordonError("LEDGER_CORRUPT", `${openPath(size)} was changed: its checksum does not fit`);
  const value = JSON.parse(body) as { size: number; stopped: boolean; open: [string, Namespace, number][] };
  if (value.size !== size) throw new CordonError("LEDGER_CORRUPT", `${openPath(size)} belongs to size ${value.size}`);
  return new Interactions(
    value.open.map(([id, namespace, index]) => ({ id, namespace, index })),
    value.stopped,
  );
}
