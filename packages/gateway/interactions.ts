/**
 * The loop: identify, decide, inspect, forward, inspect, record. In: HTTP requests from the door. Out: answers, and
 * entries in the ledger. This file is the story; each step's details are in the file that it names.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { isJsonObject, parseStrictJson, replaceTopLevel, type JsonObject } from "@cordon/core/contract/strict-json";
import { revocationOf } from "@cordon/core/identity/revocation";
import { routeKey, type Decision, type Signals } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import {
  accessRequestOf,
  decideHere,
  mustRecordFirst,
  namespaceOf,
  recordDecision,
  refusalWords,
} from "./admission.ts";
import { answerError, receiptHeaders } from "./answer.ts";
import { ContentMeter } from "./content-meter.ts";
import { statusOf } from "./error-status.ts";
import { Exchange, type ExchangeHost } from "./exchange.ts";
import type { Refusals } from "./ledger/refusals.ts";
import { readBody, refuseEncodedBody, requireJsonContentType } from "./listener/body.ts";
import { bearerToken, tokenVerifier, type Caller } from "./listener/caller.ts";
import type { Connections } from "./listener/connections.ts";
import { requestHeaders } from "./listener/headers.ts";
import { readRequestHead, type RequestHead } from "./listener/request-head.ts";
import type { LiveExchanges } from "./live/live-exchanges.ts";
import { observedHeader, type ObservedCalls } from "./observed-calls.ts";
import type { GatewayDependencies, QuotaUse } from "./ports.ts";
import { meteredBody } from "./metered-body.ts";
import { planAnthropic } from "./routes/anthropic.ts";
import { answerCordon } from "./routes/cordon.ts";
import type { ApiShape } from "./routes/error-shapes.ts";
import {
  planHttp,
  rerouted,
  upstreamKey,
  type BodyMode,
  type Intent,
  type ObjectUse,
  type Plan,
} from "./routes/intent.ts";
import { matchRoute, type RouteMatch } from "./routes/match.ts";
import { listModels } from "./routes/models-list.ts";
import { planOpenai } from "./routes/openai.ts";
import { upstreamTarget, type Upstreams } from "./upstream/upstreams.ts";

export interface InteractionDeps extends GatewayDependencies {
  readonly connections: Pick<Connections, "callerOf" | "isOld">;
  readonly upstreams: Upstreams;
  readonly refusals: Refusals;
  readonly live: LiveExchanges;
  readonly observed: ObservedCalls;
  readonly signals: () => Signals;
  readonly draining: () => boolean;
}

/** One request on its way through the loop. */
interface Interaction {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly match: RouteMatch;
  readonly shape: ApiShape;
}

/** What an interaction asks for, with its body as it was read. A fallback is a second ask of the same interaction. */
interface Ask {
  readonly attempt: number;
  readonly intent: Intent;
  readonly body: BodyMode;
  readonly bytes: Buffer | undefined;
  readonly tree: JsonObject | undefined;
}

