/**
 * Asks the bank's assistant a question: `cordon run --as assistant -- node examples/demo/ask.ts "How do I block my card?"`.
 * In: the question, and what `cordon run` put into the environment. Out: the answer as it streams, or why it was refused.
 * An ordinary OpenAI client without a library: nothing in it knows of Cordon but the words of a refusal.
 */
import { explainRefusal } from "./refusal.ts";

const base = process.env["OPENAI_BASE_URL"];
const key = process.env["OPENAI_API_KEY"];
if (base === undefined || key === undefined) {
  console.error(
    "OPENAI_BASE_URL and OPENAI_API_KEY are not set. Start this with: cordon run --as assistant -- node ask.ts",
  );
  process.exit(2);
}
const question = process.argv.slice(2).join(" ") || "I lost my card. What should I do?";

const response = await fetch(`${base}/chat/completions`, {
  method: "POST",
  headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  body: JSON.stringify({ model: "support-1", stream: true, messages: [{ role: "user", content: question }] }),
});
if (!response.ok || response.body === null) {
  console.error(explainRefusal(response.status, await response.text()));
  process.exit(1);
}

console.log(`Q: ${question}`);
process.stdout.write("A: ");
let pending = "";
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (pending + text).split("\n");
  pending = lines.pop() ?? "";
  for (const line of lines) process.stdout.write(deltaOf(line));
}
process.stdout.write("\n");

/** The text that one line of the event stream adds to the answer. */
function deltaOf(line: string): string {
  if (!line.startsWith("data: {")) return "";
  const chunk = JSON.parse(line.slice("data: ".length)) as {
    readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  };
  return chunk.choices?.[0]?.delta?.content ?? "";
}
