/**
 * What the conformance suite asks of a server's tools, each with the content that the suite looks for. In: a server of the
 * protocol's own SDK. Out: the same with the tools. What a session asks of its client is asked by requests; without sessions
 * (2026-07-28) by results that want input.
 */
import {
  acceptedContent,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  type ElicitRequestFormParams,
  type InputRequest,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const silence = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
export const image = { type: "image" as const, data: pixel, mimeType: "image/png" };
export const said = (text: string) => ({ type: "text" as const, text });
const told = (text: string) => ({ content: [said(text)] });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const none = z.object({});

type Form = ElicitRequestFormParams["requestedSchema"];
const form = (properties: Form["properties"], required?: string[]): Form => ({
  type: "object",
  properties,
  ...(required === undefined ? {} : { required }),
});

/** A schema that uses what JSON Schema 2020-12 has and earlier drafts do not. */
const address = {
  $anchor: "addressDef",
  type: "object",
  properties: { street: { type: "string" }, city: { type: "string" } },
};
const schema2020 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: { address },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  anyOf: [{ required: ["phone"] }, { required: ["email"] }],
  // As text: an object with this member looks like a Promise.
  ...(JSON.parse(`{
    "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
    "then": { "required": ["phone"] },
    "else": { "required": ["email"] }
  }`) as object),
  additionalProperties: false,
};

export function addTools(server: McpServer): void {
  const tool = (name: string, run: (ctx: ServerContext) => ReturnType<typeof told> | Promise<object>): void =>
    void server.registerTool(name, { description: `The suite's ${name}.`, inputSchema: none }, (_given, ctx) =>
      Promise.resolve(run(ctx) as ReturnType<typeof told>),
    );
  tool("test_simple_text", () => told("This is a simple text response for testing."));
  tool("test_image_content", async () => ({ content: [image] }));
  tool("test_audio_content", async () => ({ content: [{ type: "audio", data: silence, mimeType: "audio/wav" }] }));
  const resource = (uri: string, mimeType: string, text: string) => ({
    type: "resource",
    resource: { uri, mimeType, text },
  });
  tool("test_embedded_resource", async () => ({
    content: [resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
  }));
  tool("test_multiple_content_types", async () => ({
    content: [
      said("Multiple content types test:"),
      image,
      resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
  }));
  tool("test_error_handling", () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  tool("test_tool_with_logging", async (ctx) => {
    for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await ctx.mcpReq.log("info", data);
      await pause(50);
    }
    return told("logged");
  });
  tool("test_logging_tool", async (ctx) => {
    await ctx.mcpReq.log("info", "at work");
    return told("logged");
  });
  tool("test_tool_with_progress", async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
      await pause(50);
    }
    return told(String(progressToken));
  });
  tool("test_reconnection", async (ctx) => {
    ctx.http?.closeSSE?.();
    await pause(100);
    return told("The stream was closed, and taken up again.");
  });
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "Tool with JSON Schema 2020-12 features", inputSchema: fromJsonSchema(schema2020 as never) },
    () => told("fine"),
  );
  const region = { type: "string", "x-mcp-header": "Region" };
  server.registerTool(
    "test_headers",
    {
      description: "Repeats an argument in a header.",
      inputSchema: fromJsonSchema({ type: "object", properties: { region }, required: ["region"] }),
    },
    () => told("fine"),
  );
}

/** By requests of the server's own, in a session. */
export function addAsking(server: McpServer): void {
  server.registerTool(
    "test_sampling",
    { description: "Asks the client's model.", inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, ctx) => {
      const { content } = await ctx.mcpReq.requestSampling({
        messages: [{ role: "user", content: said(prompt) }],
        maxTokens: 100,
      });
      return told(`LLM response: ${"text" in content ? content.text : ""}`);
    },
  );
  const elicit = async (ctx: ServerContext, message: string, requestedSchema: Form, words: string) => {
    const { action, content } = await ctx.mcpReq.elicitInput({ message, requestedSchema });
    return told(`${words}: action=${action}, content=${JSON.stringify(content ?? {})}`);
  };
  const text = (description: string) => ({ type: "string" as const, description });
  const person = { username: text("User's response"), email: text("User's email address") };
  server.registerTool(
    "test_elicitation",
    { description: "Asks the person.", inputSchema: z.object({ message: z.string() }) },
    ({ message }, ctx) => elicit(ctx, message, form(person, ["username", "email"]), "User response"),
  );
  const done = "Elicitation completed";
  const statuses = ["active", "inactive", "pending"];
  server.registerTool(
    "test_elicitation_sep1034_defaults",
    { description: "Asks with defaults.", inputSchema: none },
    (_given, ctx) =>
      elicit(
        ctx,
        "Please look over these",
        form({
          name: { type: "string", default: "John Doe" },
          age: { type: "integer", default: 30 },
          score: { type: "number", default: 95.5 },
          status: { type: "string", enum: statuses, default: "active" },
          verified: { type: "boolean", default: true },
        }),
        done,
      ),
  );
  const options = ["option1", "option2", "option3"];
  const titled = (noun: string) =>
    ["First", "Second", "Third"].map((title, at) => ({ const: `value${at + 1}`, title: `${title} ${noun}` }));
  server.registerTool(
    "test_elicitation_sep1330_enums",
    { description: "Asks with choices.", inputSchema: none },
    (_given, ctx) =>
      elicit(
        ctx,
        "Please choose",
        form({
          untitledSingle: { type: "string", enum: options },
          titledSingle: { type: "string", oneOf: titled("Option") },
          legacyEnum: {
            ...{ type: "string", enum: ["opt1", "opt2", "opt3"] },
            enumNames: ["Option One", "Option Two", "Option Three"],
          },
          untitledMulti: { type: "array", items: { type: "string", enum: options } },
          titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
        }),
        done,
      ),
  );
}

