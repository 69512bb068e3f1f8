/**
 * Runs one test file in a process of its own. In: the file. Out: what passed, what was skipped and why, what failed.
 *
 * A file counts only when it ran to its end: one that crashes, hangs, leaves early by `process.exit(0)`, rejects after
 * its tests or holds no test has failed, whatever its exit code says.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TallyLine } from "./test-tally.ts";

export interface FileOutcome {
  readonly file: string;
  readonly passed: number;
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
  readonly failed: readonly { readonly name: string; readonly line?: number; readonly error: string }[];
  readonly notes: readonly string[];
  readonly seconds: number;
  /** The end of what the file wrote, for reading when it failed. */
  readonly output: string;
}

export interface RunOptions {
  /** Relative paths are taken from here. */
  readonly root: string;
  /** After this the file, and every process that it started, is killed. */
  readonly timeoutMs: number;
  /** Passed to node before the file. */
  readonly flags: readonly string[];
  /** A run filtered by name may find nothing in a file. */
  readonly mayBeEmpty: boolean;
  readonly signal: AbortSignal;
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly output: string;
}

const outputKept = 64 * 1024;
const reporter = join(import.meta.dirname, "test-tally.ts");

/** Runs `file` and tells how it went; never rejects for anything the file does. */
export async function runTestFile(file: string, options: RunOptions): Promise<FileOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "cordon-test-"));
  const started = performance.now();
  try {
    const tallyFile = join(folder, "tally.jsonl");
    const args = [`--test-reporter=${reporter}`, `--test-reporter-destination=${tallyFile}`, ...options.flags, file];
    const ending = await runToEnd(args, options);
    return outcomeOf(file, readTally(tallyFile), ending, options, (performance.now() - started) / 1000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runToEnd(args: readonly string[], options: RunOptions): Promise<Ending> {
  // NODE_TEST_CONTEXT would make a runner inside a test run nothing and succeed.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: options.root,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    let timedOut = false;
    const keep = (text: string): void => void (output = (output + text).slice(-outputKept));
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    const kill = (): void => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs);
    options.signal.addEventListener("abort", kill, { once: true });
    child.on("error", (error) => keep(`did not start: ${error.message}\n`));
    // What the file started and left behind would hold its pipes, and the run, for ever.
    child.on("exit", kill);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", kill);
      resolve({ code, signal, timedOut, output });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group has ended already: nothing is left to kill.
  }
}

function readTally(file: string): TallyLine[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return []; // Ended before its first test reported; the outcome says so.
  }
  return text
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as TallyLine);
}

function outcomeOf(
  file: string,
  lines: TallyLine[],
  ending: Ending,
  options: RunOptions,
  seconds: number,
): FileOutcome {
  const failed = lines.filter((line) => line.type === "failed");
  const skipped = lines.filter((line) => line.type === "skipped");
  const passed = lines.filter((line) => line.type === "passed").length;
  const notes = lines.filter((line) => line.type === "note").map(({ text }) => text);
  const empty = passed + skipped.length + failed.length === 0 && !options.mayBeEmpty;
  const whole = wholeFileFailure(lines, ending, failed.length, empty, options.timeoutMs);
  return {
    file,
    passed,
    skipped,
    failed: whole === undefined ? failed : [...failed, { name: "the file as a whole", error: whole }],
    notes,
    seconds,
    output: ending.output,
  };
}

/** Why the file failed beyond its single tests, or undefined when it did not. */
function wholeFileFailure(
  lines: readonly TallyLine[],
  { code, signal, timedOut }: Ending,
  failures: number,
  empty: boolean,
  timeoutMs: number,
): string | undefined {
  const ended = lines.some((line) => line.type === "file-end");
  if (timedOut && ended)
    return `its tests ended but it was still running after ${timeoutMs / 1000} s: something is left open`;
  if (timedOut) return `still running after ${timeoutMs / 1000} s: killed`;
  if (signal !== null) return `ended by ${signal} before its tests did`;
  if (empty && code === 0 && !ended) return "no test reported: it holds none, or left by process.exit()";
  if (!ended) return `left with exit code ${code} before its tests ended`;
  if (empty) return "holds no test";
  if (code !== 0 && failures === 0) return `exit code ${code} although each test passed: see its notes and output`;
  return undefined;
}
