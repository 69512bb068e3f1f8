/**
 * `npm run bench -- streams [--quick]`: what filtering an answer costs while it streams. In: an answer of ordinary text in
 * pieces of four characters, as Chat Completions chunks. Out: time a chunk, with and without the filter; the time that the
 * first chunk waits; how much text is held back at a time; and what a delta costs in the gateway's own filter. One process, one
 * thread; the ratio is what travels.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { builtInPartDetectors, builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import { EventStreamFilter } from "@cordon/core/inspection/streaming/answer-filter";
import { ChatCompletionsFraming } from "@cordon/core/inspection/streaming/chat-completions";
import { ContentGuard, type GuardOptions } from "@cordon/core/inspection/streaming/content-guard";
import type { SpanRules } from "@cordon/core/inspection/streaming/span-rules";
import { machine } from "../gateway/machine.ts";
import { measureDeltas } from "./deltas.ts";

const text =
  "Thank you for asking. A transfer to another bank is free when you make it in the app, and takes one working day; a " +
  "transfer abroad costs ten dollars and takes two to four days, depending on where it goes. You can follow it under " +
  "Payments, Transfers. If it has not arrived after five days, write to us with the reference that the app shows, and we " +
  "ask the other bank. Card payments are another matter: the amount is reserved at once and booked when the shop says so. ";

interface Measured {
  readonly microsecondsAChunk: number;
  /** From the first chunk's arrival until its text may be sent. */
  readonly firstMicroseconds: { readonly p50: number; readonly p99: number };
  /** Code units held after a chunk. */
  readonly held: { readonly p50: number; readonly p99: number; readonly max: number };
}

const chunkOf = (content: string): Uint8Array =>
  Buffer.from(
    `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`,
  );

const chunks = (length: number): Uint8Array[] =>
  (
    text
      .repeat(Math.ceil(length / text.length))
      .slice(0, length)
      .match(/.{1,4}/gs) ?? []
  ).map(chunkOf);

export async function benchStreams(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { quick: { type: "boolean", default: false } } });
  const [length, answers] = values.quick ? [1_000, 10] : [4_000, 40];
  const all = chunks(length);
  const sets: Readonly<Record<string, readonly SpanDetector[]>> = {
    "no detectors": [],
    ...Object.fromEntries(
      builtInSpanDetectors.map((each, place) => [`${each.name} ${place + 1} (span ${each.maxSpan})`, [each]]),
    ),
    "all span detectors": builtInSpanDetectors,
  };
  const whole: GuardOptions = {
    whole: {
      mode: "cut",
      maxLength: 1_000_000,
      judge: (said) =>
        builtInPartDetectors.flatMap((each) => [...each.judge({ text: said, origin: "model" }, "response").findings]),
    },
  };
  const results: Record<string, Measured> = {};
  for (const [name, detectors] of Object.entries(sets)) results[name] = measure(all, answers, detectors, {});
  results["everything built in"] = measure(all, answers, builtInSpanDetectors, whole);

  process.stdout.write(
    `${Object.values(machine()).join(", ")}\n${answers} answers of ${length} characters in ${all.length} chunks\n\n`,
  );
  for (const [name, { microsecondsAChunk, firstMicroseconds, held }] of Object.entries(results))
    process.stdout.write(
      `${name.padEnd(28)} ${microsecondsAChunk.toFixed(1).padStart(8)} us a chunk   first ${firstMicroseconds.p50.toFixed(0)} us (p99 ${firstMicroseconds.p99.toFixed(0)})   held ${held.p50} (p99 ${held.p99}, most ${held.max})\n`,
    );

  process.stdout.write(
    `\nin the gateway's filter, tokens on, us a delta (fastest tenth of ${answers} answers)\n${"".padEnd(32)} inspected   nothing looked for   no filter   times nothing looked for\n`,
  );
  const deltas = measureDeltas(text, chunkOf, answers);
  for (const { stream, inspected, unread, unfiltered } of deltas)
    process.stdout.write(
      `${stream.padEnd(32)} ${inspected.toFixed(1).padStart(9)} ${unread.toFixed(1).padStart(20)} ${unfiltered.toFixed(2).padStart(11)} ${(inspected / unread).toFixed(1).padStart(26)}\n`,
    );
  mkdirSync("bench/results", { recursive: true });
  writeFileSync("bench/results/streams.json", `${JSON.stringify({ machine: machine(), results, deltas }, null, 2)}\n`);
}

function measure(
  all: readonly Uint8Array[],
  answers: number,
  detectors: readonly SpanDetector[],
  options: GuardOptions,
): Measured {
  const rules: SpanRules = { detectors, decide: () => "release", replace: () => "" };
  const first: number[] = [];
  const held: number[] = [];
  let spent = 0;
  for (let answer = -2; answer < answers; answer++) {
    const guard = new ContentGuard(rules, options);
    const filter = new EventStreamFilter({
      guard,
      framing: new ChatCompletionsFraming(guard),
      words: () => "",
      onFailure: (error) => {
        throw error;
      },
    });
    const began = performance.now();
    let sent = 0;
    let said = 0;
    let isFirst = true;
    for (const chunk of all) {
      const { bytes } = filter.push(chunk);
      if (answer < 0) continue; // the first two warm it up
      said += 4;
      sent += textIn(bytes);
      if (isFirst && sent > 0) {
        first.push((performance.now() - began) * 1000);
        isFirst = false;
      }
      held.push(said - sent);
    }
    filter.end();
    if (answer >= 0) spent += performance.now() - began;
  }
  return {
    microsecondsAChunk: (spent * 1000) / answers / all.length,
    firstMicroseconds: { p50: quantile(first, 0.5), p99: quantile(first, 0.99) },
    held: { p50: quantile(held, 0.5), p99: quantile(held, 0.99), max: Math.max(...held) },
  };
}

/** How much of the answer's text is in what was sent. */
function textIn(bytes: Uint8Array): number {
  const content = /"content":("(?:[^"\\]|\\.)*")/.exec(Buffer.from(bytes).toString())?.[1];
  return content === undefined ? 0 : (JSON.parse(content) as string).length;
}

function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0;
}
