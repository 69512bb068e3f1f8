/**
 * `cordon identity authority`: the trust domain's own keys, and what an administrator does to them. In: a verb and which
 * key. Out: all keys with their states afterwards; or, for `export`, the files of a mesh's own authority.
 */
import { parseArgs } from "node:util";
import { controlClient, type ControlClient } from "@cordon/agent/run/control-client";
import type { AuthoritiesResponse } from "@cordon/core/contract/authority-api";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { exportMesh } from "./export-mesh.ts";

const usage = `Usage: cordon identity authority [list] [OPTIONS]
       cordon identity authority prepare x509|jwt [OPTIONS]
       cordon identity authority activate ID [--now] [OPTIONS]
       cordon identity authority taint ID [--now] [OPTIONS]
       cordon identity authority retire ID [OPTIONS]
       cordon identity authority export --mesh istio|linkerd --name NAME --out DIR [--days N] [OPTIONS]

Keys rotate by themselves; these verbs are for doing it now. An old root stays in the bundle until the last SVID under it
has expired.

  list                 every key: prepared (published, does not sign yet), active, old, tainted
  prepare              make the next key and publish it
  activate             let a prepared key sign; refused until verifiers have had time to hear of it, unless --now
  taint                rely on a key no more: everything that it signed is replaced in seconds. The one that signs now is
                       refused, unless --now, which puts its successor in its place at once
  retire               take an old key out of the bundle; refused while something that it signed is valid
  export               an intermediate for a service mesh, whose workloads are then part of this trust domain. The key is
                       made here. istio: the \`cacerts\` secret's files; linkerd: ca.crt, issuer.crt, issuer.key

A stolen key: \`taint ID --now\`, see that nothing stands on it, then \`cordon identity revoke --authority SHA256\`.

${socketUsage}  --json               one JSON object
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [verb = "list", subject, stray] = positionals;
  if (stray !== undefined) throw misuse(`\`${stray}\` is one word too many`);
  const client = controlClient(controlSocket(values, process.env));
  if (verb === "export") {
    const { mesh, name, out } = values;
    if ((mesh !== "istio" && mesh !== "linkerd") || name === undefined || out === undefined)
      throw misuse("say for which mesh (--mesh istio|linkerd), its name (--name) and where the files go (--out)");
    const exported = await exportMesh(client, { mesh, name, folder: out, days: daysOf(values.days) });
    io.stdout(values.json ? `${JSON.stringify(exported)}\n` : describeExport(exported));
    return 0;
  }
  const authorities = await change(client, verb, subject, values.now);
  io.stdout(values.json ? `${JSON.stringify(authorities)}\n` : describe(authorities));
  return 0;
}

function change(
  client: ControlClient,
  verb: string,
  subject: string | undefined,
  now: boolean,
): Promise<AuthoritiesResponse> {
  if (verb === "list" && subject === undefined) return client.authorities();
  if (verb === "prepare" && (subject === "x509" || subject === "jwt"))
    return client.prepareAuthority({ kind: subject });
  if (verb === "prepare") throw misuse("say which kind of key to prepare: x509 or jwt");
  if (subject === undefined && ["activate", "taint", "retire"].includes(verb)) throw misuse("say which key, by its id");
  if (verb === "activate" && subject !== undefined) return client.activateAuthority({ id: subject, now });
  if (verb === "taint" && subject !== undefined) return client.taintAuthority({ id: subject, now });
  if (verb === "retire" && subject !== undefined) return client.retireAuthority({ id: subject });
  throw misuse(`\`${verb}\` is none of list, prepare, activate, taint, retire, export`);
}

function describe({ trustDomain, sequence, x509, issuers, jwt, delegated }: AuthoritiesResponse): string {
  const kinds = [
    { kind: "root", keys: x509 },
    { kind: "issuer", keys: issuers },
    { kind: "token key", keys: jwt },
  ];
  const rows = kinds.flatMap(({ kind, keys }) =>
    keys.map((key) => [
      key.id,
      key.upstream === true ? "upstream root" : kind,
      key.state === "prepared" ? `prepared, signs from ${minute(key.activeFrom)}` : key.state,
      minute(key.notAfter),
      key.signedUntil === undefined ? "-" : minute(key.signedUntil),
      key.keyFingerprint,
    ]),
  );
  const mesh = delegated.map(({ id, name, notAfter, keyFingerprint }) => [
    id,
    `held by ${name}`,
    "active",
    minute(notAfter),
    minute(notAfter),
    keyFingerprint,
  ]);
  const table = [["ID", "KIND", "STATE", "ENDS (UTC)", "NEEDED UNTIL", "KEY (SHA-256)"], ...rows, ...mesh];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return [`${trustDomain}, bundle ${sequence}`, ...lines.map((line) => line.trimEnd()), ""].join("\n");
}

function describeExport({ id, keyFingerprint, notAfter, files }: Awaited<ReturnType<typeof exportMesh>>): string {
  return (
    `${id}, until ${new Date(notAfter).toISOString()}: ${files.join(", ")}\n` +
    "Whoever holds its key can name any workload of this trust domain but Cordon's own components.\n" +
    `To withdraw it: cordon identity revoke --authority ${keyFingerprint} --reason TEXT\n`
  );
}

function minute(instant: number): string {
  return new Date(instant).toISOString().slice(0, 16).replace("T", " ");
}

function daysOf(text: string | undefined): number {
  const days = Number(text ?? "365");
  if (!Number.isInteger(days) || days < 1 || days > 3650) throw misuse("--days is a whole number from 1 to 3650");
  return days;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        now: { type: "boolean", default: false },
        mesh: { type: "string" },
        name: { type: "string" },
        out: { type: "string" },
        days: { type: "string" },
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
