/** The `cordon` program: hands the words typed to the command they name, and ends with its exit code. */
import { commands } from "./commands/table.ts";
import { dispatch } from "./dispatch.ts";

// `cordon ledger export | head` closes our output early: that is the reader's choice, not a failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));

process.exitCode = await dispatch(
  process.argv.slice(2),
  { stdout: (text) => void process.stdout.write(text), stderr: (text) => void process.stderr.write(text) },
  commands,
);
