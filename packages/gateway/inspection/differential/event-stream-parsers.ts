/**
 * Server-sent events as programs that others wrote read them. In: a stream's chunks. Out: the `data` of each event that the
 * program gives to its user. Nothing here is Cordon's.
 */
import { createRequire } from "node:module";
import type { Transform } from "node:stream";

export type ReadData = (chunks: readonly Uint8Array[]) => Promise<readonly string[]>;

interface Message {
  readonly data: string;
}
interface SdkStreaming {
  _iterSSEMessages(response: Response, controller: AbortController): AsyncIterable<Message>;
}
interface EventSourceParser {
  readonly createParser: (on: { onEvent: (message: Message) => void }) => { feed(text: string): void };
}
interface UndiciStreaming {
  readonly EventSourceStream: new (options: {
    eventSourceSettings: object;
    push: (message: { options: Partial<Message> } | null) => void;
  }) => Transform;
}

// The official clients keep their parsers to themselves; their own files hold them.
const load = createRequire(import.meta.url);
const openai = load("openai/core/streaming") as SdkStreaming;
const anthropic = load("@anthropic-ai/sdk/core/streaming") as SdkStreaming;
const { createParser } = createRequire(load.resolve("@modelcontextprotocol/client"))(
  "eventsource-parser",
) as EventSourceParser;
const undici = load("undici/lib/web/eventsource/eventsource-stream.js") as UndiciStreaming;

function bySdk(sdk: SdkStreaming): ReadData {
  return async (chunks) => {
    const said: string[] = [];
    const response = new Response(ReadableStream.from(chunks));
    for await (const { data } of sdk._iterSSEMessages(response, new AbortController())) said.push(data);
    return said;
  };
}

async function byEventSource(chunks: readonly Uint8Array[]): Promise<readonly string[]> {
  const said: string[] = [];
  const stream = new undici.EventSourceStream({
    eventSourceSettings: { lastEventId: "", origin: "", reconnectionTime: 1 },
    push: (message) => void (message !== null && said.push(message.options.data ?? "")),
  });
  for (const chunk of chunks) stream.write(chunk);
  const ended = new Promise((resolve, reject) => stream.on("finish", resolve).on("error", reject));
  stream.end();
  stream.resume();
  await ended;
  return said;
}

async function byMcpSdk(chunks: readonly Uint8Array[]): Promise<readonly string[]> {
  const said: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => said.push(data) });
  const decoder = new TextDecoder();
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
  return said;
}

export const eventStreamParsers: Readonly<Record<string, ReadData>> = {
  openai: bySdk(openai),
  "@anthropic-ai/sdk": bySdk(anthropic),
  "EventSource of Node.js": byEventSource,
  "eventsource-parser, as the MCP client uses it": byMcpSdk,
};
