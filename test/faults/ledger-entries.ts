/** Entries for the ledger's fault tests: small, whole, and told apart by a number. */
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { DecisionEntry, LedgerEntry, OutcomeEntry } from "@cordon/core/ledger/entry";

const namespace = "default" as Namespace;
const at = Date.UTC(2026, 0, 1);

export function decisionEntry(n: number, effect: "allow" | "deny" = "allow"): DecisionEntry {
  return {
    v: 1,
    at: at + n,
    kind: "decision",
    id: `request-${n}`,
    namespace,
    revision: 7 as Revision,
    principal: "spiffe://bank.example/ns/default/agent/assistant" as SpiffeId,
    credential: { assurance: "x509-svid", fingerprint: "ab".repeat(32) },
    action: "infer",
    resource: "spiffe://bank.example/ns/default/endpoint/chat" as SpiffeId,
    context: { assurance: "x509-svid", route: "chat", method: "POST", stream: false, external: false },
    signals: { snapshotAgeMs: 3 },
    effect,
    reasons: [{ code: effect === "allow" ? "permitted" : "no-permit", words: "as the test says" }],
    obligations: [],
    risk: { tier: "low", score: 0, contributions: [] },
  };
}

export function outcomeEntry(n: number): OutcomeEntry {
  return {
    v: 1,
    at: at + n + 1,
    kind: "outcome",
    id: `request-${n}`,
    namespace,
    end: "complete",
    status: 200,
    upstream: "chat",
    findings: [],
    masks: 0,
  };
}

export function refusalEntry(n: number): LedgerEntry {
  return {
    v: 1,
    at: at + n,
    kind: "refusal",
    code: "IDENTITY_REQUIRED",
    words: `knock ${n}`,
    from: "10.0.0.1",
    count: 1,
  };
}

/** The n-th entry of a busy gateway: a decision, and two entries later its outcome; every fifth is a refusal. */
export function busyEntry(n: number): LedgerEntry {
  if (n % 5 === 4) return refusalEntry(n);
  return n % 5 < 2 ? decisionEntry(n) : outcomeEntry(n - 2);
}
