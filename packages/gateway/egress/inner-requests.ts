/**
 * Requests inside an intercepted connection. In: what was decided on, and a request's head. Out: what is asked, in Cordon's
 * words, as a route would say it. One that names another host, or is not declared, is on record as refused.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { EgressTarget } from "@cordon/core/contract/egress-schema";
import type { Decision, RouteKey } from "@cordon/core/policy/decision";
import { egressVia, type EgressDestination, type Interception } from "@cordon/core/policy/egress";
import { allowsRequest } from "@cordon/core/policy/egress-requests";
import type { HttpRoute, Upstream } from "@cordon/core/policy/snapshot";
import type { Dispatcher } from "undici";
import { denied } from "../admission.ts";
import type { EgressAccount } from "./totals.ts";
import type { Caller } from "../listener/caller.ts";
import type { RequestHead } from "../listener/request-head.ts";
import type { Intent, Plan } from "../routes/intent.ts";
import type { RouteMatch } from "../routes/match.ts";

export interface Intercepted extends EgressDestination {
  readonly target: EgressTarget;
  readonly intercept: Interception;
}

/** Where a request came from, in place of the gateway's own door and routes. */
export interface InnerConnection {
  readonly via: RouteKey;
  /** The newest proof of who holds the connection. */
  caller(): Caller;
  match(head: RequestHead): RouteMatch;
  plan(head: RequestHead, request: IncomingMessage): Plan & { readonly kind: "forward" };
  /** Counts a decision; returns how to say that what was let through is refused after all. */
  readonly decided: (effect: "allow" | "deny") => () => void;
  /**
   * What refuses a request that is about to be let through after all: the limit, which others have used up meanwhile, or what the
   * connection's session has come to hold.
   */
  refusedSince(decision: Decision, request: IncomingMessage, response: ServerResponse): Decision | undefined;
  /** What a request says outside its path and body: inspected with its address. */
  said(request: IncomingMessage): string;
}

export function innerConnection(
  { target, intercept, ...destination }: Intercepted,
  dispatcher: Dispatcher,
  caller: () => Caller,
  account: Pick<EgressAccount, "decided" | "usedUp">,
  overrun: (request: IncomingMessage, response: ServerResponse) => Decision | undefined,
): InnerConnection {
  const { namespace, name, resource, connectMs, idleMs } = destination;
  const upstream: Upstream = {
    ...{ namespace, name, external: true, authentication: { kind: "webpki" } },
    url: `${schemeOf(destination)}://${target.host}:${target.port}`,
    timeouts: { connectMs, firstByteMs: intercept.firstByteMs, idleMs },
  };
  const route: HttpRoute = {
    ...{ kind: "http", namespace, name, resource, upstream, mode: "enforce", path: "/", actions: new Map() },
    maxBodyBytes: intercept.maxBodyBytes,
    ...(intercept.inspection === undefined ? {} : { inspection: intercept.inspection }),
  };
  return {
    via: egressVia(destination),
    caller,
    match: ({ path }) => ({ route, rest: path }),
    plan(head, request) {
      const refusal =
        hostProblem(request, target, schemeOf(destination) === "http" ? 80 : 443) ??
        (allowsRequest(intercept.requests, head.method, head.path)
          ? undefined
          : `\`${head.method} ${head.path.slice(0, 256)}\` is not among the requests that \`${name}\` allows`) ??
        account.usedUp();
      const intent: Intent = {
        ...{ action: "egress", resource, upstream, upstreamPath: head.path + head.query, stream: false, uses: [] },
        outside: { dispatcher },
        ...(refusal === undefined ? {} : { refusal }),
      };
      const bodyless = head.method === "GET" || head.method === "HEAD" || refusal !== undefined;
      return { kind: "forward", body: bodyless ? "none" : "through", intent: () => intent };
    },
    decided: account.decided,
    refusedSince(decision, request, response) {
      const limited = account.usedUp();
      if (limited !== undefined) return denied(decision, "egress-limit", limited);
      const refused = overrun(request, response);
      return refused && { ...decision, effect: "deny", obligations: [], reasons: refused.reasons };
    },
    said: saidInHeaders,
  };
}

export function schemeOf({ protocol }: Pick<EgressDestination, "protocol">): "http" | "https" {
  return protocol === "http" ? "http" : "https";
}

/** RFC 9110, 7.2 and 7.4: who is asked is who was decided on, or the request is misdirected. */
function hostProblem(request: IncomingMessage, { host, port }: EgressTarget, standardPort: number): string | undefined {
  const named = request.headers.host ?? "";
  if (named === `${host}:${port}` || (named === host && port === standardPort)) return undefined;
  return `the request names the host \`${named.slice(0, 253)}\`, and \`${host}:${port}\` was decided on`;
}

/** Of the client's own account there, or of the connection; or judged by itself, or not sent on: not what it says. */
const notSaid: ReadonlySet<string> = new Set([
  ...["authorization", "cookie", "x-api-key", "api-key", "host", "content-length", "connection"],
  ...["accept-encoding", "transfer-encoding", "expect"],
]);

function saidInHeaders({ rawHeaders }: IncomingMessage): string {
  let said = "";
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = [rawHeaders[at]?.toLowerCase(), rawHeaders[at + 1]];
    if (notSaid.has(name)) continue;
    said += `\n${rawHeaders[at]}: ${name === "user-agent" ? unversioned(value) : value}`;
  }
  return said;
}

/** Without versions, which look like addresses and telephone numbers: `Chrome/120.0.0.0`. */
function unversioned(agent: string): string {
  return agent.replaceAll(/(?<=[A-Za-z)]\/)[0-9]{1,4}(?:\.[0-9]{1,5}){0,4}(?=[\s;)]|$)/g, "");
}

export function isIntercepted<T extends EgressDestination>(
  carried: T,
): carried is T & { readonly intercept: Interception } {
  return carried.intercept !== undefined;
}
