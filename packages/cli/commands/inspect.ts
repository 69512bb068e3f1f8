/** `cordon inspect`: verdicts for texts on standard input, one JSON line each, in order. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { builtInInspection } from "@cordon/core/inspection/detectors";
import { inspect, type Direction, type InspectOptions } from "@cordon/core/inspection/inspect";
import { linesOf } from "../inspect/lines.ts";
import { formatAnswer, parseRow, type Row } from "../inspect/row.ts";
import type { Io } from "../io.ts";

const usage = `usage: cordon inspect --direction request|response --jsonl < ROWS

Each line is {"id","text"} or {"id","messages"}. For each, in order, a line is written:
  {"id","verdict":"allow|flag|block","score","findings":[{"detector","category","owasp","atlas","start","end","score"}],"redacted"}
Offsets are UTF-16 code units. With messages, a finding also names its \`message\` and the \`path\` of its string.
A line that cannot be read gets no answer: it is named on standard error, and the rest is judged.

Without --jsonl, standard input is one text.
Exit code: 0 all allowed, 1 something was flagged or blocked, 2 a line could not be read, or failure.
`;

export async function run(args: readonly string[], io: Io, input?: AsyncIterable<Uint8Array>): Promise<0 | 1 | 2> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      direction: { type: "string" },
      jsonl: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    io.stdout(usage);
    return 0;
  }
  const options = builtInInspection(parseDirection(values.direction));
  const chunks = input ?? (process.stdin as AsyncIterable<Uint8Array>);
  return values.jsonl ? inspectLines(chunks, options, io) : inspectOne(chunks, options, io);
}

function parseDirection(direction: string | undefined): Direction {
  if (direction === "request" || direction === "response") return direction;
  throw new CordonError("USAGE", "--direction is `request` or `response`: say which way the text travels");
}

/** Written together, so that tens of thousands of short answers are not as many system calls. */
const batchCharacters = 64 * 1024;

async function inspectLines(chunks: AsyncIterable<Uint8Array>, options: InspectOptions, io: Io): Promise<0 | 1 | 2> {
  let found = false;
  let unread = 0;
  let batch = "";
  const flush = async (): Promise<void> => {
    if (batch !== "") io.stdout(batch);
    batch = "";
    // A slow reader stops our reading too.
    if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
  };
  for await (const { number, text, problem } of linesOf(chunks)) {
    const row = text === undefined ? problem : parseRow(text);
    if (typeof row === "string") {
      unread += 1;
      io.stderr(`error INPUT: line ${number} ${row}; it has no answer\n`);
      continue;
    }
    const answer = answerTo(row, options);
    if (answer instanceof Error) {
      unread += 1;
      io.stderr(`error INPUT: line ${number} could not be judged (${answer.message}); it has no answer\n`);
      continue;
    }
    found ||= answer.found;
    batch += answer.line;
    if (batch.length >= batchCharacters) await flush();
  }
  await flush();
  if (unread > 0) io.stderr(`${unread} line${unread === 1 ? "" : "s"} could not be read\n`);
  return unread > 0 ? 2 : found ? 1 : 0;
}

/** An error where the row cannot be judged or written again, such as one that is nested thousands deep: others are not to suffer from it. */
function answerTo({ id, subject }: Row, options: InspectOptions): { found: boolean; line: string } | Error {
  try {
    const result = inspect(subject, options);
    return { found: result.verdict !== "allow", line: formatAnswer(id, result) };
  } catch (error) {
    return error as Error;
  }
}

/** The whole of standard input as one text, answered for people. */
async function inspectOne(chunks: AsyncIterable<Uint8Array>, options: InspectOptions, io: Io): Promise<0 | 1> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  const { verdict, score, findings } = inspect({ text: Buffer.concat(pieces).toString("utf8") }, options);
  io.stdout(`${verdict} (score ${score.toFixed(3)})\n`);
  for (const { detector, category, owasp, start, end, score: each } of findings)
    io.stdout(`  ${detector}  ${category}  ${owasp}  characters ${start} to ${end}  ${each.toFixed(3)}\n`);
  return verdict === "allow" ? 0 : 1;
}
