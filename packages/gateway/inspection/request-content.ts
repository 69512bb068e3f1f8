/**
 * A request's body as inspection reads it. In: its bytes, its content type, and its tree where it was parsed already. Out:
 * JSON, text, or that nothing here reads it.
 */
import { isUtf8 as isValidUtf8 } from "node:buffer";
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
import { isJson, isJsonLines, isJsonSequence, isMediaType, isText } from "./media-types.ts";
import { formParts, type FormPart } from "./multipart.ts";

const formTypes: ReadonlySet<string> = new Set(["application/x-www-form-urlencoded", "multipart/form-data"]);

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
  if (!isRead(type)) {
    // Who leaves the type out, or writes none that is one, is read by many servers all the same.
    const text = isMediaType(type) || !isUtf8(charset) ? undefined : plainText(bytes);
    return text === undefined ? { kind: "unread", content: bytes, type } : readText(text, bytes);
  }
  if (!isUtf8(charset)) throw new Error("its content type names another character set than UTF-8; send UTF-8");
  if (isJson(type)) return exactly(bytes, parseStrictJson(bytes));
  if (type === "application/x-www-form-urlencoded") {
    // Read, and never rewritten: what would have to be masked in it is refused.
    const form = new URLSearchParams(utf8(bytes));
    const text = [decodedAddress(form.toString()), ...[...form.values()].flatMap(saidInJson)].join("\n");
    return { kind: "text", text, bytes: bytes.length };
  }
  if (type === "multipart/form-data") return formContent(bytes, contentType ?? "");
  if (isJsonLines(type)) return listOf(utf8(bytes).split("\n"), bytes.length);
  if (isJsonSequence(type)) return listOf(utf8(bytes).split("\u001E"), bytes.length);
  return readText(utf8(bytes), bytes);
}

/** Many servers read JSON whatever it is called. */
function readText(text: string, bytes: Buffer): RequestContent {
  const said = escapedJson(text);
  return said === undefined ? { kind: "text", text, bytes: bytes.length } : exactly(bytes, said);
}

/** Where they are text: UTF-8 without the control characters that no text has. */
function plainText(bytes: Buffer): string | undefined {
  if (!isValidUtf8(bytes)) return undefined;
  const text = bytes.toString("utf8");
  // oxlint-disable-next-line no-control-regex
  return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
}

function isRead(type: string): boolean {
  return isJson(type) || isJsonLines(type) || isJsonSequence(type) || isText(type) || formTypes.has(type);
}

function exactly(bytes: Buffer, tree: JsonValue): RequestContent {
  const { length } = bytes;
  if (!longDigits.test(bytes.toString("latin1"))) return { kind: "json", tree, bytes: length };
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  return { kind: "json", tree, exact: withLongNumbers(text, tree), bytes: length };
}

/** Without it no number is long: most bodies need not be decoded again. */
const longDigits = /\d{16}/;

/** Lines or records of JSON, as a list. @throws {Error} where one is not JSON */
function listOf(written: readonly string[], bytes: number): RequestContent {
  const records = written.filter((record) => record.trim() !== "");
  const tree = records.map((record) => parseStrictJsonText(record));
  return { kind: "json", tree, exact: records.map((record, at) => withLongNumbers(record, tree[at] ?? null)), bytes };
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
      throw new Error("the form's `_charset_` names another character set than UTF-8; send UTF-8");
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

/** Whether a text of this type may be replaced by another: a form is encoded, and JSON lines and sequences have a syntax. */
export function isRewritable(contentType: string | undefined): boolean {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return !formTypes.has(type) && !isJsonLines(type) && !isJsonSequence(type);
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
