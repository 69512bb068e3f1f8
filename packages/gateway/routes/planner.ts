/**
 * Which API a request speaks, and what it wants in that. In: a request on a route. Out: its plan. Each API is a file beside
 * this one.
 */
import type { IncomingMessage } from "node:http";
import { planS3 } from "../doors/s3/plan.ts";
import type { Caller } from "../listener/caller.ts";
import type { RequestHead } from "../listener/request-head.ts";
import { AskedOfClients } from "../mcp/asked-of-clients.ts";
import { EventIds } from "../mcp/event-ids.ts";
import { planMcp } from "../mcp/plan.ts";
import type { ToolStanding } from "../mcp/tool-standing.ts";
import type { GatewayDependencies } from "../ports.ts";
import { planAnthropic } from "./anthropic.ts";
import { planHttp, upstreamKey, type Intent, type ObjectUse, type Plan } from "./intent.ts";
import type { RouteMatch } from "./match.ts";
import { planOpenai } from "./openai.ts";
import { ownerOf } from "./ownership.ts";

interface Planned {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly match: RouteMatch;
}

export function planner(
  deps: Pick<GatewayDependencies, "owners" | "snapshots" | "log">,
  tools: ToolStanding,
): (planned: Planned) => Plan {
  const asked = new AskedOfClients();
  const eventIds = new EventIds();
  return ({ id, request, match, head, caller }) => {
    const self = ownerOf(caller.id, caller.acting);
    const find = (upstream: Intent["upstream"], use: ObjectUse) => {
      const owner = deps.owners.find(upstreamKey(upstream), use.type, use.id);
      return owner?.principal === self ? owner : undefined;
    };
    const input = { head, rest: match.rest, ownerOf: find };
    switch (match.route.kind) {
      case "openai":
        return planOpenai(match.route, input);
      case "anthropic":
        return planAnthropic(match.route, input);
      case "http":
        return planHttp(match.route, input);
      case "s3":
        return planS3(match.route, input, request.rawHeaders);
      case "mcp":
        return planMcp(match.route, input, {
          rawHeaders: request.rawHeaders,
          tools,
          asked,
          eventIds,
          principal: self,
          routes: deps.snapshots.current().routes,
          onWithheld: (words) => deps.log({ level: "warn", event: "mcp-tool-withheld", words, requestId: id }),
        });
    }
  };
}