export function openInteractions(deps: InteractionDeps): {
  serve(request: IncomingMessage, response: ServerResponse): void;
} {
  const { ledger, live, now, signals } = deps;
  const verifyToken = tokenVerifier(deps.identity.current().id);
  const nextId = requestIds();
  const callers = new WeakMap<Exchange, Caller>();
  const reservations = new WeakMap<Exchange, { settle(used: QuotaUse): void }>();
  const host = exchangeHost();

  return { serve: (request, response) => void serve(request, response) };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = nextId();
    let shape: ApiShape = "http";
    let from = request.socket.remoteAddress ?? "unknown";
    request.on("error", () => undefined); // a broken request is seen where its body is read
    response.on("error", () => undefined); // a broken response is seen as its `close`
    try {
      const head = readRequestHead(request);
      // Before the answer to the request ahead of it is whole, a response has no socket. Such a request would run
      // beside the other, past the limit on connections, and not hear its client leave.
      if (response.socket === null)
        throw new CordonError("REQUEST_MALFORMED", "the request is refused: it did not wait for the answer before it");
      const snapshot = deps.snapshots.current();
      const match = matchRoute(snapshot.routes, head.path);
      if (match !== undefined && match.route.kind !== "http") shape = match.route.kind;
      if (deps.draining())
        throw new CordonError("DRAINING", "the gateway is shutting down; ask another, or again shortly");
      if (deps.connections.isOld(request)) response.shouldKeepAlive = false;
      const caller = deps.connections.callerOf(request) ?? verifyToken(bearerToken(request), snapshot, now());
      from = caller.id;
      if (head.path.startsWith("/.cordon/")) return await answerCordon(ledger, head, response);
      if (match === undefined)
        throw new CordonError("ROUTE_UNKNOWN", `no route is configured for ${head.path.slice(0, 128)}`);
      await run({ id, request, response, head, caller, match, shape }, snapshot);
    } catch (error) {
      refuse(request, response, shape, id, from, error);
    }
  }

  /** A request that never became a decision: counted in the ledger, answered in the API's shape. */
  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    shape: ApiShape,
    id: string,
    from: string,
    error: unknown,
  ): void {
    let known: CordonError;
    let status = 500;
    if (isCordonError(error)) {
      known = error;
      status = statusOf[error.code];
    } else {
      known = new CordonError("REQUEST_MALFORMED", `the request could not be handled; look for ${id} in the log`);
      deps.log({
        level: "error",
        event: "interaction-failed",
        words: `${id}: ${(error as Error).stack ?? String(error)}`,
      });
    }
    deps.refusals.note(known, from);
    if (!request.complete || response.socket === null) response.shouldKeepAlive = false; // never read on after it
    answerError(response, shape, status, known.code, known.message, id);
  }

  async function run(interaction: Interaction, snapshot: Snapshot): Promise<void> {
    const plan = planFor(interaction);
    switch (plan.kind) {
      case "refuse":
        throw new CordonError(plan.code, plan.words);
      case "models": {
        const { id, response, caller } = interaction;
        return await listModels(
          ledger,
          { id, response, caller, route: plan.route, only: plan.only },
          snapshot,
          signals(),
          now(),
        );
      }
      case "forward":
        return await admit(interaction, snapshot, await readAsk(interaction, snapshot, plan));
    }
  }

  function planFor({ match, head, caller }: Interaction): Plan {
    const ownerOf = (upstream: Intent["upstream"], use: ObjectUse) => {
      const owner = deps.owners.find(upstreamKey(upstream), use.type, use.id);
      return owner?.principal === caller.id ? owner : undefined;
    };
    const input = { head, rest: match.rest, ownerOf };
    switch (match.route.kind) {
      case "openai":
        return planOpenai(match.route, input);
      case "anthropic":
        return planAnthropic(match.route, input);
      case "http":
        return planHttp(match.route, input);
    }
  }

  /** Reads what has to be known before deciding, and settles what is asked. */
  async function readAsk(interaction: Interaction, snapshot: Snapshot, plan: Plan & { kind: "forward" }): Promise<Ask> {
    const { request, match, caller } = interaction;
    refuseEncodedBody(request);
    let bytes: Buffer | undefined;
    let tree: JsonObject | undefined;
    if (plan.body === "json") {
      requireJsonContentType(request.headers["content-type"]);
      bytes = await readBody(request, match.route.maxBodyBytes, deps.options.receiveTimeoutMs);
      const parsed = parseStrictJson(bytes);
      if (!isJsonObject(parsed)) throw new CordonError("REQUEST_MALFORMED", "the body must be a JSON object");
      tree = parsed;
    }
    const intent = rerouted(snapshot.overlays, plan.intent(tree));
    for (const use of intent.uses)
      if (deps.owners.find(upstreamKey(intent.upstream), use.type, use.id)?.principal !== caller.id)
        throw new CordonError("OBJECT_NOT_OWNED", `no ${use.type} \`${use.id}\` of yours is known here`);
    return { attempt: 1, intent, body: plan.body, bytes, tree };
  }

  /** Decides, inspects, records, and sets the exchange going. */
  async function admit(interaction: Interaction, snapshot: Snapshot, ask: Ask): Promise<void> {
    const { id, request, response, head, caller, match, shape } = interaction;
    const { intent, attempt } = ask;
    const at = now();
    const seen = signals();
    const access = accessRequestOf(caller, intent, match.route, head.method);
    const namespace = namespaceOf(snapshot, intent.resource);
    const held = deps.digestKeys.current(namespace, at);
    const digestKey = held instanceof Promise ? await held : held;
    const subject = { requestId: id, principal: caller.id, resource: intent.resource, api: shape, path: head.path };

    let decision = decideHere(snapshot, access, seen, at);
    const inspected = decision.effect === "allow" ? inspect(subject, ask) : unchanged(ask);
    if (inspected.blocked !== undefined) decision = denied(decision, "inspection", inspected.blocked);
    const reservation = decision.effect === "allow" ? deps.quotas?.reserve(caller.id, intent.resource, at) : undefined;
    if (reservation !== undefined && "refused" in reservation)
      decision = denied(decision, "quota", reservation.refused);

    const outgoing = withModelName(inspected.bytes, ask.tree, intent);
    const keep = keepsRequest(decision);
    const meter = new ContentMeter(digestKey, false);
    if (outgoing !== undefined) meter.push(outgoing);
    const body = outgoing === undefined ? undefined : meter.finish();
    const again = attempt > 1 ? { again: attempt } : {};
    let recorded = recordDecision(ledger, at, {
      id,
      ...again,
      caller,
      access,
      decision,
      signals: seen,
      body,
      namespace,
    });
    if (decision.effect === "deny") {
      const receipt = receiptHeaders(id, await recorded, ledger.latestCheckpoint());
      if (!request.complete) response.shouldKeepAlive = false;
      return answerError(response, shape, 403, "ACCESS_DENIED", refusalWords(decision), id, receipt);
    }
    if (decision.observed !== undefined) deps.observed.note(routeKey(match.route));
    if (keep && outgoing !== undefined && body !== undefined) {
      const kept = deps.content.keep(namespace, body.hmac, outgoing);
      recorded = Promise.all([recorded, kept]).then(([index]) => index);
    }
    const exchange = new Exchange(
      {
        id,
        attempt,
        request,
        response,
        access,
        intent,
        decision,
        namespace,
        subject,
        digestKey,
        recorded,
        requestMeter: meter,
        findings: inspected.findings,
        masks: inspected.masks,
        fallBack: (why) => fallBack(interaction, ask, why),
        receiptHeaders: (index) => {
          const headers = receiptHeaders(id, index, ledger.latestCheckpoint());
          return decision.observed === undefined ? headers : [...headers, ...observedHeader];
        },
      },
      host,
    );
    callers.set(exchange, caller);
    if (reservation !== undefined && "settle" in reservation) reservations.set(exchange, reservation);
    live.add(exchange);
    // A rejection ends the exchange with its own answer; here it only stops the forwarding.
    if (mustRecordFirst(access) && !(await settled(recorded))) return;
    await send(exchange, ask, outgoing, match.route.maxBodyBytes);
  }

  function inspect(subject: Parameters<NonNullable<typeof deps.inspection>["inspectRequest"]>[0], ask: Ask): Inspected {
    if (ask.tree === undefined || deps.inspection === undefined) return unchanged(ask);
    try {
      const verdict = deps.inspection.inspectRequest(subject, ask.tree);
      const { findings } = verdict;
      if (verdict.verdict === "block") return { bytes: ask.bytes, findings, masks: 0, blocked: verdict.words };
      if (verdict.verdict === "pass") return { bytes: ask.bytes, findings, masks: 0, blocked: undefined };
      return { bytes: Buffer.from(JSON.stringify(verdict.body)), findings, masks: verdict.masks, blocked: undefined };
    } catch (error) {
      return { bytes: ask.bytes, findings: [], masks: 0, blocked: `inspection failed: ${(error as Error).message}` };
    }
  }

  async function send(exchange: Exchange, ask: Ask, outgoing: Buffer | undefined, maxBodyBytes: number): Promise<void> {
    const { request, requestMeter } = exchange.start;
    const { upstream, upstreamPath } = ask.intent;
    let credential: readonly string[] | Promise<readonly string[]>;
    try {
      credential = deps.upstreams.credential(upstream);
      if (credential instanceof Promise) credential = await credential;
    } catch (error) {
      // Where the secret is kept is for the operator, not for the caller.
      const words = `the credential for ${upstream.name} cannot be read`;
      deps.log({ level: "error", event: "credential-unavailable", words: `${words}: ${(error as Error).message}` });
      return await exchange.cutFor(new CordonError("SECRET_UNAVAILABLE", words, { cause: error }), 503);
    }
    let whole = outgoing;
    if (ask.body === "through" && keepsRequest(exchange.start.decision)) {
      // To be kept before it is forwarded, it has to be here whole.
      try {
        whole = await readBody(request, maxBodyBytes, deps.options.receiveTimeoutMs);
        requestMeter.push(whole);
        await deps.content.keep(exchange.start.namespace, requestMeter.finish().hmac, whole);
      } catch (error) {
        const known = isCordonError(error)
          ? error
          : new CordonError("LEDGER_UNAVAILABLE", "the content that policy says to keep cannot be kept");
        return await exchange.cutFor(known, statusOf[known.code]);
      }
    }
    const through = ask.body === "through" && whole === undefined;
    const declared = through ? request.headers["content-length"] : undefined;
    const length = declared === undefined ? [] : ["content-length", declared];
    const headers = requestHeaders(request.rawHeaders, [...credential, ...length]);
    const body = whole ?? (through ? meteredBody(request, requestMeter, maxBodyBytes, upstream.timeouts.idleMs) : null);
    exchange.forward(deps.upstreams.dispatcher(upstream), upstreamTarget(upstream, upstreamPath), headers, body);
  }

  /** Another model answers: resolved, decided and recorded afresh, as if it had been asked for. */
  function fallBack(interaction: Interaction, ask: Ask, why: CordonError): boolean {
    const { model } = ask.intent;
    const name = model?.target.fallback;
    const target = name === undefined ? undefined : model?.route.models.get(name);
    // At most as many attempts as the route has models: no circle can run on.
    if (model === undefined || name === undefined || target === undefined || ask.attempt > model.route.models.size)
      return false;
    const intent: Intent = {
      ...ask.intent,
      resource: target.component,
      upstream: target.upstream,
      model: { name, target, route: model.route },
    };
    deps.log({
      level: "warn",
      event: "fallback",
      words: `${interaction.id}: \`${model.name}\` cannot answer (${why.message}); asking \`${name}\``,
    });
    admit(interaction, deps.snapshots.current(), { ...ask, attempt: ask.attempt + 1, intent }).catch(
      (error: unknown) => {
        refuse(
          interaction.request,
          interaction.response,
          interaction.shape,
          interaction.id,
          interaction.caller.id,
          error,
        );
      },
    );
    return true;
  }

  function exchangeHost(): ExchangeHost {
    return {
      ledger,
      now,
      redecide(exchange, snapshot) {
        const decision = decideHere(snapshot, exchange.start.access, signals(), now());
        const words = revocationOf((callers.get(exchange) as Caller).svid, snapshot.revocations);
        if (words === undefined || decision.effect === "deny") return decision;
        return { ...decision, effect: "deny", obligations: [], reasons: [{ code: "revoked", words }] };
      },
      recordAgain(exchange, decision) {
        const { id, attempt, access, namespace } = exchange.start;
        const caller = callers.get(exchange) as Caller;
        return recordDecision(ledger, now(), {
          id,
          again: attempt + 1,
          caller,
          access,
          decision,
          signals: signals(),
          body: undefined,
          namespace,
        });
      },
      openFilter: (subject, contentType) => deps.inspection?.openResponse(subject, contentType),
      keepContent: (namespace, digest, bytes) => deps.content.keep(namespace, digest, bytes),
      created(exchange, id) {
        const { intent, access } = exchange.start;
        if (intent.creates === undefined) return;
        const upstream = upstreamKey(intent.upstream);
        deps.owners.record({
          upstream,
          type: intent.creates,
          id,
          principal: access.principal,
          component: intent.resource,
        });
      },
      deleted(exchange) {
        const { upstream, deletes } = exchange.start.intent;
        if (deletes !== undefined) deps.owners.forget(upstreamKey(upstream), deletes.type, deletes.id);
      },
      ended(exchange, outcome) {
        live.remove(exchange);
        reservations
          .get(exchange)
          ?.settle({ requestBytes: outcome.request?.bytes ?? 0, responseBytes: outcome.response?.bytes ?? 0 });
      },
      answerError(exchange, status, code, words) {
        const { request, response, subject, id } = exchange.start;
        if (!request.complete) response.shouldKeepAlive = false;
        answerError(response, subject.api, status, code, words, id);
      },
    };
  }
}

