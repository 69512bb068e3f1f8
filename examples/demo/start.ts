/**
 * Starts the demo estate. In: the control plane's socket, and a folder for logs. Out: running services, each a process of its
 * own with an identity of its own, until disposed; and the indexer's job, to be run once a gateway is there.
 */
import type { ChildProcess } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { controlClient } from "@cordon/agent/run/control-client";
import { run } from "@cordon/agent/run/run";
import { CordonError } from "@cordon/core/errors";
import { servicePlans, type ServicePlan } from "./estate.ts";
import { demoFiles } from "./files.ts";
import { definitionsIn, weightsOf } from "./models.ts";
import { launch, readiness, stopProcess } from "./launch.ts";

export interface DemoService {
  readonly component: string;
  readonly what: string;
  readonly url: string;
  readonly pid: number;
}

export interface Demo extends AsyncDisposable {
  readonly description: readonly DemoService[];
}

export interface DemoOptions {
  readonly socketPath: string;
  /** For the services' logs. */
  readonly folder: string;
  /** Where the models lie that are served. */
  readonly models: string;
  /** Addresses to use instead of those in `cordon.yaml`, by component; tests use port 0. */
  readonly listen?: Readonly<Record<string, string>>;
  /** Start these only. */
  readonly only?: readonly string[];
}

/**
 * Starts the services and waits until each is ready.
 *
 * @throws {CordonError} `UPSTREAM_UNREACHABLE` when one does not start; the others are stopped again
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { id: gatewayId } = await controlClient(options.socketPath).gateway();
  return startServices(options, ({ component, outside }) =>
    outside ? [] : ["--socket", options.socketPath, "--component", component, "--accept", gatewayId],
  );
}

/**
 * The same services without Cordon: each answers anybody who reaches its port. For comparison only; says so loudly.
 */
export async function startUnprotectedDemo(
  options: Omit<DemoOptions, "socketPath"> & { readonly warn: (words: string) => void },
): Promise<Demo> {
  options.warn("CORDON IS OFF: the demo's services answer anybody who reaches their ports. For comparison only.");
  return startServices(options, () => ["--open"]);
}

/**
 * Builds the help index: runs the indexer as the component that it is, through the gateway.
 *
 * @throws {CordonError} `UPSTREAM_UNREACHABLE` when it fails, with where its log is
 */
export async function indexHelpPages(options: { readonly socketPath: string; readonly folder: string }): Promise<void> {
  const logFile = join(options.folder, "rag-indexer.log");
  const log = await open(logFile, "a", 0o600);
  try {
    const code = await run({
      component: "rag-indexer",
      socketPath: options.socketPath,
      checkpointsFolder: join(options.folder, "rag-indexer-checkpoints"),
      command: process.execPath,
      args: [fileURLToPath(demoFiles.indexHelpPages)],
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", log.fd, log.fd],
      say: () => undefined,
    });
    if (code !== 0)
      throw new CordonError(
        "UPSTREAM_UNREACHABLE",
        `The demo's indexer ended with code ${code}. Its log is ${logFile}.`,
      );
  } finally {
    await log.close();
  }
}

async function startServices(
  options: Omit<DemoOptions, "socketPath">,
  argumentsFor: (plan: ServicePlan) => readonly string[],
): Promise<Demo> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const started: ChildProcess[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(started.map(stopProcess)));
  const plans = servicePlans.filter(({ component }) => options.only?.includes(component) ?? true);
  try {
    const description = await Promise.all(
      plans.map(async (plan): Promise<DemoService> => {
        const logFile = join(options.folder, `${plan.component}.log`);
        const listen = options.listen?.[plan.component] ?? plan.listen;
        const model = plan.model === undefined ? [] : ["--model", weightsOf(options.models, plan.model)];
        const definitions = plan.offersTools ? ["--definitions", definitionsIn(options.models)] : [];
        const args = [...argumentsFor(plan), "--listen", listen, ...model, ...definitions];
        const child = await launch(plan, args, { logFile, cacheFolder: join(options.folder, "compile-cache") });
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
