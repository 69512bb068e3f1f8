/** `cordon run --agent`: an interpreter is somebody when it was measured and started, and nobody otherwise. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  listenTo,
  openAgentEstate,
  program,
  stop,
  type AgentEstate,
  type AgentProcess,
  type Workload,
} from "./estate.ts";

const script = join(import.meta.dirname, "workload.child.ts");
const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
const assistant = "spiffe://test.example/ns/default/agent/assistant";
const isRoot = process.getuid?.() === 0;
/** What any user may read and only the one who runs this test may change. */
const pythonApp = `import os, urllib.request, json
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/models", headers={"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
print(json.dumps({"event": "answered", "status": urllib.request.urlopen(request, timeout=20).status, "uid": os.getuid(), "loaders": [n for n in os.environ if n.startswith("PYTHON")]}))
`;
const python = findPython();

let estate: AgentEstate;
let agent: AgentProcess;
let app: string;
let lock: string;

before(async () => {
  estate = await openAgentEstate({
    components: ({ uid, folder }) => {
      app = join(folder, "app.py");
      lock = join(folder, "requirements.lock");
      writeFileSync(app, pythonApp, { mode: 0o644 });
      writeFileSync(lock, "nothing==1.0\n", { mode: 0o644 });
      return `
  - { name: assistant, kind: agent, boundary: api, registrations: [{ nodes: [node-a], uid: ${uid}, path: "${process.execPath}", launch: { script: ${digest(script)} } }] }
  - { name: python-app, kind: agent, boundary: api, registrations: [{ nodes: [node-a], uid: ${isRoot ? 65534 : uid}, launch: { script: ${digest(app)}, lock: ${digest(lock)} } }] }
  - { name: chat, kind: endpoint, boundary: model }
`;
    },
    extra: `upstreams: [{ name: chat, url: "http://127.0.0.1:9", authentication: loopback }]
routes: [{ name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat } } }]
`,
    policies: `@id("asks") permit (principal, action == Action::"infer", resource == Component::"default/endpoint/chat");`,
  });
  await estate.startControl();
  agent = await estate.startAgent("node-a");
});
after(() => estate?.[Symbol.asyncDispose]());

function findPython(): string | undefined {
  try {
    return execFileSync("/usr/bin/python3", ["-c", "import os, sys; print(os.path.realpath(sys.executable))"], {
      encoding: "utf8",
    }).trim();
  } catch {
    return undefined;
  }
}

