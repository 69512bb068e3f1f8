/**
 * What stands between an answer and its client. In: the texts of an answer, running and fixed. Out: what may be released
 * of each. One guard an answer: once any of its texts is blocked the answer is, and its framing ends it.
 */
import { isLongNumber } from "../../contract/long-numbers.ts";
import type { JsonValue } from "../../contract/strict-json.ts";
import type { Finding } from "../finding.ts";
import { parseAnswer } from "./framing.ts";
import { objectOf } from "../names-apart.ts";
import { isSentence } from "../subject.ts";
import { behindEscapes } from "./behind-escapes.ts";
import { isBinary } from "./binary.ts";
import { formatWords } from "./format-words.ts";
import { HoldBack } from "./hold-back.ts";
import { WholeText, type WholeTexts } from "./whole-text.ts";
import { filterText, type SpanRules } from "./span-rules.ts";
import {
  isModels,
  isPlainSpeech,
  rootVoice,
  rootWay,
  toItem,
  toProperty,
  Turns,
  under,
  type Voice,
  type Way,
} from "./voices.ts";

/** A text that arrives in pieces. */
export interface RunningText {
  /**
   * @param own whether the piece is the model's own, where an answer is told apart by that: a text is if all of its pieces are. As the
   *   piece before, where that is not said; the first one then is not
   */
  push(piece: string, own?: boolean): string;
  end(): string;
  /** Code units that have come in and are not released. */
  readonly held: number;
  /** Whether what came out is other than what went in. */
  readonly changed: boolean;
}

/** Texts longer than this are not remembered by value. */
const rememberedLength = 256;
const rememberedTexts = 64;
/** Texts that are remembered because an answer repeats them, in UTF-16 code units together. */
const maxKnownLength = 4 * 1024 * 1024;
/** Texts shorter than this say nothing by themselves, as wholes or as a piece of a text. */
export const shortestAlone = 16;
/** Numbers below this are too short to identify anybody. */
const leastIdentifying = 100_000;
const maxDepth = 64;

/** Hears an answer's texts as they come in, before anything of them is masked. It may throw: then they cannot be read. */
export interface TextListener {
  /** A text begins that arrives in pieces. */
  open(): { push(piece: string): void; end(): void };
  /** A text that is there whole. @param name of the property that holds it, {@link propertyName} or {@link linesName} */
  fixed(text: string, name: string): void;
  /** JSON that a text holds, such as a tool call's arguments. */
  json(tree: JsonValue): void;
  /** Of an answer that is told apart: what comes next is not the model's. */
  others(): void;
  /** What comes out next is acted on, such as a tool call, or ends the answer. */
  barrier(): void;
}

/** Stands for the name of a property where that is the text; and for the lines of an event that are not data. */
export const propertyName = "#name";
export const linesName = "#lines";

export interface GuardOptions {
  readonly listener?: TextListener | undefined;
  /** Whether the answer repeats its texts: each is then judged once. Not where they are told apart. */
  readonly repeats?: boolean;
  /** Whether the texts of the answer are told apart by who says them (`voices.ts`). */
  readonly toldApart?: boolean;
  readonly whole?: WholeTexts;
  /** Called for a text that holds something else, in base64. A finding that it returns blocks. */
  readonly onBinary?: () => Finding | undefined;
  /** Called before each text with its length; throws when there has been enough. */
  readonly onText?: (length: number) => void;
}

export class ContentGuard {
  readonly #rules: SpanRules;
  readonly #whole: WholeTexts | undefined;
  readonly #onText: ((length: number) => void) | undefined;
  readonly #onBinary: (() => Finding | undefined) | undefined;
  #listener: TextListener | undefined;
  #blocked: Finding | undefined;
  #passing = false;
  #done: (() => void)[] | undefined;
  /** Short texts that were found to need nothing, such as ids that every event repeats. */
  readonly #clean = new Set<string>();
  /** Whether its texts are told apart by who says them. */
  readonly isToldApart: boolean;
  /** Who says what is read now, before it says so itself. */
  voice: Voice;
  readonly #turns = new Turns();
  /** What became of long texts, where answers say them more than once. */
  readonly #known: Map<string, string> | undefined;
  #knownLength = 0;

  constructor(
    rules: SpanRules,
    { listener, repeats = false, toldApart = false, whole, onText, onBinary }: GuardOptions = {},
  ) {
    this.#rules = rules;
    this.#listener = listener;
    this.#whole = whole;
    this.#onText = onText;
    this.#onBinary = onBinary;
    this.isToldApart = toldApart;
    this.voice = toldApart ? rootVoice : "others";
    this.#known = repeats && !toldApart ? new Map() : undefined;
  }

  /** The finding that ends the answer. */
  get blocked(): Finding | undefined {
    return this.#blocked;
  }

