/**
 * A request on a route to an MCP server, by Streamable HTTP. In: its head and headers, later its body. Out: what it wants.
 * A POST carries one message, which says what is decided; GET and DELETE belong to the sessions of the protocol before
 * 2026-07-28, and are of no use without one. A session is its opener's alone.
 */
import { foldName } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import { askedOfClients, mcpMethods } from "@cordon/core/mcp/methods";
import type { McpRoute, Route } from "@cordon/core/policy/snapshot";
import { ungoverned, type Intent, type ObjectUse, type Plan, type PlanInput } from "../routes/intent.ts";
import type { Owner } from "../routes/ownership.ts";
import type { AskedOfClients, Asker } from "./asked-of-clients.ts";
import { openToolFilter, type JudgeTool } from "./answer-filter.ts";
import type { EventIds } from "./event-ids.ts";
import { readMcpHeaders, readMcpMessage, refuseRepeating, type McpMessage } from "./message.ts";
import type { ToolStanding } from "./tool-standing.ts";

export interface McpSurroundings {
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly tools: ToolStanding;
  readonly asked: AskedOfClients;
  readonly eventIds: EventIds;
  /** Who speaks. */
  readonly principal: Owner;
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
  const question = asked.find(route, asker, id);
  if (question === undefined)
    throw new CordonError("ROUTE_UNGOVERNED", "this answers nothing that the server has asked in this session");
  asked.answered(route, asker, id);
  const { method: rpc, params } = question;
  const action = askedOfClients.get(rpc) ?? "write";
  return { action, stream: false, mcp: { rpc, tool: "" }, arguments: params } as const;
}

/** A request that is put again with answers hands them over besides: each is decided as it is when it is asked. */
function inputsOf(route: McpRoute, asker: Asker, { method, tool, inputs = [] }: McpMessage, asked: AskedOfClients) {
  const also = inputs.map(({ key, method: rpc }) => ({
    ...{ action: askedOfClients.get(rpc) ?? "write", resource: route.resource, rpc },
    arguments: asked.inputParams(route, asker.principal, aboutOf(method, tool), key, rpc),
  }));
  return also.length === 0 ? {} : { also };
}

function aboutOf(method: string, tool: string): string {
  return `${method} ${tool}`;
}

/** Headers that MCP gives a meaning, and those of every client; what else a client sends may change what a tool does. */
const passedHeaders: ReadonlySet<string> = new Set(
  "accept content-type user-agent traceparent tracestate mcp-session-id mcp-protocol-version mcp-method mcp-name".split(
    " ",
  ),
);

function isPassed(route: McpRoute, name: string): boolean {
  return passedHeaders.has(name) || name.startsWith("mcp-param-") || route.headers?.has(name) === true;
}

/** Descriptions that nobody approved are content like any other. */
function flowOf(route: McpRoute, method: string, tool: string): Pick<Intent, "flow"> {
  const flow = method === "tools/list" && route.pins === undefined ? { content: true } : route.tools?.get(tool);
  return flow === undefined ? {} : { flow };
}

/** @see OAuth 2.1, section 5.1; MCP 2026-07-28, "Token Requirements" */
function namesToken(query: string): boolean {
  return [...new URLSearchParams(query).keys()].some((name) => foldName(name) === "access_token");
}

/** @throws {CordonError} `REQUEST_MALFORMED` for headers that could be read in two ways, `MCP_HEADER_MISMATCH` */
export function planMcp(route: McpRoute, { head, rest }: PlanInput, around: McpSurroundings): Plan {
  const headers = readMcpHeaders(around.rawHeaders);
  if (namesToken(head.query))
    return {
      kind: "refuse",
      status: 400,
      code: "REQUEST_MALFORMED",
      words: "an access token is never in an address, where it is logged: send it as `Authorization`",
    };
  if (rest !== "") return ungoverned(`an MCP server has one path; there is nothing at \`${rest.slice(0, 128)}\``);
  const session: ObjectUse[] = headers.session === undefined ? [] : [{ type: "mcp-session", id: headers.session }];
  const asker = { principal: around.principal, session: headers.session };
  const base = {
    resource: route.resource,
    upstream: route.upstream,
    upstreamPath: head.query,
    uses: session,
    headersPassed: (name: string) => isPassed(route, name),
  } satisfies Partial<Intent>;
  const judgeTool: JudgeTool = (definition) => {
    const { why, news } = around.tools.judge(route, definition, around.routes);
    if (why !== undefined && news)
      around.onWithheld(
        `the tool ${JSON.stringify(definition.name)} of route \`${route.name}\` is withheld (${why}): ${definition.digest}`,
      );
    return why;
  };
  const sealId =
    headers.session === undefined ? {} : { sealId: (id: string) => around.eventIds.seal(route, asker, id) };
  /** @param about the request whose answer it is: what is asked in a result is answered with that request */
  const answering = (about: string): Pick<Intent, "openAnswer"> => ({
    openAnswer: (answer, gate) =>
      openToolFilter(answer, {
        tool: judgeTool,
        ask: async (id, question) => {
          const put = await gate.put(question);
          if ("refused" in put) gate.refuse(id, put.refused);
          else around.asked.note(route, asker, id, question);
          return put;
        },
        input: async (key, question) => {
          const put = await gate.put(question);
          if (!("refused" in put)) around.asked.noteInput(route, around.principal, about, key, question);
          return put;
        },
        ...sealId,
      }),
  });
  if (head.method === "POST")
    return {
      kind: "forward",
      body: "json",
      intent(tree) {
        const read = readMcpMessage(tree, headers);
        const { method, tool, arguments: given, answers } = read;
        if (headers.place !== undefined)
          throw new CordonError("REQUEST_MALFORMED", "`last-event-id` belongs to GET: a message goes on from nowhere");
        if (answers !== undefined)
          return { ...base, ...answering(""), ...answerTo(route, asker, answers, around.asked) };
        const refusal = tool === "" ? undefined : around.tools.refusal(route, tool, around.routes);
        return {
          ...base,
          ...answering(aboutOf(method, tool)),
          ...inputsOf(route, asker, read, around.asked),
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
  refuseRepeating(headers);
  let place: readonly string[] = [];
  if (headers.place !== undefined) {
    const id = around.eventIds.open(route, asker, headers.place);
    if (id === undefined)
      return {
        kind: "refuse",
        status: 404,
        code: "OBJECT_NOT_OWNED",
        words: "`last-event-id` is no place in a stream of this session; listen without it",
      };
    place = ["last-event-id", id];
  }
  const intent: Intent = {
    ...{ ...base, ...answering(""), headers: place },
    ...{ action: "read", stream: head.method === "GET", mcp: { rpc: "", tool: "" } },
  };
  const deleting = head.method === "DELETE" ? { ...intent, deletes: opened } : intent;
  return { kind: "forward", body: "none", intent: () => deleting };
}
