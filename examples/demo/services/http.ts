/**
 * Plain HTTP, as every demo service speaks it inside or outside TLS. In: requests. Out: bodies read within bounds, JSON
 * answers, and word to the parent process once the service listens.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { parseArgs } from "node:util";
import type { z } from "zod";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What a service tells its parent, over the IPC channel, once it listens. */
export interface Ready {
  readonly ready: true;
  readonly url: string;
}

/** Tells the parent process where the service listens; from here on the service ends with it. */
export function announce(server: NetServer, scheme: "http" | "https"): void {
  const { address, port } = server.address() as AddressInfo;
  const ready: Ready = { ready: true, url: `${scheme}://${address}:${port}` };
  process.send?.(ready);
  const stop = (): void => process.exit(0);
  process.once("SIGTERM", stop);
  process.once("disconnect", stop);
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** The request's whole body, or undefined when it is longer than `most` bytes. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The request's body as JSON of a schema, or what is wrong with it. */
export async function readJson<T>(
  request: IncomingMessage,
  schema: z.ZodType<T>,
): Promise<{ readonly value: T } | { readonly problem: string }> {
  const bytes = await readBody(request, 4 * 1024 * 1024);
  if (bytes === undefined) return { problem: "The body is longer than 4 MiB." };
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return { problem: "The body is not JSON." };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issue = parsed.error.issues[0];
  return { problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}` };
}

/** Where to listen, and whether to anybody. */
export function listenArguments(): { readonly open: boolean; readonly host: string; readonly port: number } {
  const { listen, open } = readArguments();
  const colon = listen.lastIndexOf(":");
  return { open, host: listen.slice(0, colon), port: Number(listen.slice(colon + 1)) };
}

export function identityArguments(): { readonly socket: string; readonly component: string; readonly accept: string } {
  const { socket, component, accept } = readArguments();
  if (socket === undefined || component === undefined || accept === undefined) throw new Error(usage);
  return { socket, component, accept };
}

/** The file of the model that a service serves. */
export function modelArgument(): string {
  const { model } = readArguments();
  if (model === undefined) throw new Error(`--model FILE is needed; ${usage}`);
  return model;
}

/** Where somebody may have written what a tool server is to say of its tools. */
export function definitionsArgument(): string {
  const { definitions } = readArguments();
  if (definitions === undefined) throw new Error(`--definitions FILE is needed; ${usage}`);
  return definitions;
}

const usage =
  "usage: --listen HOST:PORT (--socket PATH --component NAME --accept SPIFFE-ID | --open) [--model FILE] [--definitions FILE]";

function readArguments() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      ...{ socket: text, component: text, accept: text, listen: text, model: text, definitions: text },
      open: { type: "boolean", default: false },
    },
  });
  const { listen } = values;
  if (listen === undefined) throw new Error(usage);
  return { ...values, listen };
}
