/** `cordon up`: control plane, ledger and gateway in one process, until it is told to stop. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import manifest from "../package.json" with { type: "json" };
import { demoPrograms, openDemo, prepareDemo } from "../up/demo.ts";
import { lostAndFound, pause } from "../up/ledger-loss.ts";
import { logFormat, logLevel, openLog, type Log } from "../up/log.ts";
import { firstScreen } from "../up/screen.ts";
import { serviceManager, type ServiceManager } from "../up/service-manager.ts";
import { startCordon, type Cordon } from "../up/wire.ts";

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
  const stop = new AbortController();
  const stopped = stopSignal();
  void stopped.then(() => stop.abort());
  const manager = serviceManager({
    env: process.env,
    failed: (why) => log({ level: "warn", event: "notify-failed", words: why }),
  });
  try {
    for (let again = false; ; again = true) {
      const why = await serve({ path, log, io, stopped, stop: stop.signal, manager, again, ...startOptions(values) });
      if (why === "stopped") return 0;
    }
  } finally {
    manager[Symbol.dispose]();
  }
}

interface Serving {
  readonly path: string;
  readonly log: Log;
  readonly io: Io;
  readonly stopped: Promise<string>;
  readonly stop: AbortSignal;
  readonly manager: ServiceManager;
  /** Not the first start of this process. */
  readonly again: boolean;
  readonly listen?: string;
  /** The demo's folder, for the demo. */
  readonly demoFolder?: string;
}

function startOptions(values: { readonly listen?: string; readonly demo: boolean; readonly folder: string }) {
  return {
    ...(values.listen === undefined ? {} : { listen: values.listen }),
    ...(values.demo ? { demoFolder: resolve(values.folder) } : {}),
  };
}

/** How long until a start that failed is tried again, in milliseconds. */
const retryMs = 2_000;

/** One life of Cordon: until it is told to stop, or its ledger was lost and can be written again. */
async function serve(serving: Serving): Promise<"stopped" | "lost"> {
  const { path, log, io, stopped, stop, manager, again, listen, demoFolder } = serving;
  await using stack = new AsyncDisposableStack();
  let cordon: Cordon;
  try {
    const options = { path, env: process.env, log, version: manifest.version };
    cordon = stack.use(await startCordon({ ...options, ...(listen === undefined ? {} : { listen }) }));
    if (demoFolder !== undefined) stack.use(await openDemo(cordon, demoFolder));
  } catch (error) {
    const passing = isCordonError(error, "LEDGER_UNAVAILABLE") || isCordonError(error, "STORE_UNAVAILABLE");
    if (!again || !passing) throw error;
    log({ level: "error", event: "start-failed", words: error.message, code: error.code });
    return (await pause(stop, retryMs)) ? "lost" : "stopped";
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
  manager.ready(words);
  if (!process.stderr.isTTY || again)
    cordon.log({ level: "info", event: "started", words, facts: { version: manifest.version, pid: process.pid } });
  if (!again)
    show(
      firstScreen(cordon, {
        firstCode: (await cordon.console.server?.people?.firstCode())?.code,
        version: manifest.version,
        command: import.meta.url.endsWith(".ts") ? "npm run -s cordon --" : "npx cordon",
        demo: demoFolder === undefined ? undefined : demoPrograms(),
        cwd: process.cwd(),
        checkpointFolder: checkpoints === undefined ? undefined : resolve(path, "..", checkpoints),
      }),
    );
  await lostAndFound(cordon, stop);
  if (!stop.aborted) {
    cordon.log({
      level: "info",
      event: "ledger-found",
      words: `${cordon.ledgerFolder} can be written again: starting anew`,
    });
    return "lost";
  }
  manager.stopping();
  cordon.log({ level: "info", event: "stopping", words: `${await stopped}: draining, then stopping` });
  return "stopped";
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