function keepsRequest(decision: Decision): boolean {
  return decision.obligations.some((obligation) => obligation.kind === "keepContent" && obligation.request);
}

interface Inspected {
  readonly bytes: Buffer | undefined;
  readonly findings: readonly unknown[];
  readonly masks: number;
  readonly blocked: string | undefined;
}

function unchanged(ask: Ask): Inspected {
  return { bytes: ask.bytes, findings: [], masks: 0, blocked: undefined };
}

function denied(decision: Decision, policy: string, words: string): Decision {
  return { ...decision, effect: "deny", obligations: [], reasons: [{ code: "forbidden", policy, words }] };
}

/** The body with the model's name at the upstream; untouched where the two agree. */
function withModelName(bytes: Buffer | undefined, tree: JsonObject | undefined, intent: Intent): Buffer | undefined {
  if (bytes === undefined || intent.model === undefined) return bytes;
  const name = intent.model.target.upstreamModel ?? intent.model.name;
  return tree?.["model"] === name ? bytes : Buffer.from(replaceTopLevel(bytes, "model", name));
}

function settled(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

/** Request ids: unique across runs by a random prefix, in order within one. */
function requestIds(): () => string {
  const run = randomBytes(8).toString("hex");
  let count = 0;
  return () => `${run}-${(++count).toString(36)}`;
}
