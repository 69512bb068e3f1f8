import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { runChild } from "./child.ts";
import { childEnvironment } from "./environment.ts";
import { defaultCheckpointsFolder, run, type RunOptions } from "./run.ts";
import { testAuthority } from "./testing/authority.ts";
import { testControlPlane, type TestControlPlane } from "./testing/control-plane.ts";
import { testGateway, type TestGateway } from "./testing/gateway.ts";

const prefix = "spiffe://bank.example/ns/default";

interface Rig {
  readonly control: TestControlPlane;
  readonly gateway: TestGateway;
  readonly said: string[];
  readonly options: RunOptions;
}

const note = Buffer.from(`bank.example/gw\n7\n${"A".repeat(43)}=\n\n\u2014 bank.example/gw c2ln\n`).toString("base64");

async function rig(t: TestContext, script: string, env: Record<string, string> = {}): Promise<Rig> {
  const stack = new AsyncDisposableStack();
  t.after(() => stack.disposeAsync());
  const authority = await testAuthority("bank.example");
  const control = stack.use(await testControlPlane(authority, prefix));
  const svid = await authority.svid(`${prefix}/service/gateway`);
  const gateway = stack.use(
    await testGateway(svid, authority.bundle, (_request, response) => {
      response.setHeader("cordon-checkpoint", note);
      response.end("forwarded");
    }),
  );
  control.gateway = { url: gateway.url, id: `${prefix}/service/gateway` };
  const said: string[] = [];
  const options: RunOptions = {
    socketPath: control.socketPath,
    checkpointsFolder: join(control.folder, "checkpoints"),
    command: process.execPath,
    args: ["-e", script],
    env: { PATH: process.env["PATH"], RESULT: join(control.folder, "result"), ...env },
    stdio: "inherit",
    say: (words) => said.push(words),
  };
  return { control, gateway, said, options };
}

const askBoth = `
  const fs = require("node:fs");
  (async () => {
    const e = process.env;
    const openai = await fetch(e.OPENAI_BASE_URL + "/models", { headers: { authorization: "Bearer " + e.OPENAI_API_KEY } });
    const anthropic = await fetch(e.ANTHROPIC_BASE_URL + "/v1/messages", { method: "POST", body: "{}", headers: { "x-api-key": e.ANTHROPIC_API_KEY } });
    const plain = await fetch(e.CORDON_URL + "/training-data", { headers: { "api-key": e.CORDON_TOKEN } });
    fs.writeFileSync(e.RESULT, JSON.stringify({ statuses: [openai.status, anthropic.status, plain.status], url: e.CORDON_URL, key: e.OPENAI_API_KEY }));
    process.exit(7);
  })();
`;

test("the child reaches the gateway as the component, by the environment alone, and its exit code comes back", async (t) => {
  const { options, gateway, control } = await rig(t, askBoth);
  assert.equal(await run(options), 7);
  const result = JSON.parse(await readFile(join(control.folder, "result"), "utf8")) as {
    readonly statuses: readonly number[];
    readonly url: string;
    readonly key: string;
  };
  assert.deepEqual(result.statuses, [200, 200, 200]);
  assert.match(result.key, /^cordon-run-[\w-]{43}$/);
  assert.deepEqual(
    gateway.seen.map(({ peer, method, url }) => [peer, method, url]),
    [
      [`${prefix}/agent/assistant`, "GET", "/v1/models"],
      [`${prefix}/agent/assistant`, "POST", "/anthropic/v1/messages"],
      [`${prefix}/agent/assistant`, "GET", "/training-data"],
    ],
  );
  // The endpoint ended with its child.
  await assert.rejects(fetch(`${result.url}/v1/models`));
  assert.match(await readFile(join(options.checkpointsFolder, "bank.example%2Fgw"), "utf8"), /^bank.example\/gw\n7\n/);
});

