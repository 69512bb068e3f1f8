/**
 * OpenAI's Chat Completions, Embeddings and Models, as the demo's model serves them. In: a request body that was parsed
 * from JSON. Out: the answer's body, or the events of its stream; a bad request is a value with its status.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { answerFrom } from "./model/answer.ts";
import type { PastCall, Turn } from "./model/context.ts";
import { plan } from "./model/plan.ts";
import { embed } from "./model/retrieval.ts";
import { tokensOf } from "./model/tokens.ts";
import type { Tool, ToolCall, ToolChoice } from "./model/tool-choice.ts";

export const models = ["support-1", "support-1-embed"] as const;

const textPart = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: z.union([z.string(), z.array(textPart), z.null()]).optional(),
  tool_calls: z
    .array(z.looseObject({ function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
    .max(128)
    .nullish(),
});
const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string(),
    description: z.string().optional(),
    parameters: z
      .looseObject({
        properties: z
          .record(
            z.string(),
            z.looseObject({
              type: z.string().optional(),
              description: z.string().optional(),
              enum: z.array(z.unknown()).optional(),
              pattern: z.string().optional(),
            }),
          )
          .optional(),
        required: z.array(z.string()).optional(),
      })
      .optional(),
  }),
});

/** What the model reads of a request; fields that it does not know are let pass, as OpenAI's do. */
export const chatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(message).min(1).max(1000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  tools: z.array(tool).max(128).optional(),
  tool_choice: z
    .union([z.enum(["auto", "required", "none"]), z.looseObject({ function: z.looseObject({ name: z.string() }) })])
    .optional(),
});
export type ChatRequest = z.infer<typeof chatRequest>;

export const embeddingRequest = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()).min(1).max(2048)]),
  encoding_format: z.enum(["float", "base64"]).optional(),
});
export type EmbeddingRequest = z.infer<typeof embeddingRequest>;

interface Completion {
  readonly tokens: readonly string[];
  readonly call: ToolCall | undefined;
  readonly finish: "stop" | "length" | "tool_calls";
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
}

/** Thinks of what comes next: a tool call, or the answer. */
function complete(request: ChatRequest): Completion {
  const turns = withDescriptions(request.messages.map(turnOf), request.tools ?? []);
  const promptTokens = turns.reduce((sum, { text }) => sum + tokensOf(text).length + 3, 0);
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Infinity;

  const next = plan(turns, toolsOf(request), choiceOf(request));
  if (next.call !== undefined) {
    const tokens = tokensOf(JSON.stringify(next.call.arguments));
    return { tokens, call: next.call, finish: "tool_calls", usage: usageOf(promptTokens, tokens.length) };
  }
  const all = tokensOf(answerFrom(turns, next));
  const tokens = all.slice(0, limit);
  const finish = tokens.length < all.length ? "length" : "stop";
  return { tokens, call: undefined, finish, usage: usageOf(promptTokens, tokens.length) };
}

/** The whole answer, for a request without `stream`. */
export function chatAnswer(request: ChatRequest, nowMs: number): object {
  const { tokens, call, finish, usage } = complete(request);
  return {
    ...header("chat.completion", request.model, nowMs),
    choices: [
      {
        index: 0,
        message:
          call === undefined
            ? { role: "assistant", content: tokens.join(""), refusal: null }
            : {
                role: "assistant",
                content: null,
                refusal: null,
                tool_calls: [{ id: callId(), type: "function", function: functionOf(call) }],
              },
        logprobs: null,
        finish_reason: finish,
      },
    ],
    usage,
  };
}

export interface StreamDelta {
  readonly role?: "assistant";
  readonly content?: string | null;
  readonly tool_calls?: readonly object[];
}

