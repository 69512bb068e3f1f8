/**
 * A program that uses Anthropic's own client as its documentation says. It takes base URL and key from the environment,
 * as the client does by itself; nothing here knows of Cordon.
 */
import Anthropic from "@anthropic-ai/sdk";
import { serveCases, type CaseTools } from "./serve-cases.ts";

const anthropic = new Anthropic();

type Params = Anthropic.MessageCreateParamsNonStreaming;

const cases = {
  environment: () => ({ baseURL: process.env["ANTHROPIC_BASE_URL"], key: process.env["ANTHROPIC_API_KEY"] }),

  message: (_: CaseTools, params: Params, patience?: { readonly timeout?: number; readonly maxRetries?: number }) =>
    anthropic.messages.create(params, patience),

  abortable: ({ signal }: CaseTools, params: Params) => anthropic.messages.create(params, { signal }),

  /** Every event as it comes. */
  async events({ say, signal }: CaseTools, params: Params): Promise<void> {
    for await (const event of await anthropic.messages.create({ ...params, stream: true }, { signal })) say(event);
  },

  /** The client's helper tells of each kind of delta, and puts the message together. */
  async stream({ say }: CaseTools, params: Params) {
    return anthropic.messages
      .stream(params)
      .on("text", (delta) => say({ text: delta }))
      .on("thinking", (delta) => say({ thinking: delta }))
      .on("inputJson", (delta) => say({ inputJson: delta }))
      .finalMessage();
  },

  beta: (_: CaseTools, params: Anthropic.Beta.MessageCreateParamsNonStreaming) =>
    anthropic.beta.messages.create(params),

  countTokens: (_: CaseTools, params: Anthropic.MessageCountTokensParams) => anthropic.messages.countTokens(params),

  async models({ say }: CaseTools): Promise<void> {
    for await (const model of anthropic.models.list()) say(model.id);
  },
  model: (_: CaseTools, id: string) => anthropic.models.retrieve(id),

  batch: (_: CaseTools, params: Anthropic.Messages.BatchCreateParams) => anthropic.messages.batches.create(params),
};

export type AnthropicCases = typeof cases;
serveCases(cases);
