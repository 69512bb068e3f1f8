/** A grant as the command line shows it. In: a grant. Out: lines of text. */
import type { GrantView } from "@cordon/core/contract/people-api";

/** One line: what a list shows. */
export function grantLine(grant: GrantView): string {
  const what = `${grant.actions.join(",")} ${grant.resources.map(lastOf).join(",")}`;
  return [grant.id, stateOf(grant).padEnd(26), lastOf(grant.principal), what, grant.reason].join("  ");
}

/** Everything. */
export function grantText(grant: GrantView): string {
  const rows: [string, string | undefined][] = [
    ["grant", grant.id],
    ["state", stateOf(grant)],
    ["asked by", `${grant.requester}, ${iso(grant.requestedAt)}`],
    ["for", grant.principal],
    ["actions", grant.actions.join(", ")],
    ["resources", grant.resources.join(", ")],
    ["reason", grant.reason],
    ["how long", `${grant.seconds / 60} minutes`],
    ["narrowed", grant.narrowed],
    ["rule", `${grant.rule}: ${grant.approversNeeded} of ${grant.approverGroups.join(", ")}`],
    ...grant.approvals.map(({ by, at, words }): [string, string] => ["approved by", `${by}, ${iso(at)}: ${words}`]),
    ["denied by", voiceOf(grant.denial)],
    ["revoked by", voiceOf(grant.revocation)],
    ["break-glass", grant.breakGlass === true ? (voiceOf(grant.review) ?? "NOT REVIEWED YET") : undefined],
    ["call", grant.call],
    ["arguments", grant.callWords],
    ["digest", grant.digest],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(12)} ${value}\n`])).join("");
}

function stateOf({ state, starts, ends, approvals, approversNeeded }: GrantView): string {
  if (state === "requested") return `waits, ${approvals.length} of ${approversNeeded} approved`;
  if (state !== "approved" || ends === undefined) return state;
  if (Date.now() >= ends) return "ended";
  return starts !== undefined && Date.now() < starts ? `from ${iso(starts)}` : `until ${iso(ends)}`;
}

function voiceOf(voice: GrantView["denial"]): string | undefined {
  return voice === undefined ? undefined : `${voice.by}, ${iso(voice.at)}: ${voice.words}`;
}

function iso(at: number): string {
  return new Date(at).toISOString().slice(0, 19).concat("Z");
}

function lastOf(id: string): string {
  return id.split("/").slice(-2).join("/");
}
