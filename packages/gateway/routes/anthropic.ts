/**
 * The Anthropic API: Messages, token counting, Models. In: head and body. Out: a plan. An allow-list, as for OpenAI;
 * files, batches and containers are refused until their owners can be told apart.
 */
import type { JsonObject } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import type { ModelRoute } from "@cordon/core/policy/snapshot";
import { ungoverned, type Plan, type PlanInput } from "./intent.ts";
import { modelOf, streamOf, visitProperties } from "./model-target.ts";

export function planAnthropic(route: ModelRoute, { head, rest }: PlanInput): Plan {
  switch (`${head.method} ${rest}`) {
    case "POST /v1/messages":
    case "POST /v1/messages/count_tokens":
      return {
        kind: "forward",
        body: "json",
        intent: (body = {}) => {
          const model = modelOf(route, body);
          refuseStoredObjects(body);
          return {
            action: "infer",
            resource: model.target.component,
            upstream: model.target.upstream,
            upstreamPath: rest + head.query,
            stream: streamOf(body),
            uses: [],
            model,
          };
        },
      };
    case "GET /v1/models":
      return { kind: "models", route };
    default:
      if (head.method === "GET" && /^\/v1\/models\/[^/]+$/.test(rest))
        return { kind: "models", route, only: decodeURIComponent(rest.slice("/v1/models/".length)) };
      return ungoverned(
        `${head.method} ${rest.slice(0, 128) || "/"} is refused: this endpoint of the Anthropic API is not governed yet`,
      );
  }
}

function refuseStoredObjects(body: JsonObject): void {
  const refuse = (name: string): never => {
    throw new CordonError(
      "ROUTE_UNGOVERNED",
      `\`${name}\` refers to an object at the upstream that cannot be tied to its owner yet, and is refused`,
    );
  };
  if (body["container"] !== undefined && body["container"] !== null) refuse("container");
  visitProperties(body, (name, value) => {
    if (name === "file_id" && value !== null) refuse("file_id");
  });
}
