/**
 * What grants say in a decision's reasons, and approvals of single calls. In: a snapshot, a request, what policies said.
 * Out: the approval that the call stands on, or why it may not happen yet.
 */
import type { Instant } from "../instant.ts";
import { callBehalf } from "./call-digest.ts";
import type { AccessRequest, Reason } from "./decision.ts";
import type { Evaluation } from "./engine.ts";
import { among, nothingGranted, type Grant, type Granted } from "./people.ts";
import type { Snapshot } from "./snapshot.ts";

/** A grant that permits, as a reason. */
export function grantReason({ id, ends, reason, approvers, breakGlass }: Granted["grants"][number]): Reason {
  const who =
    approvers.length === 0
      ? "by rule"
      : `approved by ${approvers.length === 1 ? approvers[0] : `${approvers.length} people`}`;
  const words = `grant ${id} (${breakGlass === true ? "break-glass" : who}) until ${new Date(ends).toISOString()}: ${reason}`;
  return { code: "granted", grant: id, words };
}

/**
 * Policy may ask that people approve each call by itself. An approval is a grant that is bound to the digest of the call's
 * exact arguments; an enforcement point that has not read them yet decides again once it has.
 */
export function checkApproval(
  snapshot: Snapshot,
  request: AccessRequest,
  { permits }: Evaluation,
  now: Instant,
): Grant | Reason | undefined {
  let needed = 0;
  for (const { annotations } of permits) needed = Math.max(needed, Number(annotations["approval"] ?? 0));
  if (needed === 0) return undefined;
  const who = needed === 1 ? "one person" : `${needed} people`;
  if (request.call === undefined)
    return {
      code: "approval-required",
      words: `policy wants ${who} to approve this very call, and its arguments were not read before deciding`,
    };
  const enough = approvalsFor(snapshot, request, now).grants.filter(({ approvers }) => approvers.length >= needed);
  // One that is spent may carry what is under way; for a call that is made again there may be another.
  const approval = enough.find(({ spent }) => spent !== true) ?? enough[0];
  if (approval !== undefined) return approval;
  return {
    code: "approval-required",
    words:
      `policy wants ${who} to approve this very call, ${request.call}: whoever answers for it asks with ` +
      `\`cordon grant request ${request.action} RESOURCE --call ${request.call}\`${behalfWords(request)}`,
  };
}

function behalfWords(request: AccessRequest): string {
  const named = Object.entries(callBehalf(request)).map(([name, value]) => `"${name}": "${value}"`);
  return named.length === 0 ? "" : `, and the arguments say ${named.join(" and ")}`;
}

/** The approvals of exactly this call, by whoever acts. */
function approvalsFor(snapshot: Snapshot, request: AccessRequest, now: Instant): Granted {
  const { call } = request;
  if (call === undefined) return nothingGranted;
  return among(snapshot.grants?.get(request.principal), request, now, (grant) => grant.call === call);
}
