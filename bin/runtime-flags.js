/**
 * How Cordon's own Node is started. In: the command. Out: its flags, and environment. Runs on old releases, as its
 * neighbour does. The container and the service unit in `deploy/` say the same.
 *
 * Next to nothing of a request outlives it, so a small young generation keeps resident memory down: 367 MiB with 8 MB, 393
 * with 16, 439 and 513 with 32 in runs of `npm run bench -- gateway`. What it costs in CPU was less than those runs differ by.
 */
export const nodeFlags = ["--max-semi-space-size=8"];

/** A long-running Cordon keeps few malloc arenas: freed memory of one thread is used by another (glibc only). */
export function nodeEnvironment(command, env) {
  return command === "up" ? Object.assign({ MALLOC_ARENA_MAX: "2" }, env) : env;
}
