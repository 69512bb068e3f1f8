/**
 * A client for the conformance suite's client scenarios, by the protocol's own SDK: it uses whatever the server offers. In:
 * the server's address as the last argument, the scenario in the environment; `MCP_DOOR`, where it goes through the gateway,
 * is asked to lead there. Out: exit code 0 where all that was offered could be used.
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const target = process.argv.at(-1) ?? "";
const way = process.env["MCP_DOOR"];
const door = way === undefined ? undefined : (JSON.parse(way) as { readonly door: string; readonly lead: string });
const version = process.env["MCP_CONFORMANCE_PROTOCOL_VERSION"] ?? "2025-11-25";
const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as {
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: Record<string, unknown> }[];
};
if (door !== undefined) await fetch(door.lead, { method: "POST", body: target });

const mode = version >= "2026" ? { pin: version } : ("legacy" as const);
const client = new Client(
  { name: "suite-client", version: "1.0.0" },
  {
    versionNegotiation: { mode },
    capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
  },
);
client.setRequestHandler("elicitation/create", () => ({ action: "accept" as const, content: {} }));
await client.connect(new StreamableHTTPClientTransport(new URL(door?.door ?? target)));

const { tools } = await client.listTools();
const focal = tools.find(({ name }) => name.startsWith("json_schema"));
for (const { name, inputSchema } of tools) {
  const wanted = context.toolCalls?.filter((call) => call.name === name).map((call) => call.arguments);
  const properties = Object.keys(inputSchema.properties ?? {});
  const given = properties.includes("schema")
    ? { schema: focal?.inputSchema }
    : Object.fromEntries(properties.map((property, at) => [property, at + 2]));
  for (const each of wanted ?? [given])
    await client
      .callTool({ name, arguments: each })
      .catch((error: unknown) => process.stderr.write(`${name}: ${String(error)}\n`));
}
const more = client.getServerCapabilities() ?? {};
if (more.resources !== undefined) {
  const [first] = (await client.listResources()).resources;
  if (first !== undefined) await client.readResource({ uri: first.uri });
}
if (more.prompts !== undefined) {
  const [first] = (await client.listPrompts()).prompts;
  if (first !== undefined) await client.getPrompt({ name: first.name });
}
await client.close();
