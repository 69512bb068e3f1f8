/** `cordon identity join-token NODE`: a secret that admits one node's agent once. In: the node. Out: the token. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon identity join-token NODE [OPTIONS]

Prints a token with which \`cordon agent\` on NODE enrols: good once, and for as long as --ttl says. It also carries the
digest of our root certificate, by which the agent knows this control plane.

  --ttl SECONDS        how long it is good (default 600, at most 86400)
${socketUsage}  --json               one JSON object: {"node", "token", "expiresAt", "url"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [node, stray] = positionals;
  if (node === undefined || stray !== undefined) throw misuse("name one node");
  const ttlSeconds = Number(values.ttl);
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1) throw misuse("--ttl is a whole number of seconds");
  const answer = await controlClient(controlSocket(values, process.env)).newJoinToken({ node, ttlSeconds });
  if (values.json) {
    io.stdout(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  io.stderr(
    `good once, until ${new Date(answer.expiresAt).toISOString()}; on ${node}:\n` +
      `  cordon agent --control ${answer.url} --join-token-file FILE\n`,
  );
  io.stdout(`${answer.token}\n`);
  return 0;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        ttl: { type: "string", default: "600" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause));
  }
}

function misuse(why: string): CordonError {
  return new CordonError("USAGE", `${why}\n\n${usage}`);
}
