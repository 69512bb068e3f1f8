/**
 * `cordon data detokenize`: what tokens in a text stand for, put back as policy lets a component or a person. In: a text on standard
 * input. Out: the text with values; for each token that stays closed, a line on standard error that says why.
 */
import { parseArgs } from "node:util";
import type { OpenResponse, TokenRefusal } from "@cordon/core/contract/token-api";
import { maxTokenLength, openTokenFrom, tokenShapes } from "@cordon/core/inspection/redaction/token-format";
import { replaced, settledStretches, type Seeker, type Span } from "../../data/settled-text.ts";
import { groupsOf, openDesk, tokenOptions, tokenUsage, write, type Desk } from "../../data/token-options.ts";
import type { Io } from "../../io.ts";

const usage = `Usage: cordon data detokenize --as COMPONENT --on COMPONENT --namespace NAME --scope SCOPE [OPTIONS] < TEXT > TEXT
       cordon data detokenize --me --on COMPONENT --scope SCOPE < TEXT > TEXT

Puts the values back where tokens stand. Whoever asks needs policy's permit for \`detokenize\` on what is asked about, as at
the gateway; each batch of tokens is a decision, and in the ledger. A token that does not open stays, and standard error says why:
it has expired, is of another scope or namespace, or is none that was made here for whoever asks.

${tokenUsage}
Exit code: 0 all opened (or there were none), 1 some stayed, 2 refused or failed.
`;

/** Tokens named on standard error; the rest are counted. */
const mostNamed = 100;

/** Runs the command. */
export async function run(args: readonly string[], io: Io, input?: AsyncIterable<Uint8Array>): Promise<0 | 1 | 2> {
  const { values } = parseArgs({ args: [...args], options: tokenOptions });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const desk = await openDesk(values, process.env);
  const stayed = new Set<string>();
  let more = 0;
  for await (const stretch of settledStretches(input ?? (process.stdin as AsyncIterable<Uint8Array>), tokens)) {
    const distinct = [...new Set(stretch.spans.map(({ start, end }) => stretch.text.slice(start, end)))];
    const opened = new Map<string, OpenResponse["values"][number]>();
    for (const group of groupsOf(distinct, desk.atOnce)) {
      const answer = await desk.open(group);
      group.forEach((token, at) => opened.set(token, answer.values[at] ?? { refused: "unknown" }));
    }
    await write(
      io,
      replaced(stretch, (_span, token) => {
        const found = opened.get(token);
        return found !== undefined && "value" in found ? found.value : undefined;
      }),
    );
    for (const [token, found] of opened) {
      if ("value" in found || stayed.has(token)) continue;
      if (stayed.size >= mostNamed) more += 1;
      else {
        stayed.add(token);
        io.stderr(`${token} ${wordsFor(found.refused, desk)}\n`);
      }
    }
  }
  if (more > 0) io.stderr(`and ${more} more tokens stayed\n`);
  return stayed.size > 0 ? 1 : 0;
}

/** Shapes may overlap: each is asked about, and of two that open the first counts. */
const tokens: Seeker<Span> = {
  maxSpan: maxTokenLength,
  spans: (text) => tokenShapes(text),
  openFrom: openTokenFrom,
};

function wordsFor(refused: TokenRefusal, { asker, namespace, scope }: Desk): string {
  switch (refused) {
    case "expired":
      return "has expired; nobody can open it any more";
    case "scope":
      return `is of another scope than \`${scope}\`, or of ${asker === "person" ? "a" : "another"} component of \`${namespace}\``;
    case "namespace":
      return `is of another namespace than \`${namespace}\``;
    case "unknown":
      return `was not made here, was altered, or is of ${asker === "person" ? "another" : "a"} person's own conversation`;
    default:
      return "stays closed";
  }
}
