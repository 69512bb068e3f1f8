/**
 * `cordon data tokenize`: personal data and secrets in a text become tokens that stand for them. In: a text on standard
 * input. Out: the text with tokens, as it arrives. What is not sealed is not written: a refusal ends the output before it.
 */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import type { FindingCategory } from "@cordon/core/inspection/finding";
import { placeholderName, redactionSpans } from "@cordon/core/inspection/redaction/redact";
import { tokenShapes } from "@cordon/core/inspection/redaction/token-format";
import { replaced, settledStretches, type Seeker, type Span, type Stretch } from "../../data/settled-text.ts";
import { groupsOf, openDesk, tokenOptions, tokenUsage, write } from "../../data/token-options.ts";
import type { Io } from "../../io.ts";
import { linesOf } from "../../inspect/lines.ts";

const usage = `Usage: cordon data tokenize --as COMPONENT --on COMPONENT --namespace NAME --scope SCOPE [OPTIONS] < TEXT > TEXT
       cordon data tokenize --me --on COMPONENT --scope SCOPE [OPTIONS] < TEXT > TEXT

Puts tokens in the place of personal data and secrets, so that the text can be worked with by whom the values do not
concern. The same value is the same token within a scope. Whoever asks needs policy's permit for \`write\` on what is
asked about; each batch of values is a decision, and in the ledger.

${tokenUsage}  --lifetime-hours N   a token opens for at least this long, and for less than twice as long (default: 24)
  --only CATEGORIES    pii, secret, or both with a comma between (default: both)
  --lines TYPE         do not search: each line is one value, of this type (such as pii/customer-number)

A value too long for a token becomes \`[TYPE]\`, for good; how many is said on standard error.
Exit code: 0 fine, 1 some values were too long, 2 refused or failed: the text ends before what was not sealed.
`;

interface Found extends Span {
  readonly detector: string;
}

const categories = ["pii", "secret"] as const;

/** Runs the command. */
export async function run(args: readonly string[], io: Io, input?: AsyncIterable<Uint8Array>): Promise<0 | 1 | 2> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...tokenOptions,
      "lifetime-hours": { type: "string", default: "24" },
      only: { type: "string", default: categories.join(",") },
      lines: { type: "string" },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const lifetimeHours = hours(values["lifetime-hours"]);
  const desk = await openDesk(values, process.env);
  let tooLong = 0;
  const sealed = async (found: readonly { detector: string; value: string }[]): Promise<Map<string, string>> => {
    const tokens = new Map<string, string>();
    const distinct = [...new Map(found.map((each) => [keyOf(each.detector, each.value), each])).entries()];
    for (const group of groupsOf(distinct, desk.atOnce)) {
      const fitting = group.flatMap(([, { detector, value }]) =>
        value.length > longestAsked
          ? []
          : [[detector, categoryOf(detector), value] as [string, FindingCategory, string]],
      );
      const answer = fitting.length === 0 ? [] : (await desk.seal({ lifetimeHours, values: fitting })).tokens;
      fitting.forEach(([detector, , value], at) => {
        const token = answer[at];
        if (typeof token === "string") tokens.set(keyOf(detector, value), token);
      });
    }
    return tokens;
  };
  const instead = (tokens: Map<string, string>, detector: string, value: string): string => {
    const token = tokens.get(keyOf(detector, value));
    if (token === undefined) tooLong += 1;
    return token ?? `[${placeholderName(detector)}]`;
  };
  const chunks = input ?? (process.stdin as AsyncIterable<Uint8Array>);
  if (values.lines === undefined) {
    for await (const stretch of settledStretches(chunks, sensitive(onlyOf(values.only)))) {
      const tokens = await sealed(valuesOf(stretch));
      await write(
        io,
        replaced(stretch, ({ detector }, value) => instead(tokens, detector, value)),
      );
    }
  } else {
    const detector = typeOf(values.lines);
    for await (const { number, text, problem } of linesOf(chunks)) {
      if (text === undefined) throw new CordonError("REQUEST_MALFORMED", `line ${number} ${problem}`);
      const tokens = await sealed([{ detector, value: text }]);
      await write(io, `${instead(tokens, detector, text)}\n`);
    }
  }
  if (tooLong === 0) return 0;
  io.stderr(`${tooLong} value${tooLong === 1 ? " is" : "s are"} too long for a token and cannot be had back\n`);
  return 1;
}

/** What the control plane takes; a token holds less. */
const longestAsked = 256;

function sensitive(only: ReadonlySet<FindingCategory>): Seeker<Found> {
  const detectors = builtInSpanDetectors;
  return {
    maxSpan: Math.max(...detectors.map(({ maxSpan }) => maxSpan)),
    spans(text, from) {
      const shapes = tokenShapes(text);
      const findings = detectors
        .flatMap((detector) => detector.detect(text, from))
        .filter(({ category }) => only.has(category))
        // A token looks like a secret, and is none.
        .filter(({ start, end }) => !shapes.some((shape) => shape.start <= start && end <= shape.end));
      return redactionSpans(findings);
    },
    openFrom: (text) => Math.min(...detectors.map((detector) => detector.openFrom(text))),
  };
}

function valuesOf({ text, spans }: Stretch<Found>): { detector: string; value: string }[] {
  return spans.map(({ start, end, detector }) => ({ detector, value: text.slice(start, end) }));
}

function keyOf(detector: string, value: string): string {
  return `${detector} ${value}`;
}

function categoryOf(detector: string): FindingCategory {
  return detector.startsWith("secret/") ? "secret" : "pii";
}

function onlyOf(text: string): ReadonlySet<FindingCategory> {
  const asked = text.split(",");
  const known = categories.filter((category) => asked.includes(category));
  if (known.length === 0 || known.length !== new Set(asked).size)
    throw new CordonError("USAGE", `--only ${text}: pii, secret, or both with a comma between is expected`);
  return new Set(known);
}

function typeOf(text: string): string {
  if (/^(?:pii|secret)\/[a-z0-9-]{1,40}$/.test(text)) return text;
  throw new CordonError("USAGE", `--lines ${text}: a type such as \`pii/customer-number\` is expected`);
}

function hours(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 8784) return value;
  throw new CordonError("USAGE", `--lifetime-hours ${text}: whole hours from 1 to 8784 are expected`);
}
