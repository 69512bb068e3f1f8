/**
 * What an MCP server asks of its client: an answer of its model (sampling), of its person (elicitation), its folders (roots).
 * In: a method and its parameters, as the server sent them. Out: whether the protocol lets it be asked so, in words where
 * not. Who may ask whom is policy's; this is what no policy should have to say: a form never asks for a secret, a page
 * elsewhere is one that a person can recognise, nothing is said that nobody sees.
 *
 * @see MCP 2025-11-25 and 2026-07-28, "Elicitation", "Sampling", "Roots"
 */
import { foldName, isJsonObject, type JsonObject, type JsonValue } from "../contract/strict-json.ts";
import { asksForSecret } from "./secret-words.ts";
import { askedOfClients, type Askable } from "./methods.ts";
import { hiddenIn } from "./tool-definition.ts";

export interface Question {
  readonly method: string;
  readonly params: JsonObject;
}

/** Why a question is not put, whatever policy says; `code` is JSON-RPC's, for the server. */
export interface Unaskable {
  readonly code: number;
  readonly words: string;
}

const methodNotFound = -32601;
const invalidParams = -32602;

/** What has to be declared for a question. */
export function askableOf({ method, params }: Question): Askable | undefined {
  if (method === "sampling/createMessage") return "sampling";
  if (method === "roots/list") return "roots";
  if (method !== "elicitation/create") return undefined;
  return params["mode"] === "url" ? "elicitation-url" : "elicitation";
}

/** Whether a route lets its server ask by this method in some form. */
export function mayAsk({ asks }: { readonly asks?: ReadonlySet<Askable> }, method: string): boolean {
  if (method === "elicitation/create")
    return asks?.has("elicitation") === true || asks?.has("elicitation-url") === true;
  const needed = askableOf({ method, params: {} });
  return needed !== undefined && asks?.has(needed) === true;
}

/**
 * Judges a question by what was declared and by the protocol.
 *
 * @returns undefined where it may go to policy
 */
export function unaskable(asks: ReadonlySet<Askable> | undefined, question: Question): Unaskable | undefined {
  const { method, params } = question;
  if (!askedOfClients.has(method))
    return { code: methodNotFound, words: `\`${shown(method)}\` is nothing that a server may ask of its client` };
  const needed = askableOf(question);
  if (needed === undefined || asks?.has(needed) !== true)
    return {
      code: needed === "elicitation-url" ? invalidParams : methodNotFound,
      words: `this server was not declared to ask for ${needed ?? "that"} (\`asks\` of the route)`,
    };
  const words = folded(params) ?? hiddenWords(params) ?? wrongWith(question);
  return words === undefined ? undefined : { code: invalidParams, words };
}

function wrongWith({ method, params }: Question): string | undefined {
  if (method === "sampling/createMessage") return wrongWithSampling(params);
  if (method === "roots/list") return undefined;
  const { mode, message } = params;
  if (typeof message !== "string") return "an elicitation says in `message` what it is for";
  if (mode === "url") return wrongWithUrl(params["url"]);
  if (mode !== undefined && mode !== "form") return "the elicitation has a mode that MCP does not have";
  return wrongWithForm(params);
}

/** A client in Go or C# reads `Mode` as `mode`: it would see another question than the one that was judged. */
function folded(params: JsonObject): string | undefined {
  return foldedIn(params, decisive);
}

function foldedIn(tree: JsonObject, members: ReadonlyMap<string, string>): string | undefined {
  const name = Object.keys(tree).find((each) => (members.get(foldName(each)) ?? each) !== each);
  return name === undefined ? undefined : `\`${shown(name)}\` differs only in case from a member that decides`;
}

/** By their folded names. */
const byFolded = (names: string): ReadonlyMap<string, string> =>
  new Map(names.split(" ").map((name) => [foldName(name), name]));

const decisive = byFolded(
  "mode message url elicitationId requestedSchema messages systemPrompt includeContext tools toolChoice maxTokens",
);
const decisiveOfSchema = byFolded("type properties title description format items");

function hiddenWords(params: JsonObject): string | undefined {
  const hidden = hiddenIn(params);
  return hidden === undefined ? undefined : `it holds text that no reader sees (${hidden})`;
}

