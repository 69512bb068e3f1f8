/** `cordon up`: control plane, ledger and gateway in one process, until it is told to stop. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { GatewayEvent } from "@cordon/gateway/ports";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import manifest from "../package.json" with { type: "json" };
import { demoPrograms, openDemo, prepareDemo } from "../up/demo.ts";
import { firstScreen } from "../up/screen.ts";
import { startCordon } from "../up/wire.ts";

const usage = `cordon up [--config cordon.yaml] [--listen HOST:PORT] [--verbose]
cordon up --demo [--folder .cordon/demo]

Starts control plane, ledger and gateway in one process. SIGTERM or Ctrl-C drains and stops; SIGHUP reads the
configuration again (a changed file is noticed by itself).

  --config FILE     the configuration; default cordon.yaml
  --demo            a small real estate to try it on, in a folder of its own
  --folder DIR      the demo's folder; default .cordon/demo
  --listen ADDRESS  listen here instead of where the configuration says
  --verbose         log refused connections too
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string", default: "cordon.yaml" },
      demo: { type: "boolean", default: false },
      folder: { type: "string", default: join(".cordon", "demo") },
      listen: { type: "string" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const log = (event: GatewayEvent): void => {
    if (event.level === "warn" && !values.verbose) return;
    io.stderr(`${new Date().toISOString()} ${event.level} ${event.event}: ${event.words}\n`);
  };
  const path = resolve(values.demo ? await prepareDemo(resolve(values.folder)) : values.config);
  const stopped = stopSignal();
  await using stack = new AsyncDisposableStack();
  const cordon = stack.use(
    await startCordon({
      path,
      env: process.env,
      log,
      version: manifest.version,
      ...(values.listen === undefined ? {} : { listen: values.listen }),
    }),
  );
  if (values.demo) {
    stack.use(await openDemo(cordon, join(resolve(values.folder), "logs")));
  }
  const reload = (): void =>
    void cordon.control.watch
      .reload()
      .catch((error: unknown) => log({ level: "error", event: "reload", words: (error as Error).message }));
  process.on("SIGHUP", reload);
  stack.defer(() => void process.off("SIGHUP", reload));
  const checkpoints = cordon.control.configuration.ledger.checkpoints.files[0];
  io.stdout(
    firstScreen(cordon, {
      version: manifest.version,
      command: import.meta.url.endsWith(".ts") ? "npm run -s cordon --" : "npx cordon",
      demo: values.demo ? demoPrograms() : undefined,
      cwd: process.cwd(),
      checkpointFolder: checkpoints === undefined ? undefined : resolve(path, "..", checkpoints),
    }),
  );
  const signal = await stopped;
  io.stderr(`${signal}: draining, then stopping\n`);
  return 0;
}

function stopSignal(): Promise<string> {
  return new Promise((resolveSignal) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolveSignal(signal));
  });
}
