/**
 * `cordon device enrol NAME`: enrols a device. In: its name, whose it is, its public key or none. Out: with a key nothing more;
 * without one a one-time token, by which the device's own agent makes a key that never leaves it.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";

const usage = `usage: cordon device enrol NAME [--owner ENTITY] [--managed] [--public-key FILE] [--json] [--socket PATH | --state DIR]

  --owner ENTITY       whose it is, such as default/user/mei; without it the device is shared
  --managed            the organisation manages it
  --public-key FILE    PEM of a key that it holds already (in a TPM, say); without it, the token that is printed lets
                       \`cordon agent\` on the device make one
${socketUsage}
Exit code: 0, or 2 for a failure.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        owner: { type: "string" },
        managed: { type: "boolean", default: false },
        "public-key": { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const [name, stray] = positionals;
    if (name === undefined || stray !== undefined) throw new CordonError("USAGE", "name one device");
    const { owner, managed, "public-key": file } = values;
    const client = controlClient(controlSocket(values, process.env));
    const key = file === undefined ? {} : { publicKey: await readFile(file, "utf8") };
    // The token first: where agents cannot reach the control plane, nothing is enrolled that could never report.
    const joining = file === undefined ? await client.newJoinToken({ node: name }) : undefined;
    const { device } = await client.enrolDevice({ name, managed, ...(owner === undefined ? {} : { owner }), ...key });
    if (values.json) {
      io.stdout(`${JSON.stringify({ device, ...(joining && { joinToken: joining.token, url: joining.url }) })}\n`);
      return 0;
    }
    io.stderr(`${name} is enrolled${managed ? ", managed" : ""}${owner === undefined ? "" : `, ${owner}'s`}\n`);
    if (joining === undefined) return 0;
    io.stderr(
      `good once, until ${new Date(joining.expiresAt).toISOString()}; on ${name}:\n` +
        `  cordon agent --control ${joining.url} --join-token-file FILE\n`,
    );
    io.stdout(`${joining.token}\n`);
    return 0;
  });
}
