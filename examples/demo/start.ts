/**
 * Starts the demo estate's services. In: the control plane's socket, and a folder for their logs. Out: running services,
 * each a process of its own with an identity of its own, until disposed.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { Ready } from "./services/serve.ts";

interface ServicePlan {
  /** The component that the service is. */
  readonly component: string;
  readonly what: string;
  readonly file: URL;
  /** As in the upstreams of `cordon.yaml` beside this file. */
  readonly listen: string;
}

export interface DemoService {
  readonly component: string;
  readonly what: string;
  readonly url: string;
  readonly pid: number;
}

export interface Demo extends AsyncDisposable {
  readonly description: readonly DemoService[];
}

const plans: readonly ServicePlan[] = [
  {
    component: "chat",
    what: "a chat endpoint (a small retrieval model over a bank's help pages)",
    file: new URL("./services/chat-endpoint.ts", import.meta.url),
    listen: "127.0.0.1:9411",
  },
  {
    component: "training-data",
    what: "a training data store (5,000 synthetic customers)",
    file: new URL("./services/training-store.ts", import.meta.url),
    listen: "127.0.0.1:9412",
  },
];

/** How long a service may take to say that it is ready, in milliseconds. */
const readyWithinMs = 20_000;
/** How long a service may take to stop before it is killed, in milliseconds. */
const stopWithinMs = 3_000;

/**
 * Starts the services and waits until each is ready.
 *
 * @param options.listen addresses to use instead of those in `cordon.yaml`, by component (tests use port 0)
 * @throws {CordonError} `UPSTREAM_UNREACHABLE` when one does not start; the others are stopped again
 */
export async function startDemo(options: {
  readonly socketPath: string;
  readonly folder: string;
  readonly listen?: Readonly<Record<string, string>>;
}): Promise<Demo> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const { id: gatewayId } = await controlClient(options.socketPath).gateway();
  const started: ChildProcess[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(started.map(stopProcess)));
  try {
    const description = await Promise.all(
      plans.map(async (plan): Promise<DemoService> => {
        const logFile = join(options.folder, `${plan.component}.log`);
        const child = await launch(plan, {
          socketPath: options.socketPath,
          gatewayId,
          listen: options.listen?.[plan.component] ?? plan.listen,
          logFile,
        });
        started.push(child);
        const url = await readiness(child, plan, logFile);
        return { component: plan.component, what: plan.what, url, pid: child.pid ?? 0 };
      }),
    );
    return { description, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function launch(
  plan: ServicePlan,
  how: { readonly socketPath: string; readonly gatewayId: string; readonly listen: string; readonly logFile: string },
): Promise<ChildProcess> {
  const log = await open(how.logFile, "a", 0o600);
  try {
    const args = ["--socket", how.socketPath, "--component", plan.component, "--accept", how.gatewayId];
    return fork(plan.file, [...args, "--listen", how.listen], {
      // Nothing of ours is theirs: no key, no token of the parent's environment.
      env: { PATH: process.env["PATH"] ?? "" },
      execArgv: [],
      stdio: ["ignore", log.fd, log.fd, "ipc"],
    });
  } finally {
    await log.close();
  }
}

async function readiness(child: ChildProcess, plan: ServicePlan, logFile: string): Promise<string> {
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

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
  await ended;
  clearTimeout(timer);
}
