/**
 * An answer's texts for a judge that is asked about them in pieces. In: the texts as the guard hears them, many at once where
 * choices take turns. Out: pieces of bounded length that overlap, without personal data and secrets: together they hold
 * every text whole. A span that is masked is masked as in the whole text, wherever pieces begin and end.
 */
import { isJsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { SpanDetector } from "../finding.ts";
import { isSensitive, typedPlaceholder } from "../redaction/redact.ts";
import { propertyName, type TextListener } from "./content-guard.ts";
import { HoldBack } from "./hold-back.ts";
import { filterText, type SpanRules } from "./span-rules.ts";

/** Longest piece, in UTF-16 code units. */
export const pieceLength = 8000;
/** Most of a piece that was in one before: what was said before what is new. */
const overlapLength = 2000;
/** What is new in a piece at the most, where it holds one text. */
export const freshLength = pieceLength - overlapLength;

/** Short texts that every event of an answer repeats are taken once. */
const rememberedLength = 256;
const rememberedTexts = 64;

/** Properties whose values are no text of anybody's, where they look like a name. */
const names: ReadonlySet<string> = new Set(
  (
    `${propertyName} id object model type role status created_at finish_reason stop_reason native_finish_reason service_tier ` +
    "system_fingerprint item_id response_id previous_response_id call_id tool_call_id tool_use_id jsonrpc method mimeType"
  ).split(" "),
);

interface Channel {
  /** What is not asked about yet, and as much before it as a piece may overlap. */
  kept: string;
  /** Code units at its end that were in no piece yet. */
  fresh: number;
  over: boolean;
}

export interface Piece {
  readonly text: string;
  /** Code units of it that were in no piece before. */
  readonly fresh: number;
}

export class HeardTexts implements TextListener {
  /** Of an answer that is told apart: whether somebody else than the model has said something in it. */
  saysOthers = false;
  #masking: SpanRules | undefined;
  readonly #channels = new Set<Channel>();
  readonly #open = new Set<{ end(): void }>();
  readonly #fixed: Channel = { kept: "", fresh: 0, over: false };
  readonly #said = new Set<string>();
  #length = 0;
  #fresh = 0;
  #barrier = false;
  #deaf = false;

  constructor() {
    this.#channels.add(this.#fixed);
  }

  /** From now on personal data and secrets are masked that these find. Without it texts are heard as they are. */
  mask(detectors: readonly SpanDetector[]): void {
    this.#masking = maskingRules(detectors);
  }

  /** Nothing more is heard, and nothing is left to take. */
  stop(): void {
    this.#deaf = true;
    this.#channels.clear();
    this.#fresh = 0;
    this.#length = 0;
  }

  /** Code units that were heard, masked as they are. */
  get length(): number {
    return this.#length;
  }

  /** Code units that {@link take} has not given yet. What may still become part of a masked span is not among them. */
  get fresh(): number {
    return this.#fresh;
  }

  open(): { push(piece: string): void; end(): void } {
    if (this.#deaf) return unheard;
    const channel: Channel = { kept: "", fresh: 0, over: false };
    this.#channels.add(channel);
    const hold = this.#masking && new HoldBack(this.#masking);
    const running = {
      push: (piece: string): void => {
        if (!this.#deaf) this.#add(channel, hold === undefined ? piece : hold.push(piece));
      },
      end: (): void => {
        if (!this.#open.delete(running)) return;
        this.#add(channel, hold?.end() ?? "");
        channel.over = true;
        if (channel.fresh === 0) this.#channels.delete(channel);
      },
    };
    this.#open.add(running);
    return running;
  }

  fixed(text: string, name: string): void {
    if (this.#deaf || isOfFormat(text, name) || this.#said.has(text)) return;
    if (text.length <= rememberedLength) {
      if (this.#said.size >= rememberedTexts) this.#said.clear();
      this.#said.add(text);
    }
    this.#add(this.#fixed, `${this.#masked(text)}\n`);
  }

  json(tree: JsonValue): void {
    if (!this.#deaf) this.#add(this.#fixed, `${JSON.stringify(this.#maskedTree(tree))}\n`);
  }

  others(): void {
    this.saysOthers = true;
  }

  barrier(): void {
    this.#barrier = true;
  }

  /** Whether a barrier was met since this was asked last. */
  tookBarrier(): boolean {
    const met = this.#barrier;
    this.#barrier = false;
    return met;
  }

  /** Every text is over: what was kept because a span might go on is there for {@link take}. */
  end(): void {
    for (const running of [...this.#open]) running.end();
  }

  /** The next piece to ask about; undefined where nothing is new. Texts that take turns share one, apart by an empty line. */
  take(): Piece | undefined {
    if (this.#fresh === 0) return undefined;
    const texts: string[] = [];
    let room = pieceLength;
    let fresh = 0;
    for (const channel of this.#channels) {
      if (channel.fresh === 0) continue;
      const start = channel.kept.length - channel.fresh;
      const before = Math.min(start, room >> 2);
      const taken = Math.min(channel.fresh, room - before);
      if (taken <= 0) break;
      texts.push(channel.kept.slice(start - before, start + taken));
      room -= before + taken + 2;
      fresh += taken;
      this.#forget(channel, taken);
    }
    this.#fresh -= fresh;
    return { text: texts.join("\n\n"), fresh };
  }

  #add(channel: Channel, text: string): void {
    if (this.#deaf) return;
    channel.kept += text;
    channel.fresh += text.length;
    this.#length += text.length;
    this.#fresh += text.length;
  }

  #forget(channel: Channel, taken: number): void {
    channel.fresh -= taken;
    if (channel.over && channel.fresh === 0) this.#channels.delete(channel);
    const from = channel.kept.length - channel.fresh - overlapLength;
    if (from > 0) channel.kept = channel.kept.slice(from);
  }

  #masked(text: string): string {
    return this.#masking === undefined ? text : filterText(text, this.#masking).text;
  }

  #maskedTree(value: JsonValue): JsonValue {
    if (typeof value === "string") return this.#masked(value);
    if (typeof value === "number") {
      const masked = this.#masked(String(value));
      return masked === String(value) ? value : masked;
    }
    if (Array.isArray(value)) return value.map((item) => this.#maskedTree(item));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.#masked(name), this.#maskedTree(item)]),
    );
  }
}

const unheard = { push: (): void => undefined, end: (): void => undefined };

/** What was found of somebody's is replaced by a word, as where requests are judged; everything else stands. */
function maskingRules(detectors: readonly SpanDetector[]): SpanRules {
  return {
    detectors,
    decide: (finding) => (isSensitive(finding) && finding.score >= 0.5 ? "mask" : "release"),
    replace: ({ detector }, span) => typedPlaceholder(detector, span),
  };
}

/** Ids, names of fields and kinds, and lines of events: they would hide the text among them. */
function isOfFormat(text: string, name: string): boolean {
  if (/^(?:(?:event|id|retry): ?[\w.:-]{1,128}\r?\n)+$/.test(text)) return true;
  return names.has(name) && /^[\w.:/-]{1,128}$/.test(text);
}
