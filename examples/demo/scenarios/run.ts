/**
 * Plays a scenario. In: a world, a scenario. Out: whether its objective was reached, and everything that was refused on the
 * way. What it wrote into the estate is taken back.
 */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Conversation } from "../assistant/converse.ts";
import { exfiltrationOrder, type Wording } from "../services/model/paraphrases.ts";
import type { Check, Scenario, Step } from "./schema.ts";
import type { Outcome, World } from "./world.ts";

export interface Played {
  readonly reached: boolean;
  /** What `diverted` of the scenario says came true. */
  readonly diverted: boolean;
  /** Each refusal: where, and its words. */
  readonly refusals: readonly string[];
  /** One line a step: what was done, and what came of it. */
  readonly told: readonly string[];
  readonly answer: string;
}

interface Taken {
  readonly outcomes: Outcome[];
  readonly conversations: Conversation[];
  readonly pages: Set<string>;
  readonly swapped: Set<string>;
  /** The conversation that all of its calls belong to. */
  readonly session: string;
  /** What a tool server says of its tools was changed. */
  changed: boolean;
}

const receivedList = z.object({
  received: z.array(z.object({ method: z.string(), host: z.string(), path: z.string(), body: z.string() })),
});

export async function playScenario(world: World, scenario: Scenario): Promise<Played> {
  const before = (await received(world)).length;
  const taken: Taken = {
    outcomes: [],
    conversations: [],
    pages: new Set(),
    swapped: new Set(),
    changed: false,
    session: randomUUID(),
  };
  try {
    for (const step of scenario.steps) taken.outcomes.push(await take(world, step, scenario.seed, taken));
    const outside = (await received(world)).slice(before);
    return {
      reached: scenario.objective.reached.every((check) => holds(check, taken, outside)),
      diverted: scenario.diverted !== undefined && holds(scenario.diverted, taken, outside),
      refusals: refusalsOf(scenario, taken),
      told: scenario.steps.flatMap((step, at) => tell(step, taken, at)),
      answer: taken.conversations.at(-1)?.answer ?? "",
    };
  } finally {
    await takeBack(world, taken);
  }
}

async function take(world: World, step: Step, seed: number, taken: Taken): Promise<Outcome> {
  switch (step.do) {
    case "ask": {
      const conversation = await world.ask(worded(step.question, seed));
      if ("failed" in conversation) return { ok: false, text: String(conversation.failed) };
      taken.conversations.push(conversation);
      return { ok: true, text: conversation.answer };
    }
    case "publish page": {
      const json = { title: step.title, text: worded(step.text, seed) };
      taken.pages.add(step.id);
      const put = await world.call("content-editor", { method: "PUT", path: `/help-pages/${step.id}`, json });
      return put.ok ? world.runJob("index") : put;
    }
    case "write outside":
      return writeOutside(world, step.at, worded(step.text, seed));
    case "call": {
      let last: Outcome = { ok: false, text: "" };
      for (let time = 0; time < step.times; time++) {
        last = await world.call(step.as, { ...step, json: wordedJson(step.json, seed), session: taken.session });
        if (!last.ok) return last;
      }
      return last;
    }
    case "dial":
      return world.dial(step.as, step.service, step);
    case "replay credential":
      return world.replay(step.of, step.when, step);
    case "swap weights":
      taken.swapped.add(step.of);
      return world.swapWeights(step.of, { intercept: step.intercept });
    case "change tool": {
      const hidden = worded(step.hidden ?? "", seed).replaceAll(/[ -~]/g, (letter) =>
        String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0)),
      );
      taken.changed = true;
      return world.changeTool(step.server, step.tool, worded(step.description, seed) + hidden);
    }
    case "train":
      return world.runJob("train");
  }
}

/** Puts an order in the place of `{order:URL}`, in words that the seed chooses. */
function worded(text: string, seed: number): string {
  const digest = createHash("sha256").update(`wording/${seed}`).digest();
  const wording: Wording = {
    override: digest.readUInt16BE(0),
    reading: digest.readUInt16BE(2),
    joint: digest.readUInt16BE(4),
    sending: digest.readUInt16BE(6),
    frame: digest.readUInt16BE(8),
  };
  return text.replace(/\{order:([^{}\s]+)\}/g, (_, url: string) => exfiltrationOrder(url, wording));
}

function wordedJson(json: unknown, seed: number): unknown {
  if (json === undefined) return undefined;
  return JSON.parse(JSON.stringify(json), (_key, value: unknown) =>
    typeof value === "string" ? worded(value, seed) : value,
  );
}

async function writeOutside(world: World, at: string, text: string): Promise<Outcome> {
  const response = await fetch(`${world.outsideUrl}/-/pages/${at}`, { method: "PUT", body: JSON.stringify({ text }) });
  return { ok: response.ok, text: await response.text() };
}

async function received(world: World): Promise<z.infer<typeof receivedList>["received"]> {
  const response = await fetch(`${world.outsideUrl}/-/received`);
  return receivedList.parse(await response.json()).received;
}

function holds(check: Check, taken: Taken, outside: z.infer<typeof receivedList>["received"]): boolean {
  const pattern = new RegExp(check.matches);
  switch (check.see) {
    case "received outside":
      return outside.some(({ method, host, path, body }) => pattern.test(`${method} ${host}${path} ${body}`));
    case "answer":
      return pattern.test(taken.conversations.at(-1)?.answer ?? "");
    case "step": {
      const outcome = taken.outcomes[check.step - 1];
      return outcome?.ok === true && pattern.test(outcome.text);
    }
  }
}

function refusalsOf(scenario: Scenario, taken: Taken): readonly string[] {
  const inConversations = taken.conversations.flatMap(({ steps }) =>
    steps.filter(({ ok }) => !ok).map(({ tool, result }) => `${tool}: ${result}`),
  );
  const atSteps = scenario.steps.flatMap((step, at) => {
    const outcome = taken.outcomes[at];
    return outcome === undefined || outcome.ok ? [] : [`step ${at + 1} (${step.do}): ${outcome.text}`];
  });
  return [...inConversations, ...atSteps];
}

function tell(step: Step, taken: Taken, at: number): readonly string[] {
  const outcome = taken.outcomes[at];
  const asked = step.do === "ask" ? taken.conversations.flatMap(({ steps }) => steps) : [];
  return [
    ...asked.map(({ tool, ok, result }) => `    ${tool} -> ${ok ? "done" : firstLine(result)}`),
    `  ${at + 1}. ${step.do} -> ${outcome === undefined ? "not done" : firstLine(outcome.text)}`,
  ];
}

function firstLine(text: string): string {
  const line = text.trim().split("\n")[0] ?? "";
  return line.length > 140 ? `${line.slice(0, 139)}…` : line;
}

async function takeBack(world: World, { pages, swapped, changed }: Taken): Promise<void> {
  if (changed) await world.restoreTools();
  for (const model of swapped) await world.swapWeights(model, undefined);
  for (const id of pages) await world.call("content-editor", { method: "DELETE", path: `/help-pages/${id}` });
  if (pages.size > 0) await world.runJob("index");
}
