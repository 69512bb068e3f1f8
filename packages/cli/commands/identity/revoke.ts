/**
 * `cordon identity revoke`: withdraws a component's every SVID, one certificate, or a key. In: what, and why. Out: the
 * revision from which it holds.
 */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { RevocationRequest } from "@cordon/core/contract/local-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon identity revoke COMPONENT --reason TEXT [OPTIONS]
       cordon identity revoke --certificate SHA256 --reason TEXT [OPTIONS]
       cordon identity revoke --key SHA256 | --authority SHA256 --reason TEXT [OPTIONS]

Withdraws identities at once: connections that stand on them are cut, and no new SVID is issued to a revoked component.

  --certificate SHA256 one leaf certificate (DER), or one token
  --key SHA256         a leaf's public key (SubjectPublicKeyInfo)
  --authority SHA256   an authority's public key, with everything it issued
  --reason TEXT        why; the ledger keeps it
${socketUsage}  --json               one JSON object: {"revision", "revocation"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const request = requestOf(positionals, values);
  const { revision, revocation } = await controlClient(controlSocket(values, process.env)).revoke(request);
  if (values.json) io.stdout(`${JSON.stringify({ revision, revocation })}\n`);
  else io.stdout(`revoked: ${revocation.type} ${revocation.subject}, from revision ${revision}\n`);
  return 0;
}

function requestOf(
  components: readonly string[],
  values: {
    readonly certificate?: string | undefined;
    readonly key?: string | undefined;
    readonly authority?: string | undefined;
    readonly reason?: string | undefined;
  },
): RevocationRequest {
  const { reason } = values;
  if (reason === undefined || reason.trim() === "") throw misuse("say why (--reason)");
  const requests: RevocationRequest[] = [];
  for (const component of components) requests.push({ type: "workload", component, reason });
  for (const type of ["certificate", "key", "authority"] as const) {
    const digest = values[type];
    if (digest !== undefined) requests.push({ type, sha256: digest.replaceAll(":", "").toLowerCase(), reason });
  }
  const [request] = requests;
  if (request === undefined || requests.length > 1)
    throw misuse("name exactly one of a component, --certificate, --key, --authority");
  return request;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        certificate: { type: "string" },
        key: { type: "string" },
        authority: { type: "string" },
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
