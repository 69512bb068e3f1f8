/**
 * What is measured, and beside what. In: names, and an estate. Out: running targets with a connection for each principal,
 * and the reasons for which others are left out.
 */
import { appendFile, cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BenchEstate } from "./estate.ts";
import { prepareForeign, type ForeignName } from "./foreign-proxies.ts";
import { startForeign } from "./foreign-process.ts";
import { ClientPool } from "./load.ts";
import { asCordonStarts, startUnderTest, type ProcessUnderTest } from "./process-under-test.ts";
import { Calls } from "./traffic.ts";

export type TargetName = "bare" | "cordon" | "inspecting" | "uncontrolled" | ForeignName;

/** What each is, in the words of the report. */
export const targetWords: Readonly<Record<TargetName, string>> = {
  bare: "Node proxy: mutual TLS by OpenSSL, JSON.parse both ways; decides and records nothing",
  cordon: "Cordon as `cordon up` starts it: SVIDs, strict JSON, a decision, two durable ledger entries",
  inspecting: "the same, and every detector reads each request and each answer",
  uncontrolled: "Cordon's gateway without policies and ledger; in this benchmark only",
  nginx: "unprotected baseline: mutual TLS and forwarding, no more",
  caddy: "unprotected baseline: mutual TLS and forwarding, no more",
  portkey: "unprotected baseline: Portkey's AI gateway, by plain HTTP: no TLS, no identities",
};

export const targetNames = Object.keys(targetWords) as readonly TargetName[];

export interface Target {
  readonly name: TargetName;
  readonly process: ProcessUnderTest;
  readonly pool: ClientPool;
  readonly calls: Calls;
  readonly streamedCalls: Calls;
}

export interface TargetOptions {
  readonly estate: BenchEstate;
  readonly upstreamPort: number;
  /** Of the estate; what a target needs more is put beside it. */
  readonly folder: string;
  readonly connections: number;
  readonly pinned: boolean;
}

/** @returns the target, or why it is left out */
export async function openTarget(
  name: TargetName,
  options: TargetOptions,
  closing: AsyncDisposableStack,
): Promise<Target | string> {
  const { estate, connections } = options;
  const started = await start(name, options);
  if (typeof started === "string") return started;
  const { process: tested, mutualTls, headers } = started;
  closing.use(tested);
  const clients = estate.clients.slice(0, connections);
  const endpoints = clients.map((credential) => ({
    port: tested.port,
    credential: mutualTls ? credential : undefined,
  }));
  const pool = closing.use(await ClientPool.open(endpoints));
  return { name, process: tested, pool, calls: new Calls(false, headers), streamedCalls: new Calls(true, headers) };
}

interface Started {
  readonly process: ProcessUnderTest;
  readonly mutualTls: boolean;
  readonly headers: readonly string[];
}

async function start(name: TargetName, options: TargetOptions): Promise<Started | string> {
  const { estate, upstreamPort, folder, pinned } = options;
  const { authorities, server } = estate;
  const ours = async (file: string, input: unknown, asCordon: boolean): Promise<Started> => {
    const how = asCordon ? await asCordonStarts() : undefined;
    const tested = await startUnderTest(new URL(file, import.meta.url), input, pinned, how);
    return { process: tested, mutualTls: true, headers: [] };
  };
  switch (name) {
    case "bare":
      return await ours("bare-proxy.ts", { authorities, server, upstreamPort }, false);
    case "cordon":
      return await ours("cordon-process.ts", { configuration: await copyOf(estate, folder, name, "") }, true);
    case "inspecting": {
      const configuration = await copyOf(estate, folder, name, "inspection: {}\n");
      return await ours("cordon-process.ts", { configuration }, true);
    }
    case "uncontrolled":
      return await ours("uncontrolled-process.ts", { configuration: await copyOf(estate, folder, name, "") }, true);
    case "nginx":
    case "caddy":
    case "portkey": {
      const foreign = await prepareForeign(name, { folder: join(folder, name), authorities, server, upstreamPort });
      if ("missing" in foreign) return foreign.missing;
      try {
        const tested = await startForeign(foreign.program, foreign.port, pinned);
        return { process: tested, mutualTls: foreign.mutualTls, headers: foreign.headers };
      } catch (error) {
        return (error as Error).message; // another version of it, perhaps: the rest is measured all the same
      }
    }
  }
}

/** The estate with a state folder of its own: the same keys, and more in the configuration. */
async function copyOf(estate: BenchEstate, folder: string, name: string, more: string): Promise<string> {
  const copy = join(folder, name);
  await mkdir(copy);
  const from = dirname(estate.configuration);
  for (const each of ["cordon.yaml", "policies.cedar", "state"])
    await cp(join(from, each), join(copy, each), { recursive: true });
  await appendFile(join(copy, "cordon.yaml"), more);
  return join(copy, "cordon.yaml");
}
