/** `cordon identity nodes`: the nodes that are enrolled. `--evict NODE` puts one out. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon identity nodes [OPTIONS]
       cordon identity nodes --evict NODE --reason TEXT [OPTIONS]

Lists the nodes whose agents may ask for identities. Evicting one revokes its agent's key at once; the SVIDs that its
workloads hold live on until they expire: revoke the components too where that is too long.

  --evict NODE         forget this node; it must enrol anew
  --reason TEXT        why; the ledger keeps it
${socketUsage}  --json               one JSON object
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const client = controlClient(controlSocket(values, process.env));
  if (values.evict !== undefined) {
    if (values.reason === undefined || values.reason.trim() === "") throw misuse("say why (--reason)");
    const evicted = await client.evictNode({ node: values.evict, reason: values.reason });
    io.stdout(values.json ? `${JSON.stringify(evicted)}\n` : `evicted: ${evicted.node}\n`);
    return 0;
  }
  const { nodes } = await client.nodes();
  if (values.json) io.stdout(`${JSON.stringify({ nodes })}\n`);
  else if (nodes.length === 0) io.stdout("no node is enrolled; `cordon identity join-token NODE` admits one\n");
  else
    for (const { name, attestedBy, enrolledAt, keyFingerprint } of nodes)
      io.stdout(
        `${name}  by ${attestedBy}, ${new Date(enrolledAt).toISOString()}, key ${keyFingerprint.slice(0, 16)}\n`,
      );
  return 0;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...socketOptions,
        evict: { type: "string" },
        reason: { type: "string" },
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
