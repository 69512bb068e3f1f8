/**
 * The two questions that Node cannot ask the kernel: who is at the other end of a unix socket, and a handle on that very
 * process. In: a socket's file descriptor. Out: its peer as it was when it connected (unix(7), SO_PEERCRED), and a pidfd
 * (SO_PEERPIDFD, Linux 6.5 and later) where the kernel has one.
 *
 * `koffi` calls libc; it comes as a prebuilt binary inside its package, and its install script is not run.
 */
import { closeSync, readFileSync } from "node:fs";
import koffi from "koffi";
import { CordonError } from "@cordon/core/errors";

export interface PeerCredentials {
  readonly pid: number;
  /** Effective ids when it connected. */
  readonly uid: number;
  readonly gid: number;
}

/** A process, held: its number may be used again, this handle never is. */
export interface ProcessHandle extends Disposable {
  /** Whether it is still that process, and alive. */
  isAlive(): boolean;
}

const solSocket = 1;
const soPeerCred = 17;
const soPeerPidfd = 77;

/** `koffi` types its functions by their text; this is `getsockopt(2)`. */
type GetSockOpt = (fd: number, level: number, name: number, value: Buffer, length: number[]) => number;

let loaded: GetSockOpt | undefined;

function getsockopt(): GetSockOpt {
  if (process.platform !== "linux")
    throw new CordonError("USAGE", `callers are attested by the Linux kernel; this is ${process.platform}`);
  // Null is this very program, which has libc in it, glibc or musl.
  loaded ??= koffi
    .load(null)
    .func(
      "int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)",
    ) as unknown as GetSockOpt;
  return loaded;
}

/** @throws {CordonError} `ACCESS_DENIED` when the kernel does not say, or the peer is out of our sight */
export function peerCredentials(fd: number): PeerCredentials {
  const value = Buffer.alloc(12);
  const length = [value.byteLength];
  if (getsockopt()(fd, solSocket, soPeerCred, value, length) !== 0 || length[0] !== 12)
    throw new CordonError("ACCESS_DENIED", "the kernel does not say who calls");
  const pid = value.readInt32LE(0);
  if (pid <= 0)
    throw new CordonError(
      "ACCESS_DENIED",
      "the caller is in a PID namespace that this agent cannot see into; run the agent in the host's (`hostPID: true`)",
    );
  return { pid, uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/** The peer's process, held; `undefined` where the kernel cannot. @throws {CordonError} `ACCESS_DENIED` when it is gone */
export function peerProcess(fd: number, pid: number): ProcessHandle | undefined {
  const value = Buffer.alloc(4);
  const length = [value.byteLength];
  if (getsockopt()(fd, solSocket, soPeerPidfd, value, length) !== 0) {
    // A kernel that has pidfds and gives none for this peer says that the process has been reaped.
    if (kernelAtLeast(6, 5)) throw gone();
    return undefined;
  }
  const pidfd = value.readInt32LE(0);
  const handle: ProcessHandle = {
    isAlive: () => pidOf(pidfd) === pid,
    [Symbol.dispose]: () => closeSync(pidfd),
  };
  if (handle.isAlive()) return handle;
  handle[Symbol.dispose]();
  throw gone();
}

function kernelAtLeast(major: number, minor: number): boolean {
  const [first = 0, second = 0] = readFileSync("/proc/sys/kernel/osrelease", "utf8").split(".").map(Number);
  return first > major || (first === major && second >= minor);
}

/** -1 once the process has been reaped (proc(5), fdinfo of a pidfd). */
function pidOf(pidfd: number): number {
  return Number(/^Pid:\s+(-?\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${pidfd}`, "utf8"))?.[1] ?? -1);
}

function gone(): CordonError {
  return new CordonError("ACCESS_DENIED", "the process that connected has ended");
}
