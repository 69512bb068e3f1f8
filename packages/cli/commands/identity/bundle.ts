/** `cordon identity bundle`: this trust domain's authorities, to be carried to whoever must know us. Out: JSON, or PEM. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import { parseBundle } from "@cordon/core/identity/bundle";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { toPem } from "@cordon/core/identity/tls";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon identity bundle [--pem] [OPTIONS]

Prints the trust domain's bundle: public authorities, no secret. \`cordon agent --bundle FILE\` takes either form.

  --pem                the X.509 authorities in PEM, instead of the SPIFFE bundle (JSON)
${socketUsage}`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const values = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const { trustDomain, bundle } = await controlClient(controlSocket(values, process.env)).bundle();
  if (values.pem) {
    const parsed = parseBundle(parseTrustDomain(trustDomain), Buffer.from(JSON.stringify(bundle)));
    io.stdout(parsed.x509Authorities.map(toPem).join(""));
  } else io.stdout(`${JSON.stringify(bundle, null, 2)}\n`);
  return 0;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...socketOptions,
        pem: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (cause) {
    throw new CordonError("USAGE", `${cause instanceof Error ? cause.message : String(cause)}\n\n${usage}`, { cause });
  }
}
