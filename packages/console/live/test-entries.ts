/** Ledger entries for the console's tests, as the stream brings them. */
import type { Entry } from "./row.ts";

export const assistant = "spiffe://bank.example/ns/default/agent/assistant";
export const trainer = "spiffe://bank.example/ns/default/pipeline/trainer";
export const chat = "spiffe://bank.example/ns/default/endpoint/chat";

export function decision(id: string, more: Entry = {}): Entry {
  return {
    ...{ v: 1, kind: "decision", at: 1_700_000_000_000, id, namespace: "default", revision: 3 },
    ...{ principal: assistant, action: "infer", resource: chat, effect: "allow", obligations: [] },
    credential: { assurance: "x509-svid", fingerprint: "ab".repeat(32) },
    context: { assurance: "x509-svid", route: "chat", method: "POST", stream: false, external: false },
    signals: { snapshotAgeMs: 12 },
    reasons: [{ code: "permitted", policy: "assistant-may-ask", namespace: "default", words: "policy permits this" }],
    risk: { tier: "low", score: 0, contributions: [] },
    ...more,
  };
}

export function outcome(id: string, more: Entry = {}): Entry {
  return {
    ...{ v: 1, kind: "outcome", at: 1_700_000_000_120, id, namespace: "default", end: "complete", status: 200 },
    ...{ upstream: "chat", findings: [], masks: 0 },
    response: { key: "default/2023-11", hmac: "cd".repeat(32), bytes: 1_240 },
    ...more,
  };
}
