/** How long inspection takes. In: judges and texts. Out: p50 and p99 in microseconds, and megabytes a second, by size. */
import type { Judge } from "./judges.ts";

export interface Latency {
  readonly judge: string;
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  readonly megabytesPerSecond: number;
  /** The share of the texts that the encoder was asked about. */
  readonly asked?: number;
}

/** Sizes of texts in bytes: a question, a chat request, a page, a document. */
export const sizes = [512, 2048, 32 * 1024, 128 * 1024] as const;

/** So many texts are judged at least. */
const fewest = 50;

/**
 * Texts of each size, cut from `text` at places that do not come again, for what was asked of the encoder is remembered; judged until
 * `seconds` are over. Those of more than a page are documents, and judged as such.
 */
export async function measureLatency(judge: Judge, text: string, bytes: number, seconds: number): Promise<Latency> {
  const origin = bytes > sizes[1] ? "untrusted" : "user";
  const sample = sampler(text, bytes);
  const times: number[] = [];
  let at = 0;
  const warmUntil = performance.now() + seconds * 300;
  while (performance.now() < warmUntil) await judge.blocks(sample(at++), origin);
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until || times.length < fewest) {
    const given = sample(at++);
    const started = performance.now();
    await judge.blocks(given, origin);
    times.push((performance.now() - started) * 1000);
  }
  times.sort((a, b) => a - b);
  const quantile = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const mean = times.reduce((sum, each) => sum + each, 0) / times.length;
  const latency = {
    judge: judge.name,
    bytes,
    p50: quantile(0.5),
    p99: quantile(0.99),
    megabytesPerSecond: bytes / mean,
  };
  if (judge.asks === undefined) return latency;
  let asked = 0;
  for (let back = 1; back <= fewest; back++) if (judge.asks(sample(at - back), origin)) asked += 1;
  return { ...latency, asked: asked / fewest };
}

/** Pieces of a text that is longer than they are. Whatever the number of places has in common with the step, none comes again before most others. */
function sampler(text: string, bytes: number): (at: number) => string {
  const places = text.length - bytes;
  return (at) => {
    const from = (at * 7919 + Math.floor((at * 7919) / places)) % places;
    return text.slice(from, from + bytes);
  };
}

export interface UndoubtedLatency {
  readonly p50: number;
  readonly fastestTenth: number;
  /** The share of the texts that were in doubt: they are not counted. */
  readonly doubted: number;
}

/** The same of texts of one source that are in no doubt, in microseconds. @param judge says whether one is in doubt */
export function measureUndoubted(
  judge: (text: string) => boolean,
  text: string,
  bytes: number,
  seconds: number,
): UndoubtedLatency {
  const sample = sampler(text, bytes);
  const times: number[] = [];
  let judged = 0;
  const warmUntil = performance.now() + seconds * 300;
  const until = warmUntil + seconds * 1000;
  for (let at = 0; performance.now() < until; at++) {
    const given = sample(at);
    const started = performance.now();
    const isDoubted = judge(given);
    const took = (performance.now() - started) * 1000;
    if (started < warmUntil) continue;
    judged += 1;
    if (!isDoubted) times.push(took);
  }
  times.sort((a, b) => a - b);
  const quantile = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: quantile(0.5), fastestTenth: quantile(0.1), doubted: 1 - times.length / judged };
}
