/**
 * What is inspected, cut into texts of one origin each. In: a text, or messages in the shape of Chat Completions or
 * Messages. Out: parts, each with who wrote it and the path back to it; and what cannot be read as text, by name.
 *
 * Origin decides how a text is judged: an instruction from a user is a request, the same words in a tool's result or a
 * retrieved document are somebody else's.
 */
import { classified } from "./taxonomy.ts";
import type { Finding } from "./finding.ts";
import { objectOf } from "./names-apart.ts";
import { seamsOf, type Piece, type Seam } from "./seams.ts";

/** `instructions`: the operator's own (system, developer). `untrusted`: tool results, documents, retrieved context. */
export type Origin = "instructions" | "user" | "model" | "untrusted";

/**
 * One text of one origin. `message` and `path` as in {@link Finding}; absent where the subject is a plain text. A path with `~`
 * at its end is that of a property's name.
 */
export interface Part {
  readonly text: string;
  readonly origin: Origin;
  readonly message?: number;
  readonly path?: string;
}

export type InspectionText = { readonly text: string } | { readonly messages: readonly unknown[] };

export interface SubjectParts {
  readonly parts: readonly Part[];
  /** What stands where texts meet that a model reads as one. Its path is that of the first. */
  readonly seams: readonly Seam[];
  /** One `uninspectable` finding for each piece that is not text: images, audio, files, what is nested too deep. */
  readonly unread: readonly Finding[];
}

const maxDepth = 32;
const maxParts = 10_000;

/** Fields that name or address something and are no content: their values stay uninspected, unless they are sentences. */
const labels: ReadonlySet<string> = new Set([
  ...["type", "role", "id", "name", "index", "status", "tool_use_id", "tool_call_id", "call_id", "media_type"],
  ...["mime_type", "format", "detail", "cache_control"],
]);
/** What the upstream made and alone can open, in the blocks that hold such: anywhere else a field of that name is a text like others. */
const sealed: ReadonlySet<string> = new Set(["signature", "encrypted_content"]);
const sealing: ReadonlySet<string> = new Set([
  ...["thinking", "redacted_thinking", "signature_delta", "reasoning", "compaction", "web_search_result"],
]);
/** What a tool is asked: there every name is the caller's own, and labels none. */
const calls: ReadonlySet<string> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"]);
/** A number of so many digits may be a card's or somebody's. */
const leastNumber = 10_000_000;

/** Block types that carry something else than text. */
const opaque: ReadonlySet<string> = new Set([
  ...["image", "image_url", "input_image", "input_audio", "audio", "file", "input_file", "video", "container_upload"],
  ...["redacted_thinking", "image_file", "input_video", "video_url", "computer_screenshot", "image_generation_call"],
]);

/** `tool_result`, `web_fetch_tool_result`, `search_result`, `function_call_output` and whatever else is called so. */
function bringsOthersWords(type: string): boolean {
  return type === "document" || type.endsWith("result") || type.endsWith("output");
}

const longestLabel = 512;

/** Whether a label, or the name of a property, has room for words to a model: templates show it some of them. */
export function isSentence(text: string): boolean {
  if (text.length < 8) return false;
  const head = text.slice(0, longestLabel);
  if (/[\u0e00-\uffff]{8}/.test(head)) return true; // scripts that write no spaces, and say more in a sign
  return text.length >= 24 && /\s|(?:[A-Za-z]{2,}[^A-Za-z0-9+/=]+){3}/.test(head);
}

const originOfRole: Readonly<Record<string, Origin>> = {
  system: "instructions",
  developer: "instructions",
  user: "user",
  assistant: "model",
  model: "model",
};

/**
 * Cuts a subject into parts. A role that is not known counts as untrusted; a plain text has no role: `plainOrigin` says
 * whose it is.
 *
 * @returns never throws: a message that is no object is reported as unread.
 */
