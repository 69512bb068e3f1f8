/**
 * Asks the bank's assistant a question: `cordon run --as assistant -- node examples/demo/ask.ts "How do I block my card?"`.
 * In: the question, and what `cordon run` put into the environment. Out: each tool call on stderr, the answer on stdout as it
 * streams; with `--json`, both as one object at the end. An ordinary agent: nothing in it knows of Cordon's checks.
 */
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { converse, ModelRefused, type Step } from "./assistant/converse.ts";
import { reachFromEnvironment } from "./assistant/reach.ts";
import { assistantTools } from "./assistant/tools.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
const question = positionals.join(" ") || "I lost my card. What should I do?";
const baseUrl = process.env["OPENAI_BASE_URL"];
const key = process.env["OPENAI_API_KEY"];
if (baseUrl === undefined || key === undefined) {
  console.error(
    "OPENAI_BASE_URL and OPENAI_API_KEY are not set. Start this with: cordon run --as assistant -- node ask.ts",
  );
  process.exit(2);
}

const session = randomUUID();
const tools = await assistantTools({ ...reachFromEnvironment(process.env), session });
const watcher = values.json ? {} : { onStep: showStep, onText: showText };
let speaking = false;
if (!values.json) console.log(`Q: ${question}`);
try {
  const conversation = await converse({ baseUrl, key, session }, tools, question, watcher);
  console.log(values.json ? JSON.stringify(conversation) : "");
} catch (error) {
  if (!(error instanceof ModelRefused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function showStep({ tool, arguments: args, ok, result }: Step): void {
  const given = Object.values(args)
    .map((value) => shortened(String(value), 60))
    .join(", ");
  const came = ok ? `${result.length} characters` : result;
  console.error(`   ${tool}(${given}) -> ${came}`);
}

function showText(piece: string): void {
  if (!speaking) process.stdout.write("A: ");
  speaking = true;
  process.stdout.write(piece);
}

function shortened(text: string, most: number): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
