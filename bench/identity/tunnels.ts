/**
 * What a tunnel costs, and how soon it is cut. In: Cordon, both ends of a tunnel and a plain TCP server, all in this
 * process. Out: bytes a second through the tunnel (six TLS passes: two hops, each sealed and opened, and the ledger's
 * digests) beside a bare TCP connection in the same run; connections a second; and the time from asking for a revocation
 * until each of many open tunnels is closed, its cut on record.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlClient, type ControlClient } from "@cordon/agent/run/control-client";
import { openIdentity, systemClocks } from "@cordon/agent/run/identity";
import { fetchBundle, issueThrough } from "@cordon/agent/run/issue";
import { openClientEnd } from "@cordon/agent/tunnel/client-end";
import { openServerEnd } from "@cordon/agent/tunnel/server-end";
import { startCordon } from "@cordon/cli/up/wire";
import { percentile } from "../gateway/statistics.ts";

export async function measureTunnels(quick: boolean): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-tunnels-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const sink = stack.use(await openSink());
  const farPort = await freePort();
  await writeFile(join(folder, "cordon.yaml"), configuration(farPort));
  const path = join(folder, "cordon.yaml");
  const cordon = stack.use(await startCordon({ path, env: {}, version: "bench", log: () => undefined }));
  const control = controlClient(cordon.socketPath);
  const identityOf = async (component: string) =>
    stack.use(await openIdentity({ issue: issueThrough(control, component), fetchBundle: () => fetchBundle(control) }));
  const say = (): void => undefined;
  stack.use(
    await openServerEnd({
      ...{ identity: await identityOf("store"), gateway: cordon.gatewayId, clocks: systemClocks, say },
      ...{ listen: { host: "127.0.0.1", port: farPort }, server: { host: "127.0.0.1", port: sink.port } },
    }),
  );
  const endOf = async (component: string) =>
    stack.use(
      await openClientEnd({
        ...{ identity: await identityOf(component), gateway: { url: cordon.gatewayUrl, id: cordon.gatewayId } },
        ...{ tunnel: "default/store", clocks: systemClocks, listen: { host: "127.0.0.1", port: 0 }, say },
      }),
    );
  const port = (await endOf("client-0")).port ?? 0;

  const bytes = (quick ? 64 : 256) * 2 ** 20;
  const bare = await send(sink.port, bytes);
  const tunnelled = await send(port, bytes);
  const opens = quick ? 50 : 200;
  const startedAt = performance.now();
  for (let one = 0; one < opens; one++) await send(port, 1);
  const openMs = (performance.now() - startedAt) / opens;

  const cuts: string[] = [];
  for (const [component, count] of [
    ["client-0", 1],
    ["client-1", quick ? 10 : 20],
    ["client-2", quick ? 50 : 200],
  ] as const)
    cuts.push(
      await measureCut(
        control,
        component,
        count,
        component === "client-0" ? port : ((await endOf(component)).port ?? 0),
      ),
    );
  const mebi = (rate: number): string => `${(rate / 2 ** 20).toFixed(0)} MiB/s`;
  process.stdout.write(
    `\ntunnels (client's end, gateway, server's end and server in one process, one core)\n` +
      `  one stream: ${mebi(tunnelled)}, bare TCP ${mebi(bare)}\n` +
      `  open, one byte and its answer, close, one after another: ${openMs.toFixed(1)} ms each (two handshakes, one decision on record)\n` +
      cuts.join(""),
  );
}

/** Opens tunnels, revokes their client, and waits until the last is closed at the client's own program. */
async function measureCut(control: ControlClient, component: string, count: number, port: number): Promise<string> {
  const open = await Promise.all(Array.from({ length: count }, () => openOne(port)));
  const askedAt = performance.now();
  const closed = open.map(
    (socket) => new Promise<number>((resolve) => socket.once("close", () => resolve(performance.now() - askedAt))),
  );
  await control.revoke({ type: "workload", component, reason: "benchmark" });
  const answeredMs = performance.now() - askedAt;
  const took = await Promise.all(closed);
  return (
    `  revocation with ${count} open: on record and answered after ${answeredMs.toFixed(1)} ms; the client's programs see the ` +
    `cut after p50 ${percentile(took, 50).toFixed(1)} ms, p99 ${percentile(took, 99).toFixed(1)} ms from asking\n`
  );
}

/** Sends bytes, ends, and waits for the sink's answer; bytes a second. */
function send(port: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const chunk = Buffer.alloc(Math.min(bytes, 65_536), 1);
    const socket = connect(port, "127.0.0.1");
    let left = bytes;
    const write = (): void => {
      while (left > 0) {
        const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
        left -= piece.length;
        if (!socket.write(piece)) return void socket.once("drain", write);
      }
      socket.end();
    };
    socket.once("connect", write);
    socket.once("error", reject);
    socket.resume();
    socket.once("end", () => resolve((bytes * 1000) / (performance.now() - startedAt)));
  });
}

/** A connection that the sink has greeted: it is open from end to end. */
function openOne(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("x"));
    socket.on("error", reject);
    socket.once("data", () => resolve(socket));
  });
}

/** Greets on the first byte, swallows the rest. */
async function openSink() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write("."));
    socket.on("data", () => undefined);
    socket.once("end", () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

async function freePort(): Promise<number> {
  await using one = await openSink();
  return one.port;
}

function configuration(farPort: number): string {
  return `version: 1
trustDomain: bench.example
state: ./state
gateway: { listen: "127.0.0.1:0", drainSeconds: 0 }
console: { enabled: false }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: client-0, kind: agent, boundary: api }
  - { name: client-1, kind: agent, boundary: api }
  - { name: client-2, kind: agent, boundary: api }
  - { name: store, kind: dataset, boundary: api, labels: { sensitivity: internal } }
tunnels: [{ name: store, resource: store, address: "127.0.0.1:${farPort}" }]
policies:
  - text: '@id("opens") permit (principal, action == Action::"write", resource == Component::"default/dataset/store");'
`;
}
