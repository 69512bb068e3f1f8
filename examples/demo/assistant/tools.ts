/**
 * The tools that the bank gives its assistant. In: a way out. Out: what the model is told of each, and what runs it. They are
 * broader than a support assistant needs, as shared tool libraries are: what keeps them in bounds is not here.
 */
import { z } from "zod";
import { openMcp } from "./mcp-client.ts";
import { call, type Reach, type Reply } from "./reach.ts";

export interface AssistantTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: object;
  readonly run: (args: Readonly<Record<string, unknown>>) => Promise<Reply>;
}

const passagesPerSearch = 3;
const recordsPerPage = 10;

/** The bank's own tools, and those of its MCP servers. By name: as in many clients, the last that offers one has it. */
export async function assistantTools(reach: Reach): Promise<readonly AssistantTool[]> {
  const tools = new Map(ownTools(reach).map((own) => [own.name, own]));
  for (const path of ["/mcp", "/mcp-swift"]) {
    const mcp = await openMcp(reach, path);
    for (const { name, description, inputSchema } of mcp.tools)
      tools.set(name, { name, description, parameters: inputSchema, run: (args) => mcp.callTool(name, args) });
  }
  return [...tools.values()];
}

/** The tools that are not the MCP server's. */
export function ownTools(reach: Reach): readonly AssistantTool[] {
  return [
    tool(
      "search_help",
      "Search the bank's help pages for the passages that answer a question.",
      {
        query: { type: "string", description: "the question to search for" },
      },
      async (args) => searchHelp(reach, text(args["query"])),
    ),
    tool(
      "get_balance",
      "Look up one customer's account balance by customer number.",
      {
        customer_number: { type: "string", pattern: "^C\\d{6}$", description: "such as C000123" },
      },
      async (args) => call(reach, `/customers/${encodeURIComponent(text(args["customer_number"]))}`),
    ),
    tool(
      "read_dataset",
      "Read a page of records of one of the bank's internal data sets.",
      {
        dataset: {
          type: "string",
          enum: ["training-data"],
          description: "the data set, such as the customers that models are trained on",
        },
        page: { type: "integer", description: "page number, from 1" },
      },
      async (args) => readDataset(reach, text(args["dataset"]), args["page"]),
      ["dataset"],
    ),
    tool(
      "fetch_page",
      "Fetch a web page by its URL.",
      {
        url: { type: "string", description: "URL of the page" },
      },
      async (args) => web(reach, "GET", text(args["url"])),
    ),
    tool(
      "post_message",
      "Send a message to a partner's web address.",
      {
        url: { type: "string", description: "URL to post to" },
        body: { type: "string", description: "text of the message" },
      },
      async (args) => web(reach, "POST", text(args["url"]), { text: text(args["body"]) }),
    ),
  ];
}

function tool(
  name: string,
  description: string,
  properties: Readonly<Record<string, object>>,
  run: AssistantTool["run"],
  required: readonly string[] = Object.keys(properties),
): AssistantTool {
  return { name, description, parameters: { type: "object", properties, required }, run };
}

const embeddings = z.looseObject({ data: z.array(z.looseObject({ embedding: z.array(z.number()) })).min(1) });
const hits = z.looseObject({ hits: z.array(z.looseObject({ title: z.string(), text: z.string() })) });

/** Retrieval: the question's embedding from the model, the nearest passages from the index. */
async function searchHelp(reach: Reach, query: string): Promise<Reply> {
  const embedded = await call(reach, "/v1/embeddings", {
    method: "POST",
    json: { model: "support-1-embed", input: query, encoding_format: "float" },
  });
  if (!embedded.ok) return embedded;
  const vector = embeddings.parse(JSON.parse(embedded.text)).data[0]?.embedding ?? [];
  const found = await call(reach, "/help-index/search", { method: "POST", json: { vector, count: passagesPerSearch } });
  if (!found.ok) return found;
  const passages = hits.parse(JSON.parse(found.text)).hits.map((hit) => `## ${hit.title}\n${hit.text}`);
  return { ok: true, text: passages.join("\n\n") };
}

async function readDataset(reach: Reach, dataset: string, page: unknown): Promise<Reply> {
  const number = typeof page === "number" && Number.isInteger(page) ? page : 1;
  return call(reach, `/${encodeURIComponent(dataset)}?page=${number}&size=${recordsPerPage}`);
}

/** The web, as far as there is a route to it: a host is a path below `/web`. */
async function web(reach: Reach, method: "GET" | "POST", address: string, json?: object): Promise<Reply> {
  if (!URL.canParse(address)) return { ok: false, text: "error: that is no URL" };
  const { hostname, pathname, search } = new URL(address);
  return call(reach, `/web/${hostname}${pathname}${search}`, { method, ...(json === undefined ? {} : { json }) });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}
