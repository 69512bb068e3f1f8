/**
 * `cordon up` as a process of its own, as an operator runs it. In: what to add to the configuration, an environment,
 * arguments. Out: its gateway, its upstream, everything that it wrote, and its end.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { controlClient, type ControlClient } from "@cordon/agent/run/control-client";
import { issueThrough } from "@cordon/agent/run/issue";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import {
  configurationText,
  openUpstream,
  policies,
  upstreamKey,
  type CallOptions,
  type EstateOptions,
  type TestUpstream,
} from "./estate.ts";

export interface CordonProcess extends AsyncDisposable {
  readonly folder: string;
  readonly upstream: TestUpstream;
  readonly control: ControlClient;
  readonly stdout: () => string;
  readonly stderr: () => string;
  svidFor(component: string): Promise<X509Svid>;
  /** Calls the gateway with an SVID, or with none; the status and the text of the answer. */
  call(svid: X509Svid | undefined, path: string, options?: CallOptions): Promise<{ status: number; text: string }>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface ProcessOptions {
  /** Lines of YAML, added to the configuration. */
  readonly extra?: string;
  readonly estate?: EstateOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where it runs; by default where the tests do. */
  readonly cwd?: string;
  /** Changes the configuration, by the port of the upstream. */
  readonly change?: (configuration: string, port: number) => string;
}

const program = join(import.meta.dirname, "..", "..", "packages", "cli", "main.ts");

export async function startCordonProcess(options: ProcessOptions = {}): Promise<CordonProcess> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-process-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const upstream = opening.use(await openUpstream());
  const ports = { chat: upstream.port, spare: upstream.port, data: upstream.port };
  const path = join(folder, "cordon.yaml");
  const { change = (text: string) => text } = options;
  await writeFile(path, `${change(configurationText(ports, options.estate), upstream.port)}${options.extra ?? ""}`);
  await writeFile(join(folder, "policies.cedar"), policies);

  const child = spawn(process.execPath, [program, "up", "--config", path, ...(options.args ?? [])], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { PATH: process.env["PATH"], TEST_UPSTREAM_KEY: upstreamKey, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  opening.defer(async () => void (await stop()));
  const agents: Agent[] = [];
  opening.defer(async () => void (await Promise.all(agents.map((agent) => agent.destroy()))));

  const control = controlClient(join(folder, "state", "control.sock"));
  let gateway: string | undefined;
  for (let tries = 0; gateway === undefined; tries++) {
    if (tries > 900 || child.exitCode !== null) throw new Error(`cordon up did not start: ${stderr}${stdout}`);
    gateway = await control.gateway().then(
      ({ url }) => url,
      () => sleep(100, undefined),
    );
  }
  const url = gateway;
  const owned = opening.move();
  return {
    folder,
    upstream,
    control,
    stdout: () => stdout,
    stderr: () => stderr,
    svidFor: async (component) => (await issueThrough(control, component)()).svid,
    async call(svid, target, { method = "GET", headers = {}, body } = {}) {
      const connect = svid === undefined ? { rejectUnauthorized: false } : clientTlsOptions(svid);
      const dispatcher = new Agent({ connect: connect as never });
      agents.push(dispatcher);
      const sent = body === undefined ? {} : { body };
      const response = await request(url + target, { dispatcher, method, headers, ...sent });
      return { status: response.statusCode, text: await response.body.text() };
    },
    stop,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
