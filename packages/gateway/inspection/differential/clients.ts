/**
 * Answers as the official clients read them. In: an answer's bytes and what it calls itself. Out: every text that a program which
 * uses the client can come by: in each event, in what events say in the same place one after another, and in what the client
 * puts together.
 */
import { createRequire } from "node:module";

export type Client = "chat" | "responses" | "messages";

/** Anything at all: a test looks for texts in it wherever they are. */
type Anything = unknown;

/** The little of the clients that is used here. The root declares them, as judges; no package stands on them. */
interface Events {
  on(event: string, listener: (delta: Anything, snapshot: Anything) => void): Events;
  finalMessage(): Promise<Anything>;
  finalResponse(): Promise<Anything>;
  finalChatCompletion(): Promise<Anything>;
}
interface Endpoint {
  create(body: object): Promise<AsyncIterable<Anything>>;
  stream(body: object): Events;
}
interface Options {
  readonly apiKey: string;
  readonly baseURL: string;
  readonly maxRetries: number;
  readonly logLevel: "off";
  readonly fetch: () => Promise<Response>;
}
const load = createRequire(import.meta.url);
const { Anthropic } = load("@anthropic-ai/sdk") as {
  Anthropic: new (options: Options) => { readonly messages: Endpoint };
};
const { OpenAI } = load("openai") as {
  OpenAI: new (options: Options) => { readonly responses: Endpoint; readonly chat: { readonly completions: Endpoint } };
};

export async function readBy(client: Client, contentType: string, body: Uint8Array): Promise<readonly string[]> {
  const fetch = (): Promise<Response> =>
    Promise.resolve(new Response(body, { status: 200, headers: { "content-type": contentType } }));
  const options = {
    apiKey: "none",
    baseURL: "http://upstream.example/v1",
    maxRetries: 0,
    fetch,
    logLevel: "off" as const,
  };
  const said = new Gathered();
  try {
    for await (const event of eventsOf(client, options)) said.event(event);
  } catch {
    // The client gave up: what it had read, its program has.
  }
  for (const whole of await snapshots(client, options)) said.texts(whole);
  return said.all();
}

async function* eventsOf(client: Client, options: Options): AsyncGenerator {
  if (client === "messages") {
    const { messages } = new Anthropic(options);
    yield* await messages.create({
      model: "m",
      max_tokens: 9,
      stream: true,
      messages: [{ role: "user", content: "u" }],
    });
  } else if (client === "responses")
    yield* await new OpenAI(options).responses.create({ model: "m", input: "u", stream: true });
  else
    yield* await new OpenAI(options).chat.completions.create({
      ...{ model: "m", stream: true },
      messages: [{ role: "user", content: "u" }],
    });
}

/** What the clients' own accumulators hold at the end, or when they gave up. */
async function snapshots(client: Client, options: Options): Promise<readonly Anything[]> {
  const seen: Anything[] = [];
  const keep = (_delta: Anything, snapshot: Anything): void => void (seen[0] = snapshot);
  try {
    if (client === "messages") {
      const { messages } = new Anthropic(options);
      const stream = messages.stream({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "u" }] });
      stream.on("streamEvent", keep).on("error", () => undefined);
      seen.push(await stream.finalMessage());
    } else if (client === "responses") {
      const stream = new OpenAI(options).responses.stream({ model: "m", input: "u" });
      stream.on("error", () => undefined);
      seen.push(await stream.finalResponse());
    } else {
      const stream = new OpenAI(options).chat.completions.stream({
        model: "m",
        messages: [{ role: "user", content: "u" }],
      });
      stream.on("chunk", keep).on("error", () => undefined);
      seen.push(await stream.finalChatCompletion());
    }
  } catch {
    // an answer that ends before it is whole
  }
  return seen;
}

/** A property that the client works out when it is asked for; nothing where it cannot. */
function read(value: object, name: string): Anything {
  try {
    return (value as Record<string, Anything>)[name];
  } catch {
    return undefined;
  }
}

class Gathered {
  readonly #alone: string[] = [];
  readonly #joined = new Map<string, string>();

  event(value: Anything, path = ""): void {
    if (typeof value === "string") {
      this.#text(value);
      this.#joined.set(path, (this.#joined.get(path) ?? "") + value);
    } else if (typeof value === "object" && value !== null)
      for (const [name, item] of Object.entries(value)) {
        this.#text(name);
        this.event(item, `${path}/${name}`);
      }
  }

  texts(value: Anything): void {
    if (typeof value === "string") return this.#text(value);
    if (typeof value !== "object" || value === null) return;
    for (const name of Object.keys(value)) {
      this.#text(name);
      this.texts(read(value, name));
    }
  }

  all(): readonly string[] {
    for (const text of this.#joined.values()) this.#text(text);
    return this.#alone;
  }

  /** A text, and where it is JSON what that says: calls carry it. */
  #text(text: string): void {
    this.#alone.push(text);
    if (!/^\s*[[{"]/.test(text)) return;
    try {
      this.texts(JSON.parse(text));
    } catch {
      // no JSON
    }
  }
}