function cordonRun(args: readonly string[], env: Record<string, string> = {}): Workload & { stderr: () => string } {
  const checkpoints = join(estate.folder, "checkpoints");
  const child = spawn(
    process.execPath,
    [program, "run", "--agent", agent.socketPath, "--checkpoints", checkpoints, ...args],
    {
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return { ...listenTo(child), stderr: () => said };
}

test("started by cordon run, the program gets its SVID from the agent itself; started by hand, nothing", async () => {
  const launched = cordonRun(["--", process.execPath, script, agent.socketPath, "watch"]);
  const heard = await launched.hear(({ event }) => event === "svid", `an SVID; ${launched.stderr()}`);
  assert.deepEqual(
    (heard["svids"] as readonly { readonly id: string }[]).map(({ id }) => id),
    [assistant],
  );
  // The same interpreter, script and user at the same time, but not of that launch.
  const byHand = estate.startWorkload(process.execPath, [agent.socketPath, "x509"]);
  assert.equal((await byHand.hear(() => true, "an answer"))["code"], "PermissionDenied");
  launched.child.kill("SIGTERM");
  await launched.ended;
});

test("the same interpreter with another script is nobody, and is ended", async () => {
  const other = join(estate.folder, "other.mjs");
  writeFileSync(other, "setInterval(() => undefined, 1000);\n");
  const launched = cordonRun(["--", process.execPath, other]);
  assert.equal(await launched.ended, 2);
  assert.match(launched.stderr(), /ACCESS_DENIED.*nobody/);
});

test("a script with a byte more is another script", async () => {
  const copy = join(estate.folder, "copy.ts");
  copyFileSync(script, copy);
  appendFileSync(copy, "\n");
  const launched = cordonRun(["--", process.execPath, copy, agent.socketPath, "watch"]);
  assert.equal(await launched.ended, 2);
});

test("options of the interpreter before the script are refused: they would run what is not measured", async () => {
  for (const option of ["--import=./x.mjs", "-e", "-r"]) {
    const launched = cordonRun(["--", process.execPath, option, script]);
    assert.equal(await launched.ended, 2);
    assert.match(launched.stderr(), /measured by its script/);
  }
});

test("Python as another user reaches the gateway, without the variables that load other code", async (t) => {
  if (python === undefined) return t.skip("/usr/bin/python3 is missing");
  const user = isRoot ? ["--user", "65534"] : [];
  const launched = cordonRun([...user, "--lock", lock, "--", python, app], {
    PYTHONPATH: "/tmp",
    PYTHONSTARTUP: "/tmp/x",
  });
  const heard = await launched.hear(({ event }) => event === "answered", `an answer; ${launched.stderr()}`);
  assert.deepEqual([heard["status"], heard["uid"], heard["loaders"]], [200, isRoot ? 65534 : process.getuid?.(), []]);
  assert.equal(await launched.ended, 0);
  assert.match(launched.stderr(), /not passed on.*PYTHONPATH/);
});

test("without its lock file, with another script, or with one that its user could change, it is refused", async (t) => {
  if (python === undefined) return t.skip("/usr/bin/python3 is missing");
  if (!isRoot) return t.skip("to run as another user takes root");
  assert.equal(await cordonRun(["--user", "65534", "--", python, app]).ended, 2);
  const other = join(estate.folder, "other.py");
  writeFileSync(other, "import time; time.sleep(60)\n", { mode: 0o644 });
  const another = cordonRun(["--user", "65534", "--lock", lock, "--", python, other]);
  assert.equal(await another.ended, 2);
  assert.match(another.stderr(), /ACCESS_DENIED.*nobody/);
  const loose = join(estate.folder, "loose.py");
  writeFileSync(loose, pythonApp);
  execFileSync("chmod", ["666", loose]);
  const launched = cordonRun(["--user", "65534", "--lock", lock, "--", python, loose]);
  assert.equal(await launched.ended, 2);
  assert.match(launched.stderr(), /could change/);
});

test("cordon tunnel, started this way, is known by the agent and carries a connection", async () => {
  await using backend = await openEcho();
  const port = await freePort();
  // Another estate: its tunnel leads to a port that is known only now.
  await using other = await openAgentEstate({
    components: ({ uid }) => `
  - { name: orders-client, kind: agent, boundary: api, registrations: [{ nodes: [node-a], uid: ${uid}, launch: { script: ${digest(program)} } }] }
  - { name: orders, kind: dataset, boundary: api, labels: { sensitivity: internal } }
`,
    extra: `tunnels: [{ name: orders, resource: orders, address: "127.0.0.1:${port}" }]\n`,
    policies: `@id("opens") permit (principal == Workload::"default/agent/orders-client", action == Action::"write", resource == Component::"default/dataset/orders");`,
  });
  await other.startControl();
  const its = await other.startAgent("node-a");
  const state = ["--state", join(other.folder, "state")];
  const server = spawnCordon([
    "tunnel",
    "serve",
    "--as",
    "orders",
    "--listen",
    `127.0.0.1:${port}`,
    "--to",
    `127.0.0.1:${backend.port}`,
    ...state,
  ]);
  await server.says(/lets spiffe/);
  const run = ["run", "--agent", its.socketPath, "--checkpoints", join(other.folder, "checkpoints"), "--"];
  const client = spawnCordon([...run, process.execPath, program, "tunnel", "orders", "--agent", its.socketPath]);
  const [, at] = await client.says(/127\.0\.0\.1:(\d+) leads to default\/orders, as \S+orders-client/);
  const socket = connect(Number(at), "127.0.0.1", () => socket.end("through the tunnel"));
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  assert.equal(answer, "through the tunnel");
  await Promise.all([client.stop(), server.stop()]);
});

function spawnCordon(args: readonly string[]) {
  const env = { PATH: process.env["PATH"] };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return {
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      for (let tries = 0; tries < 200; tries++) {
        const found = pattern.exec(said);
        if (found !== null) return found;
        if (child.exitCode !== null) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`it never said ${String(pattern)}: ${said}`);
    },
    stop: () => stop(child),
  };
}

async function freePort(): Promise<number> {
  await using one = await openEcho();
  return one.port;
}

async function openEcho() {
  const server = createServer(
    { allowHalfOpen: true },
    (socket) => void socket.on("error", () => undefined).pipe(socket),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
