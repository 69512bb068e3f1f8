/**
 * `cordon identity list`: every registered component, its SPIFFE ID, and whether it may still have one. In: which control
 * plane. Out: a table, or JSON.
 */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { ComponentResponse, RevocationResponse } from "@cordon/core/contract/local-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon identity list [OPTIONS]

Lists the registered components with their SPIFFE IDs, and what is revoked.

${socketUsage}  --json               one JSON object: {"components": [...], "revocations": [...]}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const values = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const client = controlClient(controlSocket(values, process.env));
  const { components } = await client.components();
  const { revocations } = await client.revocations();
  if (values.json) io.stdout(`${JSON.stringify({ components, revocations })}\n`);
  else io.stdout(describe(components, revocations));
  return 0;
}

function describe(components: readonly ComponentResponse[], revocations: readonly RevocationResponse[]): string {
  const rows = components
    .toSorted((left, right) => left.id.localeCompare(right.id))
    .map((component) => [
      component.id,
      component.boundary,
      component.labels.sensitivity,
      component.revoked ? "REVOKED" : component.bearerTokens ? "mTLS, bearer tokens" : "mTLS",
    ]);
  const table = [["SPIFFE ID", "BOUNDARY", "SENSITIVITY", "IDENTITY"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const revoked = revocations.map(
    ({ type, subject, reason, at }) => `  ${new Date(at).toISOString()}  ${type} ${subject}: ${reason}`,
  );
  return [...lines, ...(revoked.length > 0 ? ["", "Revoked:", ...revoked] : []), ""].join("\n");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...socketOptions,
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (cause) {
    throw new CordonError("USAGE", `${cause instanceof Error ? cause.message : String(cause)}\n\n${usage}`, { cause });
  }
}
