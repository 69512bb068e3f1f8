/**
 * How the demo model uses tools. In: the tools a caller offers, and the question. Out: the call to make, with arguments
 * drawn from the question's words by the types in the tool's JSON Schema; or nothing.
 */
import { cosine, embed, nearest, wordsOf } from "./retrieval.ts";

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: ToolSchema;
}

export interface ToolSchema {
  readonly properties?: Readonly<Record<string, ToolProperty>>;
  readonly required?: readonly string[];
}

export interface ToolProperty {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** How far a tool's description must at least match the question. */
const relevant = 0.15;

/**
 * Chooses a tool: the one whose description matches best, when it matches better than the best help passage does.
 * `choice` is OpenAI's `tool_choice`: `required` or a name forces a call.
 */
export function chooseTool(
  tools: readonly Tool[],
  question: string,
  choice: "auto" | "required" | "none" | { readonly name: string },
): ToolCall | undefined {
  if (choice === "none") return undefined;
  const asked = embed(question);
  const candidates = tools
    .filter((tool) => typeof choice === "string" || tool.name === choice.name)
    .map((tool) => ({ tool, score: cosine(asked, embed(describe(tool))) }))
    .sort((left, right) => right.score - left.score);
  const best = candidates[0];
  if (best === undefined) return undefined;
  const passageScore = nearest(question, 1)[0]?.score ?? 0;
  if (choice === "auto" && (best.score < relevant || best.score < passageScore)) return undefined;
  return { name: best.tool.name, arguments: argumentsFrom(best.tool.parameters, question) };
}

function describe(tool: Tool): string {
  const name = tool.name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[_-]/g, " ");
  const properties = Object.entries(tool.parameters.properties ?? {});
  return [name, name, tool.description, ...properties.map(([key, value]) => `${key} ${value.description ?? ""}`)].join(
    " ",
  );
}

/** Draws each property from the question; one that cannot be found is left out, unless it is required and a string. */
function argumentsFrom(schema: ToolSchema, question: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const numbers = (question.match(/-?\d+(?:[.,]\d{3})*(?:\.\d+)?/g) ?? []).map((text) =>
    Number(text.replaceAll(",", "")),
  );
  const names = properNames(question);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const value = valueFor(property, question, numbers, names);
    if (value !== undefined) found[key] = value;
    else if (schema.required?.includes(key) === true && property.type === "string") found[key] = question.trim();
  }
  return found;
}

function valueFor(property: ToolProperty, question: string, numbers: number[], names: string[]): unknown {
  if (property.enum !== undefined) {
    const words = new Set(wordsOf(question));
    return property.enum.find((option) => wordsOf(String(option)).every((word) => words.has(word)));
  }
  switch (property.type) {
    case "integer":
    case "number":
      return numbers.shift();
    case "boolean":
      return !/\b(?:no|not|without|never)\b/i.test(question);
    case "string":
      return /"([^"]+)"/.exec(question)?.[1] ?? names.shift();
    default:
      return undefined;
  }
}

/** Runs of capitalised words and of identifiers, except the word that begins the sentence. */
function properNames(question: string): string[] {
  return [...question.matchAll(/(?<=\S\s+)(?:[A-Z][\p{L}\p{N}-]*)(?:\s+[A-Z][\p{L}\p{N}-]*)*/gu)]
    .map((match) => match[0])
    .filter((name) => name !== "I");
}
