/** `cordon up`: control plane, ledger and gateway in one process, until it is told to stop. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import manifest from "../package.json" with { type: "json" };
import { demoPrograms, openDemo, prepareDemo } from "../up/demo.ts";
import { logFormat, logLevel, openLog, type Log } from "../up/log.ts";
import { firstScreen } from "../up/screen.ts";
import { serviceManager } from "../up/service-manager.ts";
import { startCordon } from "../up/wire.ts";

const usage = `cordon up [--config cordon.yaml] [--listen HOST:PORT] [--log json|text] [--log-level LEVEL]
cordon up --demo [--folder .cordon/demo]

Starts control plane, ledger and gateway in one process. SIGTERM or Ctrl-C drains and stops; SIGHUP reads the
configuration again (a changed file is noticed by itself).

  --config FILE     the configuration; default cordon.yaml
  --demo            a small real estate to try it on, in a folder of its own
  --folder DIR      the demo's folder; default .cordon/demo
  --listen ADDRESS  listen here instead of where the configuration says
  --log FORM        the log on standard error, as json or text; default text on a terminal, else json
  --log-level LEVEL the least grave that is logged: debug (each interaction), info (default), warn or error
  --verbose         the same as --log-level debug
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string", default: "cordon.yaml" },
      demo: { type: "boolean", default: false },
      folder: { type: "string", default: join(".cordon", "demo") },
      listen: { type: "string" },
      log: { type: "string" },
      "log-level": { type: "string", default: "info" },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const log = operatorLog(values.log, values.verbose ? "debug" : values["log-level"], io);
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
    stack.use(await openDemo(cordon, resolve(values.folder)));
  }
  const reload = (): void =>
    void cordon.control.watch
      .reload()
      .catch((error: unknown) => cordon.log({ level: "error", event: "reload", words: (error as Error).message }));
  process.on("SIGHUP", reload);
  stack.defer(() => void process.off("SIGHUP", reload));
  const checkpoints = cordon.control.configuration.ledger.checkpoints.files[0];
  // Where events go to standard output, nothing else may: who reads it reads JSON.
  const toEvents = cordon.control.configuration.events.some((sink) => "stdout" in sink);
  const toTerminal = process.stderr.isTTY ? io.stderr : () => undefined;
  const show = toEvents ? toTerminal : io.stdout;
  const words = `listening at ${cordon.gatewayUrl}, revision ${cordon.control.snapshots.current().revision}`;
  const manager = stack.use(
    serviceManager({
      env: process.env,
      failed: (why) => cordon.log({ level: "warn", event: "notify-failed", words: why }),
    }),
  );
  manager.ready(words);
  if (!process.stderr.isTTY)
    cordon.log({ level: "info", event: "started", words, facts: { version: manifest.version, pid: process.pid } });
  show(
    firstScreen(cordon, {
      firstCode: (await cordon.console.server?.people?.firstCode())?.code,
      version: manifest.version,
      command: import.meta.url.endsWith(".ts") ? "npm run -s cordon --" : "npx cordon",
      demo: values.demo ? demoPrograms() : undefined,
      cwd: process.cwd(),
      checkpointFolder: checkpoints === undefined ? undefined : resolve(path, "..", checkpoints),
    }),
  );
  const signal = await stopped;
  manager.stopping();
  cordon.log({ level: "info", event: "stopping", words: `${signal}: draining, then stopping` });
  return 0;
}

/** @throws {CordonError} `USAGE` for a form or level that there is not */
function operatorLog(form: string | undefined, leastGrave: string, io: Io): Log {
  const format = logFormat(form, process.stderr.isTTY);
  const level = logLevel(leastGrave);
  if (format === undefined) throw new CordonError("USAGE", `--log is json or text, not \`${form}\``);
  if (level === undefined)
    throw new CordonError("USAGE", `--log-level is debug, info, warn or error, not \`${leastGrave}\``);
  return openLog({ format, level, write: io.stderr, now: Date.now });
}

function stopSignal(): Promise<string> {
  return new Promise((resolveSignal) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolveSignal(signal));
  });
}
