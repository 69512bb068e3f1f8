/**
 * Approvals of single calls at the gateway. In: a decision that wants one, and the call as it was read. Out: the decision
 * with the call's digest in hand; and the approval used up before anything is forwarded. The digest is made only when policy
 * asks for it.
 */
import type { IncomingMessage } from "node:http";
import { callDigest, canonicalCall } from "@cordon/core/policy/call-digest";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import { denied } from "./admission.ts";
import type { Ask } from "./forwarder.ts";
import { readWhole } from "./doors/s3/plan.ts";
import type { GatewayDependencies } from "./ports.ts";
import type { RouteMatch } from "./routes/match.ts";

/** A call, as far as it was read before deciding. */
export interface ReadCall {
  readonly method: string;
  /** Below the route, with the query. */
  readonly address: string;
  readonly kind: RouteMatch["route"]["kind"];
  /** The body; absent where there is none. */
  readonly bytes: Buffer | undefined;
}

/**
 * A call's text, as it is digested and as whoever approves reads it: of MCP what is asked of which tool; of everything else
 * method, address and body. `undefined` for a message without parameters.
 */
export function callText({ method, address, kind, bytes }: ReadCall): string | undefined {
  const text = bytes?.toString("utf8") ?? "";
  if (kind === "mcp") return paramsOf(text);
  return `{"address":${JSON.stringify(address)},"body":${text === "" ? "null" : text},"method":${JSON.stringify(method)}}`;
}

/** The `params` of a message: its id and what surrounds them change from one attempt to the next. */
function paramsOf(text: string): string | undefined {
  let found = false;
  const form = canonicalCall(text, (tree) => {
    const { params } = tree as { readonly params?: Readonly<Record<string, unknown>> };
    found = params !== undefined;
    return Object.fromEntries(Object.entries(params ?? {}).filter(([name]) => name !== "_meta"));
  });
  return found ? form : undefined;
}

export function wantsApproval({ effect, reasons }: Decision): boolean {
  return effect === "deny" && reasons[0]?.code === "approval-required";
}

/** Reads a body that would have gone through unread: nobody approves what nobody knows. Bounded by the route's limit. */
export async function readThrough(request: IncomingMessage, ask: Ask, timeoutMs: number): Promise<Ask> {
  const kind = ask.intent.s3 === undefined ? "http" : "s3";
  const bytes = await readWhole(request, ask.maxBodyBytes, timeoutMs, kind);
  return { ...ask, body: "json", bytes };
}

/** The request with its call's digest; as it was where the call is no JSON, and so stays without an approval. */
export function withCall(access: AccessRequest, call: ReadCall): AccessRequest {
  try {
    const text = callText(call);
    return text === undefined ? access : { ...access, call: callDigest(text) };
  } catch {
    return access;
  }
}

/** Uses the approval up that an allow stands on; a deny when it was used before. */
export async function spend(deps: Pick<GatewayDependencies, "spendApproval">, decision: Decision): Promise<Decision> {
  if (decision.effect === "deny" || decision.approval === undefined) return decision;
  if ((await deps.spendApproval?.(decision.approval)) === true) return decision;
  return denied(
    decision,
    "approval-spent",
    `the approval ${decision.approval} of this call was used already: each is good once`,
  );
}
