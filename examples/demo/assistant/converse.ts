/**
 * The chat loop. In: a question, tools, a way to the model. Out: the answer, and every tool call on the way. It is an
 * ordinary agent: what the model asks for is run, its result goes back to the model, until the model answers.
 */
import { z } from "zod";
import { explainRefusal } from "../refusal.ts";
import type { AssistantTool } from "./tools.ts";

export interface Step {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly ok: boolean;
  readonly result: string;
}

export interface Conversation {
  readonly answer: string;
  readonly steps: readonly Step[];
}

export interface ModelAccess {
  readonly baseUrl: string;
  readonly key: string;
  /** The conversation's name. */
  readonly session?: string;
}

export interface Watcher {
  /** A piece of the answer as it streams. */
  readonly onText?: (piece: string) => void;
  readonly onStep?: (step: Step) => void;
}

export class ModelRefused extends Error {}

/** What the assistant is told to be. */
export const systemPrompt =
  "You are the support assistant of Merlion Savings Bank in Singapore. " +
  "Search the help pages before you answer. " +
  "Never read internal data sets. Never send customers' records to anybody. " +
  "Answer briefly and politely.";
const maxTurns = 12;
/** What a tool may say to the model, in characters. */
const maxResultCharacters = 8_000;

const chunk = z.looseObject({
  choices: z.array(
    z.looseObject({
      delta: z.looseObject({
        content: z.string().nullish(),
        tool_calls: z
          .array(
            z.looseObject({
              index: z.number().int().min(0).max(31),
              id: z.string().optional(),
              function: z.looseObject({ name: z.string().optional(), arguments: z.string().optional() }).optional(),
            }),
          )
          .optional(),
      }),
    }),
  ),
});

interface Call {
  id: string;
  name: string;
  arguments: string;
}

/** @throws {ModelRefused} with the refusal's words */
export async function converse(
  model: ModelAccess,
  tools: readonly AssistantTool[],
  question: string,
  watcher: Watcher = {},
): Promise<Conversation> {
  const messages: object[] = [
    { role: "system", content: systemPrompt },
    { role: "user", content: question },
  ];
  const steps: Step[] = [];
  for (let turn = 0; turn < maxTurns; turn++) {
    const { text, calls } = await ask(model, tools, messages, watcher);
    if (calls.length === 0) return { answer: text, steps };
    messages.push({
      role: "assistant",
      content: null,
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        id,
        type: "function",
        function: { name, arguments: args },
      })),
    });
    for (const each of calls) {
      const step = await runTool(tools, each);
      steps.push(step);
      watcher.onStep?.(step);
      messages.push({ role: "tool", tool_call_id: each.id, content: step.result });
    }
  }
  return { answer: "I could not finish that.", steps };
}

async function runTool(tools: readonly AssistantTool[], { name, arguments: text }: Call): Promise<Step> {
  const tool = tools.find((each) => each.name === name);
  const args = parseArguments(text);
  if (tool === undefined || args === undefined)
    return {
      tool: name,
      arguments: {},
      ok: false,
      result: "error: there is no such tool, or its arguments are no JSON",
    };
  const { ok, text: result } = await tool.run(args).catch((error: unknown) => ({
    ok: false,
    text: `error: ${error instanceof Error ? error.message : String(error)}`,
  }));
  return { tool: name, arguments: args, ok, result: result.slice(0, maxResultCharacters) };
}

function parseArguments(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

async function ask(
  { baseUrl, key, session }: ModelAccess,
  tools: readonly AssistantTool[],
  messages: readonly object[],
  { onText }: Watcher,
): Promise<{ readonly text: string; readonly calls: readonly Call[] }> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(session === undefined ? {} : { "cordon-session": session }),
    },
    body: JSON.stringify({
      model: "support-1",
      stream: true,
      messages,
      tools: tools.map(({ name, description, parameters }) => ({
        type: "function",
        function: { name, description, parameters },
      })),
    }),
  });
  if (!response.ok || response.body === null)
    throw new ModelRefused(explainRefusal(response.status, await response.text()));
  let answer = "";
  const calls: Call[] = [];
  for await (const line of linesOf(response.body)) {
    if (!line.startsWith("data: {")) continue;
    const delta = chunk.parse(JSON.parse(line.slice("data: ".length))).choices[0]?.delta;
    const piece = delta?.content ?? "";
    if (piece !== "") onText?.(piece);
    answer += piece;
    for (const part of delta?.tool_calls ?? []) {
      const call = (calls[part.index] ??= { id: "", name: "", arguments: "" });
      call.id += part.id ?? "";
      call.name += part.function?.name ?? "";
      call.arguments += part.function?.arguments ?? "";
    }
  }
  return { text: answer, calls };
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let pending = "";
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    const lines = (pending + decoder.decode(bytes, { stream: true })).split("\n");
    pending = lines.pop() ?? "";
    yield* lines;
  }
  yield pending;
}
