/** What an approver's passkey signs. In: a request for a grant. Out: the SHA-256 of all that it asks, lower-case hex. */
import { createHash } from "node:crypto";
import type { GrantValue } from "./objects.ts";

export interface DigestedGrant extends Pick<
  GrantValue,
  "requester" | "principal" | "reason" | "seconds" | "rule" | "call" | "callWords"
> {
  readonly id: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/** Every field that says what is granted, each as JSON, so that no two requests have the same text. */
export function grantDigest({
  id,
  requester,
  principal,
  actions,
  resources,
  reason,
  seconds,
  rule,
  call,
  callWords,
}: DigestedGrant): string {
  const all = [
    "cordon-grant-v1",
    id,
    requester,
    principal,
    actions,
    resources,
    reason,
    seconds,
    rule,
    call ?? "",
    callWords ?? "",
  ];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}