function wrongWithSampling({ messages, includeContext, systemPrompt }: JsonObject): string | undefined {
  if (!Array.isArray(messages) || messages.length === 0) return "sampling needs `messages`";
  if (systemPrompt !== undefined && typeof systemPrompt !== "string") return "`systemPrompt` must be a text";
  if (includeContext === "allServers")
    return "sampling with the context of all servers would hand this one what the others said";
  if (includeContext !== undefined && includeContext !== "none" && includeContext !== "thisServer")
    return "`includeContext` is none that MCP has";
  return undefined;
}

const maxUrlLength = 2048;

/**
 * A page that a person is sent to: one whose host they can read, that nobody between them and it can change, and that bears
 * no name before an `@`.
 */
function wrongWithUrl(url: JsonValue | undefined): string | undefined {
  if (typeof url !== "string" || url.length > maxUrlLength || !/^[\x21-\x7e]+$/.test(url) || url.includes("\\"))
    return `\`url\` must be an address of at most ${maxUrlLength} plain ASCII characters`;
  if (!URL.canParse(url)) return "`url` is no address";
  const { protocol, username, password, hostname } = new URL(url);
  if (username !== "" || password !== "" || /^[a-z]+:\/\/[^/?#]*@/i.test(url))
    return "`url` has a name before an `@`, which hides its host";
  if (hostname.split(".").some((label) => label.startsWith("xn--")))
    return "the host of `url` is written in Punycode, which looks like another";
  const here = hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
  if (protocol !== "https:" && !(protocol === "http:" && here)) return "`url` must be https";
  return undefined;
}

/** Longer than anybody reads before a field; past some length nothing is looked for. */
const maxFormText = 4_096;

const primitives: ReadonlySet<JsonValue | undefined> = new Set(["string", "number", "integer", "boolean"]);

/** A form asks for single values by a flat schema, never for a secret, and leads nowhere. */
function wrongWithForm({ message, requestedSchema }: JsonObject): string | undefined {
  if (!isJsonObject(requestedSchema)) return "an elicitation by a form needs `requestedSchema`";
  const { type, properties } = requestedSchema;
  if (type !== "object" || !isJsonObject(properties)) return "`requestedSchema` must be an object with `properties`";
  const doubled = foldedIn(requestedSchema, decisiveOfSchema);
  if (doubled !== undefined) return doubled;
  const texts: JsonValue[] = [message ?? ""];
  for (const [name, field] of Object.entries(properties)) {
    if (!isJsonObject(field)) return `the field \`${shown(name)}\` has no schema`;
    if (!primitives.has(field["type"]) && !isChoice(field))
      return `the field \`${shown(name)}\` is no single value: forms are flat`;
    const doubledHere = foldedIn(field, decisiveOfSchema);
    if (doubledHere !== undefined) return doubledHere;
    if (field["format"] === "password") return secretWords(name);
    texts.push(name, field["title"] ?? "", field["description"] ?? "", ...textsWithin(field));
  }
  texts.push(requestedSchema["title"] ?? "", requestedSchema["description"] ?? "");
  for (const text of texts) {
    if (typeof text !== "string") return "titles and descriptions of a form are texts";
    if (text.length > maxFormText) return `a text of a form is longer than ${maxFormText} characters`;
    const secret = asksForSecret(text);
    if (secret !== undefined) return secretWords(secret);
    if (/\bhttps?:\/\/|\bwww\./i.test(text.normalize("NFKC")))
      return "a form leads to no page: that is elicitation by URL";
  }
  return undefined;
}

/** Says how a value is written; nobody reads it. */
const unread: ReadonlySet<string> = new Set(["type", "format", "pattern", "$schema", "$id"]);

/** What a person may read of a field: its choices, what stands in it before they write, and what a client shows besides. */
function textsWithin(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsWithin);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => (unread.has(name) ? [] : textsWithin(item)));
}

/** Several of a list: the only array that a form has. */
function isChoice({ type, items }: JsonObject): boolean {
  return type === "array" && isJsonObject(items) && (items["type"] === "string" || Array.isArray(items["anyOf"]));
}

function secretWords(what: string): string {
  return `a form must not ask for a secret (\`${shown(what)}\`): that is entered on a page of its own, by URL`;
}

function shown(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, "?");
}
