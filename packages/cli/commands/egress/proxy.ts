/** `cordon egress proxy`: a proxy on loopback that leads outside, as somebody, until it is told to stop. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { openEgressProxy } from "@cordon/agent/run/egress-proxy";
import { proxyVariables } from "@cordon/agent/run/environment";
import { systemClocks } from "@cordon/agent/run/identity";
import { openProxyEnd } from "@cordon/agent/run/proxy-end";
import { newRunSecret } from "@cordon/agent/run/secret";
import { openTrustFile } from "@cordon/agent/run/trust-file";
import { isLoopbackHost, parseListenAddress } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../../command.ts";
import type { Io } from "../../io.ts";
import { stopSignal } from "../../stop-signal.ts";
import { identityUsage, openPersonIdentity, openWorkloadIdentity, personOptions } from "../../workload-identity.ts";

const usage = `Usage: cordon egress proxy [--as COMPONENT | --me] [--listen 127.0.0.1:PORT] [--env FILE] [OPTIONS]

A proxy for programs that are told of it by HTTPS_PROXY: it leads to \`egress.destinations\`, and only to those, as a component
or as yourself. It wants a password, which is made anew each time; the settings are printed as lines for a shell.

  --listen ADDRESS     where programs of this machine connect (default 127.0.0.1:0, a free port); loopback
  --env FILE           write the settings to this file, of this user alone, instead of printing them
  --me                 as yourself, with the credential of \`cordon login\`
  --as COMPONENT       who this is; with an agent, a SPIFFE ID, where it knows this process as several
${identityUsage}`;

export async function run(args: readonly string[], io: Io, until: Promise<unknown> = stopSignal()): Promise<ExitCode> {
  const values = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  if (values.me && (values.as ?? values.agent) !== undefined) throw misuse("--me stands alone");
  const listen = parseListenAddress(values.listen);
  if ("problem" in listen) throw misuse(`--listen ${listen.problem}`);
  if (!isLoopbackHost(listen.ok.host))
    throw misuse("--listen is on loopback: what passes to the proxy is not encrypted, its password among it");
  const say = (words: string): void => io.stderr(`cordon egress: ${words}\n`);
  await using opened = values.me
    ? await openPersonIdentity(process.env, say)
    : await openWorkloadIdentity(values, process.env, say);
  const { identity, gateway } = opened;
  if (gateway.egress !== true) throw new CordonError("ROUTE_UNKNOWN", "no destination is declared under `egress`");
  const secret = newRunSecret();
  using egress = openEgressProxy({ identity, gateway, clocks: systemClocks, secret, say });
  await using end = await openProxyEnd(egress, listen.ok);
  await using trust =
    gateway.interception === undefined ? undefined : await openTrustFile(gateway.interception, process.env);
  const lines = Object.entries({ ...proxyVariables(end.port, secret, listen.ok.host), ...trust?.env })
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join("");
  if (values.env === undefined) io.stdout(lines);
  else await writeFile(resolve(values.env), lines, { mode: 0o600, flag: "wx" }).catch(unwritable);
  say(`${listen.ok.host}:${end.port} leads outside, as ${identity.current().id}`);
  await until;
  return 0;
}

function unwritable(cause: NodeJS.ErrnoException): never {
  const why = cause.code === "EEXIST" ? "it exists already; remove it or name another" : cause.message;
  throw new CordonError("USAGE", `the settings cannot be written: ${why}`, { cause });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...personOptions,
        listen: { type: "string", default: "127.0.0.1:0" },
        env: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause));
  }
}

function misuse(why: string): CordonError {
  return new CordonError("USAGE", `${why}\n\n${usage}`);
}
