/**
 * What a request wants, in Cordon's words. Each API's file (openai, anthropic, http) turns a head, and where needed a
 * body, into an {@link Intent}; the interaction then decides, forwards and records it without knowing the API.
 */
import type { Action, Namespace } from "@cordon/core/contract/vocabulary";
import type { JsonObject } from "@cordon/core/contract/strict-json";
import type { FlowOfCall } from "@cordon/core/flow/flow";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { CordonError } from "@cordon/core/errors";
import type { Dispatcher } from "undici";
import type { HttpRoute, ModelRoute, S3Route, ModelTarget, Overlays, Upstream } from "@cordon/core/policy/snapshot";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { QuestionGate } from "../mcp/question-gate.ts";
import type { S3Sending } from "../doors/s3/plan.ts";
import type { RequestHead } from "../listener/request-head.ts";
import type { ResponseFilter, ResponseHead } from "../ports.ts";
import type { ObjectType, Owner } from "./ownership.ts";

/** How the body travels: not at all, parsed whole before deciding, or streamed through after deciding. */
export type BodyMode = "none" | "json" | "through";

/** A use of an object at the upstream that must belong to the principal. */
export interface ObjectUse {
  readonly type: ObjectType;
  readonly id: string;
}

export interface Intent {
  readonly action: Action;
  readonly resource: SpiffeId;
  readonly upstream: Upstream;
  /** Path at the upstream, below its base URL, with the query. */
  readonly upstreamPath: string;
  readonly stream: boolean;
  readonly uses: readonly ObjectUse[];
  /** What the answer will have made, if anything. */
  readonly creates?: ObjectType;
  readonly deletes?: ObjectUse;
  /** Set for a message to an MCP server: its method and its tool, each empty where there is none. */
  readonly mcp?: { readonly rpc: string; readonly tool: string };
  /** A tool call's arguments: policy may read them, nothing records them. */
  readonly arguments?: JsonObject;
  /** What is said of just this call: labels of a tool, and whether it leads out. */
  readonly flow?: FlowOfCall;
  /** Why it is refused whatever policy says. */
  readonly refusal?: string;
  /** What the answer passes before anything else looks at it; what an MCP server asks in it is decided at the gate. */
  readonly openAnswer?: (head: ResponseHead, gate: QuestionGate) => ResponseFilter | undefined;
  /** Sent to the upstream in place of what the client sent under these names. */
  readonly headers?: readonly string[];
  /** Which headers of the client's go on, by lower-case name; all that may, where it is absent. */
  readonly headersPassed?: (name: string) => boolean;
  /** On a generic route: who else answers the same request. */
  readonly spare?: NonNullable<HttpRoute["fallback"]>;
  /** Set on a route of kind `s3`: the operation, which is signed for the store when it is sent. */
  readonly s3?: S3Sending;
  /** Set for a request to a destination outside: the client's own, and the connection that was decided on. */
  readonly outside?: { readonly dispatcher: Dispatcher };
  /** What is stored is handed out in the coding it was stored in. */
  readonly stored?: boolean;
  /** What the call does besides; each must be allowed too. */
  readonly also?: NonNullable<AccessRequest["also"]>;
  /** Set where the request names a model: what is needed to fall back or reroute. */
  readonly model?: { readonly name: string; readonly target: ModelTarget; readonly route: ModelRoute };
}

/** A request whose intent is settled once its body has been read. */
export type Plan =
  | {
      readonly kind: "forward";
      readonly body: BodyMode;
      /** A body that streams elsewhere is read whole first: it says what is asked. */
      readonly whole?: true;
      readonly intent: (body: JsonObject | undefined, bytes?: Uint8Array) => Intent;
    }
  /** Which buckets may I list? Or: is this one of them? Answered from the registry. */
  | { readonly kind: "buckets"; readonly route: S3Route; readonly only?: string }
  /** Which models may I use? Answered from the registry, by what policy lets this principal see. */
  | { readonly kind: "models"; readonly route: ModelRoute; readonly only?: string }
  | {
      readonly kind: "refuse";
      readonly status: number;
      readonly code:
        | "ROUTE_UNKNOWN"
        | "ROUTE_UNGOVERNED"
        | "REQUEST_MALFORMED"
        | "OBJECT_NOT_OWNED"
        | "METHOD_NOT_ALLOWED";
      readonly words: string;
    };

export interface PlanInput {
  readonly head: RequestHead;
  readonly rest: string;
  /** Who made an object, if anyone here did. */
  readonly ownerOf: (
    upstream: Upstream,
    use: ObjectUse,
  ) => { readonly component: SpiffeId; readonly principal: Owner } | undefined;
}

export function ungoverned(words: string): Plan {
  return { kind: "refuse", status: 404, code: "ROUTE_UNGOVERNED", words };
}

/** A request on a generic route: the method says the action, the body passes through. */
export function planHttp(route: HttpRoute, { head, rest }: PlanInput): Plan {
  const action = route.actions.get(head.method);
  if (action === undefined)
    return {
      kind: "refuse",
      status: 405,
      code: "ROUTE_UNGOVERNED",
      words: `the route \`${route.name}\` gives no action for ${head.method}; add it under \`actions\``,
    };
  const bodyless = head.method === "GET" || head.method === "HEAD";
  return {
    kind: "forward",
    body: bodyless ? "none" : "through",
    intent: () => ({
      action,
      resource: route.resource,
      upstream: route.upstream,
      upstreamPath: rest + head.query,
      stream: false,
      uses: [],
      ...(route.fallback && { spare: route.fallback }),
    }),
  };
}

/** Namespace and name of an upstream: how owners and outcomes refer to it. */
export function upstreamKey(upstream: { readonly namespace: Namespace; readonly name: string }): string {
  return `${upstream.namespace}/${upstream.name}`;
}

/**
 * Where a model is rerouted, the model that answers in its place. Decided and recorded under the replacement's name.
 *
 * @throws {CordonError} `UPSTREAM_UNREACHABLE` where the replacement is not offered on this route
 */
export function rerouted(overlays: Overlays, intent: Intent): Intent {
  const replacement = overlays.rerouted.get(intent.resource);
  if (replacement === undefined || intent.model === undefined) return intent;
  const { route } = intent.model;
  for (const [name, target] of route.models)
    if (target.component === replacement)
      return { ...intent, resource: replacement, upstream: target.upstream, model: { name, target, route } };
  throw new CordonError(
    "UPSTREAM_UNREACHABLE",
    `${intent.model.name} is rerouted to ${replacement}, which the route \`${route.name}\` does not offer`,
  );
}
