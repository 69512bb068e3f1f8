/**
 * The state folder, and the folders that checkpoints go to. In: their paths. Out: what keeps Cordon from writing there,
 * who else may read, and copies that lie where they prove nothing. Writes one small file and takes it away again.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, open, realpath, rm, rmdir, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { nearestExisting, type Estate } from "./estate.ts";
import { findings, together, type CheckName, type Examined, type Finding } from "./finding.ts";

export async function checkStateFolder({ stateFolder }: Estate): Promise<Examined> {
  const unwritable = await writeProblem(stateFolder, "state", "set `state` to a folder that Cordon's user may write");
  return findings(unwritable, await openToOthers(stateFolder));
}

export async function checkCheckpointFolders({ configuration, folder, stateFolder }: Estate): Promise<Examined> {
  const parts = configuration.ledger.checkpoints.files.map(async (written) => {
    const path = resolve(folder, written);
    const remedy = "make it writable for Cordon's user, or name another folder under `ledger.checkpoints.files`";
    return findings(await writeProblem(path, "checkpoints", remedy), await insideState(path, stateFolder));
  });
  return together(await Promise.all(parts));
}

/** Tries what Cordon will do: a permission bit says less than a file that was written and reached the disk. */
async function writeProblem(path: string, check: CheckName, remedy: string): Promise<Finding | undefined> {
  try {
    if (existsSync(path)) await writeAndRemove(path);
    else await rmdir(await mkdtemp(join(nearestExisting(path), ".cordon-doctor-")));
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const disk = code === "EIO" || code === "ENOSPC" || code === "EROFS";
    return {
      check,
      what: disk ? `the disk refuses to be written (${code})` : `it cannot be written (${code})`,
      where: path,
      remedy: disk ? "free or replace the disk: what cannot be recorded is not served" : remedy,
    };
  }
}

async function writeAndRemove(folder: string): Promise<void> {
  const path = join(folder, `.cordon-doctor-${randomBytes(6).toString("hex")}`);
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(Buffer.alloc(4096));
    await file.sync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function openToOthers(path: string): Promise<Finding | undefined> {
  const held = await stat(path).catch(() => undefined);
  if (held === undefined) return undefined;
  const mode = held.mode & 0o777;
  if ((mode & 0o077) !== 0)
    return {
      check: "state",
      what: `other users of this machine may enter it (mode ${mode.toString(8)}): it holds keys and the ledger`,
      where: path,
      remedy: `chmod 700 ${path}`,
    };
  if (held.uid !== process.getuid?.() && process.getuid?.() !== 0)
    return { check: "state", what: "it belongs to another user", where: path, remedy: "run Cordon as its owner" };
  return undefined;
}

async function insideState(path: string, stateFolder: string): Promise<Finding | undefined> {
  const [inner, outer] = await Promise.all([real(path), real(stateFolder)]);
  const from = relative(outer, inner);
  if (from.startsWith("..")) return undefined;
  return {
    check: "checkpoints",
    what: "it lies in the state folder: whoever rewrites the ledger rewrites the copies that would betray it",
    where: path,
    remedy: "name a folder elsewhere, better on another machine, under `ledger.checkpoints.files`",
  };
}

/** The path without symbolic links, also where its last parts do not exist yet. */
async function real(path: string): Promise<string> {
  const there = nearestExisting(path);
  return join(await realpath(there), relative(there, path));
}
