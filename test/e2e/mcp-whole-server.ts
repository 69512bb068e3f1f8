/**
 * An MCP server that has everything the conformance suite asks for, by the protocol's own SDK: sessions with event streams
 * that can be taken up again, and the protocol without sessions (2026-07-28) at the same address. In: nothing. Out: where it
 * listens, on the loopback. It is made for the suite, so that what fails behind the gateway fails because of the gateway.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  completable,
  createMcpHandler,
  createRequestStateCodec,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  McpServer,
  originValidationResponse,
  ResourceTemplate,
  WebStandardStreamableHTTPServerTransport,
  type EventStore,
  type JSONRPCMessage,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { addAsking, addInputs, addTools, image, said } from "./mcp-whole-tools.ts";

export interface WholeServer extends AsyncDisposable {
  readonly port: number;
}

export async function startWholeServer(port = 0): Promise<WholeServer> {
  const states = createRequestStateCodec<string>({ key: randomBytes(32) });
  const build = (era: "legacy" | "modern"): McpServer => {
    const server = new McpServer(
      { name: "whole", version: "1.0.0" },
      {
        capabilities: {
          tools: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          prompts: { listChanged: true },
          logging: {},
          completions: {},
        },
        ...(era === "modern"
          ? { requestState: { verify: (state: string, ctx: ServerContext) => states.verify(state, ctx) } }
          : {}),
      },
    );
    addTools(server);
    addResources(server);
    addPrompts(server);
    if (era === "legacy") addAsking(server);
    else addInputs(server, states);
    return server;
  };

  const modern = createMcpHandler(
    () => {
      const server = build("modern");
      const change = (name: string, notify: () => void): void =>
        void server.registerTool(name, { description: "Tells of a change.", inputSchema: z.object({}) }, () => {
          notify();
          return { content: [said("told")] };
        });
      change("test_trigger_tool_change", () => modern.notify.toolsChanged());
      change("test_trigger_prompt_change", () => modern.notify.promptsChanged());
      return server;
    },
    { legacy: "reject" },
  );

  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const legacy = async (request: Request): Promise<Response> => {
    const named = request.headers.get("mcp-session-id");
    const known = named === null ? undefined : sessions.get(named);
    if (known !== undefined) return known.handleRequest(request);
    if (named !== null)
      return Response.json(
        { jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found" } },
        { status: 404 },
      );
    const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new Events(),
      retryInterval: 500,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await build("legacy").connect(transport);
    return transport.handleRequest(request);
  };

  const answer = async (request: Request): Promise<Response> =>
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
    originValidationResponse(request, localhostAllowedOrigins()) ??
    ((await isLegacyRequest(request.clone())) ? legacy(request) : modern.fetch(request));

  const http = createServer((incoming, outgoing) => {
    serve(incoming, outgoing, answer).catch(() => outgoing.destroy());
  }).listen(port, "127.0.0.1");
  await once(http, "listening");
  return {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await modern.close();
      http.close().closeAllConnections();
    },
  };
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: Request) => Promise<Response>,
): Promise<void> {
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2)
    headers.append(incoming.rawHeaders[at] ?? "", incoming.rawHeaders[at + 1] ?? "");
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const reply = await answer(
    new Request(`http://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`, {
      ...{ method: incoming.method ?? "GET", headers, signal: gone.signal },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    }),
  );
  outgoing.writeHead(reply.status, Object.fromEntries(reply.headers));
  outgoing.flushHeaders();
  const reader = reply.body?.getReader();
  outgoing.once("close", () => void reader?.cancel().catch(() => undefined));
  for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read())
    if (!outgoing.destroyed) outgoing.write(piece.value);
  outgoing.end();
}

/** Events of one session, in their order. */
class Events implements EventStore {
  readonly #all: { id: string; stream: string; message: JSONRPCMessage }[] = [];

  storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = `${this.#all.length}-${randomUUID()}`;
    this.#all.push({ id, stream, message });
    return Promise.resolve(id);
  }

  getStreamIdForEventId(id: string): Promise<string | undefined> {
    return Promise.resolve(this.#all.find((event) => event.id === id)?.stream);
  }

  async replayEventsAfter(
    last: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const at = this.#all.findIndex(({ id }) => id === last);
    const stream = this.#all[at]?.stream ?? "";
    for (const event of this.#all.slice(at + 1))
      if (event.stream === stream && Object.keys(event.message).length > 0) await send(event.id, event.message);
    return stream;
  }
}

function addResources(server: McpServer): void {
  const text = (uri: string, words: string, mimeType = "text/plain") => ({
    contents: [{ uri, mimeType, text: words }],
  });
  const about = (mimeType: string) => ({ description: "For the suite.", mimeType });
  server.registerResource("static-text", "test://static-text", about("text/plain"), ({ href }) =>
    text(href, "This is the content of the static text resource."),
  );
  server.registerResource("static-binary", "test://static-binary", about("image/png"), ({ href }) => ({
    contents: [{ uri: href, mimeType: "image/png", blob: image.data }],
  }));
  server.registerResource("watched-resource", "test://watched-resource", about("text/plain"), ({ href }) =>
    text(href, "Watched resource content"),
  );
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, about("application/json"), ({ href }, { id }) =>
    text(href, JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }), "application/json"),
  );
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

function addPrompts(server: McpServer): void {
  const user = (content: object) => ({ role: "user" as const, content: content as ReturnType<typeof said> });
  server.registerPrompt("test_simple_prompt", { description: "Simple." }, () => ({
    messages: [user(said("This is a simple prompt for testing."))],
  }));
  const arg = (about: string) =>
    completable(z.string().describe(about), (value) =>
      ["paris", "park", "party"].filter((each) => each.startsWith(value)),
    );
  server.registerPrompt(
    "test_prompt_with_arguments",
    { description: "With arguments.", argsSchema: z.object({ arg1: arg("First"), arg2: arg("Second") }) },
    ({ arg1, arg2 }) => ({ messages: [user(said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))] }),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "With a resource.", argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        user({
          type: "resource",
          resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." },
        }),
        user(said("Please process the embedded resource above.")),
      ],
    }),
  );
  server.registerPrompt("test_prompt_with_image", { description: "With a picture." }, () => ({
    messages: [user(image), user(said("Please analyze the image above."))],
  }));
}

if (import.meta.main) {
  const server = await startWholeServer(Number(process.argv[2] ?? 0));
  process.stdout.write(`http://127.0.0.1:${server.port}/mcp\n`);
}
