/**
 * Runs the command. In: command, arguments, environment. Out: its exit code, the way a shell tells it. Signals that
 * reach this process reach the child; the child never outlives this process's orderly end.
 */
import { spawn, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import { CordonError } from "@cordon/core/errors";

const forwardedSignals = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the command's input and output go; `inherit` unless told. */
  readonly stdio?: StdioOptions;
  /** Called with the child's process id once it runs, and with a way to end it at once. */
  readonly onStart?: (pid: number, kill: () => void) => void;
  /** Begins a session of its own, which none can join from outside. Then no terminal reaches it but through us. */
  readonly session?: boolean;
  /** The user and group it runs as; ours unless told. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/**
 * Runs the command to its end.
 *
 * @returns its exit code; 128 plus the signal's number when a signal ended it
 * @throws {CordonError} `USAGE` when the command cannot be started
 */
export function runChild(options: ChildOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.command, options.args, {
      env: options.env,
      stdio: options.stdio ?? "inherit",
      detached: options.session === true,
      ...options.user,
    });
    const forwarders = forwardedSignals.map((signal) => {
      const forward = () => {
        // From a terminal, Ctrl-C and Ctrl-\ reach the whole foreground group: the child has the signal already, and
        // a second one means "at once" to many programs.
        if (options.session !== true && process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT")) return;
        child.kill(signal);
      };
      process.on(signal, forward);
      return { signal, forward };
    });
    const killAtExit = () => void child.kill("SIGTERM");
    process.on("exit", killAtExit);
    const release = () => {
      for (const { signal, forward } of forwarders) process.off(signal, forward);
      process.off("exit", killAtExit);
    };
    child.once("spawn", () => options.onStart?.(child.pid ?? 0, () => child.kill("SIGKILL")));
    child.once("error", (cause: NodeJS.ErrnoException) => {
      release();
      reject(new CordonError("USAGE", `\`${options.command}\` cannot be started: ${whyOf(cause)}`, { cause }));
    });
    child.once("exit", (code, signal) => {
      release();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function whyOf(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "no such command";
  if (error.code === "EACCES") return "this user may not run it";
  return error.message;
}
