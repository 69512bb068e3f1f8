/**
 * `cordon agent`: the SPIFFE Workload API of this machine, until it is told to stop. In: where the control plane is, how
 * this node proves itself the first time, which socket to serve. Out: an exit code; sentences on standard error.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openAgent } from "@cordon/agent/agent";
import type { NodeProof } from "@cordon/agent/node/node-evidence";
import { CordonError } from "@cordon/core/errors";
import type { ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { stopSignal } from "../stop-signal.ts";
import { serviceManager } from "../up/service-manager.ts";

const usage = `Usage: cordon agent --control https://HOST:PORT [OPTIONS]

Hands the processes of this machine the identities that are registered for them: SPIFFE Workload API and Envoy SDS on a
unix socket. Who a process is, the kernel says: user, executable, systemd unit, control group, container.

  --control URL           the control plane's address for agents (\`agents.listen\` in its cordon.yaml)
  --socket PATH           where workloads ask (default: CORDON_AGENT_SOCKET, or /run/cordon/agent.sock); programs find it
                          by SPIFFE_ENDPOINT_SOCKET=unix://PATH
  --folder DIR            this node's key and SVID, for this user alone (default: cordon/agent in the user's state folder)

The first time, one way to prove which node this is:
  --join-token-file FILE  a token of \`cordon identity join-token NODE\`; \`-\` is standard input
  --x509-cert FILE --x509-key FILE --bundle FILE
                          a certificate of this machine; --bundle is what \`cordon identity bundle\` prints there
  --kubernetes-token FILE --bundle FILE
                          a projected service account token
  --gce [--audience NAME] --bundle FILE
                          this virtual machine's token, of Google Compute Engine's metadata server
Nodes that prove themselves by a TPM or another cloud's instance document are not supported yet.
`;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  if (values.control === undefined) throw misuse("say where the control plane is (--control)");
  const stopped = stopSignal();
  const say = (words: string): void => io.stderr(`cordon agent: ${words}\n`);
  const socketPath = resolve(values.socket ?? process.env["CORDON_AGENT_SOCKET"] ?? "/run/cordon/agent.sock");
  await using stack = new AsyncDisposableStack();
  const agent = stack.use(
    await openAgent({
      controlUrl: values.control,
      folder: resolve(values.folder ?? defaultFolder()),
      socketPath,
      proof: await proofOf(values),
      say,
    }),
  );
  const words = `node ${agent.node} of ${agent.trustDomain}, serving unix://${socketPath}`;
  const manager = stack.use(serviceManager({ env: process.env, failed: say }));
  manager.ready(words);
  io.stdout(`${words}\n`);
  const signal = await stopped;
  manager.stopping();
  say(`${signal}: stopping`);
  return 0;
}

type Values = ReturnType<typeof parse>["values"];

async function proofOf(values: Values): Promise<NodeProof | undefined> {
  const proofs: NodeProof[] = [];
  const tokenFile = values["join-token-file"];
  if (tokenFile !== undefined) proofs.push({ kind: "join-token", token: (await readSecret(tokenFile)).trim() });
  const [certFile, keyFile] = [values["x509-cert"], values["x509-key"]];
  if (certFile !== undefined || keyFile !== undefined) {
    if (certFile === undefined || keyFile === undefined) throw misuse("--x509-cert and --x509-key go together");
    proofs.push({ kind: "x509", certFile, keyFile, bundleFile: bundleOf(values) });
  }
  const kubernetesToken = values["kubernetes-token"];
  if (kubernetesToken !== undefined)
    proofs.push({ kind: "kubernetes", tokenFile: kubernetesToken, bundleFile: bundleOf(values) });
  if (values.gce) proofs.push({ kind: "gce", audience: values.audience, bundleFile: bundleOf(values) });
  if (proofs.length > 1) throw misuse("name one way to prove which node this is");
  return proofs[0];
}

function bundleOf({ bundle }: Values): string {
  if (bundle === undefined) throw misuse("name the control plane's root certificate (--bundle), to know it by");
  return bundle;
}

/** A secret comes by file, never by argument: everybody may read those. */
async function readSecret(file: string): Promise<string> {
  try {
    return file === "-" ? await readAll(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    throw new CordonError("USAGE", `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function defaultFolder(): string {
  const stateHome = process.env["XDG_STATE_HOME"];
  return join(stateHome?.startsWith("/") === true ? stateHome : join(homedir(), ".local", "state"), "cordon", "agent");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        control: { type: "string" },
        socket: { type: "string" },
        folder: { type: "string" },
        "join-token-file": { type: "string" },
        "x509-cert": { type: "string" },
        "x509-key": { type: "string" },
        "kubernetes-token": { type: "string" },
        gce: { type: "boolean", default: false },
        audience: { type: "string", default: "cordon" },
        bundle: { type: "string" },
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
