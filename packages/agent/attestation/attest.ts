/**
 * Attestation of a caller: who is this process? In: an accepted connection of a unix socket. Out: its facts, read once,
 * or `ACCESS_DENIED`. The caller says nothing itself; the kernel says everything.
 *
 * The number of a process may be another's by the time its facts are read. Where the kernel gives a handle on the peer
 * (SO_PEERPIDFD), facts count only if the handle's process still lived when the last one was read. Where it gives none,
 * the process must have started before it was accepted and have the same start time before and after. Whoever runs
 * another program meanwhile (execve) shows by its executable's inode.
 */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { CordonError } from "@cordon/core/errors";
import type { Measurer } from "./measure.ts";
import { peerCredentials, peerProcess, type PeerCredentials, type ProcessHandle } from "./native.ts";
import {
  readControlGroups,
  readExecutablePath,
  readOwner,
  readStat,
  readTracer,
  type ControlGroups,
} from "./process-facts.ts";

export interface CallerFacts extends PeerCredentials, ControlGroups {
  readonly startTicks: string;
  readonly session: number;
  readonly parent: number;
  readonly path: string;
  /** Of the executable. */
  readonly sha256: string;
  /** Whether nobody but root can change the executable. */
  readonly executableOwnedByRoot: boolean;
}

/** A caller at the moment it was accepted. Nothing but the kernel's word was taken yet. */
export interface AcceptedCaller extends Disposable {
  readonly credentials: PeerCredentials;
  readonly process: ProcessHandle | undefined;
  /** Seconds that the machine had been up. */
  readonly acceptedAtUptime: number;
}

/** Takes the peer's credentials: at once when it is accepted, before anything else runs. @throws `ACCESS_DENIED` */
export function acceptCaller(socket: Socket): AcceptedCaller {
  const acceptedAtUptime = uptimeSeconds();
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd;
  if (fd === undefined || fd < 0) throw new CordonError("ACCESS_DENIED", "the caller has left");
  const credentials = peerCredentials(fd);
  const held = peerProcess(fd, credentials.pid);
  return { credentials, process: held, acceptedAtUptime, [Symbol.dispose]: () => held?.[Symbol.dispose]() };
}

/** Reads the facts of an accepted caller. @throws {CordonError} `ACCESS_DENIED` */
export async function attestCaller(caller: AcceptedCaller, measurer: Measurer): Promise<CallerFacts> {
  const { credentials, process: held } = caller;
  const { pid } = credentials;
  const { startTicks } = await readStat(pid);
  if (held === undefined && startedTooLate(startTicks, caller.acceptedAtUptime)) throw changed(pid);
  const facts = await readFacts(credentials, startTicks, measurer);
  if (held !== undefined && !held.isAlive()) throw changed(pid);
  return facts;
}

/** Reads the facts of a process that another, trusted one names. @throws {CordonError} `ACCESS_DENIED` */
export async function attestProcess(pid: number, measurer: Measurer): Promise<CallerFacts> {
  const { startTicks } = await readStat(pid);
  return readFacts({ pid, ...(await readOwner(pid)) }, startTicks, measurer);
}

/** Executable before and after, start time after as it was before: else it is another process, or another program. */
async function readFacts(who: PeerCredentials, startTicks: string, measurer: Measurer): Promise<CallerFacts> {
  const { pid } = who;
  const executable = await measurer.measure(`/proc/${pid}/exe`);
  const path = await readExecutablePath(pid);
  const groups = await readControlGroups(pid);
  if ((await readTracer(pid)) !== 0)
    throw new CordonError("ACCESS_DENIED", `process ${pid} is being traced, so what it does is not its own doing`);
  const again = await measurer.measure(`/proc/${pid}/exe`);
  const stat = await readStat(pid);
  if (stat.startTicks !== startTicks || again.identity !== executable.identity) throw changed(pid);
  const { sha256, ownedByRoot } = executable;
  return { ...who, ...groups, ...stat, path, sha256, executableOwnedByRoot: ownedByRoot };
}

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

function startedTooLate(startTicks: string, uptime: number): boolean {
  // Both count hundredths: one that began in the same one may be either, and is asked to come again.
  return Number(startTicks) / ticksPerSecond >= uptime;
}

function uptimeSeconds(): number {
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
}

function changed(pid: number): CordonError {
  return new CordonError("ACCESS_DENIED", `process ${pid} is not, or no longer, the one that connected`);
}
