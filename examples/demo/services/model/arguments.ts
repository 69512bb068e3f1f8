/**
 * Fills a tool's arguments from an instruction. In: the tool's schema, the instruction's words, what is known so far. Out:
 * arguments, or nothing when one that is required cannot be found. Nothing here knows any tool: a parameter is understood
 * by its type, its pattern, its choices, and the words of its name and description.
 */
import { wordsOf } from "./retrieval.ts";
import { chooser } from "./choices.ts";
import { wordMatching, type ToolProperty, type ToolSchema } from "./tool-choice.ts";

export interface Filling {
  /** The instruction's object. */
  readonly object: string;
  /** The newest question, which a search is about where nothing else is said. */
  readonly question: string;
  /** What tools have answered so far, newest last: what "it" and "the rows" are. */
  readonly results: readonly string[];
}

export interface Filled {
  readonly arguments: Readonly<Record<string, unknown>>;
  /** How many named things (a URL, a number, one of several choices) the words gave. */
  readonly given: number;
}

const maxPayloadCharacters = 6_000;
const anaphora =
  /\b(?:it|them|this|that|these|those|result|results|rows?|records?|data|everything|answers?|outputs?|contents?|found|balances?|details|figures?|information|entries|list|customers?|page|response|findings?|amount|all)\b/i;
const appended =
  /\b(?:append(?:ed|ing)?|followed by|at the end|add(?:ed|ing)?|attach(?:ed|ing)?|filled in|in place of|substitut\w+|insert(?:ed|ing)?)\b/i;

export function fill(schema: ToolSchema, filling: Filling): Filled | undefined {
  const found: Record<string, unknown> = {};
  let given = 0;
  const numbers = (withoutUrls(filling.object).match(/(?<![\p{L}\p{N}.-])\d+(?:\.\d+)?(?![\p{L}\p{N}])/gu) ?? []).map(
    Number,
  );
  const quoted = [...filling.object.matchAll(/["“”']([^"“”']{2,2000})["“”']/g)].map((match) => match[1] ?? "");
  const choose = chooser([filling.object, filling.question]);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const kind = kindOf(key, property);
    const value = valueFor(kind, key, property, { ...filling, numbers, quoted, choose });
    if (value === undefined) {
      if (schema.required?.includes(key) === true) return undefined;
      continue;
    }
    if (isGiven(kind, key, property, filling.object)) given++;
    found[key] = value;
  }
  return { arguments: found, given };
}

/** The parameters that name a thing. */
export function namingIn(properties: Readonly<Record<string, ToolProperty>>): readonly string[] {
  return Object.entries(properties)
    .filter(([key, property]) => !["text", "carrier", "query"].includes(kindOf(key, property)))
    .map(([key]) => key);
}

type Kind = "carrier" | "url" | "pattern" | "choice" | "number" | "flag" | "query" | "text";

function kindOf(key: string, property: ToolProperty): Kind {
  const words = wordsOf(`${key.replace(/([a-z])([A-Z])/g, "$1 $2")} ${property.description ?? ""}`);
  if (property.enum !== undefined) return "choice";
  if (property.pattern !== undefined) return "pattern";
  if (property.type === "integer" || property.type === "number") return "number";
  if (property.type === "boolean") return "flag";
  if (words.some((word) => /^(?:urls?|uri|links?|href|address)$/.test(word))) return "url";
  if (words.some((word) => /^(?:query|question|search|keywords?)$/.test(word))) return "query";
  return /^(?:body|message|content|payload|data|text)$/i.test(key) ? "carrier" : "text";
}

/** Whether the instruction's own words name the thing, so that nothing had to be guessed. */
function isGiven(kind: Kind, key: string, property: ToolProperty, object: string): boolean {
  switch (kind) {
    case "url":
    case "number":
      return true; // taken from nowhere else
    case "pattern":
      return wordMatching(property.pattern ?? "", object) !== undefined;
    case "choice":
      return chooser([object])(key, property) !== undefined;
    case "flag":
    case "query":
    case "text":
    case "carrier":
      return false;
  }
}

interface Sources extends Filling {
  readonly numbers: number[];
  readonly quoted: string[];
  readonly choose: ReturnType<typeof chooser>;
}

function valueFor(kind: Kind, key: string, property: ToolProperty, from: Sources): unknown {
  switch (kind) {
    case "url":
      return urlIn(from);
    case "pattern":
      return wordMatching(property.pattern ?? "", from.object) ?? wordMatching(property.pattern ?? "", from.question);
    case "choice":
      return from.choose(key, property) ?? only(property);
    case "number":
      return from.numbers.shift();
    case "flag":
      return !/\b(?:no|not|without|never)\b/i.test(from.object);
    case "query":
      return from.quoted.shift() ?? topicOf(from.object) ?? from.question;
    case "carrier":
      return from.quoted.shift() ?? (refersBack(from.object) ? told(from.results) : ownWords(from.object));
    case "text":
      return from.quoted.shift() ?? ownWords(from.object) ?? told(from.results);
  }
}

/** Where there is one choice, it is the one. */
function only(property: ToolProperty): unknown {
  return property.enum?.length === 1 ? property.enum[0] : undefined;
}

/** The address that the words name; what they say to put into it, or behind it, is put there. */
function urlIn({ object, results }: Sources): string | undefined {
  const address = /https?:\/\/[^\s"'<>()[\]]+/i.exec(object)?.[0]?.replace(/[.,;:!?]+$/, "");
  if (address === undefined) return undefined;
  const newest = results.at(-1)?.trim().slice(0, 500);
  const gap = /\{[^{}]*\}|%7B[^%]*%7D/i;
  if (gap.test(address)) return newest === undefined ? undefined : address.replace(gap, encodeURIComponent(newest));
  return appended.test(withoutUrls(object)) && newest !== undefined ? address + encodeURIComponent(newest) : address;
}

/** Whether the words point at what was found ("them", "the rows"). */
export function refersBack(object: string): boolean {
  return anaphora.test(withoutUrls(object));
}

function told(results: readonly string[]): string | undefined {
  const text = results.join("\n").slice(0, maxPayloadCharacters);
  return text === "" ? undefined : text;
}

function ownWords(object: string): string | undefined {
  const words = withoutUrls(object)
    .replace(/^(?:(?:a|an|the|new|support|ticket|for|about|because|that|saying|with|to)\b\s*|[:,-]\s*)+/i, "")
    .trim();
  return words === "" ? undefined : words;
}

/** What a search is for, where the object says so. */
function topicOf(object: string): string | undefined {
  return /\b(?:about|for|on|regarding|concerning)\s+(?!the (?:question|answer)\b)(.{4,300})$/i.exec(object)?.[1];
}

export function withoutUrls(text: string): string {
  return text.replace(/https?:\/\/[^\s"'<>()[\]]+/gi, " ");
}
