/** Actors as child processes. In: how to start a program as a component. Out: a way to command it, one command at a time. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Reach } from "../assistant/reach.ts";
import type { Command } from "./actor.ts";
import type { Outcome } from "./world.ts";

export const actorProgram = join(import.meta.dirname, "actor.ts");
const jobPrograms = {
  index: join(import.meta.dirname, "..", "jobs", "index-help-pages.ts"),
  train: join(import.meta.dirname, "..", "jobs", "train-on-customers.ts"),
} as const;
const stopWithinMs = 5_000;

/** The command line and environment that run a program as a component. */
export type StartAs = (
  component: string,
  program: string,
) => { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> };

export interface Actor extends AsyncDisposable {
  /** What the program holds as its credential. */
  readonly credential: Reach;
  obey(command: Command): Promise<unknown>;
}

const reach = z.object({ base: z.string(), token: z.string() });

export async function startActor(startAs: StartAs, component: string): Promise<Actor> {
  const { command, env } = startAs(component, actorProgram);
  const child = spawn(command[0] ?? "", command.slice(1), { env, stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4_000)));
  child.stdin.on("error", () => undefined); // seen as the child's end
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the program of ${component} ended: ${complaints}`);
    return JSON.parse(line.value);
  };
  const credential = reach.parse(await nextLine());
  let last: Promise<unknown> = Promise.resolve();
  return {
    credential,
    obey(given) {
      const answer = last.then(() => {
        child.stdin.write(`${JSON.stringify(given)}\n`);
        return nextLine();
      });
      last = answer.catch(() => undefined);
      return answer;
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
}

/** Runs a pipeline's job; its last words are the outcome. */
export async function runJob(startAs: StartAs, job: "index" | "train"): Promise<Outcome> {
  const component = job === "index" ? "rag-indexer" : "training-pipeline";
  const { command, env } = startAs(component, jobPrograms[job]);
  const child = spawn(command[0] ?? "", command.slice(1), { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { ok: code === 0, text: text.trim() };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.stdin?.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
  await ended;
  clearTimeout(timer);
}
