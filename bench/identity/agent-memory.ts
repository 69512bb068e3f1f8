/**
 * What an agent holds in memory. In: a real control plane with 1,000 components registered to one node, and an agent as a
 * process of its own. Out: the agent's resident memory with one workload and with a thousand, all with their SVID, the
 * time until the last one was there, and the bytes that one workload costs.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startCordon } from "@cordon/cli/up/wire";
import { controlClient } from "@cordon/agent/run/control-client";

interface Held {
  readonly workloads: number;
  readonly residentMiB: number;
  readonly heapMiB: number;
  readonly allAfterMs: number;
}

export async function measureAgentMemory(quick: boolean): Promise<void> {
  const many = quick ? 200 : 1000;
  const few = await measure(1);
  const all = await measure(many);
  const each = ((all.heapMiB - few.heapMiB) * 1024) / (many - 1);
  process.stdout.write(
    `\nagent memory (a process of its own, SVIDs held for all)\n` +
      line(few) +
      line(all) +
      `  per workload: ${each.toFixed(1)} KiB of heap and buffers, ${(((all.residentMiB - few.residentMiB) * 1024) / (many - 1)).toFixed(1)} KiB resident\n`,
  );
}

function line({ workloads, residentMiB, heapMiB, allAfterMs }: Held): string {
  return (
    `  ${String(workloads).padStart(5)} workloads: ${residentMiB.toFixed(0)} MiB resident, ${heapMiB.toFixed(1)} MiB heap and ` +
    `buffers; the last SVID after ${(allAfterMs / 1000).toFixed(1)} s\n`
  );
}

async function measure(workloads: number): Promise<Held> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-identity-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "cordon.yaml"), configuration(workloads));
  const cordon = stack.use(
    await startCordon({ path: join(folder, "cordon.yaml"), env: {}, version: "bench", log: () => undefined }),
  );
  const { token } = await controlClient(cordon.socketPath).newJoinToken({ node: "bench" });
  const program = join(import.meta.dirname, "agent.child.ts");
  const args = ["--expose-gc", program, cordon.agentsUrl ?? "", folder, String(workloads)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  stack.defer(async () => {
    child.kill();
    if (child.exitCode === null) await once(child, "exit");
  });
  child.stdin.end(token);
  for await (const said of createInterface({ input: child.stdout }))
    if (said.startsWith("{")) return { workloads, ...(JSON.parse(said) as Omit<Held, "workloads">) };
  throw new Error("the agent ended before it held every SVID");
}

function configuration(workloads: number): string {
  const components = Array.from(
    { length: workloads },
    (_, at) =>
      `  - { name: workload-${at}, kind: agent, boundary: api, registrations: [{ nodes: [bench], uid: ${1000 + at}, path: /opt/workload-${at} }] }\n`,
  );
  return `version: 1
trustDomain: bench.example
state: ./state
gateway: { listen: "127.0.0.1:0", drainSeconds: 0 }
console: { enabled: false }
agents: { listen: "127.0.0.1:0" }
components:
  - { name: gateway, kind: service, boundary: api }
${components.join("")}`;
}
