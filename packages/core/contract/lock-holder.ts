/**
 * Which process holds a file's lock. In: the kernel's own list of locks (`/proc/locks`), and which file. Out: its process, where
 * the kernel says so: there is no file with a pid in it that could be wrong.
 *
 * @see proc_locks(5)
 */

export interface LockedFile {
  /** `st_dev` and `st_ino`. */
  readonly device: number;
  readonly inode: number;
}

/** The process that may alone write the file; undefined where nobody does, or it is another container's. */
export function lockHolder(locks: string, { device, inode }: LockedFile): number | undefined {
  const name = `${hex((device >> 8) & 0xfff)}:${hex((device & 0xff) | ((device >> 12) & 0xfff00))}:${inode}`;
  for (const line of locks.split("\n")) {
    // 8: POSIX  ADVISORY  WRITE 13141 fe:00:2206274 1073741824 1073742335; one that waits has `->` behind its number.
    const [, , , mode, pid, file] = line.trim().split(/\s+/);
    if (mode === "WRITE" && file === name && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}
