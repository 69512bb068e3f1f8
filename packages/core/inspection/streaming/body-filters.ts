/**
 * Answers that are no event streams. In: bytes. Out: bytes that may be sent: JSON once it is whole, JSON lines line by
 * line, plain text as it comes. What cannot be read ends the answer, unless it is to pass unread.
 */
import {
  partialCharacter,
  settled,
  type AnswerFilter,
  type AnswerFilterOptions,
  type Released,
} from "./answer-filter.ts";
import { filteredEventList, isEventList } from "./event-list.ts";
import { parseAnswer } from "./framing.ts";
import { JsonLines } from "./json-lines.ts";
import { mayBeSent, withoutLogprobs } from "./log-probabilities.ts";
import { isPlainSpeech } from "./voices.ts";

export type BodyFilterOptions = Omit<AnswerFilterOptions, "framing">;

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);
const asArguments: ReadonlySet<string> = new Set(["arguments"]);

/** What becomes of a body that was held until it was whole: the same bytes, or others. @throws {Error} where it cannot be read */
type ReadWhole = (written: Uint8Array) => Uint8Array;

/** A body that is held until it is whole, and decided as one. */
class WholeBodyFilter implements AnswerFilter {
  readonly #options: BodyFilterOptions;
  readonly #maxBytes: number;
  readonly #read: ReadWhole;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #unread = false;

  constructor(options: BodyFilterOptions, maxBytes: number, read: ReadWhole) {
    this.#options = options;
    this.#maxBytes = maxBytes;
    this.#read = read;
  }

