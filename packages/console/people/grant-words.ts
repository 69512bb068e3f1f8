/** Grants in words. In: a grant and the time. Out: what a person reads. */
import type { GrantView } from "@cordon/core/contract/people-api";

/** How it stands: waits, holds until, over. */
export function stateWords(
  { state, ends, approvals, approversNeeded }: Pick<GrantView, "state" | "ends" | "approvals" | "approversNeeded">,
  now: number,
): string {
  if (state === "requested") return `waits: ${approvals.length} of ${approversNeeded}`;
  if (state !== "approved" || ends === undefined) return state;
  return now >= ends ? "ended" : `holds ${leftWords(ends - now)}`;
}

export function leftWords(leftMs: number): string {
  const minutes = Math.ceil(leftMs / 60_000);
  if (minutes < 120) return `${minutes} min more`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min more` : `${Math.floor(hours / 24)} days more`;
}

/** `dataset training-data` of a whole id. */
export function shortId(id: string): string {
  return id.split("/").slice(-2).join(" ");
}
