/**
 * How Cordon's own Node is started. In: the command. Out: its flags, and environment. Runs on old releases, as its
 * neighbour does. The container and the service unit in `deploy/` say the same.
 *
 * Sizes of the heap: the young generation holds what the requests under way need, so that little of them is copied: halves
 * of 8, 16, 24, 32 MB gave 0.511, 0.506, 0.536, 0.544 of a bare proxy's requests, whole processes taking turns on one core.
 * The old one is collected when it has doubled: 0.531 of the requests in 561 MiB, instead of 0.515 in 691 MiB by V8's own
 * measure.
 *
 * What survives a young generation is little: its own thread copies that faster than it wakes others to help. On one core,
 * whole processes side by side: 127 us a request instead of 135, and 60 MiB less.
 *
 * A request's way is many small functions, none of them hot alone: V8 joins more of them than it would by itself. Measured
 * the same way: 245 us instead of 270.
 */
export const nodeFlags = [
  "--max-semi-space-size=24",
  "--initial-old-space-size=32",
  "--heap-growing-percent=100",
  "--no-parallel-scavenge",
  "--max-inlined-bytecode-size=1000",
  "--max-inlined-bytecode-size-cumulative=2500",
];

/** A long-running Cordon keeps few malloc arenas: freed memory of one thread is used by another (glibc only). */
export function nodeEnvironment(command, env) {
  return command === "up" ? Object.assign({ MALLOC_ARENA_MAX: "2" }, env) : env;
}
