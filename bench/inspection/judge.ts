/**
 * `npm run bench -- judge [--quick]`: what a judge costs in time, less the judge's own. In: nothing; the judge is an HTTP server of
 * this process that answers at once. Out: how long a question about a request takes beside the same question sent by the same client
 * without Cordon, and an answer of 400 words held or flowing before the judge beside the same answer without one.
 */
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { request } from "undici";
import { inspectionSchema, inspectionSettings } from "@cordon/core/contract/inspection-schema";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { builtInPartDetectors, builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import { openJudge } from "@cordon/gateway/inspection/judge";
import { openInspection } from "@cordon/gateway/inspection/open-inspection";
import { Screening } from "@cordon/gateway/inspection/screening";
import { machine } from "../gateway/machine.ts";
import { percentile } from "../gateway/statistics.ts";

const print = (text = ""): void => void process.stdout.write(`${text}\n`);
const who = "spiffe://bench.example/agent/a" as SpiffeId;
const sentence = "A transfer to another bank is free when you make it in the app, and takes one working day. ";
const verdict = JSON.stringify({ choices: [{ message: { role: "assistant", content: '{"label":"benign"}' } }] });

type Subject = Parameters<ReturnType<typeof openInspection>["openResponse"]>[0];

export async function benchJudge(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { quick: { type: "boolean", default: false } } });
  const times = values.quick ? 100 : 1000;
  let asked = 0;
  let last = "";
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      asked += 1;
      last = Buffer.concat(chunks).toString();
      response.writeHead(200, { "content-type": "application/json" }).end(verdict);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`;
  const inspection = openInspection({
    detectors: { spans: builtInSpanDetectors, parts: builtInPartDetectors },
    judge: openJudge({ resolveSecret: () => Promise.resolve("") }),
    monotonicMs: () => performance.now(),
  });
  /** @param answers how answers come before the judge; without, there is none on the route */
  const subject = (answers: object | undefined): Subject & { readonly screening: Screening } => {
    const judge = { url, model: "guard", timeoutMs: 60_000, band: { from: 20, to: 50 }, answers };
    const written = inspectionSchema.parse(answers === undefined ? {} : { judge });
    const screening = new Screening(inspectionSettings(written));
    return { screening, requestId: "r", principal: who, resource: who, api: "openai", path: "/chat/completions" };
  };

  print(`${Object.values(machine()).join(", ")}; the judge answers at once, in the same process`);
  const text = sentence.repeat(6);
  const question = async (): Promise<void> => {
    const about = subject({});
    about.screening.doubt({ text, origin: "user" }, 0.3);
    const opinion = await inspection.secondOpinion?.(about);
    if (opinion === undefined || opinion.blocked !== undefined) throw new Error("the judge was not asked");
  };
  const bare = async (): Promise<void> => {
    const { body } = await request(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: last,
    });
    await body.text();
  };
  await question();
  const [judged, plain] = await inTurns(times, [question, bare]);
  const ratio = spent(judged, 50) / spent(plain, 50);
  print(
    `\na request's question: ${spentText(judged)}; the same without Cordon ${spentText(plain)}; ${ratio.toFixed(1)} times`,
  );

  const words = sentence.repeat(30).match(/\S+\s*/g) ?? [];
  const chunks = words.slice(0, 400).map((content) => {
    const delta = { id: "c", object: "chat.completion.chunk", model: "m", choices: [{ index: 0, delta: { content } }] };
    return Buffer.from(`data: ${JSON.stringify(delta)}\n\n`);
  });
  const answer = (answers: object | undefined) => async (): Promise<void> => {
    const filter = inspection.openResponse(subject(answers), { status: 200, contentType: "text/event-stream" });
    if (filter === undefined) throw new Error("nothing filters this answer");
    let bytes = 0;
    for (const chunk of chunks) bytes += lengthOf(await filter.push(chunk));
    bytes += lengthOf(await filter.end());
    filter.close?.();
    if (bytes === 0) throw new Error("nothing of the answer came out");
  };
  const ways = { "without a judge": undefined, held: { mode: "buffer" }, flowing: { mode: "cut" } };
  const questions: number[] = [];
  for (const answers of Object.values(ways)) {
    const before = asked;
    await answer(answers)();
    questions.push(asked - before);
  }
  const rounds = await inTurns(times / 5, Object.values(ways).map(answer));
  print(`\nan answer of ${chunks.length} words, which comes at once`);
  const answered = Object.keys(ways).map((way, at) => {
    const took = rounds[at] ?? [];
    const more = spent(took, 50) - spent(rounds[0] ?? [], 50);
    print(`  ${way.padEnd(16)} ${spentText(took)}, ${questions[at]} questions, ${more.toFixed(2)} ms more`);
    return { way, p50: spent(took, 50), p99: spent(took, 99), questions: questions[at] };
  });
  server.closeAllConnections();
  server.close();
  mkdirSync("bench/results", { recursive: true });
  const asking = { p50: spent(judged, 50), p99: spent(judged, 99), without: spent(plain, 50) };
  writeFileSync("bench/results/judge.json", `${JSON.stringify({ machine: machine(), asking, answered }, null, 2)}\n`);
}

/** Milliseconds of each, one after the other in turn, so that what else the machine does falls on all of them. */
async function inTurns(times: number, runs: readonly (() => Promise<void>)[]): Promise<number[][]> {
  const took = runs.map((): number[] => []);
  const warmth = Math.ceil(times / 10);
  for (let time = -warmth; time < times; time++)
    for (const [at, run] of runs.entries()) {
      const from = performance.now();
      await run();
      if (time >= 0) took[at]?.push(performance.now() - from);
    }
  return took;
}

function spent(took: readonly number[] = [], p: number): number {
  return percentile(took, p);
}

function spentText(took: readonly number[] = []): string {
  return `${spent(took, 50).toFixed(2)} ms (p99 ${spent(took, 99).toFixed(2)})`;
}

function lengthOf(out: unknown): number {
  if (out instanceof Uint8Array) return out.length;
  throw new Error(`the answer was cut: ${JSON.stringify(out)}`);
}
