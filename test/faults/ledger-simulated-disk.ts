/**
 * A disk that can lose power. In: the operations of a ledger's file layer. Out: their trace, and, for every prefix of
 * it, the states that a power loss there may leave: what was synced is kept; of what was not, any part may be lost, torn
 * into sectors, or kept out of order.
 *
 * Rules, those of POSIX and no kinder: a file's bytes are safe up to its last `datasync`; a name that was made, moved or
 * removed is safe from the next `syncFolder` on its folder; a folder that is lost takes what is in it along. Of the
 * unsafe bytes each 512-byte sector may be there, zero, or garbage, and the length may be anything in between; of the
 * unsafe names any subset may have been made, whatever their order.
 */
import type { GrowingFile, LedgerFiles } from "@cordon/gateway/ledger/files";

type Inode = number;

export type Operation =
  | { readonly does: "create"; readonly path: string; readonly inode: Inode }
  | { readonly does: "append"; readonly path: string; readonly inode: Inode; readonly bytes: Buffer }
  | { readonly does: "datasync"; readonly path: string; readonly inode: Inode }
  | { readonly does: "rename"; readonly path: string; readonly from: string; readonly inode: Inode }
  | { readonly does: "remove"; readonly path: string }
  | { readonly does: "makeFolder"; readonly path: string }
  | { readonly does: "syncFolder"; readonly path: string };

/** What lies on a disk: files by path, folders, contents by inode. */
export interface DiskState {
  readonly names: ReadonlyMap<string, Inode | "folder">;
  readonly contents: ReadonlyMap<Inode, Buffer>;
}

export const emptyDisk: DiskState = { names: new Map(), contents: new Map() };

