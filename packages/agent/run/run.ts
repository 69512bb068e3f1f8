/**
 * `cordon run`: gives one process a way to AI services that carries its identity. In: who it is to be, where the control
 * plane is, the command. Out: the command's exit code.
 *
 * The order is the story: get an identity for a key that never leaves this process; learn who the gateway is; open a
 * loopback endpoint that only the child can use; run the child; close everything behind it.
 */
import { join } from "node:path";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { EgressGateway } from "../node/node-state.ts";
import { openCheckpointKeeper } from "./checkpoints.ts";
import { runChild, type ChildOptions } from "./child.ts";
import { controlClient, type ControlClient } from "./control-client.ts";
import { openDeviceProofs, type DeviceKeyFile } from "../posture/device-proof.ts";
import { openEndpoint } from "./endpoint.ts";
import { childEnvironment } from "./environment.ts";
import { doorEnvironment, openDoorEnd } from "./door-end.ts";
import { openGatewayLink } from "./gateway-link.ts";
import { openIdentity, systemClocks, type WorkloadIdentity } from "./identity.ts";
import { fetchBundle, issueThrough } from "./issue.ts";
import { openWayOut } from "./way-out.ts";
import { newAccessKey, newRunSecret } from "./secret.ts";

export interface RunOptions {
  /** The component to run as; without one, the estate's only agent. */
  readonly component?: string;
  /** The control plane's socket. */
  readonly socketPath: string;
  /** Listen on this unix socket instead of a loopback port. */
  readonly listenSocketPath?: string;
  /** Whether S3 clients of the command are led to the gateway's route `/s3`. */
  readonly s3?: boolean;
  /** A data door, `name` or `namespace/name`, that PostgreSQL clients of the command are led to. */
  readonly door?: string;
  /** Where ledger checkpoints are kept. */
  readonly checkpointsFolder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdio?: ChildOptions["stdio"];
  /** Gets sentences for a person (stderr). */
  readonly say: (words: string) => void;
  /** The enrolled device that it runs on, and its key. */
  readonly device?: DeviceKeyFile;
  /** Makes delegations by which it acts for a person: for whom the gateway is, and who is to act. */
  readonly delegate?: Delegate;
}

/** A delegation for `actor`, for the gateway of that id; made anew when the last one has aged. */
export type Delegate = (gateway: SpiffeId, actor: SpiffeId) => string;

/**
 * Runs a command under a component's identity.
 *
 * @returns the command's exit code; 128 plus the signal's number when a signal ended it
 * @throws {CordonError} `CONTROL_UNREACHABLE`, `COMPONENT_UNKNOWN`, `USAGE`
 */
export async function run(options: RunOptions): Promise<number> {
  const client = controlClient(options.socketPath);
  const component = options.component ?? (await onlyAgent(client));
  await using identity = await openIdentity({
    issue: issueThrough(client, component),
    fetchBundle: () => fetchBundle(client),
    fetchTainted: async () => (await client.bundle()).tainted,
    onTrouble: options.say,
  });
  return await runWith(identity, await client.gateway(), options);
}

export type ChildRun = Omit<RunOptions, "component" | "socketPath">;

/** Runs a command whose calls carry an identity that is there already. */
export async function runWith(
  identity: WorkloadIdentity,
  gateway: { readonly url: string; readonly id: string } & Pick<EgressGateway, "egress" | "interception">,
  options: ChildRun,
): Promise<number> {
  await using link = openGatewayLink(identity, { url: gateway.url, id: parseSpiffeId(gateway.id) });
  await using checkpoints = await openCheckpointKeeper(options.checkpointsFolder, options.say);
  const secret = newRunSecret();
  const { device } = options;
  const current = () => identity.current();
  const deviceProof =
    device === undefined
      ? undefined
      : await openDeviceProofs(device, current, parseSpiffeId(gateway.id), () => systemClocks.wall());
  const s3 = options.s3 === true ? newAccessKey(secret) : undefined;
  const { delegate } = options;
  const delegation =
    delegate === undefined ? undefined : () => delegate(parseSpiffeId(gateway.id), identity.current().id);
  const way = {
    delegation,
    identity,
    gateway: { url: gateway.url, id: parseSpiffeId(gateway.id) },
    clocks: systemClocks,
  };
  await using outside = await openWayOut(
    gateway,
    { ...way, secret, say: options.say },
    { env: options.env, ownPort: options.listenSocketPath !== undefined },
  );
  await using endpoint = await openEndpoint({
    link,
    secret,
    checkpoints,
    ...(deviceProof === undefined ? {} : { deviceProof }),
    delegation,
    ...outside.endpoint,
    ...(s3 === undefined ? {} : { s3: { key: s3, now: () => systemClocks.wall() } }),
    ...(options.listenSocketPath === undefined ? {} : { socketPath: options.listenSocketPath }),
  });
  await using door =
    options.door === undefined
      ? undefined
      : await openDoorEnd({ ...way, tunnel: qualified(options.door), say: options.say });
  const child = childEnvironment(options.env, endpoint.address, secret, s3, outside.proxy);
  const led = door === undefined ? { env: child.env, replaced: [] } : doorEnvironment(child.env, door);
  const [env, replaced] = [led.env, [...child.replaced, ...led.replaced]];
  if (replaced.length > 0)
    options.say(
      `${replaced.join(", ")} from your environment ${replaced.length === 1 ? "is" : "are"} not passed on: ` +
        `\`${options.command}\` reaches models and stores only through Cordon, as ${identity.current().id}.`,
    );
  return await runChild({
    command: options.command,
    args: options.args,
    env: { ...env, ...outside.trust },
    ...(options.stdio === undefined ? {} : { stdio: options.stdio }),
  });
}

function qualified(name: string): string {
  return name.includes("/") ? name : `default/${name}`;
}

/** `<state home>/cordon/checkpoints`, by the XDG base directories. */
export function defaultCheckpointsFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const stateHome = env["XDG_STATE_HOME"];
  return join(stateHome?.startsWith("/") === true ? stateHome : join(home, ".local", "state"), "cordon", "checkpoints");
}

async function onlyAgent(client: ControlClient): Promise<string> {
  const { components } = await client.components();
  const agents = components.filter((component) => component.kind === "agent");
  const [only] = agents;
  if (only !== undefined && agents.length === 1) return only.id;
  const known = components.map((component) => component.name).join(", ");
  throw new CordonError("USAGE", `Say which component the command runs as: --as NAME. Registered: ${known || "none"}.`);
}
