/**
 * `cordon run --agent`: starts a program that the agent will know. In: the agent's socket, the command, the user it is to
 * run as. Out: the command's exit code.
 *
 * The order is the story: measure what is to run; open a loopback endpoint for it; start it in a session of its own;
 * measure again; tell the agent, which reads the rest from the kernel and decides by its registrations who this is. If it
 * is nobody, it is ended. The program reaches Cordon by the loopback endpoint, and may ask the agent for its SVID itself.
 */
import { CordonError } from "@cordon/core/errors";
import { openMeasurer } from "../attestation/measure.ts";
import { Agent } from "../proto/generated/agent_pb.ts";
import { agentFailure, agentService, gatewayOf, openStreamedIdentity } from "../workload-api/agent-client.ts";
import { openCheckpointKeeper } from "./checkpoints.ts";
import { runChild, type ChildOptions } from "./child.ts";
import { openEndpoint } from "./endpoint.ts";
import { childEnvironment } from "./environment.ts";
import { openGatewayLink } from "./gateway-link.ts";
import { deferredIdentity, systemClocks } from "./identity.ts";
import { measureProgram, withoutLoaders } from "./measured-program.ts";
import type { RunOptions } from "./run.ts";
import { newRunSecret } from "./secret.ts";
import { openWayOut } from "./way-out.ts";

export interface MeasuredRunOptions extends Omit<RunOptions, "socketPath"> {
  readonly agentSocket: string;
  readonly lockFile?: string | undefined;
  /** The user and group that the command runs as; ours when absent. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** @throws {CordonError} `USAGE`, `ACCESS_DENIED` when the agent knows the program as nobody */
export async function runMeasured(options: MeasuredRunOptions): Promise<number> {
  const { agentSocket, say, command, args, delegate } = options;
  const measurer = openMeasurer();
  const program = { command, args, env: options.env, lockFile: options.lockFile, uid: options.user?.uid };
  const measured = await measureProgram(program, measurer);
  const gateway = await gatewayOf(agentSocket);
  await using identity = deferredIdentity();
  await using link = openGatewayLink(identity, gateway);
  await using checkpoints = await openCheckpointKeeper(options.checkpointsFolder, say);
  const secret = newRunSecret();
  await using outside = await openWayOut(
    gateway,
    { identity, gateway, clocks: systemClocks, secret, say },
    { env: options.env, ownPort: options.listenSocketPath !== undefined },
  );
  await using endpoint = await openEndpoint({
    link,
    secret,
    checkpoints,
    ...outside.endpoint,
    delegation: delegate === undefined ? undefined : () => delegate(gateway.id, identity.current().id),
    ...(options.listenSocketPath === undefined ? {} : { socketPath: options.listenSocketPath }),
  });
  const { env, replaced } = childEnvironment(options.env, endpoint.address, secret, undefined, outside.proxy);
  const clean = withoutLoaders(env);
  const taken = [...replaced, ...clean.removed];
  if (taken.length > 0) say(`not passed on to \`${command}\`: ${taken.join(", ")}`);

  const ended = new AbortController();
  let refusal: unknown;
  const begin = async (pid: number): Promise<void> => {
    const again = await measureProgram(program, measurer);
    if (again.script !== measured.script || again.lock !== measured.lock)
      throw new CordonError("ACCESS_DENIED", `\`${command}\` changed while it was being started`);
    const asked = { pid, script: measured.script, lock: measured.lock ?? "", component: options.component ?? "" };
    const api = agentService(agentSocket, Agent);
    identity.resolve(
      await openStreamedIdentity(agentSocket, say, (signal) =>
        api.launch(asked, { signal: AbortSignal.any([signal, ended.signal]) }),
      ),
    );
  };
  const childOptions: ChildOptions = {
    command,
    args,
    env: { ...clean.env, ...outside.trust, SPIFFE_ENDPOINT_SOCKET: `unix://${agentSocket}` },
    session: true,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.stdio === undefined ? {} : { stdio: options.stdio }),
    onStart(pid, kill) {
      begin(pid).catch((error: unknown) => {
        if (ended.signal.aborted) return; // it was over before the agent could look at it
        refusal = error;
        identity.reject(error as Error);
        kill();
      });
    },
  };
  const code = await runChild(childOptions);
  await identity[Symbol.asyncDispose]();
  ended.abort();
  if (refusal !== undefined) throw agentFailure(refusal, agentSocket);
  return code;
}
