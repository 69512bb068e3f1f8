/**
 * Payloads inside a pickle: bytes or text that are a pickle themselves. In: a constant of the stream. Out: findings.
 *
 * Handed to a loader in the stream, a payload is scanned as that loader reads it. Lying there as data it does nothing,
 * but no model needs one: it waits for a second stage, and the file is not proven safe. Text is looked at as base64 and
 * hexadecimal too.
 */
import { memorySource, sliceSource, type ByteSource } from "../bytes/byte-source.ts";
import type { Reader, Scan } from "../scan.ts";
import { atlas } from "../verdict.ts";
import type { JudgeContext } from "./judge.ts";
import type { Place } from "./machine.ts";
import { instance } from "./rules/rule.ts";
import { isKind, opaque, type Value } from "./values.ts";
import { tryPickle } from "./whole-pickle.ts";

/** Payloads longer than this are not looked for among constants. */
const maxPayload = 64 * 2 ** 20;
/** Text protocols have no magic number: only short ones are tried. */
const maxTextPayload = 1 << 20;

export function nestedPayload(
  source: ByteSource,
  scan: Scan,
  scanPickle: Reader,
): Pick<JudgeContext, "nested" | "constant"> {
  return {
    nested(payload, loader, place) {
      const bytes = bytesOf(payload, source);
      if (bytes === undefined) {
        scan.report({
          rule: "pickle/nested-unknown",
          verdict: "dangerous",
          atlas: atlas.embeddedMalware,
          offset: place.offset,
          words: "it hands a computed payload to a loader of pickles",
        });
        return opaque("a nested payload");
      }
      scan.part(`${loader}@${place.offset}`, bytes);
      if (loader === "pickle")
        scan.report({
          rule: "pickle/nested-load",
          verdict: "unknown-import",
          atlas: atlas.embeddedMalware,
          offset: place.offset,
          name: "pickle.loads",
          words: "it loads a pickle that is hidden in its data",
        });
      return loader === "torch" ? instance("torch:Tensor") : opaque("a nested pickle's object");
    },
    constant(value, place) {
      for (const candidate of candidates(value, source)) lookInside(candidate, scan, scanPickle, place);
    },
  };
}

function bytesOf(payload: Value, source: ByteSource): ByteSource | undefined {
  if (isKind(payload, "bytes") && !payload.text) return sliceSource(source, payload.offset, payload.length);
  if (isKind(payload, "instance") && payload.of === "builtins:bytes") {
    const text = payload.facts.arguments?.[0];
    if (typeof text === "string") return memorySource(Buffer.from(text, "latin1"));
  }
  return undefined;
}

/** What a constant may hide, where its first bytes do not rule it out. */
function* candidates(value: Value, source: ByteSource): Generator<ByteSource> {
  if (isKind(value, "bytes") && !value.text) {
    if (value.length < 4 || value.length > maxPayload) return;
    const [first = 0, second = 0, third = 0] = source.read(value.offset, 3);
    const binary = first === 0x80 && second >= 1 && second <= 5;
    const text =
      "c(]}S".includes(String.fromCharCode(first)) && (second < 0x80 || third < 0x80) && value.length <= maxTextPayload;
    const ends = source.read(value.offset + value.length - 1, 1)[0] === 0x2e;
    if (binary || (text && ends)) yield sliceSource(source, value.offset, value.length);
    return;
  }
  const text = textOf(value, source);
  if (text === undefined) return;
  if (/^gA[E-Y]/.test(text) && /^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(text))
    yield memorySource(Buffer.from(text, "base64"));
  if (/^800[1-5]/.test(text) && /^[0-9a-fA-F]+$/.test(text)) yield memorySource(Buffer.from(text, "hex"));
}

function textOf(value: Value, source: ByteSource): string | undefined {
  if (typeof value === "string") return value;
  if (!isKind(value, "bytes") || !value.text || value.length > maxTextPayload) return undefined;
  return Buffer.from(source.read(value.offset, value.length)).toString("latin1");
}

function lookInside(payload: ByteSource, scan: Scan, scanPickle: Reader, place: Place): void {
  scan.budget.deeper(() => {
    const { end, imports } = tryPickle(payload, scan.budget);
    if (end !== payload.size && imports === 0) return;
    scan.report({
      rule: "pickle/hidden-payload",
      verdict: "unsupported",
      atlas: atlas.embeddedMalware,
      offset: place.offset,
      words: "a constant is a pickle itself, waiting for somebody to load it",
    });
    const inner: Scan = { ...scan, report: (finding) => scan.report({ ...finding, offset: place.offset }) };
    scanPickle(payload, inner);
  });
}
