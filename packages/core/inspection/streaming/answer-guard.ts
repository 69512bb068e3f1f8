/**
 * What stands between an answer and its client. In: the texts of an answer, running and fixed. Out: what may be released
 * of each. One guard an answer: once any of its texts is blocked the answer is, and its framing ends it.
 */
import { parseStrictJson, type JsonValue } from "../../contract/strict-json.ts";
import type { Finding } from "../finding.ts";
import { HoldBack } from "./hold-back.ts";
import { filterText, type SpanRules } from "./span-rules.ts";

/** A text that arrives in pieces. */
export interface RunningText {
  push(piece: string): string;
  end(): string;
  /** Code units that have come in and are not released. */
  readonly held: number;
}

/** Texts longer than this are not remembered by value. */
const rememberedLength = 256;
const rememberedTexts = 64;
/** Digits that make a number worth reading: shorter ones identify nobody. */
const identifyingDigits = 6;
const maxDepth = 64;

export class AnswerGuard {
  readonly #rules: SpanRules;
  #blocked: Finding | undefined;
  /** Short texts that were found to need nothing, such as ids that every event repeats. */
  readonly #clean = new Set<string>();

  constructor(rules: SpanRules) {
    this.#rules = rules;
  }

  /** The finding that ends the answer. */
  get blocked(): Finding | undefined {
    return this.#blocked;
  }

  /** Opens a text that arrives in pieces. */
  open(): RunningText {
    const hold = new HoldBack(this.#rules);
    const through = (out: string): string => {
      if (hold.blocked !== undefined) this.#blocked ??= hold.blocked;
      return out;
    };
    return {
      push: (piece) => through(hold.push(piece)),
      end: () => through(hold.end()),
      get held() {
        return hold.held;
      },
    };
  }

  /** A text that is there whole. */
  fixed(text: string): string {
    if (text.length < 4 || this.#clean.has(text)) return text;
    const filtered = filterText(text, this.#rules);
    if (filtered.blocked !== undefined) this.#blocked ??= filtered.blocked;
    else if (filtered.text === text && text.length <= rememberedLength) {
      if (this.#clean.size >= rememberedTexts) this.#clean.clear();
      this.#clean.add(text);
    }
    return filtered.text;
  }

  /**
   * A tree of JSON, every string and every name and long number in it. Returns the same tree where nothing changed.
   *
   * @param skip names of properties that are left alone
   */
  tree(value: JsonValue, skip: ReadonlySet<string> = nothing, depth = 0): JsonValue {
    if (typeof value === "string") return this.fixed(value);
    if (typeof value === "number") return this.#number(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > maxDepth) throw new Error(`the answer nests deeper than ${maxDepth} levels`);
    if (Array.isArray(value)) {
      let copy: JsonValue[] | undefined;
      for (let index = 0; index < value.length; index++) {
        const item = value[index] as JsonValue;
        const filtered = this.tree(item, skip, depth + 1);
        if (filtered !== item) (copy ??= value.slice())[index] = filtered;
      }
      return copy ?? value;
    }
    let changed = false;
    const entries: [string, JsonValue][] = [];
    for (const [name, item] of Object.entries(value)) {
      const filtered = skip.has(name) ? item : this.tree(item, skip, depth + 1);
      const filteredName = this.fixed(name);
      changed ||= filtered !== item || filteredName !== name;
      entries.push([filteredName, filtered]);
    }
    return changed ? Object.fromEntries(entries) : value;
  }

  /**
   * A text that holds JSON, such as a tool call's arguments: escapes hide nothing from it. Where it is not JSON it is
   * read as text, as it stands and with its escapes undone, and blocked if only the latter shows something.
   */
  json(text: string): string {
    let tree: JsonValue;
    try {
      tree = parseStrictJson(Buffer.from(text, "utf8"));
    } catch {
      const filtered = this.fixed(text);
      if (text.includes("\\")) {
        const undone = unescaped(text);
        const again = filterText(undone, this.#rules);
        if (again.blocked !== undefined || (again.text !== undone && filtered === text))
          this.#blocked ??= again.blocked ?? anyFinding(undone, this.#rules);
      }
      return filtered;
    }
    const filtered = this.tree(tree);
    return filtered === tree ? text : JSON.stringify(filtered);
  }

  #number(value: number): JsonValue {
    const text = String(value);
    if (text.length < identifyingDigits) return value;
    const filtered = this.fixed(text);
    return filtered === text ? value : filtered;
  }
}

const nothing: ReadonlySet<string> = new Set();

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, plain: string | undefined) =>
    hex === undefined ? (plain ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function anyFinding(text: string, rules: SpanRules): Finding | undefined {
  for (const detector of rules.detectors)
    for (const finding of detector.detect(text)) if (rules.decide(finding) !== "release") return finding;
  return undefined;
}
