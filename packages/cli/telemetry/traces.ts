/**
 * Passages as traces. In: a tracer. Out: an observer that makes a server span of each interaction, and a client span
 * of each call to an upstream. Attributes are names and numbers after the HTTP and GenAI conventions; `cordon.*` where
 * they have none. No header, query, body or token, and of the path only the route's.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import type { GatewayObserver } from "@cordon/gateway/observation/observer";
import type { Passage } from "@cordon/gateway/observation/passage";
import { formatTraceparent, parseTraceparent } from "./trace-context.ts";

/** What is kept of a passage between its beginning and its end. */
interface Traced {
  readonly server: Span;
  /** The wall clock less the monotonic one when it began: one for all of its times, so that they keep their order. */
  readonly wallOffsetMs: number;
  /** What the caller said of a trace of its own, where it is not followed. */
  readonly foreignState: boolean;
  client: Span | undefined;
}

/** GenAI operation names by action; other actions are plain HTTP. */
const operations: Readonly<Record<string, string>> = { infer: "chat", embed: "embeddings" };

export function traceObserver(tracer: Tracer): GatewayObserver {
  return {
    begun(passage, request) {
      const parent = parseTraceparent(request.headers["traceparent"]);
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
      const wallOffsetMs = Date.now() - performance.now();
      const startTime = wallOffsetMs + passage.startedMs;
      const server = tracer.startSpan(request.method ?? "HTTP", { kind: SpanKind.SERVER, startTime }, context);
      const foreignState = parent === undefined && request.headers["tracestate"] !== undefined;
      passage.observed = { server, wallOffsetMs, foreignState, client: undefined } satisfies Traced;
    },
    outgoing(passage) {
      const traced = passage.observed as Traced | undefined;
      if (traced === undefined) return [];
      const within = trace.setSpan(ROOT_CONTEXT, traced.server);
      traced.client = tracer.startSpan(
        clientName(passage),
        { kind: SpanKind.CLIENT, startTime: traced.wallOffsetMs + performance.now() },
        within,
      );
      const headers = ["traceparent", formatTraceparent(traced.client.spanContext())];
      return traced.foreignState ? [...headers, "tracestate", ""] : headers;
    },
    ended(passage) {
      const traced = passage.observed as Traced | undefined;
      if (traced === undefined) return;
      endClient(traced, passage);
      // A fallback goes on with the same server span; this attempt was only one of its calls.
      if (passage.end === "upstream-failed" && passage.status === 0) return;
      endServer(traced, passage);
    },
  };
}

function endClient(traced: Traced, passage: Passage): void {
  const { client, wallOffsetMs } = traced;
  if (client === undefined) return;
  traced.client = undefined;
  client.setAttributes({ ...upstreamAttributes(passage), ...modelAttributes(passage) });
  if (!Number.isNaN(passage.firstByteMs)) client.addEvent("first_byte", wallOffsetMs + passage.firstByteMs);
  fail(client, passage);
  client.end(wallOffsetMs + passage.endedMs);
}

function endServer({ server, wallOffsetMs }: Traced, passage: Passage): void {
  const { method, routePath, status } = passage;
  if (method !== "") server.updateName(routePath === "" ? method : `${method} ${routePath}`);
  server.setAttributes({
    ...(method === "" ? {} : { "http.request.method": method }),
    ...(routePath === "" ? {} : { "http.route": routePath }),
    ...(status === 0 ? {} : { "http.response.status_code": status }),
    "url.scheme": "https",
    "network.protocol.version": "1.1",
    ...cordonAttributes(passage),
  });
  for (const [name, at] of [
    ["decided", passage.decidedMs],
    ["recorded", passage.recordedMs],
  ] as const)
    if (!Number.isNaN(at)) server.addEvent(name, wallOffsetMs + at);
  fail(server, passage);
  server.end(wallOffsetMs + passage.endedMs);
}

function cordonAttributes(passage: Passage): Attributes {
  return Object.fromEntries(
    Object.entries({
      "cordon.request_id": passage.id,
      "cordon.namespace": passage.namespace,
      "cordon.route": passage.route,
      "cordon.principal": passage.principal,
      "cordon.action": passage.action,
      "cordon.resource": passage.resource,
      "cordon.effect": passage.effect,
      "cordon.end": passage.end,
    }).filter(([, value]) => value !== ""),
  );
}

function upstreamAttributes({ method, upstream, attempt, requestBytes, responseBytes }: Passage): Attributes {
  return {
    "http.request.method": method,
    "http.request.body.size": requestBytes,
    "http.response.body.size": responseBytes,
    "cordon.upstream": upstream,
    ...(attempt > 1 ? { "cordon.attempt": attempt } : {}),
  };
}

function modelAttributes({ kind, action, model }: Passage): Attributes {
  const operation = operations[action];
  if (operation === undefined || model === "") return {};
  return { "gen_ai.operation.name": operation, "gen_ai.provider.name": kind, "gen_ai.request.model": model };
}

function clientName({ action, model, method }: Passage): string {
  const operation = operations[action];
  return operation === undefined || model === "" ? method : `${operation} ${model}`;
}

/** A denial is what a gateway is for, and no error of it; what the server could not do is (semconv, HTTP server). */
function fail(span: Span, { code, status, end }: Passage): void {
  if (code !== "") span.setAttribute("error.type", code);
  if (status >= 500 || end === "upstream-failed" || end === "cut") span.setStatus({ code: SpanStatusCode.ERROR });
}
