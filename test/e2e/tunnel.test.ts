import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { systemClocks, type Issued, type WorkloadIdentity } from "@cordon/agent/run/identity";
import { openClientEnd, type ClientEnd } from "@cordon/agent/tunnel/client-end";
import { openServerEnd, type ServerEnd } from "@cordon/agent/tunnel/server-end";
import { encodeTunnelMessage, tunnelProtocol } from "@cordon/core/contract/tunnel";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import type { DecisionEntry, LedgerEntry, OutcomeEntry } from "@cordon/core/ledger/entry";
import { closingClock, configurationText, idOf, openEstate, until, type Estate } from "./estate.ts";

const tunnelPolicies = `
@id("trainer-opens") permit (principal == Workload::"default/pipeline/trainer", action == Action::"write", resource == Component::"default/dataset/training-data");
`;

let stack: AsyncDisposableStack;
let estate: Estate;
let backend: Backend;
let serverEnd: ServerEnd;
let clientEnd: ClientEnd;
let said: string[];
let trainer: TestIdentity;
let data: TestIdentity;

interface Backend extends AsyncDisposable {
  readonly port: number;
  readonly connections: Socket[];
}

/** Echoes, and remembers who connected. */
async function openBackend(): Promise<Backend> {
  const connections: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.push(socket);
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An identity that a test rotates by hand. */
class TestIdentity implements WorkloadIdentity {
  readonly #issue: () => Promise<Issued>;
  readonly #listeners = new Set<(issued: Issued) => void>();
  #held: Issued;
  constructor(first: Issued, issue: () => Promise<Issued>) {
    this.#held = first;
    this.#issue = issue;
  }
  async rotate(): Promise<void> {
    this.#held = await this.#issue();
    for (const listener of this.#listeners) listener(this.#held);
  }
  current = (): X509Svid => this.#held.svid;
  issued = (): Issued => this.#held;
  usable = (): Promise<Issued> => Promise.resolve(this.#held);
  check = (): Promise<void> => Promise.resolve();
  onChange(listener: (issued: Issued) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  onRotate = (listener: (svid: X509Svid) => void): (() => void) => this.onChange(({ svid }) => listener(svid));
  async [Symbol.asyncDispose](): Promise<void> {}
}

async function identityOf(kind: Parameters<typeof idOf>[0], name: string): Promise<TestIdentity> {
  const issue = async (): Promise<Issued> => ({
    svid: await estate.svidFor(kind, name),
    bundle: estate.cordon.control.authority.bundle(),
  });
  return new TestIdentity(await issue(), issue);
}

interface OpenOptions {
  readonly now?: () => number;
  /** Further fields of the configuration, in YAML. */
  readonly more?: string;
  readonly policies?: string;
}

async function open(target?: { host: string; port: number }, options: OpenOptions = {}): Promise<void> {
  stack = new AsyncDisposableStack();
  backend = stack.use(await openBackend());
  // The server's end has to be known to the configuration before it listens: it takes a port that was free.
  const port = await freePort();
  estate = stack.use(
    await openEstate({
      policies: options.policies ?? tunnelPolicies,
      ...(options.now === undefined ? {} : { now: options.now }),
      configuration: (ports) =>
        `${configurationText(ports)}tunnels:\n  - { name: db, resource: training-data, address: "127.0.0.1:${port}" }\n${options.more ?? ""}`,
    }),
  );
  said = [];
  data = await identityOf("dataset", "training-data");
  trainer = await identityOf("pipeline", "trainer");
  serverEnd = stack.use(
    await openServerEnd({
      identity: data,
      gateway: estate.cordon.gatewayId,
      listen: { host: "127.0.0.1", port },
      server: target ?? { host: "127.0.0.1", port: backend.port },
      clocks: systemClocks,
      say: (words) => said.push(words),
    }),
  );
  clientEnd = stack.use(await clientEndOf(trainer));
}

async function clientEndOf(identity: TestIdentity, tunnel = "default/db"): Promise<ClientEnd> {
  return openClientEnd({
    identity,
    gateway: { url: estate.cordon.gatewayUrl, id: estate.cordon.gatewayId },
    tunnel,
    clocks: systemClocks,
    listen: { host: "127.0.0.1", port: 0 },
    say: (words) => said.push(words),
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

afterEach(() => stack?.disposeAsync());

interface Call {
  readonly socket: Socket;
  readonly received: () => Buffer;
  readonly closed: Promise<Error | undefined>;
}

function call(port = clientEnd.port ?? 0): Call {
  const socket = connect({ host: "127.0.0.1", port });
  const chunks: Buffer[] = [];
  let failure: Error | undefined;
  socket.on("error", (error) => (failure = error));
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<Error | undefined>((resolve) => socket.once("close", () => resolve(failure)));
  return { socket, received: () => Buffer.concat(chunks), closed };
}

async function echoed(one: Call, text: string): Promise<void> {
  const before = one.received().length;
  one.socket.write(text);
  await until(
    () => one.received().subarray(before).toString() === text,
    `the echo of ${text}; said ${said.join("; ")}`,
  );
}

const decisions = (entries: readonly LedgerEntry[]) =>
  entries.filter((one): one is DecisionEntry => one.kind === "decision");
const outcomes = (entries: readonly LedgerEntry[]) =>
  entries.filter((one): one is OutcomeEntry => one.kind === "outcome");

test("bytes go both ways, and the ledger has the decision and the bytes of each direction", async () => {
  await open();
  const one = call();
  const sent = randomBytes(3_000_000);
  one.socket.end(sent);
  assert.equal(await one.closed, undefined);
  assert.ok(one.received().equals(sent));
  const entries = await estate.entries();
  const [decision] = decisions(entries);
  assert.deepEqual(
    [decision?.effect, decision?.action, decision?.principal, decision?.resource, decision?.context.route],
    ["allow", "write", idOf("pipeline", "trainer"), idOf("dataset", "training-data"), "db"],
  );
  const [outcome] = outcomes(entries);
  assert.deepEqual(
    [outcome?.id, outcome?.end, outcome?.request?.bytes, outcome?.response?.bytes, outcome?.upstream],
    [decision?.id, "complete", sent.length, sent.length, "default/db"],
  );
});

test("whom policy does not let in reaches nothing, and hears why", async () => {
  await open();
  await using rival = await clientEndOf(await identityOf("agent", "rival"));
  const one = call(rival.port);
  assert.notEqual(await one.closed, undefined);
  assert.match(said.join("\n"), /default\/db is refused: no policy/);
  assert.equal(backend.connections.length, 0);
  const [decision] = decisions(await estate.entries());
  assert.deepEqual([decision?.effect, decision?.principal], ["deny", idOf("agent", "rival")]);
});

test("a tunnel that nobody configured is refused", async () => {
  await open();
  await using stray = await clientEndOf(trainer, "default/nowhere");
  assert.notEqual(await call(stray.port).closed, undefined);
  assert.match(said.join("\n"), /no tunnel `default\/nowhere`/);
});

test("the server's end lets in the gateway alone: a component with a good SVID is turned away before a byte", async () => {
  await open();
  const socket = connectTls({
    ...clientTlsOptions(trainer.current()),
    host: "127.0.0.1",
    port: serverEnd.port,
    ALPNProtocols: [tunnelProtocol],
  });
  socket.on("error", () => undefined);
  socket.once("secureConnect", () => socket.write(encodeTunnelMessage({ v: 1, tunnel: "default/db" })));
  await new Promise((resolve) => socket.once("close", resolve));
  assert.equal(backend.connections.length, 0);
  assert.match(said.join("\n"), /was expected/);
});

test("a far end that is not the component gets nothing, and the client hears it", async () => {
  await open();
  await serverEnd[Symbol.asyncDispose]();
  // Someone else takes the port, with an SVID of its own.
  await using impostor = await openServerEnd({
    identity: await identityOf("agent", "rival"),
    gateway: estate.cordon.gatewayId,
    listen: { host: "127.0.0.1", port: serverEnd.port },
    server: { host: "127.0.0.1", port: backend.port },
    clocks: systemClocks,
    say: () => undefined,
  });
  const one = call();
  one.socket.write("secret");
  assert.notEqual(await one.closed, undefined);
  assert.match(said.join("\n"), /could not prove its identity/);
  assert.equal(backend.connections.length, 0);
  assert.equal(impostor.open(), 0);
  assert.equal(outcomes(await estate.entries())[0]?.end, "upstream-failed");
});

for (const [what, withdraw] of [
  ["the client's identity", () => revoke("trainer")],
  ["the server's identity", () => revoke("training-data")],
] as const)
  test(`revoking ${what} cuts the open tunnel, and the cut is on record before it closes`, async () => {
    await open();
    const one = call();
    await echoed(one, "before");
    let indexAtClose: number | undefined;
    const { ledger } = estate.cordon;
    const append = ledger.append.bind(ledger);
    let recorded: OutcomeEntry | undefined;
    (ledger as { append: typeof append }).append = async (entry) => {
      const index = await append(entry);
      if (entry.kind === "outcome") recorded = entry;
      return index;
    };
    one.socket.once("close", () => (indexAtClose = recorded === undefined ? -1 : 1));
    await withdraw();
    await one.closed;
    assert.equal(indexAtClose, 1, "closed before it was recorded");
    assert.deepEqual([recorded?.end, recorded?.request?.bytes], ["cut", "before".length]);
    await until(() => backend.connections[0]?.destroyed === true, "the server's connection closes too");
    const after = call();
    assert.notEqual(await after.closed, undefined);
  });

test("an isolated component's tunnel is cut, and a withdrawn policy's", async () => {
  await open();
  const one = call();
  await echoed(one, "a");
  const { store } = estate.cordon.control;
  const component = idOf("pipeline", "trainer");
  await store.transact("test", Date.now(), (transaction) =>
    transaction.put(
      { kind: "isolation", namespace: "default" as never, name: "trainer" },
      { component, reason: "drill", since: Date.now() },
      "api",
    ),
  );
  await one.closed;
  const [outcome] = outcomes(await estate.entries());
  assert.deepEqual([outcome?.end, outcome?.why?.code], ["cut", "isolated"]);
});

test("a window that closes cuts the tunnel that stood on it", async (t) => {
  const { now, closes, window, skipAhead } = closingClock();
  await open(undefined, {
    now,
    more: window,
    policies: tunnelPolicies.replaceAll(/\);/g, ') when { context.windows.contains("shift") };'),
  });
  const one = call();
  await echoed(one, "within");
  skipAhead();
  await one.closed;
  t.diagnostic(`from the window's end to the tunnel's: ${now() - closes} ms`);
  assert.ok(now() >= closes, "not before its time");
  const [outcome] = outcomes(await estate.entries());
  assert.deepEqual([outcome?.end, outcome?.why?.code], ["cut", "no-permit"]);
});

test("a long transfer survives twenty rotations of both ends' identities", async () => {
  await open();
  const one = call();
  let total = 0;
  for (let rotation = 0; rotation < 20; rotation++) {
    const piece = randomBytes(100_000);
    const before = one.received().length;
    one.socket.write(piece);
    await Promise.all([trainer.rotate(), data.rotate()]);
    await until(() => one.received().length - before === piece.length, `piece ${rotation} comes back`);
    total += piece.length;
  }
  one.socket.end();
  assert.equal(await one.closed, undefined);
  assert.equal(said.join("\n"), "");
  const [outcome] = outcomes(await estate.entries());
  assert.deepEqual([outcome?.end, outcome?.request?.bytes], ["complete", total]);
});

test("nonsense instead of an opening message ends the connection", async () => {
  await open();
  for (const bytes of [
    Buffer.from([0xff, 0xff]),
    Buffer.from("\x00\x02{}"),
    Buffer.from("\x00\x04nope"),
    randomBytes(5000),
  ]) {
    const socket = connectTls({
      ...clientTlsOptions(trainer.current()),
      host: "127.0.0.1",
      port: Number(new URL(estate.cordon.gatewayUrl).port),
      ALPNProtocols: [tunnelProtocol],
    });
    socket.on("error", () => undefined).resume();
    socket.once("secureConnect", () => socket.write(bytes));
    await new Promise((resolve) => socket.once("close", resolve));
  }
  assert.equal(backend.connections.length, 0);
});

const listening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.end() && resolve(true)).once("error", () => resolve(false));
  });

for (const [name, port, program, args, expected] of [
  [
    "PostgreSQL",
    5432,
    "psql",
    (at: number) => ["-h", "127.0.0.1", "-p", String(at), "-U", "postgres", "-d", "postgres", "-tAc", "select 41 + 1"],
    /^42$|authentication|password|role/m,
  ],
  ["Redis", 6379, "redis-cli", (at: number) => ["-p", String(at), "ping"], /PONG|NOAUTH/],
] as const)
  test(`${name} is reached through the tunnel by its own client`, async (t) => {
    if (!(await listening(port))) return t.skip(`${name} does not listen on 127.0.0.1:${port}`);
    const found = await promisify(execFile)("sh", ["-c", `command -v ${program}`]).catch(() => undefined);
    if (found === undefined) return t.skip(`${program} is missing`);
    await open({ host: "127.0.0.1", port });
    const env = { PATH: process.env["PATH"], PGPASSWORD: "x", PGCONNECT_TIMEOUT: "10" };
    const answer = await promisify(execFile)(program, args(clientEnd.port ?? 0), { env }).then(
      ({ stdout }) => stdout,
      (error: { stderr: string }) => error.stderr,
    );
    assert.match(answer, expected, said.join("\n"));
    const [outcome] = outcomes(await estate.entries());
    assert.ok((outcome?.request?.bytes ?? 0) > 0 && (outcome?.response?.bytes ?? 0) > 0, JSON.stringify(outcome));
  });

async function revoke(component: string): Promise<void> {
  const { controlClient } = await import("@cordon/agent/run/control-client");
  await controlClient(estate.cordon.socketPath).revoke({ type: "workload", component, reason: "drill" });
}
