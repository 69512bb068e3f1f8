/**
 * The demo estate as `cordon up --demo` runs it, asked by OpenAI's official client: nothing is scripted here. The model
 * computes its answers, in a process that accepts nobody but the gateway; gateway and client hold real identities.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { prepareDemo } from "@cordon/cli/up/demo";
import { startCordon } from "@cordon/cli/up/wire";
import { startDemo } from "@cordon/demo/start";
import { runWithCordon, type ClientProgram } from "./client-program.ts";
import type { OpenaiCases } from "./clients/openai.ts";

const estate = new AsyncDisposableStack();
let assistant: ClientProgram<OpenaiCases>;
let pipeline: ClientProgram<OpenaiCases>;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-demo-"));
  estate.defer(() => rm(folder, { recursive: true, force: true }));
  const door = estate.use(await openDoor());
  await prepareDemo(folder);
  const configuration = await readFile(join(folder, "cordon.yaml"), "utf8");
  await writeFile(join(folder, "cordon.yaml"), configuration.replace("127.0.0.1:9411", `127.0.0.1:${door.port}`));
  const cordon = estate.use(
    await startCordon({
      path: join(folder, "cordon.yaml"),
      env: {},
      version: "test",
      listen: "127.0.0.1:0",
      log: () => undefined,
    }),
  );
  const options = { socketPath: cordon.socketPath, folder: join(folder, "logs"), models: join(folder, "models") };
  const demo = estate.use(await startDemo({ ...options, listen: { chat: "127.0.0.1:0" }, only: ["chat"] }));
  door.leadTo(Number(new URL(demo.description.find(({ component }) => component === "chat")?.url ?? "").port));
  assistant = estate.use(runWithCordon<OpenaiCases>(folder, "assistant", "openai.ts"));
  pipeline = estate.use(runWithCordon<OpenaiCases>(folder, "training-pipeline", "openai.ts"));
});
after(() => estate.disposeAsync());

/** A port that is known before the service's is: it carries bytes, and the mutual TLS in them, to the service. */
async function openDoor(): Promise<AsyncDisposable & { readonly port: number; leadTo(port: number): void }> {
  let to = 0;
  const server = createServer((socket) => {
    const inner = connect(to, "127.0.0.1");
    socket.pipe(inner).pipe(socket);
    socket.on("error", () => inner.destroy());
    inner.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (port) => void (to = port),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const model = "support-1";
const ask = (content: string) => ({ model, messages: [{ role: "user" as const, content }] });

test("the model answers what it was asked, whole and streamed alike", async () => {
  const card = await assistant.call("chat", ask("I lost my card, what should I do?"));
  const answer = card.choices[0]?.message.content ?? "";
  assert.match(answer, /block it at once/);
  const transfer = await assistant.call("chat", ask("How long does an international transfer take?"));
  assert.match(transfer.choices[0]?.message.content ?? "", /one to three working days/);
  const streamed = await assistant.call("chatAssembled", {
    ...ask("I lost my card, what should I do?"),
    stream_options: { include_usage: true },
  });
  assert.equal(streamed.choices[0]?.message.content, answer);
  assert.deepEqual(streamed.usage, card.usage);
  const chunks = await assistant.start("chatStream", ask("I lost my card, what should I do?")).rest();
  assert.ok(chunks.length > 10, "token by token");
});

test("a tool is chosen, its arguments streamed, and its result answered", async () => {
  const currency = { type: "string", enum: ["EUR", "USD", "SGD"] };
  const tools = [
    {
      type: "function" as const,
      function: {
        name: "get_exchange_rate",
        description: "Current exchange rate of a currency",
        parameters: { type: "object", properties: { currency } },
      },
    },
  ];
  const question = ask("What is the exchange rate of the currency EUR?");
  const whole = await assistant.call("chat", { ...question, tools });
  const streamed = await assistant.call("chatAssembled", { ...question, tools });
  for (const { choices } of [whole, streamed]) {
    const [call] = choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === "function");
    assert.equal(call.function.name, "get_exchange_rate");
    assert.deepEqual(JSON.parse(call.function.arguments), { currency: "EUR" });
  }
  const calls = whole.choices[0]?.message.tool_calls ?? [];
  const answered = await assistant.call("chat", {
    ...question,
    messages: [
      ...question.messages,
      { role: "assistant", content: null, tool_calls: calls },
      { role: "tool", tool_call_id: calls[0]?.id ?? "", content: "1.08" },
    ],
    tools,
  });
  assert.equal(answered.choices[0]?.message.content, "The answer is: 1.08");
});

test("embeddings in the client's default base64 are the numbers that it gets as floats", async () => {
  const params = { model: "support-1-embed", input: ["I lost my card", "my card is lost", "interest rates"] };
  const decoded = await assistant.call("embed", params);
  const plain = await assistant.call("embed", { ...params, encoding_format: "float" });
  assert.equal(decoded.data.length, 3);
  for (const [index, { embedding }] of decoded.data.entries())
    assert.deepEqual([...new Float32Array(embedding)], [...new Float32Array(plain.data[index]?.embedding ?? [])]);
});

test("the training pipeline may not ask the model, and is told why", async () => {
  const denied = await pipeline.failing("chat", ask("Hello"));
  assert.deepEqual([denied.name, denied.code], ["PermissionDeniedError", "ACCESS_DENIED"]);
  assert.match(denied.message, /default\/pipeline\/training-pipeline to infer default\/endpoint\/chat/);
  assert.deepEqual(await pipeline.start("models").rest(), []);
});

test("what the model itself refuses reaches the client in the model's words", async () => {
  const refused = await assistant.failing("chat", { model, messages: [] });
  assert.deepEqual([refused.name, refused.code], ["BadRequestError", "invalid_request"]);
  assert.match(refused.message, /messages/);
});
