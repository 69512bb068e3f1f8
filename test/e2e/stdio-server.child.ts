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
server.registerTool("leave", { description: "Ends the server.", inputSchema: z.object({}) }, () => process.exit(3));
await server.connect(new StdioServerTransport());
