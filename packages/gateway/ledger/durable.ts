/**
 * Puts files into place so that a crash leaves each whole or absent. In: a file layer, paths, bytes. Out: files that are
 * durable under their names, in the one order that guarantees it: content, name, folder.
 */
import type { LedgerFiles } from "./files.ts";

export class DurableFolder {
  readonly files: LedgerFiles;
  /** Folders that are known to be durable. */
  readonly #known = new Set<string>([""]);

  constructor(files: LedgerFiles) {
    this.files = files;
  }

  /** Makes a folder and those above it, each durable in the one above before anything is put in it. */
  ensure(path: string): void {
    if (this.#known.has(path)) return;
    const above = folderOf(path);
    this.ensure(above);
    this.files.makeFolder(path);
    // Also where it was there already: the process that made it may have died before this point.
    this.files.syncFolder(above);
    this.#known.add(path);
  }

  /** Forgets a folder that was removed. */
  forget(path: string): void {
    this.#known.delete(path);
  }

  /** Creates or replaces a file; its content is durable, its name only after `files.syncFolder(folderOf(path))`. */
  stage(path: string, bytes: Uint8Array): void {
    this.ensure("tmp");
    this.ensure(folderOf(path));
    const temporary = `tmp/${path.replaceAll("/", "_")}`;
    const file = this.files.create(temporary);
    try {
      file.append(bytes);
      file.datasync();
    } finally {
      file.close();
    }
    this.files.rename(temporary, path);
  }

  /** Creates or replaces a file, durably: after a crash it is there whole, or as it was before. */
  replace(path: string, bytes: Uint8Array): void {
    this.stage(path, bytes);
    this.files.syncFolder(folderOf(path));
  }
}

export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}
