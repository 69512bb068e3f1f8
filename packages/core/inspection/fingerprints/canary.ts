/**
 * Canaries: marks planted in training data and in prompts, so that their coming out says what leaked. In: random bytes, or
 * a registry of marks. Out: new marks, or a detector that finds registered ones, also in other case, spaced out, backwards
 * or in base64.
 *
 * A mark is 20 letters and digits in groups of four: 100 bits, which no text holds by chance.
 */
import { CordonError } from "../../errors.ts";
import type { Finding, SpanDetector } from "../finding.ts";
import { createMatcher } from "../matching/aho-corasick.ts";

/** A planted mark and what it stands for, such as the name of a dataset. */
export interface Canary {
  /** The part of the detector's id after `canary/`: letters, digits and hyphens. */
  readonly name: string;
  readonly mark: string;
}

/** Without the letters that are taken for digits (Crockford's base 32). */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const markLength = 20;
/** Signs that a model or a person may put between the characters of a mark. */
const separator = /[\s\-_.,:;*|/~+=#`"'()[\]\\\u00ad\u180e\u200b-\u200f\u2010-\u2015\u2060-\u2064\u2212\u3001\uff0d]/;
let separators: Uint8Array | undefined;
/** The most separators between two characters. */
const maxGap = 6;
/** A mark as `{@link newCanary}` makes it must have this many letters and digits; a registered one of somebody else's, too. */
const leastLength = 12;
const mostLength = 64;

/**
 * A new mark from 13 random bytes: `CNRY-XXXX-XXXX-XXXX-XXXX-XXXX`.
 *
 * @throws CordonError `CONFIG_INVALID` for fewer bytes.
 */
export function newCanary(random: Uint8Array): string {
  if (random.length < 13)
    throw new CordonError("CONFIG_INVALID", `a canary needs 13 random bytes, got ${random.length}`);
  let bits = 0n;
  for (const byte of random.subarray(0, 13)) bits = (bits << 8n) | BigInt(byte);
  let mark = "";
  for (let at = 0; at < markLength; at++) {
    if (at > 0 && at % 4 === 0) mark += "-";
    mark += alphabet.charAt(Number(bits & 31n));
    bits >>= 5n;
  }
  return `CNRY-${mark}`;
}

/**
 * A detector for a registry of marks.
 *
 * @throws CordonError `CONFIG_INVALID` for a mark of fewer than 12 or more than 64 letters and digits.
 */
export function createCanaryDetector(registry: readonly Canary[]): SpanDetector {
  const patterns: string[] = [];
  const names: string[] = [];
  const encoded: string[] = [];
  const encodedNames: string[] = [];
  for (const { name, mark } of registry) {
    const bare = bareOf(mark);
    if (bare.length < leastLength || bare.length > mostLength)
      throw new CordonError("CONFIG_INVALID", `canary \`${name}\` has ${bare.length} letters and digits, not 12 to 64`);
    patterns.push(bare, reversed(bare));
    names.push(name, name);
    for (const form of base64Forms(mark)) {
      encoded.push(form);
      encodedNames.push(name);
    }
  }
  const plain = createMatcher(patterns, (unit) => unit);
  const base64 = createMatcher(encoded, (unit) => unit);
  const longest = Math.max(plain.longest * (maxGap + 1), base64.longest, 1);
  return {
    name: "canary",
    version: "1",
    maxSpan: longest + maxGap + 1,
    detect(text: string): readonly Finding[] {
      if (patterns.length === 0) return [];
      const found: Finding[] = [];
      const squeezed = squeeze(text);
      plain.scan(squeezed.text, (pattern, end) => {
        const length = patterns[pattern]?.length ?? 0;
        if (!squeezed.joined(end - length, end)) return;
        found.push(finding(names[pattern] ?? "", squeezed.at(end - length), squeezed.at(end - 1) + 1));
      });
      base64.scan(text, (pattern, end) =>
        found.push(finding(encodedNames[pattern] ?? "", end - (encoded[pattern]?.length ?? 0), end)),
      );
      return distinct(found);
    },
    openFrom(text: string): number {
      if (patterns.length === 0) return text.length;
      const tail = text.slice(-(longest + maxGap + 1));
      const from = text.length - tail.length;
      const squeezed = squeeze(tail);
      const open = plain.openTail(squeezed.text);
      const plainFrom = open === 0 ? text.length : from + squeezed.at(squeezed.text.length - open);
      return Math.min(plainFrom, text.length - base64.openTail(tail));
    },
  };
}

/** Letters and digits, in capitals. */
function bareOf(mark: string): string {
  return mark.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
}

function reversed(text: string): string {
  return text.split("").toReversed().join("");
}

/** What base64 and base64url make of a mark, at each of the three places in a group that it can begin at. */
function base64Forms(mark: string): string[] {
  const forms = new Set<string>();
  for (const written of new Set([mark, mark.toLowerCase()])) {
    for (let before = 0; before < 3; before++) {
      const bytes = Buffer.concat([Buffer.alloc(before, "x"), Buffer.from(written)]);
      // Characters that also hold bits of a neighbour, before or behind, are left out.
      const from = [0, 2, 3][before] ?? 0;
      const whole = Math.floor((bytes.length * 8) / 6);
      for (const kind of ["base64", "base64url"] as const) forms.add(bytes.toString(kind).slice(from, whole));
    }
  }
  return [...forms];
}

interface Squeezed {
  /** Letters and digits in capitals, and a line end for what is neither that nor a separator. */
  readonly text: string;
  /** Where a character of it stands in the text. */
  at(index: number): number;
  /** Whether no two neighbours of the stretch have more than a few separators between. */
  joined(start: number, end: number): boolean;
}

function squeeze(text: string): Squeezed {
  const places = new Int32Array(text.length);
  const units = new Uint16Array(text.length);
  let count = 0;
  separators ??= Uint8Array.from({ length: 65536 }, (_, unit) => Number(separator.test(String.fromCharCode(unit))));
  for (let at = 0; at < text.length; at++) {
    const written = text.charCodeAt(at);
    if (separators[written] === 1) continue;
    // Full-width letters and digits are what they are.
    const unit = written > 0xff00 && written < 0xff5f ? written - 0xfee0 : written;
    const alphanumeric = (unit >= 48 && unit < 58) || (unit >= 65 && unit < 91) || (unit >= 97 && unit < 123);
    places[count] = at;
    units[count++] = alphanumeric ? (unit >= 97 ? unit - 32 : unit) : 10;
  }
  let out = "";
  for (let from = 0; from < count; from += 8192)
    out += String.fromCharCode(...units.subarray(from, Math.min(count, from + 8192)));
  return {
    text: out,
    at: (index) => places[index] ?? text.length,
    joined(start, end) {
      for (let index = start + 1; index < end; index++)
        if ((places[index] ?? 0) - (places[index - 1] ?? 0) > maxGap + 1) return false;
      return true;
    },
  };
}

/** By start; one where several forms of a mark gave the same span. */
function distinct(found: Finding[]): Finding[] {
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  return found.filter((one, at) => {
    const before = found[at - 1];
    return before === undefined || one.start !== before.start || one.detector !== before.detector;
  });
}

/** OWASP LLM02:2025 Sensitive Information Disclosure; ATLAS AML.T0057 LLM Data Leakage. */
function finding(name: string, start: number, end: number): Finding {
  return {
    detector: `canary/${name}`,
    category: "canary",
    owasp: "LLM02:2025",
    atlas: "AML.T0057",
    start,
    end,
    score: 1,
  };
}