/** Whole numbers from 0 to `below` - 1, the same for the same seed. */
export type Random = (below: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A file layer in memory that starts from a state and records what is done to it. */
export class SimulatedDisk implements LedgerFiles {
  readonly start: DiskState;
  readonly trace: Operation[] = [];
  /** Where in the trace a sync was left out. */
  readonly forgotten: number[] = [];
  readonly #names: Map<string, Inode | "folder">;
  readonly #contents: Map<Inode, Buffer[]>;
  /** Whether a sync is to be left out of the trace, as if the code did not have it. */
  readonly #forgets: (operation: Operation, before: Operation | undefined) => boolean;
  #nextInode: Inode;
  #before: Operation | undefined;

  constructor(
    start: DiskState = emptyDisk,
    forgets: (operation: Operation, before: Operation | undefined) => boolean = () => false,
  ) {
    this.start = start;
    this.#names = new Map(start.names);
    this.#contents = new Map([...start.contents].map(([inode, bytes]) => [inode, [bytes]]));
    this.#nextInode = Math.max(0, ...start.contents.keys()) + 1;
    this.#forgets = forgets;
  }

  create(path: string): GrowingFile {
    const inode = this.#nextInode++;
    this.#needFolder(path);
    this.#names.set(path, inode);
    this.#contents.set(inode, []);
    this.#record({ does: "create", path, inode });
    return {
      append: (bytes) => {
        const copy = Buffer.from(bytes);
        this.#contents.get(inode)?.push(copy);
        this.#record({ does: "append", path, inode, bytes: copy });
      },
      datasync: () => this.#record({ does: "datasync", path, inode }),
      close: () => undefined,
    };
  }

  rename(from: string, to: string): void {
    const inode = this.#names.get(from);
    if (typeof inode !== "number") throw new Error(`simulated disk: there is no file ${from}`);
    this.#needFolder(to);
    this.#names.delete(from);
    this.#names.set(to, inode);
    this.#record({ does: "rename", path: to, from, inode });
  }

  remove(path: string): void {
    removeFrom(this.#names, path);
    this.#record({ does: "remove", path });
  }

  makeFolder(path: string): void {
    if (this.#names.has(path)) return;
    this.#needFolder(path);
    this.#names.set(path, "folder");
    this.#record({ does: "makeFolder", path });
  }

  syncFolder(path: string): void {
    if (path !== "" && this.#names.get(path) !== "folder")
      throw new Error(`simulated disk: there is no folder ${path}`);
    this.#record({ does: "syncFolder", path });
  }

  read(path: string): Uint8Array | undefined {
    const inode = this.#names.get(path);
    return typeof inode === "number" ? Buffer.concat(this.#contents.get(inode) ?? []) : undefined;
  }

  list(path: string): string[] {
    const prefix = path === "" ? "" : `${path}/`;
    return [...this.#names]
      .filter(([name]) => name.startsWith(prefix) && name !== path && !name.slice(prefix.length).includes("/"))
      .map(([name, inode]) => `${name.slice(prefix.length)}${inode === "folder" ? "/" : ""}`);
  }

  lock(): () => void {
    return () => undefined;
  }

  #needFolder(path: string): void {
    const folder = folderOf(path);
    if (folder !== "" && this.#names.get(folder) !== "folder")
      throw new Error(`simulated disk: there is no folder ${folder}`);
  }

  #record(operation: Operation): void {
    if (this.#forgets(operation, this.#before)) this.forgotten.push(this.trace.length);
    else this.trace.push(operation);
    this.#before = operation;
  }
}

/** One state that a power loss behind the first `length` operations of the trace may leave. */
export function losePower(disk: SimulatedDisk, length: number, random: Random): DiskState {
  const operations = disk.trace.slice(0, length);
  const eager = random(4); // 0: nothing unsynced was kept; 1: all of it; else: each part by its own luck
  const kept = (): boolean => eager === 1 || (eager > 1 && random(2) === 0);
  const names = new Map(disk.start.names);
  const syncedAt = lastSyncs(operations);
  const contents = new Map(disk.start.contents);
  const written = new Map<Inode, Buffer[]>();
  const safeBytes = new Map<Inode, number>();
  for (const [at, operation] of operations.entries()) {
    if (operation.does === "append") {
      const parts = written.get(operation.inode) ?? [];
      parts.push(operation.bytes);
      written.set(operation.inode, parts);
    } else if (operation.does === "datasync") {
      safeBytes.set(operation.inode, lengthOf(written.get(operation.inode)));
    } else if (operation.does !== "syncFolder") {
      const safe = (syncedAt.get(folderOf(operation.path)) ?? -1) > at;
      if (safe || kept()) applyName(names, operation);
    }
  }
  for (const inode of names.values()) {
    const parts = typeof inode === "number" ? written.get(inode) : undefined;
    if (typeof inode !== "number" || disk.start.contents.has(inode)) continue;
    contents.set(inode, tear(Buffer.concat(parts ?? []), safeBytes.get(inode) ?? 0, kept, random));
  }
  return { names: reachable(names), contents };
}

function lastSyncs(operations: readonly Operation[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const [at, operation] of operations.entries()) if (operation.does === "syncFolder") last.set(operation.path, at);
  return last;
}

function applyName(names: Map<string, Inode | "folder">, operation: Operation): void {
  switch (operation.does) {
    case "create":
      names.set(operation.path, operation.inode);
      return;
    case "rename":
      names.delete(operation.from);
      names.set(operation.path, operation.inode);
      return;
    case "remove":
      removeFrom(names, operation.path);
      return;
    case "makeFolder":
      names.set(operation.path, "folder");
      return;
    default:
      return;
  }
}

const sectorBytes = 512;

function tear(bytes: Buffer, safe: number, kept: () => boolean, random: Random): Buffer {
  if (safe === bytes.length) return bytes;
  const torn = Buffer.from(bytes);
  let length = safe;
  for (let at = safe - (safe % sectorBytes); at < bytes.length; at += sectorBytes) {
    const [from, to] = [Math.max(at, safe), Math.min(at + sectorBytes, bytes.length)];
    if (kept()) length = to;
    else if (random(2) === 0) torn.fill(0, from, to);
    else torn.fill(random(256), from, to);
  }
  // The length may cover sectors that never came, or end inside one.
  const end = random(3) === 0 ? bytes.length : random(3) === 0 ? safe + random(length - safe + 1) : length;
  return torn.subarray(0, end);
}

function reachable(names: ReadonlyMap<string, Inode | "folder">): Map<string, Inode | "folder"> {
  const isThere = (path: string): boolean => path === "" || (names.get(path) === "folder" && isThere(folderOf(path)));
  return new Map([...names].filter(([path]) => isThere(folderOf(path))));
}

function removeFrom(names: Map<string, Inode | "folder">, path: string): void {
  if (names.get(path) === "folder")
    for (const name of names.keys()) if (name.startsWith(`${path}/`)) names.delete(name);
  names.delete(path);
}

function lengthOf(parts: readonly Buffer[] | undefined): number {
  return (parts ?? []).reduce((sum, part) => sum + part.length, 0);
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}
