import type { Io } from "./io.ts";

/** 0 fine, 1 findings or denied, 2 usage or failure. `cordon run` gives the code of the program that it ran. */
export type ExitCode = number;

/** What `commands/<noun>/<verb>.ts` exports. */
export interface CommandModule {
  /** Runs with the words after the command's own name; `--help` among them prints its usage.
   * An {@link ExitCode}; `cordon run` returns its program's own. */
  readonly run: (args: readonly string[], io: Io) => Promise<number> | number;
}

export interface Command {
  /** One line for `cordon help`. */
  readonly summary: string;
  /** Loaded only when called, so that `cordon ledger verify` does not load a gateway. */
  readonly load: () => Promise<CommandModule>;
}

/** Commands by what is typed: `up`, `ledger verify`. */
export type CommandTable = Readonly<Record<string, Command>>;
