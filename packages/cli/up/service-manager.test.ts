import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { serviceManager, watchdogMs } from "./service-manager.ts";

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("it never came to pass");
}

test("systemd hears that the service is ready, that it is alive, and that it stops; each names the main process", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-notify-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const said = join(folder, "said");
  await writeFile(join(folder, "systemd-notify"), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${said}\n`);
  await chmod(join(folder, "systemd-notify"), 0o755);
  const env = { NOTIFY_SOCKET: "@socket", WATCHDOG_USEC: "2000000", PATH: `${folder}:/usr/bin:/bin`, SECRET: "x" };
  const read = () => readFile(said, "utf8").catch(() => "");
  {
    using manager = serviceManager({ env, failed: assert.fail, processId: 42 });
    manager.ready("listening");
    await until(async () => (await read()).includes("WATCHDOG=1"));
    manager.stopping();
    await until(async () => (await read()).includes("STOPPING=1"));
  }
  const lines = (await read()).trim().split("\n");
  assert.equal(lines[0], "@socket --pid=42 READY=1 STATUS=listening");
  for (const line of lines) assert.match(line, /^@socket --pid=42 /);
});

test("outside of systemd nothing is started", () => {
  using manager = serviceManager({ env: { PATH: "/nowhere" }, failed: assert.fail });
  manager.ready("listening");
  manager.stopping();
});

test("a missing systemd-notify is told, once", async () => {
  const failures: string[] = [];
  using manager = serviceManager({
    env: { NOTIFY_SOCKET: "@x", PATH: "/nowhere" },
    failed: (words) => failures.push(words),
  });
  manager.ready("listening");
  manager.stopping();
  await until(async () => failures.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(failures.length, 1);
});

test("the watchdog is fed twice as often as it asks, and only by the process that it watches", () => {
  assert.equal(watchdogMs({ WATCHDOG_USEC: "30000000" }, 7), 15_000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 7), 15_000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: "100" }, 7), 1_000);
  for (const env of [
    {},
    { WATCHDOG_USEC: "0" },
    { WATCHDOG_USEC: "soon" },
    { WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" },
  ])
    assert.equal(watchdogMs(env, 7), undefined, JSON.stringify(env));
});