  push(chunk: Uint8Array): Released {
    if (this.#unread) return { bytes: chunk };
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#maxBytes) return { bytes: nothing };
    return this.#failed(new Error(`it is larger than ${this.#maxBytes} bytes`));
  }

  end(): Released {
    if (this.#unread || this.#bytes === 0) return { bytes: nothing };
    const { guard, words } = this.#options;
    try {
      const bytes = this.#read(Buffer.concat(this.#chunks));
      return guard.blocked === undefined ? { bytes } : { bytes: nothing, cut: { words: words(), ended: false } };
    } catch (error) {
      return this.#failed(error as Error);
    }
  }

  stop(words: string): Released {
    this.#chunks = [];
    this.#unread = true;
    return { bytes: nothing, cut: { words, ended: false } };
  }

  #failed(error: Error): Released {
    this.#unread = true;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    if (this.#options.onFailure(error) === "open") return { bytes };
    return { bytes: nothing, cut: { words: unreadWords(error), ended: false } };
  }
}

/** One JSON text. */
export function jsonBodyFilter(options: BodyFilterOptions, maxBytes: number): AnswerFilter {
  return new WholeBodyFilter(options, maxBytes, (written) => {
    const tree = parseAnswer(new TextDecoder("utf-8", { fatal: true }).decode(written));
    const filtered = isEventList(tree)
      ? filteredEventList(tree, options.guard)
      : options.guard.tree(tree, logprobs, asArguments);
    const rest = withoutLogprobs(filtered, null, (each) => filtered !== tree || !mayBeSent(each, options.guard));
    return rest === tree ? written : encoder.encode(JSON.stringify(rest));
  });
}

/** UTF-16 of plain letters is UTF-8 as well, with a NUL beside each: who reads it as what it is reads another text. */
function decodedText(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new Error("it holds NUL, which no text has");
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Plain text or markup, read as text, where it is judged before any of it is sent. */
export function pageBodyFilter(options: BodyFilterOptions, maxBytes: number): AnswerFilter {
  return new WholeBodyFilter(options, maxBytes, (written) => {
    const text = decodedText(written);
    const { guard } = options;
    // Clients that ask for JSON read it whatever it is called, and its escapes hide nothing from them.
    const isJson = text.includes("\\") && /^\s*[[{"]/.test(text);
    const read = isJson ? guard.json(text.replace(/^\uFEFF/, ""), guard.voice) : text;
    const filtered = guard.page(read, "", isPlainSpeech(text.replace(/^\uFEFF/, "")));
    return filtered === text ? written : encoder.encode(filtered);
  });
}

/** A sequence of JSON texts, each behind a record separator (RFC 7464). One that is broken is read as text. */
export function jsonSequenceFilter(options: BodyFilterOptions, maxBytes: number): AnswerFilter {
  return new WholeBodyFilter(options, maxBytes, (written) => {
    const { guard } = options;
    const records = decodedText(written).split("\u001E");
    const filtered = records.map((record) => {
      const out = record.trim() === "" ? record : guard.json(record, guard.voice);
      return out === record || out.endsWith("\n") ? out : `${out}\n`;
    });
    return filtered.some((record, at) => record !== records[at]) ? encoder.encode(filtered.join("\u001E")) : written;
  });
}

/** They spell texts that were changed. */
const logprobs: ReadonlySet<string> = new Set(["logprobs"]);

/** Plain text, and markup read as text. It flows; a blocked one breaks off. */
export class TextBodyFilter implements AnswerFilter {
  readonly #options: BodyFilterOptions;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #text;
  /** Bytes of a character that ends in the next chunk: no text yet. */
  #unfinished: Uint8Array = nothing;
  #unread = false;

  constructor(options: BodyFilterOptions) {
    this.#options = options;
    this.#text = options.guard.open();
  }

  push(chunk: Uint8Array): Released {
    if (this.#unread) return { bytes: chunk };
    return this.#released(() => {
      if (chunk.includes(0)) throw new Error("it holds NUL, which no text has");
      const text = this.#text.push(this.#decoder.decode(chunk, { stream: true }));
      this.#unfinished = partialCharacter(this.#unfinished, chunk);
      return text;
    }, chunk);
  }

  end(): Released {
    if (this.#unread) return { bytes: nothing };
    return this.#released(() => this.#text.push(this.#decoder.decode()) + this.#text.end(), nothing);
  }

  stop(words: string): Released {
    return { bytes: nothing, cut: { words, ended: false } };
  }

  #released(read: () => string, chunk: Uint8Array): Released {
    const { guard, words, onFailure } = this.#options;
    try {
      const bytes = encoder.encode(read());
      return guard.blocked === undefined ? { bytes } : { bytes, cut: { words: words(), ended: false } };
    } catch (error) {
      if (onFailure(error as Error) === "closed")
        return { bytes: nothing, cut: { words: unreadWords(error as Error), ended: false } };
      this.#unread = true;
      guard.letPass();
      return { bytes: Buffer.concat([encoder.encode(this.#text.end()), this.#unfinished, chunk]) };
    }
  }
}

/** Lines longer than this cannot be read, in UTF-16 code units. */
const maxLineLength = 16 * 1024 * 1024;

/** JSON lines. */
export class JsonLinesFilter implements AnswerFilter {
  readonly #options: BodyFilterOptions;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #lines: JsonLines;
  /** An unfinished line. */
  #rest = "";
  #unfinished: Uint8Array = nothing;
  #unread = false;

  constructor(options: BodyFilterOptions, { apart = false }: { readonly apart?: boolean } = {}) {
    this.#options = options;
    this.#lines = new JsonLines(options.guard, apart);
  }

  push(chunk: Uint8Array): Released {
    if (this.#unread) return { bytes: chunk };
    return this.#take(() => this.#decoder.decode(chunk, { stream: true }), chunk, false);
  }

  end(): Released {
    if (this.#unread) return { bytes: nothing };
    return this.#take(() => this.#decoder.decode(), nothing, true);
  }

  stop(words: string): Released {
    return this.#unread ? { bytes: nothing, cut: { words, ended: false } } : cutShort([], words);
  }

  #take(decode: () => string, chunk: Uint8Array, ended: boolean): Released {
    const { guard, words, onFailure } = this.#options;
    const out: string[] = [];
    /** Whole lines with their ends, but for those that have been read. */
    let lines: readonly string[] = [];
    let read = 0;
    guard.begin(); // the lines before have happened, whatever comes of these
    try {
      const text = decode();
      this.#unfinished = partialCharacter(this.#unfinished, chunk);
      chunk = nothing; // it is in `lines` and in what is left of the last one now
      lines = this.#wholeLines(text, ended);
      if (this.#rest.length > maxLineLength) throw new Error(`a line is longer than ${maxLineLength} characters`);
      for (const line of lines) {
        const lineEnd = line.endsWith("\n") ? "\n" : "";
        guard.begin();
        out.push(this.#lines.line(line.slice(0, line.length - lineEnd.length), lineEnd));
        if (guard.blocked !== undefined) return cutShort(out, words());
        read += 1;
      }
      if (!ended) return { bytes: encoder.encode(out.join("")) };
      guard.begin();
      out.push(this.#lines.end());
      return guard.blocked === undefined ? { bytes: encoder.encode(out.join("")) } : cutShort(out, words());
    } catch (error) {
      if (onFailure(error as Error) === "closed") return cutShort(out, unreadWords(error as Error));
      this.#unread = true;
      guard.letPass();
      out.push(
        settled(() => this.#lines.end()),
        lines.slice(read).join(""),
        this.#rest,
      );
      return { bytes: Buffer.concat([encoder.encode(out.join("")), this.#unfinished, chunk]) };
    }
  }

  /** The lines that a text completes, and at the end the last one. What has come in before is not searched again. */
  #wholeLines(text: string, ended: boolean): readonly string[] {
    const lines: string[] = [];
    let at = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", at)) {
      lines.push(this.#rest + text.slice(at, end + 1));
      this.#rest = "";
      at = end + 1;
    }
    this.#rest += text.slice(at);
    if (!ended) return lines;
    lines.push(this.#rest);
    this.#rest = "";
    return lines;
  }
}

/** JSON lines end with a line that says why, as Ollama's do. */
function cutShort(out: readonly string[], words: string): Released {
  const bytes = encoder.encode(`${out.join("")}${JSON.stringify({ error: words })}\n`);
  return { bytes, cut: { words, ended: true } };
}

function unreadWords({ message }: Error): string {
  return `the answer could not be inspected: ${message}`;
}