/** By results that want input (2026-07-28). */
export function addInputs(server: McpServer, states: RequestStateCodec<string>): void {
  const askFor = (message: string, field: string, type: "string" | "boolean" = "string"): InputRequest =>
    inputRequired.elicit({
      message,
      requestedSchema: form({ [field]: type === "string" ? { type } : { type } }, [field]),
    });
  const sample = (text: string, maxTokens: number): InputRequest =>
    inputRequired.createMessage({ messages: [{ role: "user", content: said(text) }], maxTokens });
  type Run = (ctx: ServerContext) => Promise<ReturnType<typeof told> | ReturnType<typeof inputRequired>>;
  const tool = (name: string, run: Run): void =>
    void server.registerTool(name, { description: `The suite's ${name}.`, inputSchema: none }, (_given, ctx) =>
      run(ctx),
    );
  const given = <T extends z.ZodType>(ctx: ServerContext, key: string, schema: T) =>
    acceptedContent(ctx.mcpReq.inputResponses, key, schema);
  const name = z.object({ name: z.string() });
  const whatIsYourName = askFor("What is your name?", "name");

  tool("test_input_required_result_elicitation", async (ctx) => {
    const who = given(ctx, "user_name", name);
    return who === undefined
      ? inputRequired({ inputRequests: { user_name: whatIsYourName } })
      : told(`Hello, ${who.name}!`);
  });
  tool("test_input_required_result_sampling", async (ctx) => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, "capital_question");
    if (answer.kind === "missing")
      return inputRequired({ inputRequests: { capital_question: sample("What is the capital of France?", 100) } });
    return told(JSON.stringify(answer));
  });
  tool("test_input_required_result_list_roots", async (ctx) => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, "client_roots");
    if (answer.kind === "missing") return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
    return told(JSON.stringify(answer));
  });
  for (const which of ["request_state", "tampered_state"])
    tool(`test_input_required_result_${which}`, async (ctx) => {
      const confirmed = given(ctx, "confirm", z.object({ ok: z.boolean() }));
      if (confirmed !== undefined && ctx.mcpReq.requestState<string>() === "asked") return told("state-ok");
      const confirm = askFor("Please confirm", "ok", "boolean");
      return inputRequired({ inputRequests: { confirm }, requestState: await states.mint("asked", ctx) });
    });
  tool("test_input_required_result_multiple_inputs", async (ctx) => {
    const all = ["user_name", "greeting", "client_roots"];
    if (all.every((key) => inputResponse(ctx.mcpReq.inputResponses, key).kind !== "missing")) return told("all there");
    return inputRequired({
      inputRequests: {
        user_name: whatIsYourName,
        greeting: sample("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await states.mint("several", ctx),
    });
  });
  tool("test_input_required_result_multi_round", async (ctx) => {
    const state = ctx.mcpReq.requestState<string>();
    const colour = given(ctx, "step2", z.object({ color: z.string() }));
    if (state === "two" && colour !== undefined) return told(`done with ${colour.color}`);
    const first = given(ctx, "step1", name);
    if (state === "one" && first !== undefined)
      return inputRequired({
        inputRequests: { step2: askFor("Step 2: What is your favorite color?", "color") },
        requestState: await states.mint("two", ctx),
      });
    return inputRequired({
      inputRequests: { step1: askFor("Step 1: What is your name?", "name") },
      requestState: await states.mint("one", ctx),
    });
  });
  tool("test_input_required_result_capabilities", async (ctx) => {
    const able = capabilitiesOf(ctx);
    const inputRequests = {
      ...(able["elicitation"] === undefined ? {} : { user_name: whatIsYourName }),
      ...(able["sampling"] === undefined ? {} : { greeting: sample("Generate a greeting", 50) }),
    };
    return Object.keys(inputRequests).length === 0 ? told("nothing to ask") : inputRequired({ inputRequests });
  });
  tool("test_missing_capability", async (ctx) => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, "greeting");
    if (answer.kind === "missing")
      return inputRequired({ inputRequests: { greeting: sample("Generate a greeting", 50) } });
    return told("fine");
  });
  tool("test_streaming_elicitation", async (ctx) => {
    await ctx.mcpReq.log("info", "about to ask");
    const who = given(ctx, "user_name", name);
    return who === undefined
      ? inputRequired({ inputRequests: { user_name: whatIsYourName } })
      : told(`Hello, ${who.name}!`);
  });
  server.registerPrompt("test_input_required_result_prompt", { description: "Wants input." }, (ctx) => {
    const answer = given(ctx, "user_context", z.object({ context: z.string() }));
    if (answer === undefined)
      return inputRequired({
        inputRequests: { user_context: askFor("What context should the prompt use?", "context") },
      });
    return { messages: [{ role: "user", content: said(`With ${answer.context}`) }] };
  });
}

function capabilitiesOf({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> {
  const meta = mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  return (meta?.["io.modelcontextprotocol/clientCapabilities"] ?? {}) as Readonly<Record<string, unknown>>;
}
