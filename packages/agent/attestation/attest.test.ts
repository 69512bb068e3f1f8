/**
 * Attestation against real processes: who connected, and every way to have it read another process's facts. The attackers
 * are Python, for it can fork, hand a connection on, and choose when to end.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { acceptCaller, attestCaller, attestProcess } from "./attest.ts";
import { openLaunches } from "./launches.ts";
import { openMeasurer } from "./measure.ts";

const python = existsSync("/usr/bin/python3") ? realpathSync("/usr/bin/python3") : undefined;
const needsPython = python === undefined ? "python3 is missing" : false;
const lastPid = "/proc/sys/kernel/ns_last_pid";
const canChoosePids = process.getuid?.() === 0 && existsSync(lastPid);

let folder: string;
let socketPath: string;
let server: Server;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-attest-"));
  socketPath = join(folder, "s");
  server = createServer();
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    child.stdin?.destroy(); // an orphan that holds our end of a pipe ends by it
    child.stdout?.destroy();
  }
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const connection = async (): Promise<Socket> => ((await once(server, "connection")) as [Socket])[0];

function runPython(code: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(python ?? "", ["-c", code, socketPath, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

const connects = `import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
`;

test("a caller is the process that connected: user, executable, digest, session", { skip: needsPython }, async () => {
  const coming = connection();
  const child = runPython(`${connects}sys.stdin.read()`);
  using caller = acceptCaller(await coming);
  const facts = await attestCaller(caller, openMeasurer());
  assert.deepEqual(
    [facts.pid, facts.uid, facts.path, facts.parent],
    [child.pid, process.getuid?.(), python, process.pid],
  );
  assert.match(facts.sha256, /^[0-9a-f]{64}$/);
});

test(
  "a caller that has ended is refused, though its connection lives on in a child",
  { skip: needsPython },
  async () => {
    const coming = connection();
    const child = runPython(`import os\n${connects}pid = os.fork()\nif pid == 0: sys.stdin.read()\nelse: os._exit(0)`);
    const socket = await coming;
    await once(child, "exit");
    assert.throws(() => acceptCaller(socket), { code: "ACCESS_DENIED" });
    socket.destroy();
  },
);

test("a caller that ends while its facts are read is refused", { skip: needsPython }, async () => {
  const coming = connection();
  const child = runPython(`${connects}sys.stdin.read()`);
  using caller = acceptCaller(await coming);
  const measurer = openMeasurer();
  const slow = {
    async measure(path: string) {
      const measured = await measurer.measure(path);
      child.kill("SIGKILL");
      await once(child, "exit");
      return measured;
    },
  };
  await assert.rejects(attestCaller(caller, slow), { code: "ACCESS_DENIED" });
});

test(
  "PID reuse: a registered program that takes over the number of an attacker who connected lends it nothing",
  { skip: needsPython || (canChoosePids ? false : `choosing a process id takes root and ${lastPid}`) },
  async () => {
    // Another process of this machine may be quicker to get the number.
    for (let tries = 0; tries < 5; tries++) if (await isTakenOver()) return;
    assert.fail("other processes took every number");
  },
);

/** Whether a victim got an attacker's number; what that may not lend the attacker is asserted. */
async function isTakenOver(): Promise<boolean> {
  const coming = connection();
  // The attacker connects, hands the connection to a child, and ends. The child waits for the end of the connection, not
  // of standard input: that it would read the line which the attacker waits for.
  const attacker = runPython(
    `import os\n${connects}\nif os.fork() == 0: s.recv(1)\nelse:\n  sys.stdin.readline(); os._exit(0)`,
  );
  const socket = await coming;
  try {
    return await isTakenOverFrom(attacker, socket);
  } finally {
    socket.destroy();
  }
}

async function isTakenOverFrom(attacker: ChildProcess, socket: Socket): Promise<boolean> {
  const pid = attacker.pid ?? 0;
  // Accepted and held while the attacker lives; its facts are not read yet.
  using caller = acceptCaller(socket);
  attacker.stdin?.write("\n");
  await once(attacker, "exit");
  const victim = await reuse(pid);
  if (victim === undefined) return false;
  assert.equal(victim.pid, pid, "the number was taken over");
  // Control: what /proc says of that number now is the victim.
  assert.equal((await attestProcess(pid, openMeasurer())).path, realpathSync("/bin/sleep"));
  await assert.rejects(attestCaller(caller, openMeasurer()), { code: "ACCESS_DENIED" });
  // Nor after the fact: the connection's peer has ended, whoever has its number.
  assert.throws(() => acceptCaller(socket), { code: "ACCESS_DENIED" });
  return true;
}

