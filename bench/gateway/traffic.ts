/**
 * The bytes that travel: chat calls of about 1 KB with no two bodies alike, and the upstream's answers. Heads and texts
 * are built beforehand, so that making a call costs the generator one copy.
 */
import { modelName } from "./estate.ts";

/** Where things stand in every body; the gateways forward bodies byte for byte, so the upstream can rely on it. */
const modelAt = '{"model":"'.length;
const streamAt = '{"model":"m-000","stream":'.length;
const serialAt = '{"model":"m-000","stream":false,"user":"'.length;
const serialName = '"user":"';
const serialDigits = 10;

const bodyBytes = 1024;

interface Template {
  readonly whole: Buffer;
  readonly bodyAt: number;
}

/** Makes calls. Each carries a serial number that is never used twice. */
export class Calls {
  readonly #templates: readonly Template[];
  #serial = 0;

  /**
   * @param stream whether the calls ask for a streamed answer
   * @param headers lines that a target wants in each head
   */
  constructor(stream: boolean, headers: readonly string[] = []) {
    this.#templates = Array.from({ length: 64 }, (_, i) => {
      const head = Buffer.from(headText(headers));
      return { whole: Buffer.concat([head, bodyOf(stream, i)]), bodyAt: head.length };
    });
  }

  /** The bytes of the next call, for a model. */
  next(model: number): { readonly bytes: Buffer; readonly serial: number } {
    const serial = ++this.#serial;
    const { whole, bodyAt } = this.#templates[serial % this.#templates.length] as Template;
    const bytes = Buffer.allocUnsafe(whole.length);
    whole.copy(bytes);
    bytes.write(modelName(model), bodyAt + modelAt, "latin1");
    bytes.write(String(serial).padStart(serialDigits, "0"), bodyAt + serialAt, "latin1");
    return { bytes, serial };
  }
}

export function asksForStream(body: Buffer): boolean {
  return body[streamAt] === 0x74; // t
}

/** Looked for, since a gateway that writes bodies anew may have moved it. */
export function serialOf(body: Buffer): number {
  const at = body.indexOf(serialName, 0, "latin1") + serialName.length;
  return Number(body.toString("latin1", at, at + serialDigits));
}

function headText(headers: readonly string[]): string {
  return [
    "POST /v1/chat/completions HTTP/1.1",
    "Host: localhost",
    "Accept: application/json",
    "Content-Type: application/json",
    "User-Agent: OpenAI/JS 7.57.0",
    "X-Stainless-Lang: js",
    "X-Stainless-Runtime: node",
    "X-Stainless-Retry-Count: 0",
    ...headers,
    `Content-Length: ${bodyBytes}`,
    "",
    "",
  ].join("\r\n");
}

function bodyOf(stream: boolean, variant: number): Buffer {
  const [start, end] = [
    // `true ` and `false` are equally long, so that what follows stays in its place.
    `{"model":"m-000","stream":${stream ? "true " : "false"},"user":"${"0".repeat(serialDigits)}","temperature":0.2,"messages":[` +
      `{"role":"system","content":"You answer questions about accounts. Be brief, say what you do not know."},` +
      `{"role":"user","content":"`,
    `"}]}`,
  ];
  const text = words(variant, bodyBytes - Buffer.byteLength(start) - Buffer.byteLength(end));
  return Buffer.from(start + text + end);
}

function words(variant: number, length: number): string {
  const vocabulary = ["balance", "transfer", "statement", "please", "explain", "the", "fee", "of", "last", "month\\n"];
  let text = "";
  for (let i = variant; text.length < length; i++) text += `${vocabulary[(i * 7 + variant) % vocabulary.length]} `;
  // Never end between a backslash and what it escapes.
  return text
    .slice(0, length - 2)
    .replace(/\\$/, "x")
    .padEnd(length, ".");
}

const answerBody = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1_760_000_000,
  model: "m-000",
  choices: [
    { index: 0, finish_reason: "stop", message: { role: "assistant", content: words(3, 640).replaceAll("\\", "") } },
  ],
  usage: { prompt_tokens: 210, completion_tokens: 120, total_tokens: 330 },
});

/** A whole answer of about 1 KB. */
export const wholeAnswer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(answerBody)}\r\n` +
    `x-request-id: bench\r\nserver: bench\r\n\r\n${answerBody}`,
);

const event = `data: ${JSON.stringify({ id: "chatcmpl-bench", object: "chat.completion.chunk", model: "m-000", choices: [{ index: 0, delta: { content: " token" } }] })}\n\n`;

function chunked(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** A streamed answer: head and first event, further events, and the end. */
export const streamedAnswer = {
  first: Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${chunked(event)}`,
  ),
  next: Buffer.from(chunked(event)),
  last: Buffer.from(`${chunked("data: [DONE]\n\n")}0\r\n\r\n`),
} as const;
