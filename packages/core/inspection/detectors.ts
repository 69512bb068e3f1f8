/**
 * The detectors that Cordon brings, in the order they run. In: nothing. Out: the lists that `inspect()` takes. A room of
 * detectors plugs in here; a user's own are appended by whoever calls `inspect()`.
 */
import type { SpanDetector } from "./finding.ts";
import type { PartDetector } from "./inspect.ts";
import { overrideDetector } from "./injection/override.ts";

export const builtInPartDetectors: readonly PartDetector[] = [overrideDetector];

export const builtInSpanDetectors: readonly SpanDetector[] = [];