/** Starts `sleep` until it gets this process id; `undefined` where another process has it. */
async function reuse(pid: number): Promise<ChildProcess | undefined> {
  for (let tries = 0; tries < 2000; tries++) {
    if (existsSync(`/proc/${pid}`)) return undefined;
    writeFileSync(lastPid, String(pid - 1));
    const child = spawn("/bin/sleep", ["30"], { stdio: "ignore" });
    children.push(child);
    if (child.pid === pid) {
      // `spawn` tells the number before the program is there.
      for (let waits = 0; waits < 200 && !isSleep(pid); waits++) await new Promise((resolve) => setTimeout(resolve, 5));
      return child;
    }
    child.kill("SIGKILL");
  }
  throw new Error(`no process got the number ${pid}`);
}

function isSleep(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "sleep";
}

test("where the kernel has no handle on a peer, one that began after the connection was accepted is refused", async () => {
  const late = spawn("/bin/sleep", ["30"], { stdio: "ignore" });
  children.push(late);
  const pid = late.pid ?? 0;
  while (!isSleep(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  const own = await attestProcess(pid, openMeasurer());
  const began = Number(own.startTicks) / 100;
  const accepted = (acceptedAtUptime: number) => ({
    ...{ credentials: { pid, uid: own.uid, gid: own.gid }, process: undefined, acceptedAtUptime },
    [Symbol.dispose]: () => undefined,
  });
  await assert.rejects(attestCaller(accepted(began - 0.5), openMeasurer()), { code: "ACCESS_DENIED" });
  await assert.rejects(attestCaller(accepted(began), openMeasurer()), { code: "ACCESS_DENIED" });
  assert.equal((await attestCaller(accepted(began + 0.02), openMeasurer())).pid, pid);
});

test("a caller that runs another program while its facts are read is refused", { skip: needsPython }, async () => {
  const coming = connection();
  const child = runPython(
    `import os, fcntl\n${connects}fcntl.fcntl(s, fcntl.F_SETFD, 0)\nsys.stdin.readline()\nos.execv("/bin/sleep", ["sleep", "30"])`,
  );
  using caller = acceptCaller(await coming);
  const measurer = openMeasurer();
  let times = 0;
  const slow = {
    async measure(path: string) {
      const measured = await measurer.measure(path);
      if (times++ === 0) {
        child.stdin?.write("\n");
        while (!isSleep(child.pid ?? 0)) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return measured;
    },
  };
  await assert.rejects(attestCaller(caller, slow), { code: "ACCESS_DENIED" });
});

test("a caller that is being traced is refused", { skip: needsPython }, async (t) => {
  const coming = connection();
  // PTRACE_TRACEME: the parent becomes the tracer, the child goes on.
  const child = runPython(
    `import os, ctypes\npid = os.fork()\nif pid == 0:\n  ctypes.CDLL(None).ptrace(0, 0, 0, 0)\n  ${connects.replaceAll("\n", "\n  ")}\n  time.sleep(30)\nelse:\n  os.waitpid(pid, 0)`,
  );
  using caller = acceptCaller(await coming);
  const status = readFileSync(`/proc/${caller.credentials.pid}/status`, "utf8");
  if (/^TracerPid:\s+0$/m.test(status)) return t.skip("this system does not let a process be traced");
  await assert.rejects(attestCaller(caller, openMeasurer()), /being traced/);
  execFileSync("kill", ["-9", String(caller.credentials.pid)]);
  child.kill("SIGKILL");
});

test("a launch belongs to its session, while the leader lives and the launcher says so", async () => {
  const leader = spawn("/bin/sh", ["-c", "sleep 30 & echo $!; wait"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(leader);
  const member = Number(String((await once(leader.stdout, "data"))[0]));
  while (!isSleep(member)) await new Promise((resolve) => setTimeout(resolve, 5));
  const launches = openLaunches();
  const measurer = openMeasurer();
  const facts = await attestProcess(leader.pid ?? 0, measurer);
  const end = launches.add(facts, { script: "s" });
  const memberFacts = await attestProcess(member, measurer);
  assert.deepEqual(launches.of(memberFacts), { script: "s" });
  const own = await attestProcess(process.pid, measurer);
  assert.equal(launches.of(own), undefined);
  end();
  assert.equal(launches.of(memberFacts), undefined);
  launches.add(facts, { script: "s" });
  leader.kill("SIGKILL");
  await once(leader, "exit");
  assert.equal(launches.of(memberFacts), undefined);
  process.kill(member, "SIGKILL");
});
