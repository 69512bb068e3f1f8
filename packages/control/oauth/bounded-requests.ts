/**
 * The authorization server's endpoints that a stranger can have work done at, behind limits. In: a request, what answers it, and
 * the limits. Out: its answer; or 429 with `Retry-After`, before anything is read or written. Which client it is of is known
 * when the provider has looked the client up, so that bound is asked there.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { errors, Provider } from "oidc-provider";
import { consentPath, interactionSeconds, pushedRequestSeconds } from "./provider.ts";
import type { Admission, Asked, RequestLimits, Wait } from "./request-limits.ts";

export interface BoundedRequests {
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): Promise<void>;
  /**
   * The request that is being answered is of this registered client.
   *
   * @throws what the provider answers with 429
   */
  ofClient(id: string): void;
}

interface Endpoint {
  readonly asked: Asked;
  readonly holdMs: number;
  /** The authorization that it goes on with. */
  readonly resumes?: string;
}

const words = "Too much is asked at once, from this network or by this program; ask again later.";

export function boundRequests(limits: RequestLimits): BoundedRequests {
  const admitted = new WeakMap<IncomingMessage, Admission>();
  return {
    async serve(request, response, answer) {
      const endpoint = endpointOf(request.url ?? "");
      if (endpoint === undefined) return answer(request, response);
      const { asked, holdMs, resumes } = endpoint;
      const admission = limits.admit(request.socket.remoteAddress ?? "unknown", asked, holdMs);
      if ("seconds" in admission) return refuseFor(response, admission);
      admitted.set(request, admission);
      let underWay: ReturnType<typeof leftBy>;
      try {
        await answer(request, response);
        underWay = leftBy(response);
        if (resumes !== undefined && underWay === undefined && response.statusCode < 400) limits.over(resumes);
      } finally {
        admission.done(underWay);
      }
    },
    ofClient(id) {
      const context = Provider.ctx;
      const wait = context && admitted.get(context.req)?.ofClient(id);
      if (wait === undefined) return;
      context?.set("retry-after", String(wait.seconds));
      throw Object.assign(new errors.OIDCProviderError(429, "temporarily_unavailable"), { error_description: words });
    },
  };
}

/** @param target as the provider has it: without the prefix that its issuer has */
function endpointOf(target: string): Endpoint | undefined {
  const [path = ""] = target.split("?", 1);
  if (path === "/request") return { asked: "authorize", holdMs: pushedRequestSeconds * 1_000 };
  if (path === "/token" || path.startsWith("/token/")) return { asked: "token", holdMs: 0 };
  const [, resumes] = /^\/auth(?:\/([^/]*))?\/?$/.exec(path) ?? [];
  if (resumes === undefined && !/^\/auth\/?$/.test(path)) return undefined;
  return { asked: "authorize", holdMs: interactionSeconds * 1_000, ...(resumes !== undefined && { resumes }) };
}

/** What an answer leaves in the store: a person who is asked, or a request that was pushed. */
function leftBy(response: ServerResponse): { readonly name?: string } | undefined {
  if (response.statusCode === 201) return {};
  const location = String(response.getHeader("location") ?? "");
  return location.startsWith(`${consentPath}/`) ? { name: location.slice(consentPath.length + 1) } : undefined;
}

function refuseFor(response: ServerResponse, { seconds }: Wait): void {
  const body = JSON.stringify({ error: "temporarily_unavailable", error_description: words });
  response.writeHead(429, {
    ...{
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "retry-after": String(seconds),
    },
    ...{ "cache-control": "no-store", connection: "close" },
  });
  response.end(body);
}
