/**
 * An MCP server behind a real gateway, and clients of it: both by the protocol's own SDK. In: what the server offers, and
 * the route's further fields. Out: the estate, and clients with identities that go through the gateway or straight.
 */
import type { ServerResponse } from "node:http";
import { Client, StreamableHTTPClientTransport, type ClientCapabilities } from "@modelcontextprotocol/client";
import {
  createMcpHandler,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
  type WebStandardStreamableHTTPServerTransportOptions,
} from "@modelcontextprotocol/server";
import { fetch as undiciFetch } from "undici";
import { z } from "zod";
import type { X509Svid } from "@cordon/core/identity/svid";
import { configurationText, openEstate, type Estate, type Seen } from "./estate.ts";

/** Descriptions by tool name; a test changes them while the server runs. */
export type Offer = Record<string, string>;

export const policies = `
@id("assistant-opens-tickets") permit (principal == Workload::"default/agent/assistant", action == Action::"callTool", resource == Component::"default/tool/desk") when { context.tool == "open_ticket" };
@id("short-notes") permit (principal == Workload::"default/agent/assistant", action == Action::"callTool", resource == Component::"default/tool/desk") when { context.tool == "note" && context.arguments.size < 1000 && ["a", "b"].contains(context.arguments.subject) };
@id("agents-look") permit (principal, action == Action::"read", resource == Component::"default/tool/desk") when { principal.kind == "agent" && context.rpc != "resources/read" };
`;

export interface McpEstate extends AsyncDisposable {
  readonly estate: Estate;
  /** Tools that were called at the server, in order. */
  readonly called: string[];
  /** A client of the gateway, or without an SVID one that goes straight to the server. */
  client(
    svid: X509Svid | undefined,
    mode?: "legacy" | { pin: string },
    prepare?: (client: Client) => void,
    capabilities?: ClientCapabilities,
  ): Promise<Client>;
}

/**
 * @param route further fields of the route, such as `pins: {...}`
 * @param extend what the server has besides
 */
export async function openMcpEstate(
  offer: Offer,
  route = "",
  sessions = false,
  more = "",
  extend: (server: McpServer) => void = () => undefined,
  transportOptions: Partial<WebStandardStreamableHTTPServerTransportOptions> = {},
): Promise<McpEstate> {
  const estate = await openEstate({
    policies: policies + more,
    configuration: (ports) =>
      configurationText(ports)
        .replace("components:", "components:\n  - { name: desk, kind: tool, boundary: api }")
        .replace(
          "upstreams:",
          `upstreams:\n  - { name: desk, url: "http://127.0.0.1:${ports.chat}/mcp", authentication: loopback }`,
        )
        .replace(
          "routes:",
          `routes:\n  - { name: mcp, kind: mcp, path: /mcp, resource: desk, upstream: desk${route} }`,
        ),
  });
  const called: string[] = [];
  const build = (): McpServer => {
    const server = new McpServer({ name: "desk", version: "1.0.0" });
    for (const [name, description] of Object.entries(offer))
      server.registerTool(
        name,
        { description, inputSchema: z.looseObject({ subject: z.string().default("") }) },
        () => {
          called.push(name);
          return { content: [{ type: "text", text: `${name} done` }] };
        },
      );
    extend(server);
    return server;
  };
  const stateless = createMcpHandler(build);
  const open = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const answer = async (request: Request): Promise<Response> => {
    if (!sessions) return stateless.fetch(request);
    const known = open.get(request.headers.get("mcp-session-id") ?? "");
    if (known !== undefined) return known.handleRequest(request);
    const transport = new WebStandardStreamableHTTPServerTransport({
      ...transportOptions,
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void open.set(id, transport),
    });
    await build().connect(transport);
    return transport.handleRequest(request);
  };
  estate.chat.answer = (seen, response) => void answer(webRequest(seen)).then((reply) => send(reply, response));
  return {
    estate,
    called,
    async client(svid, mode = "legacy", prepare = () => undefined, capabilities = {}) {
      const address =
        svid === undefined ? `http://127.0.0.1:${estate.chat.port}/mcp` : `${estate.cordon.gatewayUrl}/mcp`;
      const dispatcher = svid === undefined ? undefined : estate.agent(svid);
      const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode }, capabilities });
      prepare(client);
      const transport = new StreamableHTTPClientTransport(new URL(address), {
        fetch: (url, init) =>
          undiciFetch(url, { ...init, ...(dispatcher === undefined ? {} : { dispatcher }) } as never),
      });
      await client.connect(transport);
      return client;
    },
    [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose](),
  };
}

function webRequest({ method, url, headers, body }: Seen): Request {
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers))
    if (typeof value === "string" && name !== "content-length") sent.set(name, value);
  return new Request(new URL(url, "http://localhost"), {
    method,
    headers: sent,
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
}

async function send(reply: Response, response: ServerResponse): Promise<void> {
  response.writeHead(reply.status, Object.fromEntries(reply.headers));
  if (reply.body !== null) for await (const chunk of reply.body) if (!response.destroyed) response.write(chunk);
  response.end();
}

/** What a client sends without an SDK: one message. */
export function message(method: string, params: object = {}, headers: Record<string, string> = {}) {
  return {
    method: "POST" as const,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 5, method, params }),
  };
}
