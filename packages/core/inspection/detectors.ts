/**
 * The detectors that Cordon brings, in the order they run. In: a direction. Out: what `inspect()` needs. A room of
 * detectors plugs in here; a user's own are appended by whoever calls `inspect()`.
 */
import type { SpanDetector } from "./finding.ts";
import { suffixDetector } from "./gibberish/detector.ts";
import { markFloodDetector } from "./gibberish/marks.ts";
import { exfiltrationDetector } from "./injection/exfiltration.ts";
import { floodDetector } from "./injection/flood.ts";
import { injectionDetector } from "./injection/model.ts";
import { identifierDetector } from "./pii/detector.ts";
import { nameDetector } from "./pii/names/detector.ts";
import { scriptNameDetector } from "./pii/scripts/detector.ts";
import { redactSensitive } from "./redaction/redact.ts";
import { secretDetector } from "./secrets/detector.ts";
import { longSecretDetector } from "./secrets/long.ts";
import type { Direction, InspectOptions, PartDetector } from "./inspect.ts";

export const builtInPartDetectors: readonly PartDetector[] = [
  injectionDetector,
  exfiltrationDetector,
  floodDetector,
  suffixDetector,
  markFloodDetector,
];

export const builtInSpanDetectors: readonly SpanDetector[] = [
  identifierDetector,
  secretDetector,
  longSecretDetector,
  nameDetector,
  scriptNameDetector,
];

/** Everything built in, at the deployed thresholds: what `cordon inspect` runs. */
export function builtInInspection(direction: Direction): InspectOptions {
  return {
    direction,
    partDetectors: builtInPartDetectors,
    spanDetectors: builtInSpanDetectors,
    redact: redactSensitive,
  };
}