  /** Whether somebody hears the answer's texts. */
  get isHeard(): boolean {
    return this.#listener !== undefined;
  }

  /** What comes out next is acted on, or ends the answer. */
  barrier(): void {
    this.#listener?.barrier();
  }

  /** An event begins: until the next one, {@link letPass} undoes what it did. */
  begin(): void {
    if (this.#done === undefined) this.#done = [];
    else this.#done.length = 0;
  }

  /** Tells how to undo what the event that is under way has just done. */
  undoable(undo: () => void): void {
    this.#done?.push(undo);
  }

  /**
   * Nothing is looked at any more: a text that is open gives what it holds at its end, as it came. The event that failed
   * has not happened: it is still with whoever brought it.
   */
  letPass(): void {
    this.#passing = true;
    for (const undo of this.#done?.toReversed() ?? []) undo();
    this.#done = undefined;
  }

  /**
   * Opens a text that arrives in pieces.
   *
   * @param inEvents whether its pieces come in events that are perhaps messages of their own: then each is read by itself as well,
   *   and the text may go on for ever, so that no more of it is judged at once than some pages
   */
  open({ inEvents = false }: { readonly inEvents?: boolean } = {}): RunningText {
    const hold = new HoldBack(this.#rules);
    const heard = this.#listener?.open();
    const judges = this.#whole;
    let isOwn = true;
    let wasOwn = !this.isToldApart;
    const judged =
      judges &&
      new WholeText(
        { ...judges, judge: (text) => judges.judge(text, isOwn) },
        (finding) => this.#decides(finding),
        inEvents,
      );
    let whole = "";
    let released = "";
    /** What was not sent of a text that could not be read, as it came; unset while it is read. */
    let held: string | undefined;
    const unsent = (out: string): string => (judged?.rest ?? "") + out + hold.rest;
    const without = (piece: string, text: string): string =>
      text.endsWith(piece) ? text.slice(0, text.length - piece.length) : text;
    const through = (piece: string, out: string): string => {
      if (hold.blocked !== undefined) this.#blocked ??= hold.blocked;
      if (this.#known === undefined || whole.length > maxKnownLength) return out;
      whole += piece;
      released += out;
      return out;
    };
    return {
      push: (piece, own = wasOwn && (!this.isToldApart || this.voice !== "others")) => {
        wasOwn = own;
        if (isOwn && !own) judged?.forget();
        if (this.isToldApart && !own) this.#listener?.others();
        isOwn &&= own;
        let out = "";
        let isTaken = false;
        const alone = inEvents && piece.length >= shortestAlone;
        try {
          this.#onText?.(piece.length);
          if (alone) this.#isJudged(piece, own);
          heard?.push(piece);
          isTaken = true;
          out = through(piece, hold.push(piece, alone));
          const sent = judged === undefined ? out : judged.push(piece, out);
          this.#done?.push(() => (held = without(piece, sent + (held ?? unsent("")))));
          return sent;
        } catch (error) {
          // The piece itself is still with whoever brought it.
          held = isTaken ? without(piece, unsent(out)) : unsent("");
          throw error;
        }
      },
      end: () => {
        if (this.#passing) {
          const last = held ?? unsent("");
          held = "";
          return last;
        }
        let rest = "";
        try {
          heard?.end();
          rest = through("", hold.end());
          const out = judged === undefined ? rest : judged.end(rest);
          if (hold.blocked === undefined) this.#remember(whole, released);
          held = "";
          this.#done?.push(() => (held = out));
          return out;
        } catch (error) {
          held = unsent(rest);
          throw error;
        }
      },
      get held() {
        return hold.held + (judged?.held ?? 0);
      },
      get changed() {
        return hold.changed;
      },
    };
  }

  /** A text that is there whole. @param name of the property that holds it. @param own whether the model wrote it */
  fixed(text: string, name = "", own = false): string {
    if (text.length < 4 || this.#passing) return text;
    // To look a long text up is to read all of it.
    if (text.length <= rememberedLength) {
      if (formatWords.has(text)) return text;
      if (this.#clean.has(text)) {
        this.#listener?.fixed(text, name);
        return text;
      }
    }
    const known = this.#known?.get(text);
    if (known !== undefined) return known;
    if (isBinary(text)) {
      this.#blocked ??= this.#onBinary?.();
      return text;
    }
    return this.page(text, name, own);
  }

  /** A text that is there whole, and is a whole answer: it is read, whatever it looks like. */
  page(text: string, name = "", own = false): string {
    this.#onText?.(text.length);
    if (this.isToldApart && !own && isSentence(text)) this.#listener?.others();
    this.#listener?.fixed(text, name);
    if (this.#isJudged(text, own)) return "";
    const filtered = filterText(text, this.#rules);
    if (filtered.blocked !== undefined) this.#blocked ??= filtered.blocked;
    else if (this.#known !== undefined && filtered.text !== text) this.#remember(text, filtered.text);
    else if (filtered.text === text && text.length <= rememberedLength && !(own && this.isToldApart)) {
      // What only the model may say is not remembered: others may say it too.
      if (this.#clean.size >= rememberedTexts) this.#clean.clear();
      this.#clean.add(text);
    }
    return filtered.text;
  }

  /**
   * A tree of JSON, every string and every name and long number in it. Returns the same tree where nothing changed.
   *
   * @param skip names of properties that are left alone
   * @param inJson names of properties whose strings hold JSON
   * @param voice who says it, where the answer is told apart by that
   */
  tree(value: JsonValue, skip: Names = nothing, inJson: Names = nothing, voice: Voice = this.voice): JsonValue {
    // A whole answer, or event, that is one text.
    if (typeof value === "string") return this.fixed(value, "", isModels(voice) && isPlainSpeech(value));
    return this.#tree(value, skip, inJson, voice, rootWay, 0);
  }

  #tree(value: JsonValue, skip: Names, inJson: Names, voice: Voice, way: Way, depth: number): JsonValue {
    if (typeof value === "string") return this.fixed(value, "", isModels(voice));
    if (typeof value === "number") return this.#number(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > maxDepth) throw new Error(`the answer nests deeper than ${maxDepth} levels`);
    if (isLongNumber(value)) {
      const filtered = this.fixed(value.rawJSON);
      return filtered === value.rawJSON ? value : filtered;
    }
    if (Array.isArray(value)) {
      let copy: JsonValue[] | undefined;
      for (let index = 0; index < value.length; index++) {
        const item = value[index] as JsonValue;
        const to = this.isToldApart ? toItem(way, item, index) : way;
        const filtered = this.#tree(item, skip, inJson, voice, to, depth + 1);
        if (filtered !== item) (copy ??= value.slice())[index] = filtered;
      }
      return copy ?? value;
    }
    let changed = false;
    const here = this.isToldApart ? this.#turns.within(voice, value, way) : voice;
    const entries: [string, JsonValue][] = [];
    for (const [name, item] of Object.entries(value)) {
      let filtered = item;
      const inner = this.isToldApart ? under(here, name) : here;
      if (typeof item === "string" && inJson.has(name)) filtered = this.json(item, inner);
      else if (!skip.has(name))
        filtered =
          typeof item === "string"
            ? this.fixed(item, name, isModels(inner))
            : this.#tree(item, skip, inJson, inner, this.isToldApart ? toProperty(way, name) : way, depth + 1);
      const filteredName = this.fixed(name, propertyName, here === "arguments");
      changed ||= filtered !== item || filteredName !== name;
      entries.push([filteredName, filtered]);
    }
    return changed ? objectOf(entries) : value;
  }

  /**
   * A text that holds JSON, such as a tool call's arguments: escapes hide nothing from it. Where it is not JSON it is
   * read as text, as it stands and with its escapes undone, and blocked if the latter shows anything that is not masked.
   *
   * @param voice who says it, where the answer is told apart by that
   */
  json(text: string, voice: Voice = "arguments"): string {
    if (this.#passing) return text;
    let tree: JsonValue;
    try {
      tree = parseAnswer(text);
    } catch {
      const filtered = this.fixed(text, "", isModels(voice));
      if (text.includes("\\")) this.#blocked ??= behindEscapes(text, this.#rules);
      return filtered;
    }
    if (this.isToldApart && !isModels(voice)) this.#listener?.others();
    this.#listener?.json(tree);
    const listener = this.#listener;
    this.#listener = undefined; // it has heard all of it
    const filtered = this.tree(tree, nothing, nothing, voice);
    this.#listener = listener;
    return filtered === tree ? text : JSON.stringify(filtered);
  }

  /** Whether a judge of whole texts ends the answer. */
  #isJudged(text: string, own: boolean): boolean {
    if (this.#whole === undefined || text.length < shortestAlone) return false;
    return this.#whole.judge(text, own).some((finding) => this.#decides(finding));
  }

  /** What is found in a whole text cannot be masked: it blocks, or stands. */
  #decides(finding: Finding): boolean {
    if (this.#rules.decide(finding) === "release") return false;
    this.#blocked ??= finding;
    return true;
  }

  #remember(text: string, filtered: string): void {
    if (this.#known === undefined || text.length + this.#knownLength > maxKnownLength) return;
    if (!this.#known.has(text)) this.#knownLength += text.length;
    this.#known.set(text, filtered);
  }

  #number(value: number): JsonValue {
    // A fraction is a measure, as the numbers of a vector are: it names nobody.
    if (!Number.isInteger(value) || Math.abs(value) < leastIdentifying) return value;
    const text = String(value);
    const filtered = this.fixed(text);
    return filtered === text ? value : filtered;
  }
}

type Names = ReadonlySet<string>;
const nothing: Names = new Set();
