/**
 * The demo's MCP tool server, by the protocol's own SDK: streamable HTTP without sessions. Tools: open a support ticket, and
 * the exchange rate of two currencies.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { cosine, embed } from "./model/retrieval.ts";
import { readBody, sendJson } from "./http.ts";
import { runService } from "./serve.ts";

const maxBodyBytes = 256 * 1024;
const maxTickets = 1_000;
/** Tickets this close are shown as similar. */
const similar = 0.5;
/** Made-up rates against the Singapore dollar. */
const rates = { SGD: 1, USD: 0.742, EUR: 0.684, GBP: 0.587, JPY: 112.4, AUD: 1.131 } as const;
const currencies = Object.keys(rates) as [keyof typeof rates, ...(keyof typeof rates)[]];

const tickets: { readonly id: string; readonly subject: string; readonly details: string }[] = [];
const mcp = createMcpHandler(buildServer);

await runService("bank tools", handle);

function buildServer(): McpServer {
  const server = new McpServer({ name: "bank-tools", version: "1.0.0" });
  server.registerTool(
    "open_ticket",
    {
      description: "Open a support ticket for a colleague; shows similar tickets.",
      inputSchema: z.object({
        subject: z.string().min(1).max(300).describe("what the ticket is about"),
        details: z.string().max(4_000).default("").describe("what the customer said"),
      }),
    },
    ({ subject, details }) => ({ content: [{ type: "text", text: openTicket(subject, details) }] }),
  );
  server.registerTool(
    "get_fx_rate",
    {
      description: "Get the exchange rate of two currencies.",
      inputSchema: z.object({
        from: z.enum(currencies).describe("currency to convert from"),
        to: z.enum(currencies).default("SGD").describe("currency to convert to"),
      }),
    },
    ({ from, to }) => ({
      content: [{ type: "text", text: `1 ${from} = ${(rates[to] / rates[from]).toFixed(4)} ${to}` }],
    }),
  );
  return server;
}

function openTicket(subject: string, details: string): string {
  const asked = embed(subject);
  const near = tickets.filter((ticket) => cosine(embed(ticket.subject), asked) > similar).slice(-3);
  const id = `T${String(tickets.length + 1).padStart(5, "0")}`;
  if (tickets.length < maxTickets) tickets.push({ id, subject, details });
  const lines = near.map((ticket) => `Similar ticket ${ticket.id}, ${ticket.subject}\n${ticket.details}`);
  return [`Ticket ${id} is open.`, ...lines].join("\n");
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request, maxBodyBytes);
  if (body === undefined) return sendJson(response, 413, { error: "The body is too long." });
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string" && name !== "content-length") headers.set(name, value);
  const answer = await mcp.fetch(
    new Request(new URL(request.url ?? "/", "http://localhost"), {
      method: request.method ?? "GET",
      headers,
      ...(body.byteLength === 0 ? {} : { body: new Uint8Array(body) }),
    }),
  );
  response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => name !== "connection")));
  response.end(Buffer.from(await answer.arrayBuffer()));
}
