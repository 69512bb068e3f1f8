/**
 * What `cordon run --agent` starts, measured. In: the command, the lock file, the user it is to run as. Out: the digests of
 * its main file and lock file; or why they would prove nothing.
 *
 * Digests hold what is run only if the one who runs it cannot change it in between: so main file, lock file and the
 * folders above must not be writable by the user that the program runs as, unless that is our own user.
 */
import { lstat, realpath } from "node:fs/promises";
import { delimiter, dirname, resolve } from "node:path";
import { isInterpreter } from "@cordon/core/contract/interpreters";
import { CordonError } from "@cordon/core/errors";
import type { Measurer } from "../attestation/measure.ts";

export interface MeasuredCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The lock file of its dependencies. */
  readonly lockFile?: string | undefined;
  /** The user that it runs as; ours when absent. */
  readonly uid?: number | undefined;
}

export interface Measurement {
  readonly script: string;
  readonly lock: string | undefined;
}

/** Measures the program. @throws {CordonError} `USAGE` */
export async function measureProgram(program: MeasuredCommand, measurer: Measurer): Promise<Measurement> {
  const main = await mainFileOf(program);
  const files = [main, ...(program.lockFile === undefined ? [] : [resolve(program.lockFile)])];
  for (const file of files) await refuseWritable(file, program.uid);
  const [script, lock] = await Promise.all(files.map((file) => digestOf(file, measurer)));
  if (script === undefined) throw new CordonError("USAGE", "there is nothing to measure");
  return { script, lock };
}

/** The file that decides what the program does: its script where it is an interpreter, else itself. */
export async function mainFileOf({
  command,
  args,
  env,
}: Pick<MeasuredCommand, "command" | "args" | "env">): Promise<string> {
  const executable = await findExecutable(command, env["PATH"]);
  if (!isInterpreter(executable) && !isInterpreter(command)) return executable;
  const [script] = args;
  if (script === undefined || script.startsWith("-"))
    throw new CordonError(
      "USAGE",
      `\`${command}\` is measured by its script: name it first, as in \`${command} app.py\`; options of the interpreter ` +
        "(-c, -m, -e, --import, ...) would run what is not measured",
    );
  return realpath(resolve(script)).catch((cause: unknown) => {
    throw new CordonError("USAGE", `the script ${script} cannot be found`, { cause });
  });
}

async function findExecutable(command: string, path: string | undefined): Promise<string> {
  const candidates = command.includes("/")
    ? [resolve(command)]
    : (path ?? "/usr/bin:/bin").split(delimiter).map((folder) => resolve(folder, command));
  for (const candidate of candidates) {
    const found = await realpath(candidate).catch(() => undefined);
    if (found !== undefined) return found;
  }
  throw new CordonError("USAGE", `\`${command}\` cannot be started: no such command`);
}

async function refuseWritable(file: string, uid: number | undefined): Promise<void> {
  if (uid === undefined || uid === process.getuid?.()) return;
  for (let at = await realpath(file); ; at = dirname(at)) {
    const { mode, uid: owner } = await lstat(at);
    const sticky = (mode & 0o1000) !== 0 && at !== file;
    if (owner === uid || ((mode & 0o022) !== 0 && !sticky))
      throw new CordonError(
        "USAGE",
        `user ${uid} could change ${at}, so measuring ${file} would prove nothing; let root own it, writable by nobody else`,
      );
    if (at === "/") return;
  }
}

async function digestOf(file: string, measurer: Measurer): Promise<string> {
  try {
    return (await measurer.measure(file)).sha256;
  } catch (cause) {
    throw new CordonError("USAGE", `${file} cannot be measured: ${(cause as Error).message}`, { cause });
  }
}

/** Variables by which an interpreter or the loader runs code that nobody measured. */
const loaders =
  /^(?:LD_.*|DYLD_.*|GCONV_PATH|PYTHON(?!UNBUFFERED$|HASHSEED$|IOENCODING$|UTF8$).*|NODE_(?:OPTIONS|PATH|REPL_.*)|RUBY(?:OPT|LIB|PATH)|PERL5?(?:OPT|LIB|DB)|PERL5DB|BASH_ENV|BASH_FUNC_.*|ENV|ZDOTDIR|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|LUA_(?:INIT|PATH|CPATH).*|PHP_INI_SCAN_DIR|PHPRC|DENO_.*|BUN_.*)$/;

/** The environment without {@link loaders}, and the names that were taken out. */
export function withoutLoaders(env: Readonly<Record<string, string>>): {
  readonly env: Record<string, string>;
  readonly removed: readonly string[];
} {
  const removed = Object.keys(env).filter((name) => loaders.test(name));
  return { env: Object.fromEntries(Object.entries(env).filter(([name]) => !removed.includes(name))), removed };
}
