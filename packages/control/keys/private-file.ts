/**
 * Files that hold what protects keys. In: a path. Out: its bytes, where nobody else could have read or written them; or a
 * new file, whole and durable or not there.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { CordonError } from "@cordon/core/errors";

/** Reads a file that nobody else may read: a plain file, owned by us, without group or other permissions. */
export async function readPrivateFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined;
    const why = hasCode(cause, "ELOOP") ? "it is a symbolic link; put the file itself there" : "it cannot be opened";
    throw new CordonError("KEY_SEALED", `${path} is refused: ${why}`, { cause });
  }
  try {
    // What was opened is judged, not the path: it cannot be swapped in between.
    const status = await file.stat();
    if (!status.isFile()) throw staysSealed(`${path} is refused: it is not a plain file`);
    if ((status.mode & 0o077) !== 0)
      throw staysSealed(
        `${path} is refused: others may read it (mode ${(status.mode & 0o777).toString(8)}); run \`chmod 600 ${path}\``,
      );
    const self = process.getuid?.();
    if (self !== undefined && self !== 0 && status.uid !== self && status.uid !== 0)
      throw staysSealed(`${path} is refused: it belongs to another user (uid ${status.uid})`);
    if (status.size > maxBytes)
      throw staysSealed(`${path} is refused: it has ${status.size} bytes, more than ${maxBytes}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Makes a 0600 file whole or not at all, durably; where another process was first, returns what that one wrote. */
export async function createPrivateFile(path: string, content: Buffer): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(6).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause;
  } finally {
    await unlink(draft);
  }
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  const written = await readPrivateFile(path, 4096);
  if (written === undefined) throw staysSealed(`${path} vanished while it was being made; start again`);
  return written;
}

export function staysSealed(why: string): CordonError {
  return new CordonError("KEY_SEALED", `the keys stay sealed: ${why}`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
