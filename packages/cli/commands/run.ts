/**
 * `cordon run -- CMD`: runs a command that reaches AI services only through Cordon, as a component. In: which component,
 * which control plane, the command. Out: the command's own exit code.
 */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultCheckpointsFolder, run as runAs, runWith, type ChildRun } from "@cordon/agent/run/run";
import { runMeasured } from "@cordon/agent/run/run-measured";
import { CordonError } from "@cordon/core/errors";
import { socketOptions, controlSocket, socketUsage } from "../control-socket.ts";
import type { Io } from "../io.ts";
import { openDelegate } from "../login/delegate.ts";
import { agentSocket, openPersonIdentity } from "../workload-identity.ts";

const usage = `Usage: cordon run [--as COMPONENT] [OPTIONS] -- COMMAND [ARGUMENTS]

Runs a command with an identity. It finds OPENAI_BASE_URL, OPENAI_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY,
CORDON_URL and CORDON_TOKEN in its environment, all of which lead through Cordon's gateway. Where \`egress.destinations\` are
declared, HTTPS_PROXY leads to those, and only to those.

  --me                 as yourself, with the credential of \`cordon login\`; with --as, as that component for you: it may
                       do what both of you may, and the ledger names both
  --as COMPONENT       name, namespace/name or SPIFFE ID (default: the only registered agent)
  --listen unix:PATH   offer the endpoint on a unix socket (CORDON_SOCKET) instead of a loopback port
  --s3                 lead S3 clients (AWS_ENDPOINT_URL and keys of this run) to the gateway's route at /s3
  --door NAME          lead PostgreSQL clients (PGHOST) to this data door, by a unix socket of this user alone
  --device NAME        the enrolled device that this runs on, shown with each call (\`cordon device enrol --public-key\`)
  --device-key FILE    PEM of its private key, P-256 or Ed25519
  --checkpoints DIR    where the ledger's signed heads are kept (default: CORDON_CHECKPOINTS, or cordon/checkpoints in
                       the user's state folder)
  --agent PATH         be known by this machine's agent (default: CORDON_AGENT_SOCKET): the command is measured and
                       started in a session of its own, and the agent says who it is by its registrations (\`launch\`);
                       for root and the agent's own user
  --user UID[:GID]     with --agent, the numeric user (and group) that the command runs as
  --lock FILE          with --agent, the lock file of its dependencies, measured too
${socketUsage}
Exit code: the command's; 128 plus the signal's number when a signal ended it; 2 when it could not be started.
`;

/** Runs the command; its output goes straight to this process's, not through \`io\`. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, command } = parse(args);
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const [program, ...rest] = command;
  if (program === undefined) throw new CordonError("USAGE", `name the command to run after \`--\`\n\n${usage}`);
  const agent = values.me && values.as === undefined ? undefined : agentSocket(values, process.env);
  if (agent === undefined && (values.user ?? values.lock) !== undefined)
    throw new CordonError("USAGE", `--user and --lock go with --agent\n\n${usage}`);
  if (values.s3 && (agent ?? values.listen) !== undefined)
    throw new CordonError("USAGE", "--s3 does not go with --agent or --listen yet");
  if (agent !== undefined && values.door !== undefined)
    throw new CordonError("USAGE", `--door does not go with --agent; run \`cordon tunnel ${values.door}\` beside it`);
  const deviceKey = values["device-key"];
  if ((values.device === undefined) !== (deviceKey === undefined) || (deviceKey !== undefined && agent !== undefined))
    throw new CordonError("USAGE", "--device and --device-key go together, and not with --agent");
  const checkpoints = values.checkpoints ?? process.env["CORDON_CHECKPOINTS"];
  const options = {
    checkpointsFolder:
      checkpoints === undefined ? defaultCheckpointsFolder(process.env, homedir()) : resolve(checkpoints),
    command: program,
    args: rest,
    env: process.env,
    say: (words: string) => io.stderr(`cordon run: ${words}\n`),
    ...(values.as === undefined ? {} : { component: values.as }),
    ...(values.door === undefined ? {} : { door: values.door }),
    ...(values.device === undefined || deviceKey === undefined
      ? {}
      : { device: { name: values.device, keyFile: deviceKey } }),
    ...(values.s3 ? { s3: true } : {}),
    ...(values.listen === undefined ? {} : { listenSocketPath: listenPath(values.listen) }),
  };
  if (values.me && values.as === undefined) {
    if (values.agent !== undefined) throw new CordonError("USAGE", `--me with --agent needs --as\n\n${usage}`);
    return runAsPerson(options);
  }
  const behalf = values.me ? { delegate: await openDelegate(process.env) } : {};
  if (agent === undefined) return runAs({ ...options, ...behalf, socketPath: controlSocket(values, process.env) });
  const measured = { agentSocket: agent, lockFile: values.lock, user: userOf(values.user) };
  return runMeasured({ ...options, ...behalf, ...measured });
}

/** The credential ends when it ends: another login is taken over while the command runs. */
async function runAsPerson(options: ChildRun): Promise<number> {
  await using person = await openPersonIdentity(process.env, options.say);
  return await runWith(person.identity, person.gateway, options);
}

function userOf(text: string | undefined): { readonly uid: number; readonly gid: number } | undefined {
  if (text === undefined) return undefined;
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  if (uid === undefined) throw new CordonError("USAGE", "--user takes numbers: UID or UID:GID");
  return { uid: Number(uid), gid: Number(gid ?? uid) };
}

/** Splits at the first \`--\`, so that the command's own options stay its own. */
function parse(args: readonly string[]) {
  const dashes = args.indexOf("--");
  const own = dashes < 0 ? args : args.slice(0, dashes);
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      allowPositionals: true,
      options: {
        ...socketOptions,
        me: { type: "boolean", default: false },
        as: { type: "string" },
        agent: { type: "string" },
        user: { type: "string" },
        lock: { type: "string" },
        listen: { type: "string" },
        checkpoints: { type: "string" },
        door: { type: "string" },
        device: { type: "string" },
        "device-key": { type: "string" },
        s3: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const [stray] = positionals;
    if (stray !== undefined) throw new Error(`\`${stray}\` stands before \`--\`; the command comes after it`);
    return { values, command: dashes < 0 ? [] : args.slice(dashes + 1) };
  } catch (cause) {
    throw new CordonError("USAGE", `${cause instanceof Error ? cause.message : String(cause)}\n\n${usage}`, { cause });
  }
}

function listenPath(listen: string): string {
  if (!listen.startsWith("unix:") || listen.length === "unix:".length)
    throw new CordonError("USAGE", `--listen takes \`unix:PATH\`, not \`${listen}\``);
  return resolve(listen.slice("unix:".length));
}
