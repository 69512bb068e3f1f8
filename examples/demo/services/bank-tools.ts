/** The demo's MCP tool server. Tools: open a support ticket, and the exchange rate of two currencies. */
import { z } from "zod";
import { runMcpService } from "./mcp-service.ts";
import { cosine, embed } from "./model/retrieval.ts";

const maxTickets = 1_000;
/** Tickets this close are shown as similar. */
const similar = 0.5;
/** Made-up rates against the Singapore dollar. */
const rates = { SGD: 1, USD: 0.742, EUR: 0.684, GBP: 0.587, JPY: 112.4, AUD: 1.131 } as const;
type Currency = keyof typeof rates;
const currencies = Object.keys(rates) as [Currency, ...Currency[]];

const tickets: { readonly id: string; readonly subject: string; readonly details: string }[] = [];

await runMcpService("bank-tools", {
  open_ticket: {
    description: "Open a support ticket for a colleague; shows similar tickets.",
    inputSchema: z.object({
      subject: z.string().min(1).max(300).describe("what the ticket is about"),
      details: z.string().max(4_000).default("").describe("what the customer said"),
    }),
    run: (args) => {
      const { subject, details } = args as { subject: string; details: string };
      return openTicket(subject, details);
    },
  },
  get_fx_rate: {
    description: "Get the exchange rate of two currencies.",
    inputSchema: z.object({
      from: z.enum(currencies).describe("currency to convert from"),
      to: z.enum(currencies).default("SGD").describe("currency to convert to"),
    }),
    run: (args) => {
      const { from, to } = args as { from: Currency; to: Currency };
      return `1 ${from} = ${(rates[to] / rates[from]).toFixed(4)} ${to}`;
    },
  },
});

function openTicket(subject: string, details: string): string {
  const asked = embed(subject);
  const near = tickets.filter((ticket) => cosine(embed(ticket.subject), asked) > similar).slice(-3);
  const id = `T${String(tickets.length + 1).padStart(5, "0")}`;
  if (tickets.length < maxTickets) tickets.push({ id, subject, details });
  const lines = near.map((ticket) => `Similar ticket ${ticket.id}, ${ticket.subject}\n${ticket.details}`);
  return [`Ticket ${id} is open.`, ...lines].join("\n");
}
