/**
 * What inspection does in one interaction. In: the route's settings, what policy demands, and a way to ask policy about
 * what was found. Out: the action for each finding, and the record of them.
 */
import type { Finding, FindingCategory } from "@cordon/core/inspection/finding";
import { FindingLog } from "@cordon/core/inspection/finding-summary";
import type { Direction } from "@cordon/core/inspection/inspect";
import { placeholderName } from "@cordon/core/inspection/redaction/redact";
import { openedToken, tokenFindings } from "@cordon/core/inspection/redaction/token-detector";
import type { TokenSealer } from "@cordon/core/inspection/redaction/token-sealer";
import { actionFor, tokenizes, type InspectionAction, type InspectionSettings } from "@cordon/core/inspection/settings";
import type { Replacing, SpanAction } from "@cordon/core/inspection/streaming/span-rules";
import type { Part } from "@cordon/core/inspection/subject";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import type { FindingFacts } from "@cordon/core/policy/finding-facts";
import type { InspectionDemands } from "@cordon/core/policy/inspect-annotation";

/** Decides again, with what was found; `undefined` where that is still allowed. */
export type AskPolicy = (findings: FindingFacts) => Decision | undefined;

export interface Doubt {
  readonly part: Part;
  readonly probability: number;
}

export class Screening {
  readonly settings: InspectionSettings;
  request = new FindingLog();
  readonly response = new FindingLog();
  /** What policy said about what was found in the answer, once it refused. */
  refusal: Decision | undefined;
  /** Seals and opens tokens of this caller; absent where no key for them is at hand. */
  tokens: TokenSealer | undefined;
  /** Whether policy lets this caller see what tokens in the answer stand for. */
  reveals = false;
  /** Whether the request asks a model something in a shape of its maker's own. */
  asksModel = false;
  /** What the classifier is not sure of, where the route has a judge for that. */
  doubts: Doubt[] = [];
  #demands: InspectionDemands | undefined;
  #askPolicy: AskPolicy = () => undefined;

  constructor(settings: InspectionSettings) {
    this.settings = settings;
  }

  /** Whether it only watches: nothing is changed, and the record says what would have been. */
  get observes(): boolean {
    return this.settings.mode === "observe";
  }

  /** Whether tokens are of any concern here: the route or policy tokenises, or the route says how. */
  get usesTokens(): boolean {
    if (this.tokens === undefined || this.observes) return false;
    return this.settings.tokens !== undefined || tokenizes(this.settings) || demandsTokens(this.#demands);
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
    this.doubts = [];
  }

  /** What is done about a finding; it is on record afterwards. */
  judge(direction: Direction, finding: Finding): SpanAction {
    if (finding.detector.startsWith(`${tokenFindings}/`)) {
      if (direction === "request" || !this.reveals || this.observes) return "release";
      this.response.undone(direction, finding);
      return "reveal";
    }
    if (this.settings.elsewhere?.includes(finding.detector) === true) return "release";
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

  /** Takes note of how probable a judge of whole texts thinks an attack. */
  doubt(part: Part, probability: number): void {
    const band = this.settings.judge?.band;
    if (band === undefined || probability * 100 < band.from || probability * 100 >= band.to) return;
    this.doubts.push({ part, probability });
  }

  /** What stands in place of a span: what its token stands for, a token for it, or a word where there can be none. */
  replacement({ detector, category }: Finding, span: string, action: Replacing): string {
    if (action === "reveal") return (this.tokens && openedToken(this.tokens, span)?.value) ?? span;
    const token = action === "tokenize" ? this.tokens?.seal(detector, category, span) : undefined;
    return token ?? `[${placeholderName(detector)}]`;
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
export function screeningOf({ inspection }: { readonly inspection?: InspectionSettings }): Screening | undefined {
  return inspection === undefined ? undefined : new Screening(inspection);
}

function spanActionOf(action: InspectionAction): SpanAction {
  if (action === "block" || action === "tokenize") return action;
  return action === "redact" ? "mask" : "release";
}

function demandsTokens(demands: InspectionDemands | undefined): boolean {
  return [demands?.request, demands?.response].some((actions) => Object.values(actions ?? {}).includes("tokenize"));
}

/** A refusal in words, for the client and the record: what kind of thing was found, never the thing. */
export function blockedWords(
  direction: Direction,
  { category, detector }: { readonly category: FindingCategory; readonly detector: string },
): string {
  const where = direction === "request" ? "the request" : "the answer";
  return `inspection found ${category} (${detector}) in ${where}, which may not pass`;
}
