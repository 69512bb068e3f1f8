/**
 * JSON of foreign files. In: bytes. Out: the tree; throws where it is no JSON, too deep, or where an object has the same
 * name twice, which parsers read differently.
 */
import { malformed, Unreadable } from "../bytes/unreadable.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const maxDepth = 200;
const decoder = new TextDecoder("utf-8", { fatal: true });

export function parseJsonTree(bytes: Uint8Array, rule: string): Json {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw malformed(rule, "its JSON is not UTF-8");
  }
  const written = countNames(text, rule);
  let tree: Json;
  try {
    // Python's json writes and reads these three.
    tree = JSON.parse(text.replace(/(?<=[:[,]\s{0,20})(?:NaN|-?Infinity)(?=\s{0,20}[,\]}])/g, "null")) as Json;
  } catch {
    throw malformed(rule, "it is no valid JSON");
  }
  if (namesIn(tree) !== written) throw malformed(rule, "an object in its JSON has the same name twice");
  return tree;
}

export function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Calls `visit` for every value with its name, containers first. */
export function walkJson(tree: Json, visit: (value: Json, name: string) => void): void {
  const waiting: [Json, string][] = [[tree, ""]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, name] = next;
    visit(value, name);
    if (Array.isArray(value)) for (const item of value as readonly Json[]) waiting.push([item, name]);
    else if (isRecord(value)) for (const key of Object.keys(value)) waiting.push([value[key] ?? null, key]);
  }
}

/** Colons outside of strings, and a bound on nesting before the parser recurses. */
function countNames(text: string, rule: string): number {
  let names = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at++;
      while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
    } else if (code === 0x3a) names++;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth)
        throw new Unreadable("unsupported", rule, `its JSON is nested more than ${maxDepth} deep`);
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return names;
}

function namesIn(tree: Json): number {
  let names = 0;
  walkJson(tree, (value) => {
    if (isRecord(value)) names += Object.keys(value).length;
  });
  return names;
}
