/**
 * A request's body as inspection reads it. In: its bytes, its content type, and its tree where it was parsed already. Out:
 * JSON, text, or that nothing here reads it.
 */
import { parseStrictJson, type JsonObject } from "@cordon/core/contract/strict-json";
import { textsIn } from "../flow/content-digests.ts";
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
  if (tree !== undefined) return { kind: "json", tree, bytes: bytes.length };
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const charset = charsetOf(contentType ?? "");
  if (charset?.includes(" and ") === true) throw new Error("its content type names more than one character set");
  if (!isUtf8(charset)) return { kind: "unread", content: bytes, type };
  if (type === "application/json" || type.endsWith("+json"))
    return { kind: "json", tree: parseStrictJson(bytes), bytes: bytes.length };
  if (type === "application/x-www-form-urlencoded") {
    // Read, and never rewritten: what would have to be masked in it is refused.
    const text = new URLSearchParams(utf8(bytes)).toString();
    return { kind: "text", text: decodedAddress(text), bytes: bytes.length };
  }
  if (type === "multipart/form-data") return formContent(bytes, contentType ?? "");
  if (type.startsWith("text/") || textTypes.has(type) || type.endsWith("+xml") || lineTypes.has(type))
    return { kind: "text", text: utf8(bytes), bytes: bytes.length };
  return { kind: "unread", content: bytes, type };
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
    if (read.kind === "text") texts.push(read.text);
    if (read.kind === "json") texts.push(content.toString("utf8"), ...textsIn(read.tree));
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

/** An address or a form in plain characters; what is not well encoded stays as it was sent. */
export function decodedAddress(address: string): string {
  return address
    .replaceAll("+", " ")
    .split(/(?=[/?&=#])/)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    })
    .join("");
}

/** UTF-16 of plain letters is UTF-8 as well, with a NUL beside each: who reads it as what it is reads another text. */
function utf8(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new Error("it holds NUL, which no text has: it is in another character set");
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
