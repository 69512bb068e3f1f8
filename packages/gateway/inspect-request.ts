/**
 * Has a request's content inspected, and policy decide again about what was found. In: who asks for what, the decision,
 * and the body as it was read. Out: the decision that holds, and the body to forward. An inspector that fails refuses the
 * request where the route says so, which is what it says unless told otherwise.
 */
import { replaceTopLevel, type JsonObject } from "@cordon/core/contract/strict-json";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import { denied } from "./admission.ts";
import { contentOf } from "./inspection/request-content.ts";
import type { Inspection, InspectionSubject } from "./ports.ts";
import type { Intent } from "./routes/intent.ts";

/** A body as it was read: its bytes, and what they say. */
export interface ReadBody {
  readonly bytes: Buffer | undefined;
  readonly tree: JsonObject | undefined;
}

export interface Inspected {
  readonly bytes: Buffer | undefined;
  readonly findings: readonly unknown[];
  readonly masks: number;
  /** Why it may not be forwarded. */
  readonly blocked: string | undefined;
}

export interface Judged {
  /** The request with what was found in it: what the decision was about. */
  readonly access: AccessRequest;
  readonly decision: Decision;
  readonly inspected: Inspected;
}

/**
 * @param decide decides the request again, with what was found in it; and again while its answer streams, with what is
 *   found in that
 */
export function judgeRequest(
  inspection: Inspection | undefined,
  subject: InspectionSubject,
  body: ReadBody,
  access: AccessRequest,
  first: Decision,
  decide: (access: AccessRequest) => Decision,
): Judged {
  const { screening } = subject;
  if (inspection === undefined || screening === undefined || first.effect === "deny")
    return { access, decision: first, inspected: uninspected(body) };
  screening.obey(first);
  let inspected = inspectRequest(inspection, subject, body);
  let judged = access;
  let decision = first;
  if (!screening.observes && !screening.request.empty) {
    judged = screening.seen(access);
    decision = decide(judged);
    if (decision.effect === "deny") return { access: judged, decision, inspected };
    // Other permits may hold for what was found, and demand something else of inspection.
    if (screening.obey(decision)) {
      screening.again();
      inspected = inspectRequest(inspection, subject, body);
    }
  }
  if (inspected.blocked !== undefined) decision = denied(decision, "inspection", inspected.blocked);
  screening.askAbout((findings) => {
    const again = decide({ ...judged, context: { ...judged.context, findings } });
    return again.effect === "deny" ? again : undefined;
  });
  return { access: judged, decision, inspected };
}

function inspectRequest(inspection: Inspection, subject: InspectionSubject, { bytes, tree }: ReadBody): Inspected {
  const { screening } = subject;
  try {
    const verdict = inspection.inspectRequest(subject, contentOf(bytes, tree, subject.contentType));
    const { findings } = verdict;
    if (verdict.verdict === "block") return { bytes, findings, masks: 0, blocked: verdict.words };
    if (verdict.verdict === "pass") return { bytes, findings, masks: 0, blocked: undefined };
    return { bytes: Buffer.from(verdict.body), findings, masks: verdict.masks, blocked: undefined };
  } catch (error) {
    const open = screening?.observes === true || screening?.settings.onFailure === "open";
    screening?.unread("request", "gateway/unread-request");
    const blocked = open ? undefined : `the request could not be inspected: ${(error as Error).message}`;
    return { bytes, findings: screening?.request.summary() ?? [], masks: 0, blocked };
  }
}

/** A body that nothing looked at. */
function uninspected({ bytes }: ReadBody): Inspected {
  return { bytes, findings: [], masks: 0, blocked: undefined };
}

/** The body with the model's name at the upstream; untouched where the two agree. */
export function withModelName(
  bytes: Buffer | undefined,
  tree: JsonObject | undefined,
  intent: Intent,
): Buffer | undefined {
  if (bytes === undefined || intent.model === undefined) return bytes;
  const name = intent.model.target.upstreamModel ?? intent.model.name;
  return tree?.["model"] === name ? bytes : Buffer.from(replaceTopLevel(bytes, "model", name));
}
