/** The estate behind Cordon, as `cordon up --demo` runs it, on ports of its own. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlClient } from "@cordon/agent/run/control-client";
import { issueThrough } from "@cordon/agent/run/issue";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import type { Conversation } from "../assistant/converse.ts";
import { call } from "../assistant/reach.ts";
import { servicePlans } from "../estate.ts";
import { demoFiles } from "../files.ts";
import { definitionsIn, weightsOf } from "../models.ts";
import { changeTool, restoreTools } from "./change-tools.ts";
import { swapWeights } from "./swap-weights.ts";
import { runJob, startActor, type Actor, type StartAs } from "./actors.ts";
import type { Outcome, Request, World } from "./world.ts";

const cordon = join(import.meta.dirname, "..", "..", "..", "bin", "cordon.js");
const readyWithinMs = 60_000;
const stopWithinMs = 15_000;

export async function openWorldBehindCordon(): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-scenario-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const addresses = await writeConfiguration(folder);
  opening.use(await startCordon(folder));
  const state = join(folder, "state");
  const client = controlClient(join(state, "control.sock"));
  const { url: gatewayUrl } = await client.gateway();
  const startAs: StartAs = (component, program) => ({
    command: [process.execPath, cordon, "run", "--state", state, "--as", component, "--", process.execPath, program],
    env: { PATH: process.env["PATH"] ?? "", CORDON_CHECKPOINTS: join(folder, `checkpoints-of-${component}`) },
  });
  const actors = new Map<string, Promise<Actor>>();
  const actor = (component: string): Promise<Actor> => {
    const running = actors.get(component) ?? startActor(startAs, component).then((made) => owned.use(made));
    actors.set(component, running);
    return running;
  };
  const owned = opening.move();
  return {
    mode: "cordon",
    outsideUrl: `http://${addresses.get("partner") ?? ""}`,
    ask: async (question) => (await (await actor("assistant")).obey({ ask: question })) as Conversation,
    call: async (component, request) => (await (await actor(component)).obey({ call: request })) as Outcome,
    async dial(component, service, request) {
      const url = `https://${addresses.get(service) ?? ""}`;
      const tls = component === null ? anonymous : clientTlsOptions((await issueThrough(client, component)()).svid);
      return send(url, request, tls);
    },
    async replay(component, when, request) {
      const thief = await startActor(startAs, component);
      const { credential } = thief;
      if (when === "after") await thief[Symbol.asyncDispose]();
      const there = await call(credential, request.path, request).catch(unreachable);
      if (when === "during") await thief[Symbol.asyncDispose]();
      if (there.ok) return there;
      const atGateway = await send(gatewayUrl, request, anonymous, credential.token);
      return atGateway.ok ? atGateway : { ok: false, text: `${there.text}; at the gateway: ${atGateway.text}` };
    },
    runJob: (job) => runJob(startAs, job),
    swapWeights: (model, swap) => swapWeights(weightsOf(join(folder, "models"), model), swap),
    changeTool: (server, tool, description) =>
      changeTool(definitionsIn(join(folder, "models")), server, tool, description),
    restoreTools: () => restoreTools(definitionsIn(join(folder, "models"))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The demo's own configuration, with free ports for its own. */
async function writeConfiguration(folder: string): Promise<ReadonlyMap<string, string>> {
  const ports = await freePorts(servicePlans.length);
  const addresses = new Map(servicePlans.map(({ component }, at) => [component, `127.0.0.1:${ports[at] ?? 0}`]));
  let text = await readFile(demoFiles.configuration, "utf8");
  for (const { component, listen } of servicePlans) text = text.replaceAll(listen, addresses.get(component) ?? listen);
  await mkdir(join(folder, "policies"), { recursive: true });
  await writeFile(join(folder, "policies", "default.cedar"), await readFile(demoFiles.policies));
  await writeFile(join(folder, "cordon.yaml"), `${text}\nconsole: { enabled: false }\n`);
  return addresses;
}

/** Below those that systems hand out by themselves: between this moment and the service's start nobody else gets one. */
const firstPort = 20_000;
const portCount = 12_000;

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  for (let tries = 0; servers.length < count && tries < count * 20; tries++) {
    const server = createServer();
    server.listen(firstPort + randomInt(portCount), "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (isFree) servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** `cordon up --demo`, once its first screen is there. */
async function startCordon(folder: string): Promise<AsyncDisposable> {
  const args = [cordon, "up", "--demo", "--folder", folder, "--listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  let output = "";
  const shown = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
      if (output.includes("Ctrl-C stops it")) shown.resolve();
    });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
    await ended;
    clearTimeout(timer);
  };
  const timeout = AbortSignal.timeout(readyWithinMs);
  const late = once(timeout, "abort").then(() => "was not ready in time");
  const trouble = await Promise.race([shown.promise, ended.then(() => "ended"), late]);
  if (typeof trouble !== "string") return { [Symbol.asyncDispose]: stop };
  await stop();
  throw new Error(`cordon up --demo ${trouble}:\n${output}`);
}

const anonymous: RequestOptions = { rejectUnauthorized: false, minVersion: "TLSv1.3" };

function send(base: string, { method, path, json }: Request, tls: RequestOptions, token?: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = {
      ...(json === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const outgoing = httpsRequest(new URL(path, base), { ...tls, method, headers, agent: false, timeout: 10_000 });
    outgoing.on("response", (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve({ ok: (answer.statusCode ?? 500) < 300, text }));
      answer.on("error", (error) => resolve(unreachable(error)));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
    outgoing.on("error", (error) => resolve(unreachable(error)));
    outgoing.end(json === undefined ? undefined : JSON.stringify(json));
  });
}

function unreachable(error: unknown): Outcome {
  return { ok: false, text: `connection refused: ${error instanceof Error ? error.message : String(error)}` };
}
