/**
 * A request's body as inspection reads it. In: its bytes, its content type, and its tree where it was parsed already. Out:
 * JSON, text, or that nothing here reads it.
 */
import { withLongNumbers } from "@cordon/core/contract/long-numbers";
import {
  isJsonObject,
  parseStrictJson,
  parseStrictJsonText,
  type JsonObject,
  type JsonValue,
} from "@cordon/core/contract/strict-json";
import type { RequestContent } from "../ports.ts";
import { charsetOf, isUtf8 } from "../charset.ts";
import { formParts, type FormPart } from "./multipart.ts";

const textTypes: ReadonlySet<string> = new Set(["application/xml", "application/javascript", "application/yaml"]);
const lineTypes: ReadonlySet<string> = new Set(["application/x-ndjson", "application/jsonl", "application/ndjson"]);

/** @throws {Error} when it says that it is JSON or text and is not, or parsers would disagree about it */
export function contentOf(
  bytes: Buffer | undefined,
  tree: JsonObject | undefined,
  contentType: string | undefined,
): RequestContent {
  if (bytes === undefined || bytes.length === 0) return { kind: "none" };
  if (tree !== undefined) return exactly(bytes, tree);
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const charset = charsetOf(contentType ?? "");
  if (charset?.includes(" and ") === true) throw new Error("its content type names more than one character set");
  if (!isUtf8(charset)) return { kind: "unread", content: bytes, type };
  if (type === "application/json" || type.endsWith("+json")) return exactly(bytes, parseStrictJson(bytes));
  if (type === "application/x-www-form-urlencoded") {
    // Read, and never rewritten: what would have to be masked in it is refused.
    const form = new URLSearchParams(utf8(bytes));
    const text = [decodedAddress(form.toString()), ...[...form.values()].flatMap(saidInJson)].join("\n");
    return { kind: "text", text, bytes: bytes.length };
  }
  if (type === "multipart/form-data") return formContent(bytes, contentType ?? "");
  if (lineTypes.has(type)) return linesOf(utf8(bytes), bytes.length);
  if (type.startsWith("text/") || textTypes.has(type) || type.endsWith("+xml")) {
    const text = utf8(bytes);
    // Many servers read JSON whatever it is called.
    const said = escapedJson(text);
    return said === undefined ? { kind: "text", text, bytes: bytes.length } : exactly(bytes, said);
  }
  return { kind: "unread", content: bytes, type };
}

function exactly(bytes: Buffer, tree: JsonValue): RequestContent {
  const { length } = bytes;
  if (!longDigits.test(bytes.toString("latin1"))) return { kind: "json", tree, bytes: length };
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  return { kind: "json", tree, exact: withLongNumbers(text, tree), bytes: length };
}

/** Without it no number is long: most bodies need not be decoded again. */
const longDigits = /\d{16}/;

/** Lines of JSON, as a list. @throws {Error} where one is not JSON */
function linesOf(text: string, bytes: number): RequestContent {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const tree = lines.map((line) => parseStrictJsonText(line));
  return { kind: "json", tree, exact: lines.map((line, at) => withLongNumbers(line, tree[at] ?? null)), bytes };
}

/**
 * A text that is JSON and has escapes, as who parses it reads it; `undefined` where nothing in it is hidden by them.
 *
 * @throws {Error} where parsers would disagree about it
 */
function escapedJson(text: string): JsonValue | undefined {
  if (!text.includes("\\") || !looksLikeJson(text)) return undefined;
  const unmarked = text.replace(/^\uFEFF/, "");
  try {
    JSON.parse(unmarked);
  } catch {
    return undefined;
  }
  return parseStrictJsonText(unmarked);
}

export function looksLikeJson(text: string): boolean {
  return /^\s*[[{"]/.test(text);
}

/** The texts and names in a form's field that is JSON with escapes. */
function saidInJson(text: string): string[] {
  const tree = escapedJson(text);
  return tree === undefined ? [] : wordsIn(tree);
}

/** Every text in a value, and every name. */
function wordsIn(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(wordsIn);
  return isJsonObject(value) ? Object.entries(value).flatMap(([name, item]) => [name, ...wordsIn(item)]) : [];
}

/** A form's texts, read and never rewritten; one part that cannot be read makes it unread. */
function formContent(bytes: Buffer, contentType: string): RequestContent {
  const texts: string[] = [];
  for (const { name, filename, type, content } of formParts(bytes, contentType)) {
    texts.push(filename === undefined ? name : `${name} ${filename}`);
    const nested = type.trim().toLowerCase().startsWith("multipart/");
    const read = nested ? undefined : contentOf(content, undefined, type);
    if (read === undefined || read.kind === "unread")
      return { kind: "unread", content: bytes, type: "multipart/form-data" };
    if (read.kind === "text") texts.push(read.text, ...saidInJson(read.text));
    if (read.kind === "json") texts.push(content.toString("utf8"), ...wordsIn(read.tree));
    // RFC 7578 4.6: it says how the other fields are written.
    if (name === "_charset_" && !isUtf8(content.toString("latin1").trim().toLowerCase()))
      return { kind: "unread", content: bytes, type: "multipart/form-data" };
  }
  return { kind: "text", text: texts.join("\n"), bytes: bytes.length };
}

/** What a body says, for whoever follows where content goes: its texts one by one; nothing where it cannot be read. */
export function saidIn(bytes: Buffer | undefined, contentType: string | undefined): JsonObject | undefined {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  try {
    if (type === "multipart/form-data" && bytes !== undefined)
      return { said: formParts(bytes, contentType ?? "").flatMap(saidInPart) };
    if (type === "application/x-www-form-urlencoded" && bytes !== undefined)
      return { said: [...new URLSearchParams(bytes.toString("utf8")).values()] };
    const content = contentOf(bytes, undefined, contentType);
    if (content.kind === "json") return { said: content.tree };
    if (content.kind === "text") return { said: content.text };
  } catch {
    // it is refused where it is inspected
  }
  return undefined;
}

/** A form within a form is nothing that anybody reads; and level by level it would be searched to its end each time. */
function saidInPart({ content, type }: FormPart): JsonObject[] {
  const said = type.trim().toLowerCase().startsWith("multipart/") ? undefined : saidIn(content, type);
  return said === undefined ? [] : [said];
}

/** Whether a text of this type may be replaced by another: a form is encoded, and JSON lines have a syntax. */
export function isRewritable(contentType: string | undefined): boolean {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return !type.startsWith("multipart/") && type !== "application/x-www-form-urlencoded" && !lineTypes.has(type);
}

/** An address or a form in plain characters. What is no UTF-8 becomes replacement characters, as servers make of it. */
export function decodedAddress(address: string): string {
  return address
    .replaceAll("+", " ")
    .replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) => Buffer.from(encoded.replaceAll("%", ""), "hex").toString("utf8"));
}

/** UTF-16 of plain letters is UTF-8 as well, with a NUL beside each: who reads it as what it is reads another text. */
function utf8(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new Error("it holds NUL, which no text has: it is in another character set");
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