export function partsOf(subject: InspectionText, plainOrigin: Origin = "user"): SubjectParts {
  if ("text" in subject) return { parts: [{ text: subject.text, origin: plainOrigin }], seams: [], unread: [] };
  const parts: Part[] = [];
  const pieces: Piece[] = [];
  const unread: Finding[] = [];
  const refuse = (message: number, path: string): void => {
    const found = { detector: "subject/uninspectable", category: "uninspectable" } as const;
    unread.push(classified({ ...found, start: 0, end: 0, score: 1, message, path }));
  };
  /**
   * @param beside what holds a picture or a file may hold words beside it: only these are read
   * @param called whether it is what a tool is asked
   */
  const walk = (
    value: unknown,
    origin: Origin,
    message: number,
    path: string,
    depth: number,
    beside: boolean,
    called: boolean,
  ): void => {
    if (typeof value === "number" && Math.abs(value) >= leastNumber)
      return walk(String(value), origin, message, path, depth, beside, called);
    if (typeof value === "string") {
      if (beside && !isSentence(value)) return;
      if (parts.length === maxParts) return refuse(message, path);
      if (value !== "") parts.push({ text: value, origin, message, path });
      return;
    }
    if (typeof value !== "object" || value === null) return;
    if (depth === maxDepth) return refuse(message, path);
    if (Array.isArray(value)) {
      value.forEach((item, at) => walk(item, origin, message, `${path}/${at}`, depth + 1, beside, called));
      return;
    }
    const fields = value as Readonly<Record<string, unknown>>;
    const type = typeof fields["type"] === "string" ? fields["type"] : "";
    const isOpaque = opaque.has(type);
    if (isOpaque || isElsewhere(fields, type)) refuse(message, path);
    const inner = bringsOthersWords(type) ? "untrusted" : origin;
    for (const [name, field] of Object.entries(fields)) {
      if (isSentence(name)) walk(name, inner, message, `${path}/${escapePointer(name)}~`, depth + 1, false, called);
      if (isSealed(type, name, field)) continue;
      const isBinary = isBase64Source(fields, name) || isBlob(fields, name);
      if (isBinary) refuse(message, `${path}/${name}`);
      const isLabel = !called && labels.has(name) && typeof field !== "object";
      const sentencesOnly = beside || isOpaque || isBinary || isLabel;
      const within = called || (calls.has(type) && name === "input");
      walk(field, inner, message, `${path}/${escapePointer(name)}`, depth + 1, sentencesOnly, within);
    }
    const name = typeof fields["text"] === "string" ? "text" : "content";
    const text = fields[name];
    if (typeof text === "string" && !isOpaque)
      pieces.push({ text, origin: inner, message, path, textPath: `${path}/${name}` });
  };
  subject.messages.forEach((message, at) => {
    if (typeof message !== "object" || message === null || Array.isArray(message)) return refuse(at, `/${at}`);
    const role = (message as Readonly<Record<string, unknown>>)["role"];
    const known = typeof role === "string" && Object.hasOwn(originOfRole, role) ? originOfRole[role] : undefined;
    walk(message, known ?? "untrusted", at, `/${at}`, 0, false, false);
  });
  return { parts, seams: pieces.length < 2 ? [] : seamsOf(pieces), unread };
}

/** A seal is base64: what has white space, or words in a row with signs between, is to be read. */
function isSealed(type: string, name: string, value: unknown): boolean {
  if (!sealed.has(name) || !sealing.has(type) || typeof value !== "string") return false;
  return !/\s|(?:[A-Za-z]{2,}[^A-Za-z0-9+/=]+){4}/.test(value);
}

/** `{"type":"base64","media_type":…,"data":…}`, the source of an Anthropic document or image; Gemini's `{"mimeType":…,"data":…}`. */
function isBase64Source(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  if (name !== "data") return false;
  if (fields["type"] === "base64") return true;
  const isTyped = typeof (fields["mimeType"] ?? fields["mime_type"]) === "string";
  return isTyped && fields["type"] === undefined && typeof fields["data"] === "string";
}

/** `{"uri":…,"mimeType":…,"blob":…}`, an MCP resource in base64. */
function isBlob(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  return name === "blob" && typeof fields["blob"] === "string" && typeof fields["uri"] === "string";
}

/**
 * What is fetched behind Cordon's back: an Anthropic source behind a link, and the audio of an earlier answer by its id
 * (`{"role":"assistant","audio":{"id":…}}`), Gemini's `fileData`. The link itself is read as text.
 */
function isElsewhere(fields: Readonly<Record<string, unknown>>, type: string): boolean {
  if (type === "url" && typeof fields["url"] === "string") return true;
  const { audio } = fields;
  const file = fields["fileData"] ?? fields["file_data"];
  if (typeof file === "object" && file !== null && ("fileUri" in file || "file_uri" in file)) return true;
  return typeof audio === "object" && audio !== null && typeof (audio as { id?: unknown }).id === "string";
}

function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/**
 * A copy of `messages` in which the strings, long numbers and names at `texts`' paths are replaced. What is not named is shared, not copied. Names
 * that would become one are told apart by a number.
 */
export function withTexts(messages: readonly unknown[], texts: ReadonlyMap<string, string>): unknown[] {
  const replace = (value: unknown, path: string, depth: number): unknown => {
    if (typeof value === "string" || typeof value === "number") return texts.get(path) ?? value;
    if (typeof value !== "object" || value === null || depth > maxDepth) return value;
    if (Array.isArray(value)) return value.map((item, at) => replace(item, `${path}/${at}`, depth + 1));
    const entries = Object.entries(value as Record<string, unknown>).map(([name, field]) => {
      const at = `${path}/${escapePointer(name)}`;
      return [texts.get(`${at}~`) ?? name, replace(field, at, depth + 1)] as const;
    });
    return objectOf(entries);
  };
  return replace(messages, "", 0) as unknown[];
}
