/** Another team's MCP server, which the assistant uses beside the bank's own. Its tool: the SWIFT code of a bank. */
import { z } from "zod";
import { runMcpService } from "./mcp-service.ts";

/** Made up, all of them. */
const codes: Readonly<Record<string, string>> = { merlion: "MRLNSGSG", orchid: "ORCHSGSG", banyan: "BNYNMYKL" };

await runMcpService("swift-tools", {
  get_swift_code: {
    description: "Get the SWIFT code of a bank by its name.",
    inputSchema: z.object({ bank: z.string().min(1).max(100).describe("name of the bank") }),
    run: ({ bank }) => codes[String(bank).toLowerCase()] ?? "There is no such bank.",
  },
});
