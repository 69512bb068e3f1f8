/**
 * `cordon identity revoke`: withdraws a component's every SVID, one certificate or token, or a key. In: what, and why.
 * Out: the revision from which it holds.
 */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { RevocationRequest } from "@cordon/core/contract/local-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { digestOf } from "./digest-of.ts";

const usage = `Usage: cordon identity revoke COMPONENT --reason TEXT [OPTIONS]
       cordon identity revoke --certificate SHA256|FILE --reason TEXT [OPTIONS]
       cordon identity revoke --key SHA256|FILE | --authority SHA256|FILE --reason TEXT [OPTIONS]
       cordon identity revoke COMPONENT --lift --reason TEXT [OPTIONS]

Withdraws identities at once: live connections and streams that stand on them are cut, new handshakes are refused, and
no SVID is issued to a revoked component, for a revoked key, or by a revoked authority. It survives a restart.

  COMPONENT            its name, namespace/name, or a whole SPIFFE ID, registered or not
  --certificate VALUE  one leaf certificate or one token: the SHA-256 of its DER or text, or a file with it
  --key VALUE          a leaf's public key: the SHA-256 of its SubjectPublicKeyInfo, or a PEM file of the key or certificate
  --authority VALUE    an authority's public key, with everything that it issued; one of ours is replaced at once
  --lift               let a revoked COMPONENT have an identity again; what was revoked by digest stays revoked
  --reason TEXT        why; the ledger keeps it
${socketUsage}  --json               one JSON object: {"revision", "revocation"}, or {"revision", "id"}
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const client = controlClient(controlSocket(values, process.env));
  const request = await requestOf(positionals, values);
  if (values.lift) {
    if (request.type !== "workload") throw misuse("only a component's revocation is lifted; a key stays revoked");
    const { component, reason } = request;
    const lifted = await client.liftRevocation({ component, reason });
    io.stdout(
      values.json ? `${JSON.stringify(lifted)}\n` : `lifted: workload ${lifted.id}, from revision ${lifted.revision}\n`,
    );
    return 0;
  }
  const { revision, revocation } = await client.revoke(request);
  if (values.json) io.stdout(`${JSON.stringify({ revision, revocation })}\n`);
  else io.stdout(`revoked: ${revocation.type} ${revocation.subject}, from revision ${revision}\n`);
  return 0;
}

async function requestOf(
  components: readonly string[],
  values: {
    readonly certificate?: string | undefined;
    readonly key?: string | undefined;
    readonly authority?: string | undefined;
    readonly reason?: string | undefined;
  },
): Promise<RevocationRequest> {
  const { reason } = values;
  if (reason === undefined || reason.trim() === "") throw misuse("say why (--reason)");
  const requests: RevocationRequest[] = [];
  for (const component of components) requests.push({ type: "workload", component, reason });
  for (const type of ["certificate", "key", "authority"] as const) {
    const value = values[type];
    if (value !== undefined) requests.push({ type, ...(await digestOf(type, value)), reason });
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
        lift: { type: "boolean", default: false },
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
