/**
 * The demo's inference endpoint, behind OpenAI's API: a small model that follows instructions, uses tools, and answers from
 * help pages. Knows nothing of Cordon but its own identity and the gateway's; answers nobody else.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import {
  chatAnswer,
  chatRequest,
  chatStream,
  embeddingAnswer,
  embeddingRequest,
  modelList,
  models,
  type StreamChunk,
} from "./chat-completions.ts";
import { readBody, sendJson } from "./http.ts";
import { runService } from "./serve.ts";

/** The pace of a streamed answer: a person should see that it streams, and not wait for a long one. */
const tokenIntervalMs = 8;
const pacedTokens = 60;

await runService("chat endpoint", handle);

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?")[0];
  switch (`${request.method} ${path}`) {
    case "GET /v1/models":
      return sendJson(response, 200, modelList());
    case "POST /v1/embeddings": {
      const body = await parse(request, response, embeddingRequest);
      return body === undefined ? undefined : sendJson(response, 200, embeddingAnswer(body));
    }
    case "POST /v1/chat/completions": {
      const body = await parse(request, response, chatRequest);
      if (body === undefined) return;
      return body.stream === true
        ? stream(response, chatStream(body, Date.now()))
        : sendJson(response, 200, chatAnswer(body, Date.now()));
    }
    default:
      return fail(response, 404, "not_found", `There is no ${request.method} ${path} here.`);
  }
}

/** Reads and checks a body; has answered already when it returns undefined. */
async function parse<T extends { readonly model: string }>(
  request: IncomingMessage,
  response: ServerResponse,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const text = await readBody(request, 1024 * 1024);
  if (text === undefined) return void fail(response, 413, "request_too_large", "The body is longer than 1 MiB.");
  let value: unknown;
  try {
    value = JSON.parse(text.toString("utf8"));
  } catch {
    return void fail(response, 400, "invalid_json", "The body is not JSON.");
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return void fail(
      response,
      400,
      "invalid_request",
      `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`,
    );
  }
  if (!(models as readonly string[]).includes(parsed.data.model))
    return void fail(response, 404, "model_not_found", `The model \`${parsed.data.model}\` does not exist.`);
  return parsed.data;
}

async function stream(response: ServerResponse, chunks: Iterable<StreamChunk>): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  let sent = 0;
  for (const chunk of chunks) {
    if (response.destroyed) return;
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    if (isText(chunk) && sent++ < pacedTokens) await sleep(tokenIntervalMs);
  }
  response.end("data: [DONE]\n\n");
}

/** A program reads a tool call's arguments, not a person. */
function isText({ choices }: StreamChunk): boolean {
  return choices[0]?.delta.content !== undefined;
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { error: { message, type: "invalid_request_error", param: null, code } });
}
