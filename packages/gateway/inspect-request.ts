/**
 * Has a request's content inspected, and policy decide again about what was found. In: who asks for what, the decision,
 * and the body as it was read. Out: the decision that holds, and the body to forward. An inspector that fails refuses the
 * request where the route says so, which is what it says unless told otherwise.
 */
import { replaceTopLevel, type JsonObject } from "@cordon/core/contract/strict-json";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import { denied } from "./admission.ts";
import { contentOf } from "./inspection/request-content.ts";
import { InspectionFailure } from "./inspection/inspection-failure.ts";
import type { Screening } from "./inspection/screening.ts";
import type { Inspection, InspectionSubject, RequestContent } from "./ports.ts";
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
): Judged | Promise<Judged> {
  const { screening } = subject;
  if (inspection === undefined || screening === undefined || first.effect === "deny")
    return { access, decision: first, inspected: uninspected(body) };
  const parts = { subject, screening, body, access, decide };
  const content = readContent(subject, body);
  const finish = (local: Judged): Judged | Promise<Judged> => withOpinion(inspection, parts, local);
  let elsewhere = content instanceof Error ? undefined : inspection.aside?.(subject, content);
  if (elsewhere === undefined) {
    const local = judged({ ...parts, inspection, content }, first);
    if (!(content instanceof Error)) elsewhere = inspection.closer?.(subject, content);
    if (elsewhere === undefined) return finish(local);
  }
  return elsewhere
    .then(
      (known) => ({ ...parts, inspection: known, content }),
      (error: Error) => ({ ...parts, inspection, content: error }),
    )
    .then((ready) => {
      const now = decide(access); // what holds may be something else by now
      return now.effect === "deny"
        ? { access, decision: now, inspected: uninspected(body) }
        : finish(judged(ready, now));
    });
}

/** What is in doubt here may be asked elsewhere; policy then decides about what came of that. */
function withOpinion(
  inspection: Inspection,
  { subject, screening, access, decide }: Pick<Judging, "subject" | "screening" | "access" | "decide">,
  local: Judged,
): Judged | Promise<Judged> {
  if (local.decision.effect === "deny") return local;
  return (
    inspection.secondOpinion?.(subject)?.then(({ blocked }) => {
      const seen = screening.seen(access);
      const decision = decide(seen);
      const inspected = { ...local.inspected, findings: screening.request.summary(), blocked };
      if (decision.effect === "deny") return { access: seen, decision, inspected };
      // What other permits demand of the body was not done to it.
      if (screening.obey(decision))
        return {
          access: seen,
          decision: denied(
            decision,
            "inspection",
            "after what the judge said, policy demands of inspection what was not done to this request",
          ),
          inspected,
        };
      if (blocked !== undefined) return { access: seen, decision: denied(decision, "inspection", blocked), inspected };
      return { access: seen, decision, inspected };
    }) ?? local
  );
}

interface Judging {
  readonly inspection: Pick<Inspection, "inspectRequest">;
  readonly subject: InspectionSubject;
  readonly screening: Screening;
  readonly body: ReadBody;
  /** What the body says; or why that cannot be known. */
  readonly content: RequestContent | Error;
  readonly access: AccessRequest;
  readonly decide: (access: AccessRequest) => Decision;
}

function judged(judging: Judging, first: Decision): Judged {
  const { screening, access, decide } = judging;
  screening.obey(first);
  let inspected = inspectRequest(judging);
  let seen = access;
  let decision = first;
  if (!screening.observes && !screening.request.empty) {
    seen = screening.seen(access);
    decision = decide(seen);
    if (decision.effect === "deny") return { access: seen, decision, inspected };
    // Other permits may hold for what was found, and demand something else of inspection.
    if (screening.obey(decision)) {
      screening.again();
      inspected = inspectRequest(judging);
    }
  }
  if (inspected.blocked !== undefined) decision = denied(decision, "inspection", inspected.blocked);
  screening.askAbout((findings) => {
    const again = decide({ ...seen, context: { ...seen.context, findings } });
    return again.effect === "deny" ? again : undefined;
  });
  return { access: seen, decision, inspected };
}

function readContent({ contentType }: InspectionSubject, { bytes, tree }: ReadBody): RequestContent | Error {
  try {
    return contentOf(bytes, tree, contentType);
  } catch (error) {
    return error as Error;
  }
}

function inspectRequest({ inspection, subject, screening, content, body: { bytes } }: Judging): Inspected {
  try {
    if (content instanceof Error) throw content;
    const verdict = inspection.inspectRequest(subject, content);
    const { findings } = verdict;
    if (verdict.verdict === "block") return { bytes, findings, masks: 0, blocked: verdict.words };
    if (verdict.verdict === "pass") return { bytes, findings, masks: 0, blocked: undefined };
    return { bytes: Buffer.from(verdict.body), findings, masks: verdict.masks, blocked: undefined };
  } catch (error) {
    const open = screening.observes || screening.settings.onFailure === "open";
    screening.unread("request", error instanceof InspectionFailure ? error.detector : "gateway/unread-request");
    const blocked = open ? undefined : `the request could not be inspected: ${(error as Error).message}`;
    return { bytes, findings: screening.request.summary(), masks: 0, blocked };
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
