/**
 * One demo service as a child process. In: its plan, and how it is to run. Out: the running process, once it says that it
 * listens.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";
import type { ServicePlan } from "./estate.ts";
import type { Ready } from "./services/http.ts";

/** How long a service may take to say that it is ready, in milliseconds. */
const readyWithinMs = 20_000;
/** How long a service may take to stop before it is killed, in milliseconds. */
const stopWithinMs = 3_000;

/** Starts the process; {@link readiness} waits for it. */
export async function launch(
  plan: ServicePlan,
  args: readonly string[],
  { logFile, cacheFolder }: { readonly logFile: string; readonly cacheFolder: string },
): Promise<ChildProcess> {
  const log = await open(logFile, "a", 0o600);
  try {
    return fork(plan.file, [...args], {
      // Nothing of ours is theirs: no key, no token of the parent's environment.
      env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: cacheFolder },
      execArgv: ["--max-semi-space-size=4"],
      stdio: ["ignore", log.fd, log.fd, "ipc"],
    });
  } finally {
    await log.close();
  }
}

/**
 * The URL that a service says it listens on.
 *
 * @throws {CordonError} `UPSTREAM_UNREACHABLE` when it ends, or says nothing in time
 */
export async function readiness(child: ChildProcess, plan: ServicePlan, logFile: string): Promise<string> {
  const signal = AbortSignal.timeout(readyWithinMs);
  const said = once(child, "message", { signal }).then(([message]) => message as Ready);
  const ended = once(child, "exit", { signal }).then(([code]) => `it ended with code ${String(code)}`);
  const outcome = await Promise.race([said, ended]).catch(() => `it was not ready within ${readyWithinMs / 1000} s`);
  said.catch(() => undefined);
  ended.catch(() => undefined);
  if (typeof outcome !== "string") return outcome.url;
  throw new CordonError(
    "UPSTREAM_UNREACHABLE",
    `The demo's ${plan.component} did not start: ${outcome}. Its log is ${logFile}; is ${plan.listen} taken?`,
  );
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
  await ended;
  clearTimeout(timer);
}
