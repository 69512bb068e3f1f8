/**
 * What an operator registered, as data that threads can share. In: an index of documents, planted marks. Out: the detectors
 * that find them, always in the same order.
 */
import type { SpanDetector } from "../finding.ts";
import { createCanaryDetector, type Canary } from "./canary.ts";
import { createFingerprintDetector } from "./detector.ts";
import type { FingerprintIndex } from "./index-builder.ts";

export interface Registered {
  /** Differs between any two of one process. */
  readonly id: number;
  /** Absent without documents. */
  readonly index?: FingerprintIndex | undefined;
  readonly canaries: readonly Canary[];
}

/** @throws CordonError `CONFIG_INVALID` for a mark that is too short or too long, by its name */
export function registeredDetectors({ index, canaries }: Registered): readonly SpanDetector[] {
  return [
    ...(canaries.length === 0 ? [] : [createCanaryDetector(canaries)]),
    ...(index === undefined ? [] : [createFingerprintDetector(index)]),
  ];
}
