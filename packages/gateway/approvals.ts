/**
 * Approvals of single calls at the gateway. In: a decision that wants one, and the call as it was read. Out: the decision
 * with the call's digest in hand; and the approval used up before anything is forwarded. The digest is made only when policy
 * asks for it.
 */
import type { IncomingMessage } from "node:http";
import { callBehalf, callDigest, canonicalCall } from "@cordon/core/policy/call-digest";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import { denied } from "./admission.ts";
import type { Ask } from "./forwarder.ts";
import { readWhole } from "./doors/s3/plan.ts";
import type { GatewayDependencies } from "./ports.ts";
import type { RequestHead } from "./listener/request-head.ts";
import type { RouteMatch } from "./routes/match.ts";

/** A call, as far as it was read before deciding. */
export interface ReadCall {
  readonly method: string;
  /** Below the route, with the query. */
  readonly address: string;
  readonly kind: RouteMatch["route"]["kind"];
  /** The body; absent where there is none. */
  readonly bytes: Buffer | undefined;
  /** Of MCP: what the client sent of the headers that its route passes on (`headers`), by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For whom it is made, and by which program, where the caller does not act for itself. */
  readonly behalf?: Readonly<Record<string, string>>;
}

/**
 * A call's text, as it is digested and as whoever approves reads it: of MCP what is asked of which tool, with all that may
 * change what the tool does; of everything else method, address and body; and for whom. `undefined` for a message without
 * parameters.
 */
export function callText({ method, address, kind, bytes, headers = {}, behalf = {} }: ReadCall): string | undefined {
  const text = bytes?.toString("utf8") ?? "";
  if (kind === "mcp") return paramsOf(text, headers, behalf);
  const said = Object.entries({ address, method, ...behalf }).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  return `{${said.join(",")},"body":${text === "" ? "null" : text}}`;
}

/**
 * What `_meta` holds of the protocol's own: it says how to answer, not what to do, and changes from one attempt to the next.
 * Whatever else is there a tool may read as it reads its arguments.
 *
 * @see MCP 2026-07-28, `RequestMetaObject`; W3C Trace Context
 */
const bookkeeping: ReadonlySet<string> = new Set([
  "progressToken",
  "traceparent",
  "tracestate",
  "io.modelcontextprotocol/protocolVersion",
  "io.modelcontextprotocol/clientInfo",
  "io.modelcontextprotocol/clientCapabilities",
  "io.modelcontextprotocol/logLevel",
]);

/** A parameter by such a name would read, to whoever approves, as what the gateway says of the call. */
const said = ["headers", "for", "client"] as const;

/** The `params` of a message, and headers that the tool may read: its id changes from one attempt to the next. */
function paramsOf(
  text: string,
  headers: Readonly<Record<string, string>>,
  behalf: Readonly<Record<string, string>>,
): string | undefined {
  let found = false;
  const form = canonicalCall(text, (tree) => {
    const { params } = tree as { readonly params?: Readonly<Record<string, unknown>> };
    found = params !== undefined && !said.some((name) => name in params);
    const { _meta, ...own } = params ?? {};
    // What is no object is no bookkeeping either.
    const meta = isRecord(_meta)
      ? Object.fromEntries(Object.entries(_meta).filter(([name]) => !bookkeeping.has(name)))
      : _meta;
    return {
      ...own,
      ...(meta === undefined || (isRecord(meta) && Object.keys(meta).length === 0) ? {} : { _meta: meta }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...behalf,
    };
  });
  return found ? form : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A call on a route, as it was read. */
export function readCall(
  { route, rest }: Pick<RouteMatch, "route" | "rest">,
  { method, query }: Pick<RequestHead, "method" | "query">,
  rawHeaders: readonly string[],
  bytes: Buffer | undefined,
): ReadCall {
  const bound = route.kind === "mcp" ? boundHeaders(route, rawHeaders) : {};
  return { method, address: rest + query, kind: route.kind, bytes, ...bound };
}

/** What a client sent of the headers that a route passes on: the same one twice is both, in their order. */
export function boundHeaders(
  route: { readonly headers?: ReadonlySet<string> },
  raw: readonly string[],
): Pick<ReadCall, "headers"> {
  const found: Record<string, string> = {};
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    if (route.headers?.has(name) !== true) continue;
    const value = (raw[at + 1] as string).trim();
    found[name] = found[name] === undefined ? value : `${found[name]}, ${value}`;
  }
  return Object.keys(found).length === 0 ? {} : { headers: found };
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
    const text = callText({ ...call, behalf: callBehalf(access) });
    return text === undefined ? access : { ...access, call: callDigest(text) };
  } catch {
    return access;
  }
}

/**
 * Uses the approvals up that an allow stands on; a deny when one was used before.
 *
 * @param takeBack takes back what was counted for the allow
 */
export async function spend(
  deps: Pick<GatewayDependencies, "spendApprovals">,
  decision: Decision,
  takeBack?: () => void,
): Promise<Decision> {
  const { approvals } = decision;
  if (decision.effect === "deny" || approvals === undefined) return decision;
  const refused =
    deps.spendApprovals === undefined ? { spentBefore: approvals[0] } : await deps.spendApprovals(approvals);
  if (refused === undefined) return decision;
  takeBack?.();
  const words = `the approval ${refused.spentBefore} of this call was used already: each is good once`;
  return denied(decision, "approval-spent", words);
}
