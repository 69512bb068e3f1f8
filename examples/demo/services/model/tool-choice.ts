/**
 * How the demo model uses tools. In: the tools a caller offers, and the question. Out: the call to make, with arguments
 * drawn from the question's words by the types in the tool's JSON Schema; or nothing.
 */
import { chooser } from "./choices.ts";
import { cosine, embed, nearest } from "./retrieval.ts";
import { actsIn } from "./verbs.ts";

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
  readonly pattern?: string;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** OpenAI's `tool_choice`. */
export type ToolChoice = "auto" | "required" | "none" | { readonly name: string };

/** How far a tool's description must at least match the question. */
const relevant = 0.15;

/**
 * Chooses a tool: the one whose description matches best, when it matches better than the best help passage does.
 * `choice` is OpenAI's `tool_choice`: `required` or a name forces a call.
 */
export function chooseTool(tools: readonly Tool[], question: string, choice: ToolChoice): ToolCall | undefined {
  if (choice === "none") return undefined;
  const asked = embed(question);
  const candidates = tools
    .filter((tool) => typeof choice === "string" || tool.name === choice.name)
    .map((tool) => {
      const found = argumentsFrom(tool.parameters, question);
      const score = cosine(asked, embed(describe(tool))) + identifierBonus * identifiersIn(tool.parameters, found);
      return { tool, found, score };
    })
    .filter(({ tool, found }) => choice !== "auto" || (isAnswerable(tool, found) && !onlySends(tool)))
    .sort((left, right) => right.score - left.score);
  const best = candidates[0];
  if (best === undefined) return undefined;
  const passageScore = nearest(question, 1)[0]?.score ?? 0;
  if (choice === "auto" && (best.score < relevant || best.score < passageScore)) return undefined;
  return { name: best.tool.name, arguments: best.found };
}

function isAnswerable(tool: Tool, found: Readonly<Record<string, unknown>>): boolean {
  return (tool.parameters.required ?? []).every((key) => key in found);
}

/** A question is not answered by sending something away; that takes an instruction. */
function onlySends(tool: Tool): boolean {
  const acts = actsIn(tool.description);
  return acts.has("send") && !acts.has("find");
}

/** A question that holds the very number or address that a tool needs is likely one for that tool. */
const identifierBonus = 0.25;

function identifiersIn(schema: ToolSchema, found: Readonly<Record<string, unknown>>): number {
  return Object.entries(schema.properties ?? {}).filter(
    ([key, property]) => isIdentifier(key, property) && key in found,
  ).length;
}

function isIdentifier(key: string, property: ToolProperty): boolean {
  return property.pattern !== undefined || /^(?:url|uri|link)$/i.test(key);
}

/** What a tool is about, in words: its name twice, its description, its parameters. */
export function describe(tool: Tool): string {
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
  const choose = chooser([question]);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const value = isIdentifier(key, property)
      ? identifierIn(property, question)
      : property.enum === undefined
        ? valueFor(property, question, numbers, names)
        : choose(key, property);
    if (value !== undefined) found[key] = value;
    else if (schema.required?.includes(key) === true && isFreeText(key, property)) found[key] = question.trim();
  }
  return found;
}

function isFreeText(key: string, property: ToolProperty): boolean {
  return property.type === "string" && property.enum === undefined && !isIdentifier(key, property);
}

function identifierIn(property: ToolProperty, question: string): string | undefined {
  return property.pattern === undefined
    ? /https?:\/\/[^\s"'<>()[\]]+/i.exec(question)?.[0].replace(/[.,;:!?]+$/, "")
    : wordMatching(property.pattern, question);
}

/** A tool's pattern is tried on each word; one that is not a regular expression matches none. */
export function wordMatching(pattern: string, text: string): string | undefined {
  if (pattern.length > 100) return undefined;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    return undefined;
  }
  return text.match(/[\p{L}\p{N}_-]{1,100}/gu)?.find((word) => expression.test(word));
}

function valueFor(property: ToolProperty, question: string, numbers: number[], names: string[]): unknown {
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
