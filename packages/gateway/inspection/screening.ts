/**
 * What inspection does in one interaction. In: the route's settings, what policy demands, and a way to ask policy about
 * what was found. Out: the action for each finding, and the record of them.
 */
import type { Finding, FindingCategory } from "@cordon/core/inspection/finding";
import { FindingLog } from "@cordon/core/inspection/finding-summary";
import type { Direction } from "@cordon/core/inspection/inspect";
import { placeholderName } from "@cordon/core/inspection/redaction/redact";
import { actionFor, type InspectionAction, type InspectionSettings } from "@cordon/core/inspection/settings";
import type { SpanAction } from "@cordon/core/inspection/streaming/span-rules";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import type { FindingFacts } from "@cordon/core/policy/finding-facts";
import type { InspectionDemands } from "@cordon/core/policy/inspect-annotation";

/** Decides again, with what was found; `undefined` where that is still allowed. */
export type AskPolicy = (findings: FindingFacts) => Decision | undefined;

export class Screening {
  readonly settings: InspectionSettings;
  request = new FindingLog();
  readonly response = new FindingLog();
  /** What policy said about what was found in the answer, once it refused. */
  refusal: Decision | undefined;
  #demands: InspectionDemands | undefined;
  #askPolicy: AskPolicy = () => undefined;

  constructor(settings: InspectionSettings) {
    this.settings = settings;
  }

  /** Whether it only watches: nothing is changed, and the record says what would have been. */
  get observes(): boolean {
    return this.settings.mode === "observe";
  }

  get findings(): FindingFacts {
    return { request: this.request.scores, response: this.response.scores };
  }

  /** Takes on what a decision demands, in place of what was demanded before. True when that is something else. */
  obey({ obligations }: Decision): boolean {
    const demands = obligations.find((obligation) => obligation.kind === "inspect");
    const changed = JSON.stringify(demands) !== JSON.stringify(this.#demands);
    this.#demands = demands;
    return changed;
  }

  /** A request with all that was found so far, in its answer too. */
  seen(access: AccessRequest): AccessRequest {
    if (this.observes || (this.request.empty && this.response.empty)) return access;
    return { ...access, context: { ...access.context, findings: this.findings } };
  }

  /** From now on policy is asked about each new kind of finding in the answer. */
  askAbout(ask: AskPolicy): void {
    this.#askPolicy = ask;
  }

  /** Forgets what was found in the request, to look again under other demands. */
  again(): void {
    this.request = new FindingLog();
  }

  /** What is done about a finding; it is on record afterwards. */
  judge(direction: Direction, finding: Finding): SpanAction {
    const action = this.#actionFor(direction, finding);
    if (action === undefined) return "release";
    const log = this[direction];
    const before = log.scores[finding.category] ?? 0;
    log.add(direction, finding, action, this.observes);
    if (this.observes) return "release";
    if (direction === "response" && (log.scores[finding.category] ?? 0) > before) {
      this.refusal ??= this.#askPolicy(this.findings);
      if (this.refusal !== undefined) return "block";
    }
    return spanActionOf(action);
  }

  /** What stands in place of a masked span. */
  replacement(_direction: Direction, finding: Finding, _span: string): string {
    return `[${placeholderName(finding.detector)}]`;
  }

  /** Content that nothing could read: put on record, and refused where the route or policy says so. */
  unread(direction: Direction, detector: string): SpanAction {
    const facts = { owasp: "", atlas: "", start: 0, end: 0, score: 1 };
    return this.judge(direction, { detector, category: "uninspectable", ...facts });
  }

  #actionFor(direction: Direction, finding: Finding): InspectionAction | undefined {
    const demanded = this.#demands?.[direction][finding.category];
    const own = actionFor(this.settings[direction], finding);
    // Policy says what is done; what counts as found at all is the route's to say, or half where it says nothing.
    return demanded !== undefined && (own !== undefined || finding.score >= 0.5) ? demanded : own;
  }
}

/** The screening of a new interaction on a route, where it inspects. */
export function screeningOf({ inspection }: { readonly inspection?: InspectionSettings }): {
  readonly screening?: Screening;
} {
  return inspection === undefined ? {} : { screening: new Screening(inspection) };
}

function spanActionOf(action: InspectionAction): SpanAction {
  if (action === "block") return "block";
  return action === "redact" ? "mask" : "release";
}

/** A refusal in words, for the client and the record: what kind of thing was found, never the thing. */
export function blockedWords(
  direction: Direction,
  { category, detector }: { readonly category: FindingCategory; readonly detector: string },
): string {
  const where = direction === "request" ? "the request" : "the answer";
  return `inspection found ${category} (${detector}) in ${where}, which may not pass`;
}
