/**
 * What a delta of a streaming answer costs in the gateway's own filter, tokens on, everything built in looked for. In: how many
 * answers. Out: microseconds a delta for three kinds of stream, beside the same stream with nothing looked for and with no filter
 * at all, taken in turns in one run.
 */
import { createSecretKey, randomBytes } from "node:crypto";
import { inspectionSchema, inspectionSettings } from "@cordon/core/contract/inspection-schema";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { builtInPartDetectors, builtInSpanDetectors } from "@cordon/core/inspection/detectors";
import { createTokenSealer } from "@cordon/core/inspection/redaction/token-sealer";
import { openInspection } from "@cordon/gateway/inspection/open-inspection";
import type { Detectors } from "@cordon/gateway/inspection/rules";
import { Screening } from "@cordon/gateway/inspection/screening";
import { percentile } from "../gateway/statistics.ts";

const who = "spiffe://bench.example/agent/a" as SpiffeId;
const everything: Detectors = { spans: builtInSpanDetectors, parts: builtInPartDetectors };
const nothing: Detectors = { spans: [], parts: [] };
const settings = inspectionSettings(inspectionSchema.parse({ response: { pii: "tokenize" }, tokens: {} }));
const key = createSecretKey(randomBytes(32));

export interface DeltaCost {
  readonly stream: string;
  /** Microseconds a delta: the mean of an answer, in the fastest tenth of answers. */
  readonly inspected: number;
  readonly unread: number;
  readonly unfiltered: number;
}

type Api = "openai" | "http";
const pathOf: Readonly<Record<Api, string>> = { openai: "/chat/completions", http: "/models/m:streamGenerateContent" };

/** An event of a format that the filter was not told: Gemini's. */
const unknownChunkOf = (text: string): Uint8Array =>
  Buffer.from(
    `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0 }], modelVersion: "m" })}\r\n\r\n`,
  );

/** @param chunkOf one event of Chat Completions that says this */
export function measureDeltas(text: string, chunkOf: (content: string) => Uint8Array, answers: number): DeltaCost[] {
  const words = text.match(/\S+\s*/g) ?? [];
  const wordsOf = (count: number): string[] => Array.from({ length: count }, (_, at) => words[at % words.length] ?? "");
  const streams: Readonly<Record<string, readonly [api: Api, deltas: readonly string[]]>> = {
    "400 words, one a delta": ["openai", wordsOf(400)],
    "4,000 words, one a delta": ["openai", wordsOf(4000)],
    "6,400 characters, four a delta": ["openai", wordsOf(2000).join("").slice(0, 6400).match(/.{4}/gs) ?? []],
    "400 words, of an unknown format": ["http", wordsOf(400)],
  };
  return Object.entries(streams).map(([stream, [api, deltas]]) => {
    const chunks = deltas.map(api === "openai" ? chunkOf : unknownChunkOf);
    const spent = { inspected: [] as number[], unread: [] as number[], unfiltered: [] as number[] };
    for (let answer = -3; answer < answers; answer++) {
      const costs = {
        inspected: costOf(api, chunks, everything),
        unread: costOf(api, chunks, nothing),
        unfiltered: costOf(api, chunks, undefined),
      };
      if (answer < 0) continue; // the first ones warm it up
      for (const kind of ["inspected", "unread", "unfiltered"] as const) spent[kind].push(costs[kind]);
    }
    const fastest = (values: readonly number[]): number => percentile(values, 10);
    return {
      ...{ stream, inspected: fastest(spent.inspected) },
      ...{ unread: fastest(spent.unread), unfiltered: fastest(spent.unfiltered) },
    };
  });
}

/** Microseconds a chunk for one answer. @param detectors none: the chunks go by as the gateway lets answers go by that nobody reads */
function costOf(api: Api, chunks: readonly Uint8Array[], detectors: Detectors | undefined): number {
  const screening = new Screening(settings);
  screening.tokens = createTokenSealer({ key, scope: "bench", lifetimeHours: 24, now: Date.now });
  const from = performance.now();
  let bytes = 0;
  if (detectors === undefined) for (const chunk of chunks) bytes += chunk.length;
  else {
    const inspection = openedFor(detectors);
    const subject = {
      screening,
      requestId: "r",
      principal: who,
      resource: who,
      api,
      path: pathOf[api],
    } as const;
    const filter = inspection.openResponse(subject, { status: 200, contentType: "text/event-stream" });
    if (filter === undefined) throw new Error("nothing filters this answer");
    for (const chunk of chunks) bytes += lengthOf(filter.push(chunk));
    bytes += lengthOf(filter.end());
  }
  const spent = performance.now() - from;
  if (bytes === 0) throw new Error("nothing of the answer came out");
  return (spent * 1000) / chunks.length;
}

const opened = new Map<Detectors, ReturnType<typeof openInspection>>();

function openedFor(detectors: Detectors): ReturnType<typeof openInspection> {
  const held = opened.get(detectors) ?? openInspection({ detectors, monotonicMs: () => performance.now() });
  opened.set(detectors, held);
  return held;
}

function lengthOf(out: unknown): number {
  if (out instanceof Uint8Array) return out.length;
  throw new Error(`the answer was cut, or waits: ${JSON.stringify(out)}`);
}
