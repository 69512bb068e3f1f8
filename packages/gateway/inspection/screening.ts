/**
 * What inspection does in one interaction. In: the route's settings, what the decision demands, and a way to ask policy
 * about what was found. Out: the action for each finding, and the record of them.
 */
import type { Finding, FindingCategory } from "@cordon/core/inspection/finding";
import type { Direction } from "@cordon/core/inspection/inspect";
import { FindingLog } from "@cordon/core/inspection/finding-summary";
import { actionFor, type InspectionAction, type InspectionSettings } from "@cordon/core/inspection/settings";
import type { SpanAction } from "@cordon/core/inspection/streaming/span-rules";

export interface ScreeningOptions {
  readonly settings: InspectionSettings;
}

export class Screening {
  readonly settings: InspectionSettings;
  readonly request = new FindingLog();
  readonly response = new FindingLog();

  constructor({ settings }: ScreeningOptions) {
    this.settings = settings;
  }

  /** Whether it only watches: nothing is changed, and the record says what would have been. */
  get observes(): boolean {
    return this.settings.mode === "observe";
  }

  /** What is done about a finding; it is on record afterwards. */
  judge(direction: Direction, finding: Finding): SpanAction {
    const action = actionFor(this.settings[direction], finding);
    if (action === undefined) return "release";
    this[direction].add(direction, finding, action, this.observes);
    return this.observes ? "release" : spanActionOf(action);
  }

  /** What stands in place of a masked span. */
  replacement(_direction: Direction, finding: Finding, _span: string): string {
    return `[${finding.detector
      .slice(finding.detector.indexOf("/") + 1)
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]+/g, "_")}]`;
  }

  /** Content that nothing could read: put on record, and refused where the route says so. */
  unread(direction: Direction, detector: string): SpanAction {
    return this.judge(direction, {
      detector,
      category: "uninspectable",
      owasp: "",
      atlas: "",
      start: 0,
      end: 0,
      score: 1,
    });
  }
}

/** The screening of a new interaction on a route, where it inspects. */
export function screeningOf({ inspection: settings }: { readonly inspection?: InspectionSettings }): {
  readonly screening?: Screening;
} {
  return settings === undefined ? {} : { screening: new Screening({ settings }) };
}

function spanActionOf(action: InspectionAction): SpanAction {
  if (action === "block") return "block";
  return action === "redact" || action === "tokenize" ? "mask" : "release";
}

/** A refusal in words, for the client and the record: what kind of thing was found, never the thing. */
export function blockedWords(
  direction: Direction,
  { category, detector }: { category: FindingCategory; detector: string },
): string {
  const where = direction === "request" ? "the request" : "the answer";
  return `inspection found ${category} (${detector}) in ${where}, which this route does not let pass`;
}