test("says which inherited credentials it takes away, without showing them", async (t) => {
  const script = `process.exit(process.env.OPENAI_API_KEY.startsWith("cordon-run-") && !process.env.ANTHROPIC_AUTH_TOKEN ? 0 : 1)`;
  const { options, said } = await rig(t, script, { OPENAI_API_KEY: "sk-real", ANTHROPIC_AUTH_TOKEN: "real-too" });
  assert.equal(await run(options), 0);
  assert.match(said.join("\n"), /OPENAI_API_KEY, ANTHROPIC_AUTH_TOKEN/);
  assert.doesNotMatch(said.join("\n"), /sk-real|real-too/);
});

test("without --as it is the only agent; with a name, that one", async (t) => {
  const { options, gateway } = await rig(t, askBoth);
  assert.equal(await run({ ...options, component: "batch" }), 7);
  assert.equal(gateway.seen[0]?.peer, `${prefix}/agent/batch`);
});

test("does not start the child when there is no control plane", async (t) => {
  const { options } = await rig(t, "");
  const gone = { ...options, socketPath: join(options.checkpointsFolder, "none.sock"), component: "assistant" };
  await assert.rejects(
    run(gone),
    (error) => isCordonError(error, "CONTROL_UNREACHABLE") && /cordon up/.test(error.message),
  );
});

test("a command that is not there is a usage error", async () => {
  await assert.rejects(
    runChild({ command: "/no/such/command", args: [], env: {} }),
    (error) => isCordonError(error, "USAGE") && /no such command/.test(error.message),
  );
});

test("a child that a signal ended counts as 128 plus its number", async () => {
  const script = `process.kill(process.pid, "SIGKILL")`;
  assert.equal(await runChild({ command: process.execPath, args: ["-e", script], env: {} }), 137);
});

test("a signal to cordon reaches the child, and the child's answer to it comes back", async () => {
  const child = `process.on("SIGTERM", () => process.exit(42)); process.stdout.write("up"); setInterval(() => {}, 1000);`;
  const parent = `
    import { runChild } from ${JSON.stringify(new URL("./child.ts", import.meta.url).href)};
    process.exitCode = await runChild({ command: process.execPath, args: ["-e", ${JSON.stringify(child)}], env: {} });
  `;
  const process_ = spawn(process.execPath, ["--input-type=module", "-e", parent], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(process_.stdout, "data");
  process_.kill("SIGTERM");
  const [code] = (await once(process_, "exit")) as [number];
  assert.equal(code, 42);
});

test("a child does not outlive a parent that ends in order", { timeout: 30_000 }, async () => {
  const child = `process.stdout.write("up"); setInterval(() => {}, 1000);`;
  const parent = `
    import { runChild } from ${JSON.stringify(new URL("./child.ts", import.meta.url).href)};
    void runChild({ command: process.execPath, args: ["-e", ${JSON.stringify(child)}], env: {} });
    process.stdin.once("data", () => process.exit(1));
  `;
  const process_ = spawn(process.execPath, ["--input-type=module", "-e", parent], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(process_.stdout, "data");
  process_.stdin.write("end");
  // Both hold the pipe's other end: it closes when the last of them is gone, and this test hangs when one stays.
  await once(process_.stdout, "close");
});

test("over a unix socket the child is told of it, and proxies never see loopback", () => {
  const unix = childEnvironment({}, { socketPath: "/run/x.sock" }, "s");
  assert.equal(unix.env["CORDON_SOCKET"], "/run/x.sock");
  assert.equal(unix.env["OPENAI_BASE_URL"], "http://localhost/v1");
  const proxied = childEnvironment({ HTTP_PROXY: "http://proxy:3128", NO_PROXY: "corp" }, { port: 9 }, "s");
  assert.equal(proxied.env["NO_PROXY"], "corp,127.0.0.1,localhost");
  assert.equal(proxied.env["ANTHROPIC_BASE_URL"], "http://127.0.0.1:9/anthropic");
});

test("checkpoints are kept in the user's state folder", () => {
  assert.equal(defaultCheckpointsFolder({}, "/users/u"), "/users/u/.local/state/cordon/checkpoints");
  assert.equal(defaultCheckpointsFolder({ XDG_STATE_HOME: "/s" }, "/users/u"), "/s/cordon/checkpoints");
  assert.equal(
    defaultCheckpointsFolder({ XDG_STATE_HOME: "relative" }, "/users/u"),
    "/users/u/.local/state/cordon/checkpoints",
  );
});
