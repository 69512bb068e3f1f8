/**
 * A program that uses OpenAI's own client as its documentation says. It takes base URL and key from the environment, as
 * the client does by itself; nothing here knows of Cordon.
 */
import { readFile } from "node:fs/promises";
import OpenAI, { toFile } from "openai";
import { serveCases, type CaseTools } from "./serve-cases.ts";

const openai = new OpenAI();

/** What a caller may set for one request. */
interface Patience {
  readonly timeout?: number;
  readonly maxRetries?: number;
}

const cases = {
  environment: () => ({ baseURL: process.env["OPENAI_BASE_URL"], key: process.env["OPENAI_API_KEY"] }),

  chat: (_: CaseTools, params: OpenAI.ChatCompletionCreateParamsNonStreaming, patience?: Patience) =>
    openai.chat.completions.create(params, patience),

  async chatHeaders(_: CaseTools, params: OpenAI.ChatCompletionCreateParamsNonStreaming) {
    const { response } = await openai.chat.completions.create(params).withResponse();
    return Object.fromEntries(response.headers);
  },

  async chatStream({ say, signal }: CaseTools, params: Omit<OpenAI.ChatCompletionCreateParamsStreaming, "stream">) {
    const stream = await openai.chat.completions.create({ ...params, stream: true }, { signal });
    for await (const chunk of stream) say(chunk);
  },

  /** Stops reading in the middle, as `break` in a loop does. */
  async firstChunk({ say }: CaseTools, params: Omit<OpenAI.ChatCompletionCreateParamsStreaming, "stream">) {
    for await (const chunk of await openai.chat.completions.create({ ...params, stream: true })) {
      say(chunk);
      break;
    }
  },

  /** The client's helper puts the deltas together. */
  chatAssembled: (_: CaseTools, params: Omit<OpenAI.ChatCompletionCreateParamsStreaming, "stream">) =>
    openai.chat.completions.stream(params).finalChatCompletion(),

  abortable: ({ signal }: CaseTools, params: OpenAI.ChatCompletionCreateParamsNonStreaming) =>
    openai.chat.completions.create(params, { signal }),

  atOnce: (_: CaseTools, params: OpenAI.ChatCompletionCreateParamsNonStreaming, contents: readonly string[]) =>
    Promise.all(
      contents.map(async (content) => {
        const completion = await openai.chat.completions.create({ ...params, messages: [{ role: "user", content }] });
        return completion.choices[0]?.message.content;
      }),
    ),

  complete: (_: CaseTools, params: OpenAI.CompletionCreateParamsNonStreaming) => openai.completions.create(params),

  embed: (_: CaseTools, params: OpenAI.EmbeddingCreateParams) => openai.embeddings.create(params),

  respond: (_: CaseTools, params: OpenAI.Responses.ResponseCreateParamsNonStreaming) => openai.responses.create(params),

  async respondStream(
    { say }: CaseTools,
    params: Omit<OpenAI.Responses.ResponseCreateParamsStreaming, "stream">,
  ): Promise<void> {
    for await (const event of await openai.responses.create({ ...params, stream: true })) say(event);
  },

  readResponse: (_: CaseTools, id: string) => openai.responses.retrieve(id),
  cancelResponse: (_: CaseTools, id: string) => openai.responses.cancel(id),
  async inputItems({ say }: CaseTools, id: string): Promise<void> {
    for await (const item of openai.responses.inputItems.list(id, { limit: 1 })) say(item.id);
  },
  /** Takes up the stream of a response that works in the background. */
  async resumeResponse({ say }: CaseTools, id: string): Promise<void> {
    const stream = await openai.responses.retrieve(id, { stream: true, starting_after: 1 });
    for await (const event of stream) say(event);
  },
  deleteResponse: (_: CaseTools, id: string) => openai.responses.delete(id),

  async upload(_: CaseTools, path: string) {
    return openai.files.create({ file: await toFile(await readFile(path), "notes.txt"), purpose: "user_data" });
  },

  /** Reads its file from something slow: each piece comes when the test gives its word. */
  uploadSlowly({ heard }: CaseTools, pieces: number) {
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < pieces; piece++) yield Buffer.from(await heard());
    }
    return openai.files.create({ file: Object.assign(source(), { name: "slow.txt" }), purpose: "user_data" });
  },

  readFile: (_: CaseTools, id: string) => openai.files.retrieve(id),
  readFileContent: async (_: CaseTools, id: string) => (await openai.files.content(id)).text(),
  deleteFile: (_: CaseTools, id: string) => openai.files.delete(id),

  async models({ say }: CaseTools): Promise<void> {
    for await (const model of openai.models.list()) say(model.id);
  },
  model: (_: CaseTools, id: string) => openai.models.retrieve(id),
};

export type OpenaiCases = typeof cases;
serveCases(cases);