export interface StreamChunk {
  readonly choices: readonly {
    readonly index: number;
    readonly delta: StreamDelta;
    readonly logprobs: null;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Completion["usage"];
}

/** The answer token by token; the caller frames each as a server-sent event and ends with `[DONE]`. */
export function* chatStream(request: ChatRequest, nowMs: number): Generator<StreamChunk> {
  const { tokens, call, finish, usage } = complete(request);
  const base = header("chat.completion.chunk", request.model, nowMs);
  const chunk = (delta: StreamDelta, reason: string | null = null): StreamChunk => ({
    ...base,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
  });
  if (call === undefined) {
    yield chunk({ role: "assistant", content: "" });
    for (const token of tokens) yield chunk({ content: token });
  } else {
    const start = { index: 0, id: callId(), type: "function", function: { name: call.name, arguments: "" } };
    yield chunk({ role: "assistant", content: null, tool_calls: [start] });
    for (const token of tokens) yield chunk({ tool_calls: [{ index: 0, function: { arguments: token } }] });
  }
  yield chunk({}, finish);
  if (request.stream_options?.include_usage === true) yield { ...base, choices: [], usage };
}

export function embeddingAnswer(request: EmbeddingRequest): object {
  const inputs = typeof request.input === "string" ? [request.input] : request.input;
  const used = inputs.reduce((sum, input) => sum + tokensOf(input).length, 0);
  return {
    object: "list",
    data: inputs.map((input, index) => ({
      object: "embedding",
      index,
      embedding: encoded(embed(input), request.encoding_format ?? "float"),
    })),
    model: request.model,
    usage: { prompt_tokens: used, total_tokens: used },
  };
}

export function modelList(): object {
  return {
    object: "list",
    data: models.map((id) => ({ id, object: "model", created: 1_767_225_600, owned_by: "demo" })),
  };
}

function encoded(vector: Float64Array, format: "float" | "base64"): readonly number[] | string {
  if (format === "float") return [...vector];
  return Buffer.from(new Float32Array(vector).buffer).toString("base64");
}

function textOf(content: z.infer<typeof message>["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("\n");
}

function turnOf({ role, content, tool_calls: calls }: z.infer<typeof message>): Turn {
  return {
    role: role === "developer" ? "system" : role,
    text: textOf(content),
    calls: (calls ?? []).map(({ function: called }): PastCall => ({
      name: called.name,
      arguments: argumentsOf(called.arguments),
    })),
  };
}

function argumentsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * What is said of tools is read as all text is. The first sentence says what a tool is for; what comes after it is heard
 * like a system prompt. Letters that are written as tags, which no reader sees, are letters to a model.
 */
function withDescriptions(turns: readonly Turn[], tools: NonNullable<ChatRequest["tools"]>): readonly Turn[] {
  const said = tools.map(({ function: { description = "" } }) =>
    untagged(description)
      .replace(/^[^.]*\.?\s*/, "")
      .trim(),
  );
  const text = said.filter((each) => each !== "").join("\n");
  if (text === "") return turns;
  const after = turns.findLastIndex(({ role }) => role === "system") + 1;
  return turns.toSpliced(after, 0, { role: "system", text, calls: [] });
}

function untagged(text: string): string {
  return text.replaceAll(/[\u{e0020}-\u{e007e}]/gu, (tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe0000));
}

function toolsOf(request: ChatRequest): readonly Tool[] {
  return (request.tools ?? []).map(({ function: offered }) => ({
    name: offered.name,
    description: offered.description ?? "",
    parameters: (offered.parameters ?? {}) as Tool["parameters"],
  }));
}

function choiceOf(request: ChatRequest): ToolChoice {
  const choice = request.tool_choice ?? "auto";
  return typeof choice === "string" ? choice : { name: choice.function.name };
}

function functionOf(call: ToolCall): { readonly name: string; readonly arguments: string } {
  return { name: call.name, arguments: JSON.stringify(call.arguments) };
}

function header(object: string, model: string, nowMs: number): object {
  return { id: `chatcmpl-${randomUUID()}`, object, created: Math.floor(nowMs / 1000), model };
}

function usageOf(promptTokens: number, completionTokens: number): Completion["usage"] {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

function callId(): string {
  return `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
