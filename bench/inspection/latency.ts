/** How long inspection takes. In: judges and texts. Out: p50 and p99 in microseconds, and megabytes a second, by size. */
import type { Judge } from "./judges.ts";

export interface Latency {
  readonly judge: string;
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  readonly megabytesPerSecond: number;
}

/** Sizes of texts in bytes: a question, a chat request, a page, a document. */
export const sizes = [512, 2048, 32 * 1024, 128 * 1024] as const;

/**
 * Texts of each size, cut from `text` at many places so that no answer repeats; judged until `seconds` are over.
 */
export async function measureLatency(judge: Judge, text: string, bytes: number, seconds: number): Promise<Latency> {
  const samples = Array.from({ length: 64 }, (_, at) => {
    const from = Math.floor(((text.length - bytes) * at) / 64);
    return text.slice(from, from + bytes);
  });
  const times: number[] = [];
  const warmUntil = performance.now() + seconds * 300;
  for (let at = 0; performance.now() < warmUntil; at++) await judge.blocks(samples[at % samples.length] ?? "");
  const until = performance.now() + seconds * 1000;
  for (let at = 0; performance.now() < until || times.length < 20; at++) {
    const started = performance.now();
    await judge.blocks(samples[at % samples.length] ?? "");
    times.push((performance.now() - started) * 1000);
  }
  times.sort((a, b) => a - b);
  const quantile = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const mean = times.reduce((sum, each) => sum + each, 0) / times.length;
  return { judge: judge.name, bytes, p50: quantile(0.5), p99: quantile(0.99), megabytesPerSecond: bytes / mean };
}
