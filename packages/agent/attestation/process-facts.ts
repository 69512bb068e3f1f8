/**
 * What the kernel says of a process, out of /proc. In: a process id. Out: facts. Only what the process itself cannot
 * write is read: its command line and environment are its own to change, so they are no evidence.
 */
import { readFile, readlink } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";

export interface ProcessStat {
  /** The process that began it, or took it over. */
  readonly parent: number;
  /** Clock ticks since the machine started. */
  readonly startTicks: string;
  /** Id of its session: that of the process which began it. No process can join another's session. */
  readonly session: number;
}

export interface ControlGroups {
  /** Path of its control group, in the hierarchy that systemd uses. */
  readonly cgroup?: string;
  readonly container?: string;
  /** The system unit it belongs to. */
  readonly systemdUnit?: string;
}

/** @throws {CordonError} `ACCESS_DENIED` when the process is gone */
export async function readStat(pid: number): Promise<ProcessStat> {
  const text = await read(pid, "stat");
  const fields = statFields(text);
  const [parent, session, startTicks] = [fields[1], fields[3], startTicksIn(text)];
  if (parent === undefined || session === undefined || startTicks === undefined) throw gone(pid);
  return { startTicks, session: Number(session), parent: Number(parent) };
}

/** When a process started, out of the text of /proc/PID/stat. */
export function startTicksIn(text: string): string | undefined {
  const ticks = statFields(text)[19];
  return ticks !== undefined && /^\d+$/.test(ticks) ? ticks : undefined;
}

/** From the third on: the second is the program's own name in parentheses, and may hold anything; the last `)` ends it. */
function statFields(text: string): readonly string[] {
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** The path of its executable, links resolved. */
export async function readExecutablePath(pid: number): Promise<string> {
  try {
    return await readlink(`/proc/${pid}/exe`);
  } catch (cause) {
    throw gone(pid, cause);
  }
}

/** The process that traces it, 0 when none does: a debugger can make a program do anything. */
export async function readTracer(pid: number): Promise<number> {
  return Number(/^TracerPid:\s+(\d+)$/m.exec(await read(pid, "status"))?.[1] ?? -1);
}

/** Its effective user and group. */
export async function readOwner(pid: number): Promise<{ readonly uid: number; readonly gid: number }> {
  const status = await read(pid, "status");
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  const gid = /^Gid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  if (uid === undefined || gid === undefined) throw gone(pid);
  return { uid: Number(uid), gid: Number(gid) };
}

export async function readControlGroups(pid: number): Promise<ControlGroups> {
  return controlGroupsOf(await read(pid, "cgroup"));
}

/**
 * Control groups from the text of /proc/PID/cgroup (cgroups(7)): the unified hierarchy's, or systemd's named one where
 * that is all there is.
 *
 * A user's own systemd, `user@1000.service`, makes groups below itself as that user likes: names in there prove nothing,
 * so neither unit nor container is read out of them.
 */
export function controlGroupsOf(text: string): ControlGroups {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, hierarchy, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (hierarchy !== undefined && path !== undefined) paths.set(hierarchy, path);
  }
  const unified = paths.get("");
  const cgroup = unified !== undefined && unified !== "/" ? unified : (paths.get("name=systemd") ?? unified);
  // Above our own namespace's root: such a path does not name one place.
  if (cgroup === undefined || cgroup.split("/").includes("..")) return {};
  const segments = cgroup.split("/").slice(1);
  if (segments.some((segment) => /^user@\d+\.service$/.test(segment))) return { cgroup };
  const systemdUnit = segments.find((segment) => /\.(?:service|scope)$/.test(segment));
  const container = segments.findLast((segment) => containerPattern.test(segment));
  return {
    cgroup,
    ...(systemdUnit === undefined ? {} : { systemdUnit }),
    ...(container === undefined ? {} : { container: containerPattern.exec(container)?.[1] ?? "" }),
  };
}

/** Docker, containerd, CRI-O and Podman: 64 hex digits, perhaps within `cri-containerd-….scope`. */
const containerPattern = /^(?:[a-z][a-z-]{0,31}[-:])?([0-9a-f]{64})(?:\.scope)?$/;

async function read(pid: number, file: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch (cause) {
    throw gone(pid, cause);
  }
}

function gone(pid: number, cause?: unknown): CordonError {
  return new CordonError("ACCESS_DENIED", `the facts of process ${pid} cannot be read; it may have ended`, { cause });
}
