/**
 * A program that does what a scenario says, under whatever identity it was started with. In: one JSON command a line on
 * stdin. Out: one JSON answer a line on stdout, the first of which is its credential, as whoever reads its environment
 * has it. Ends when stdin ends.
 */
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { converse } from "../assistant/converse.ts";
import { call, reachFromEnvironment } from "../assistant/reach.ts";
import { assistantTools } from "../assistant/tools.ts";
import type { Request } from "./world.ts";

export type Command = { readonly ask: string } | { readonly call: Request };

const reach = reachFromEnvironment(process.env);
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

say(reach);
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await obey(JSON.parse(line) as Command));
  } catch (error) {
    say({ failed: error instanceof Error ? error.message : String(error) });
  }
}
// Connections that are kept alive would keep the process.
process.exit(0);

async function obey(command: Command): Promise<unknown> {
  // An MCP server wants to hear that either kind of answer will do.
  const headers = { accept: "application/json, text/event-stream" };
  if ("call" in command) {
    const { session } = command.call;
    return call({ ...reach, ...(session && { session }) }, command.call.path, { ...command.call, headers });
  }
  // Each question begins a conversation.
  const session = randomUUID();
  const model = { baseUrl: process.env["OPENAI_BASE_URL"] ?? "", key: process.env["OPENAI_API_KEY"] ?? "", session };
  return converse(model, await assistantTools({ ...reach, session }), command.ask);
}
