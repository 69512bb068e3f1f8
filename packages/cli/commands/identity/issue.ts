/**
 * `cordon identity issue COMPONENT`: an identity for something that cannot use `cordon run`. In: the component, and a
 * folder (X.509-SVID) or an audience (JWT-SVID). Out: files, or a token on stdout.
 *
 * The private key is made here, or stays wherever the given CSR came from; it never crosses the socket.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { controlClient, type ControlClient } from "@cordon/agent/run/control-client";
import { CordonError } from "@cordon/core/errors";
import { makeCsr } from "@cordon/core/identity/csr";
import type { ExitCode } from "../../command.ts";
import { socketOptions, controlSocket, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon identity issue COMPONENT --out DIR [--csr FILE] [OPTIONS]
       cordon identity issue COMPONENT --jwt AUDIENCE [OPTIONS]

Issues an X.509-SVID (svid.pem, key.pem unless --csr, bundle.json in DIR), or prints a JWT-SVID where the component's
registration allows bearer tokens. Neither renews itself: prefer \`cordon run\`.

  --out DIR            folder for the files; made if it is not there, nothing in it is overwritten
  --csr FILE           PKCS #10 in PEM, for a key that you hold already
  --jwt AUDIENCE       a token for this audience instead
${socketUsage}  --json               one JSON object
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values, positionals } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [component, stray] = positionals;
  if (component === undefined || stray !== undefined) throw misuse("name one component");
  const client = controlClient(controlSocket(values, process.env));
  if (values.jwt !== undefined) {
    const issued = await client.issueJwtSvid({ component, audience: values.jwt });
    if (!values.json) io.stderr(`${issued.id}, until ${new Date(issued.notAfter).toISOString()}\n`);
    io.stdout(values.json ? `${JSON.stringify(issued)}\n` : `${issued.token}\n`);
    return 0;
  }
  if (values.out === undefined) throw misuse("say where the files go (--out), or for whom the token is (--jwt)");
  const issued = await issueFiles(client, component, values.out, values.csr);
  if (values.json) io.stdout(`${JSON.stringify(issued)}\n`);
  else io.stdout(`${issued.id}, until ${new Date(issued.notAfter).toISOString()}: ${issued.files.join(", ")}\n`);
  return 0;
}

async function issueFiles(client: ControlClient, component: string, folder: string, csrFile: string | undefined) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = csrFile === undefined ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : undefined;
  const csr = key === undefined ? await readCsrFile(csrFile ?? "") : await makeCsr(key);
  const { id, chain, bundle, notAfter } = await client.issueX509Svid({ component, csr });
  const files: string[] = [];
  const put = async (name: string, text: string, mode: number): Promise<void> => {
    const file = join(folder, name);
    await writeFile(file, text, { mode, flag: "wx" }).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CordonError("USAGE", `${file} cannot be written: ${why}. Choose an empty folder.`, { cause });
    });
    files.push(file);
  };
  if (key !== undefined) await put("key.pem", key.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
  await put("svid.pem", chain, 0o644);
  await put("bundle.json", `${JSON.stringify(bundle, null, 2)}\n`, 0o644);
  return { id, notAfter, files };
}

async function readCsrFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CordonError("USAGE", `the CSR ${file} cannot be read`, { cause });
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...socketOptions,
        out: { type: "string" },
        csr: { type: "string" },
        jwt: { type: "string" },
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
