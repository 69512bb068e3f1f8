/** `cordon egress ca`: whom clients trust, to have their requests looked into. In: nothing. Out: PEM. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ExitCode } from "../../command.ts";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon egress ca [OPTIONS]

Prints the certificates of the interception authority (PEM). A client whose destination is declared with \`intercept\` must
trust them; \`cordon run\` tells its command by itself. They certify nothing else: not a workload, not Cordon. There may be
two: the one that signs, and the one that will.

${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: { ...socketOptions, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) io.stdout(usage);
  else io.stdout((await controlClient(controlSocket(values, process.env)).egressAuthority()).certificates);
  return 0;
}
