/**
 * The command line's front door. In: the words typed and a table of commands. Out: the exit code of the one they name,
 * or help. Failures are printed as `error CODE: message`.
 */
import { isCordonError } from "@cordon/core/errors";
import manifest from "./package.json" with { type: "json" };
import type { CommandTable, ExitCode } from "./command.ts";
import type { Io } from "./io.ts";

/** Runs the command that `args` name. Never throws: what a command throws is printed, and is exit code 2. */
export async function dispatch(args: readonly string[], io: Io, commands: CommandTable): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first === "--help" || first === "-h") return printHelp(io, commands);
  if (first === "--version" || first === "-V" || first === "version") {
    io.stdout(`cordon ${manifest.version}\n`);
    return 0;
  }
  if (first === "help")
    return rest.length === 0 ? printHelp(io, commands) : dispatch([...rest, "--help"], io, commands);

  const name = [args.slice(0, 2).join(" "), first].find((words) => Object.hasOwn(commands, words));
  const command = name === undefined ? undefined : commands[name];
  if (name === undefined || command === undefined) return refuseUnknown(args, io, commands);
  try {
    const { run } = await command.load();
    return await run(args.slice(name.split(" ").length), io);
  } catch (error) {
    io.stderr(describeFailure(error));
    return 2;
  }
}

function describeFailure(error: unknown): string {
  if (isCordonError(error)) return `error ${error.code}: ${error.message}\n`;
  if (isUsageError(error)) return `error USAGE: ${error.message}\n`;
  // Anything else is a bug of ours: show where, so that it can be reported.
  return `error: this is a bug in Cordon, please report it\n${error instanceof Error ? error.stack : String(error)}\n`;
}

/** What `parseArgs` of node:util throws for an option that is unknown, or lacks its value. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
}

function printHelp(io: Io, commands: CommandTable): ExitCode {
  const names = Object.keys(commands);
  const width = Math.max(...names.map((name) => name.length), "help".length) + 2;
  const lines = names.map((name) => `  ${name.padEnd(width)}${commands[name]?.summary ?? ""}`);
  io.stdout(
    `cordon ${manifest.version}: zero trust for AI systems\n\n` +
      `  cordon COMMAND [OPTIONS]\n\n${lines.join("\n")}\n  ${"help".padEnd(width)}this page; \`cordon help COMMAND\` for one command\n` +
      `\nExit code: 0 fine, 1 findings or denied, 2 usage or failure.\n`,
  );
  return 0;
}

function refuseUnknown(args: readonly string[], io: Io, commands: CommandTable): ExitCode {
  const [noun = "", verb = ""] = args.filter((arg) => !arg.startsWith("-"));
  const names = Object.keys(commands);
  const verbs = names.filter((name) => name.startsWith(`${noun} `)).map((name) => name.slice(noun.length + 1));
  if (verbs.length > 0 && (verb === "" || args.includes("--help"))) {
    io.stderr(`cordon ${noun} needs one of: ${verbs.join(", ")}\n`);
    return args.includes("--help") ? 0 : 2;
  }
  const typed = verbs.length > 0 ? `${noun} ${verb}` : (args[0] ?? "");
  const near = names
    .map((name) => ({ name, distance: editDistance(typed, verbs.length > 0 ? name : (name.split(" ")[0] ?? name)) }))
    .filter(({ distance }) => distance <= 2)
    .toSorted((a, b) => a.distance - b.distance)[0];
  const hint = near === undefined ? "`cordon help` lists the commands" : `did you mean \`cordon ${near.name}\`?`;
  io.stderr(`error USAGE: there is no command \`cordon ${typed}\`; ${hint}\n`);
  return 2;
}

/** Levenshtein distance; both words come from a command line, so the quadratic table is small. */
function editDistance(a: string, b: string): number {
  const left = a.slice(0, 64);
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (left[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitute));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
