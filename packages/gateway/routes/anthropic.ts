/**
 * The Anthropic API: Messages, token counting, Models. In: head and body. Out: a plan. An allow-list, as for OpenAI;
 * files, batches and containers are refused until their owners can be told apart.
 */
import { isJsonObject, type JsonObject } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import type { ModelRoute } from "@cordon/core/policy/snapshot";
import { ungoverned, type Plan, type PlanInput } from "./intent.ts";
import { decodedName, modelOf, streamOf, visitProperties } from "./model-target.ts";

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
          refuseOtherModels(body);
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
        return { kind: "models", route, only: decodedName(rest.slice("/v1/models/".length)) };
      return ungoverned(
        `${head.method} ${rest.slice(0, 128) || "/"} is refused: this endpoint of the Anthropic API is not governed yet`,
      );
  }
}

/** Containers, threads, files and messages that the upstream holds, behind a credential that all principals share. */
function refuseStoredObjects(body: JsonObject): void {
  const refuse = (name: string): never => {
    throw new CordonError(
      "ROUTE_UNGOVERNED",
      `\`${name}\` refers to an object at the upstream that cannot be tied to its owner yet, and is refused`,
    );
  };
  for (const name of ["container", "thread"]) if ((body[name] ?? null) !== null) refuse(name);
  visitProperties(
    body,
    (name, value) => {
      if ((name === "file_id" || name === "previous_message_id") && value !== null) refuse(name);
    },
    isToolInput,
  );
}

/** What a model gave a tool, or an example of it: the tool's own names, which may well be `file_id`. */
function isToolInput(name: string, owner: JsonObject): boolean {
  if (name === "input_examples") return true;
  return name === "input" && typeof owner["type"] === "string" && owner["type"].endsWith("tool_use");
}

/** The decision is about the model that the body names: no other may answer, or advise, in its place. */
function refuseOtherModels(body: JsonObject): void {
  const tools = Array.isArray(body["tools"]) ? body["tools"] : [];
  const advised = tools.some((tool) => isJsonObject(tool) && (tool["model"] ?? null) !== null);
  if ((body["fallbacks"] ?? null) === null && !advised) return;
  throw new CordonError(
    "ROUTE_UNGOVERNED",
    `\`${advised ? "tools[].model" : "fallbacks"}\` brings in another model, which would answer undecided, and is refused; ` +
      "configure a `fallback` on the route instead",
  );
}
