/** An MCP server of standard input and output for tests, by the protocol's own SDK: it counts, for each run by itself. */
import { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

let count = 0;
const server = new McpServer({ name: "counter", version: "1.0.0" });
server.registerTool(
  "count",
  { description: "Counts.", inputSchema: z.object({ by: z.number().default(1) }) },
  ({ by }) => {
    count += by;
    return { content: [{ type: "text", text: `${count} ${Object.keys(process.env).toSorted().join()}` }] };
  },
);
server.registerTool(
  "ask",
  { description: "Asks the person.", inputSchema: z.object({ field: z.string() }) },
  async ({ field }, ctx) => {
    const requestedSchema = { type: "object" as const, properties: { [field]: { type: "string" as const } } };
    const told = await ctx.mcpReq
      .elicitInput({ mode: "form", message: "A question", requestedSchema })
      .catch(({ code, message }: { code?: number; message: string }) => [code, message]);
    return { content: [{ type: "text", text: JSON.stringify(told) }] };
  },
);
server.registerTool("leave", { description: "Ends the server.", inputSchema: z.object({}) }, () => process.exit(3));
await server.connect(new StdioServerTransport());
