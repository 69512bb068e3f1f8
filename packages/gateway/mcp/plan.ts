/**
 * A request on a route to an MCP server, by Streamable HTTP. In: its head and headers, later its body. Out: what it wants.
 * A POST carries one message, which says what is decided; GET and DELETE belong to the sessions of the protocol before
 * 2026-07-28, and are of no use without one. A session is its opener's alone.
 */
import { CordonError } from "@cordon/core/errors";
import { askedOfClients, mcpMethods } from "@cordon/core/mcp/methods";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { McpRoute, Route } from "@cordon/core/policy/snapshot";
import { ungoverned, type Intent, type ObjectUse, type Plan, type PlanInput } from "../routes/intent.ts";
import type { AskedOfClients, Asker } from "./asked-of-clients.ts";
import { openToolFilter } from "./answer-filter.ts";
import { readMcpHeaders, readMcpMessage } from "./message.ts";
import type { ToolStanding } from "./tool-standing.ts";

export interface McpSurroundings {
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly tools: ToolStanding;
  readonly asked: AskedOfClients;
  /** Who speaks. */
  readonly principal: SpiffeId;
  /** All that there are: no server offers a tool by the name of another's. */
  readonly routes: readonly Route[];
  /** Told of a definition that is withheld, the first time that it is seen. */
  readonly onWithheld: (words: string) => void;
}

/**
 * The answer to what the server asked of its client (sampling, elicitation, roots): policy reads what was asked as
 * `context.rpc`. One answer each.
 *
 * @throws {CordonError} `ROUTE_UNGOVERNED` for an answer to nothing
 */
function answerTo(route: McpRoute, asker: Asker, id: string | number, asked: AskedOfClients) {
  const method = asked.find(route, asker, id);
  if (method === undefined)
    throw new CordonError("ROUTE_UNGOVERNED", "this answers nothing that the server has asked in this session");
  asked.answered(route, asker, id);
  return { action: askedOfClients.get(method) ?? "write", stream: false, mcp: { rpc: method, tool: "" } } as const;
}

/** Descriptions that nobody approved are content like any other. */
function flowOf(route: McpRoute, method: string, tool: string): Pick<Intent, "flow"> {
  const flow = method === "tools/list" && route.pins === undefined ? { content: true } : route.tools?.get(tool);
  return flow === undefined ? {} : { flow };
}

/** @throws {CordonError} `REQUEST_MALFORMED` for headers that could be read in two ways */
export function planMcp(route: McpRoute, { head, rest }: PlanInput, around: McpSurroundings): Plan {
  const headers = readMcpHeaders(around.rawHeaders);
  if (rest !== "") return ungoverned(`an MCP server has one path; there is nothing at \`${rest.slice(0, 128)}\``);
  const session: ObjectUse[] = headers.session === undefined ? [] : [{ type: "mcp-session", id: headers.session }];
  const asker = { principal: around.principal, session: headers.session };
  const base = {
    resource: route.resource,
    upstream: route.upstream,
    upstreamPath: head.query,
    uses: session,
    openAnswer: (answer) =>
      openToolFilter(
        answer,
        (definition) => {
          const { why, news } = around.tools.judge(route, definition, around.routes);
          if (why !== undefined && news)
            around.onWithheld(
              `the tool ${JSON.stringify(definition.name)} of route \`${route.name}\` is withheld (${why}): ${definition.digest}`,
            );
          return why;
        },
        (id, method) => around.asked.note(route, asker, id, method),
      ),
  } satisfies Partial<Intent>;
  if (head.method === "POST")
    return {
      kind: "forward",
      body: "json",
      intent(tree) {
        const { method, tool, arguments: given, answers } = readMcpMessage(tree, headers);
        if (answers !== undefined) return { ...base, ...answerTo(route, asker, answers, around.asked) };
        const refusal = tool === "" ? undefined : around.tools.refusal(route, tool, around.routes);
        return {
          ...base,
          action: mcpMethods.get(method) ?? "read",
          stream: method === "subscriptions/listen",
          mcp: { rpc: method, tool },
          ...(given === undefined ? {} : { arguments: given }),
          ...flowOf(route, method, tool),
          ...(method === "initialize" ? { creates: "mcp-session" } : {}),
          ...(refusal === undefined ? {} : { refusal }),
        };
      },
    };
  const [opened] = session;
  if ((head.method !== "GET" && head.method !== "DELETE") || opened === undefined)
    return {
      kind: "refuse",
      status: 405,
      code: "METHOD_NOT_ALLOWED",
      words: `${head.method} is not let through without an MCP session; send messages by POST`,
    };
  const intent: Intent = { ...base, action: "read", stream: head.method === "GET", mcp: { rpc: "", tool: "" } };
  const deleting = head.method === "DELETE" ? { ...intent, deletes: opened } : intent;
  return { kind: "forward", body: "none", intent: () => deleting };
}
