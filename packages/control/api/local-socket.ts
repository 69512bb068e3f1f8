/**
 * Where the local API listens: a unix socket that only this user can open. In: its path. Out: a server that listens
 * there, or a `CordonError` that says what stands in the way.
 *
 * The folder (0700, ours) is the guard; the socket's own mode (0600) is set after bind, when the folder has kept others
 * out already. A socket left by a process that died is replaced; one that answers is not.
 */
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { CordonError } from "@cordon/core/errors";

/** Longest path of a unix socket on Linux, in bytes (`sun_path` less its NUL). */
export const maxSocketPathBytes = 107;

/**
 * Listens on `socketPath`.
 *
 * @throws {CordonError} `CONFIG_INVALID` when the path cannot be used, `STORE_CONFLICT` when another control plane listens
 */
export async function listenLocally(server: Server, socketPath: string): Promise<void> {
  const length = Buffer.byteLength(socketPath);
  if (length > maxSocketPathBytes)
    throw new CordonError(
      "CONFIG_INVALID",
      `The local API's socket path is ${length} bytes long and the system takes ${maxSocketPathBytes}: ${socketPath}. ` +
        "Choose a state folder with a shorter path.",
    );
  await claimFolder(dirname(socketPath));
  await clearDeadSocket(socketPath);
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) =>
      reject(cause.code === "EADDRINUSE" ? alreadyRunning(socketPath) : unusable(socketPath, cause.message, cause));
    server.once("error", refuse);
    server.listen(socketPath, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  await chmod(socketPath, 0o600);
}

async function claimFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const held = await lstat(folder);
  if (!held.isDirectory()) throw unusable(folder, "it is not a folder (or a link to one)");
  if (held.uid !== process.getuid?.()) throw unusable(folder, "it belongs to another user");
  if ((held.mode & 0o077) !== 0)
    throw unusable(
      folder,
      `others can enter it (mode ${(held.mode & 0o777).toString(8)}); run \`chmod 700 ${folder}\``,
    );
}

async function clearDeadSocket(socketPath: string): Promise<void> {
  const there = await lstat(socketPath).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket()) throw unusable(socketPath, "a file that is not a socket is in its place; move it away");
  if (await answers(socketPath)) throw alreadyRunning(socketPath);
  await rm(socketPath, { force: true });
}

/** Whether a process listens on the socket; a refused connection means that its process is gone. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ECONNREFUSED" || cause.code === "ENOENT") resolve(false);
      else if (cause.code === "EAGAIN") resolve(true);
      else reject(unusable(socketPath, cause.message, cause));
    });
  });
}

function alreadyRunning(socketPath: string): CordonError {
  return new CordonError(
    "STORE_CONFLICT",
    `Another control plane answers on ${socketPath}. Stop it first, or use another state folder: two must not share one.`,
  );
}

function unusable(path: string, why: string, cause?: unknown): CordonError {
  return new CordonError("CONFIG_INVALID", `${path} cannot hold the local API's socket: ${why}.`, { cause });
}
