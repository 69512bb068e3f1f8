/**
 * The loop: identify, decide, inspect, forward, inspect, record. In: HTTP requests from the door. Out: answers, and
 * entries in the ledger. This file is the story; each step's details are in the file that it names.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { isJsonObject, parseStrictJson, type JsonObject } from "@cordon/core/contract/strict-json";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import { routeKey, type AccessRequest, type Decision, type Signals } from "@cordon/core/policy/decision";
import type { Route, Snapshot } from "@cordon/core/policy/snapshot";
import {
  accessRequestOf,
  decideHere,
  denied,
  keepsRequest,
  mustRecordFirst,
  namespaceOf,
  recordDecision,
  refusalWords,
} from "./admission.ts";
import { readCall, readThrough, spend, wantsApproval, withCall } from "./approvals.ts";
import { answerError, receiptHeaders } from "./answer.ts";
import { ContentMeter } from "./content-meter.ts";
import { statusOf } from "./error-status.ts";
import { stateFailure } from "./exchange-failure.ts";
import { exchangeHost } from "./exchange-host.ts";
import { Exchange } from "./exchange.ts";
import { flowControl } from "./flow/flow-control.ts";
import { forwarder, type Ask } from "./forwarder.ts";
import { judgeRequest, withModelName } from "./inspect-request.ts";
import { saidIn } from "./inspection/request-content.ts";
import { screeningOf } from "./inspection/screening.ts";
import { mayReveal, openTokens } from "./inspection/tokens.ts";
import type { Refusals } from "./ledger/refusals.ts";
import { readBody, refuseEncodedBody, requireJsonContentType } from "./listener/body.ts";
import { comesByDpop } from "./listener/access-tokens.ts";
import { actingFor, delegationOf } from "./listener/acting-for.ts";
import type { Connections } from "./listener/connections.ts";
import { identifier } from "./listener/identify.ts";
import { answerMetadata, isMetadataPath, refusalHeaders, resourceChallenge } from "./listener/protected-resource.ts";
import { readRequestHead } from "./listener/request-head.ts";
import type { Interaction } from "./interaction.ts";
import type { LiveExchanges } from "./live/live-exchanges.ts";
import { rpcIdOf } from "./mcp/message.ts";
import { ToolStanding } from "./mcp/tool-standing.ts";
import { bugWords } from "./observation/bug-words.ts";
import { Passage, type PassageEnd } from "./observation/passage.ts";
import { observedHeader, type ObservedCalls } from "./observed-calls.ts";
import type { GatewayDependencies } from "./ports.ts";
import { listBuckets } from "./doors/s3/list-buckets.ts";
import { readWhole } from "./doors/s3/plan.ts";
import { answerCordon } from "./routes/cordon.ts";
import type { ApiShape } from "./routes/error-shapes.ts";
import { fallbackOf } from "./routes/fallback.ts";
import { rerouted, upstreamKey, type Plan } from "./routes/intent.ts";
import { firstForeign, ownerOf } from "./routes/ownership.ts";
import { planner } from "./routes/planner.ts";
import { requestIds } from "./request-ids.ts";
import type { Sensed } from "./risk/sensing.ts";
import { senseRequest } from "./risk/sense-request.ts";
import { denialAnswer, openStepUpHold } from "./step-up.ts";
import { matchRoute } from "./routes/match.ts";
import { listModels } from "./routes/models-list.ts";
import type { InnerConnection } from "./egress/inner-requests.ts";
import { settled } from "./settled.ts";
import type { Upstreams } from "./upstream/upstreams.ts";

export interface InteractionDeps extends GatewayDependencies {
  readonly connections: Pick<Connections, "callerOf" | "isOld">;
  readonly upstreams: Upstreams;
  readonly refusals: Refusals;
  readonly live: LiveExchanges;
  readonly observed: ObservedCalls;
  readonly signals: (sensed?: Sensed) => Signals;
  readonly draining: () => boolean;
  /** Where clients reach this gateway. */
  readonly origin: () => string;
}

export function openInteractions(deps: InteractionDeps): {
  /** @param within the intercepted connection that it came by, where it did not come by the gateway's own door */
  serve(request: IncomingMessage, response: ServerResponse, within?: InnerConnection): void;
} {
  const { ledger, live, now, signals } = deps;
  const identify = identifier(deps);
  const nextId = requestIds();
  const tools = new ToolStanding();
  const forward = forwarder(deps);
  const flow = flowControl(deps);
  const host = exchangeHost({ ...deps, flow, ended });
  const planFor = planner(deps, tools);
  const hold = openStepUpHold(deps.snapshots);

  return { serve: (request, response, within) => void serve(request, response, within) };

  async function serve(request: IncomingMessage, response: ServerResponse, within?: InnerConnection): Promise<void> {
    const id = nextId();
    const passage = new Passage(id, deps.monotonicMs);
    deps.observer?.begun?.(passage, request);
    let shape: ApiShape = "http";
    let route: Route | undefined;
    let from = request.socket.remoteAddress ?? "unknown";
    request.on("error", () => undefined); // a broken request is seen where its body is read
    response.on("error", () => undefined); // a broken response is seen as its `close`
    // On refusals too: that is where clients learn it (RFC 9449, section 8).
    if (within === undefined && deps.dpopNonces !== undefined && comesByDpop(request))
      response.setHeader("dpop-nonce", deps.dpopNonces.current());
    try {
      const head = readRequestHead(request, within === undefined ? "plain" : "encoded");
      // Before the answer to the request ahead of it is whole, a response has no socket. Such a request would run
      // beside the other, past the limit on connections.
      if (response.socket === null)
        throw new CordonError("REQUEST_MALFORMED", "the request is refused: it did not wait for the answer before it");
      let snapshot = deps.snapshots.current();
      if (within === undefined && isMetadataPath(head.path) && (snapshot.tokenIssuers?.size ?? 0) > 0) {
        answerMetadata(snapshot, deps.origin(), head, response);
        return over(passage, "complete", 200);
      }
      let match = within?.match(head) ?? matchRoute(snapshot.routes, head.path);
      if (within === undefined) route = match?.route;
      if (match !== undefined && match.route.kind !== "http") shape = match.route.kind;
      if (deps.draining())
        throw new CordonError("DRAINING", "the gateway is shutting down; ask another, or again shortly");
      if (within === undefined && deps.connections.isOld(request)) response.shouldKeepAlive = false;
      let caller = within?.caller() ?? identify(request, head, match?.route);
      if (caller instanceof Promise) {
        caller = await caller; // others were asked, for a bundle or a proof; what holds now is looked at afresh
        snapshot = deps.snapshots.current();
        match = matchRoute(snapshot.routes, head.path);
      }
      from = caller.id;
      // For whom an inner request is was said when its connection was opened.
      if (within === undefined) caller = actingFor(caller, delegationOf(request), deps.identity.current().id, now());
      if (within === undefined && head.path.startsWith("/.cordon/")) return await answerCordon(deps, head, response);
      if (match === undefined)
        throw new CordonError("ROUTE_UNKNOWN", `no route is configured for ${head.path.slice(0, 128)}`);
      passage.method = head.method;
      passage.namespace = match.route.namespace;
      passage.route = match.route.name;
      passage.routePath = match.route.path;
      passage.kind = match.route.kind;
      const inner = within && { ...within, plan: within.plan(head, request), said: within.said(request) };
      const via = within?.via ?? routeKey(match.route);
      await run({ id, request, response, head, caller, match, shape, passage, via, inner }, snapshot);
    } catch (error) {
      refuse(request, response, shape, passage, from, error, route);
    }
  }

  /** A request that never became a decision: counted in the ledger, answered in the API's shape. */
  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    shape: ApiShape,
    passage: Passage,
    from: string,
    thrown: unknown,
    route?: Route,
  ): void {
    const { id } = passage;
    const error = stateFailure(thrown);
    let known: CordonError;
    let status = 500;
    if (isCordonError(error)) {
      known = error;
      status = statusOf[error.code];
      if (error !== thrown) deps.log({ level: "error", event: "state-lost", words: error.message, requestId: id });
    } else {
      known = new CordonError("INTERNAL", `Cordon failed on this request; look for ${id} in its log`);
      deps.log({
        level: "error",
        event: "interaction-failed",
        words: bugWords(error),
        requestId: id,
      });
    }
    deps.refusals.note(known, from);
    if (!request.complete || response.socket === null) response.shouldKeepAlive = false; // never read on after it
    const headers = refusalHeaders(known, id, route, deps.snapshots.current(), deps.origin());
    answerError(response, shape, status, known.code, known.message, id, headers, passage.rpcId);
    over(passage, "refused", status, known.code);
  }

  /** Tells whoever watches that a passage has ended; once. */
  function over(passage: Passage, end: PassageEnd, status: number, code?: string): void {
    if (!Number.isNaN(passage.endedMs)) return;
    passage.ended(end, status, code);
    deps.observer?.ended(passage);
  }

  function run(interaction: Interaction, snapshot: Snapshot): Promise<void> {
    const plan = interaction.inner?.plan ?? planFor(interaction);
    switch (plan.kind) {
      case "refuse":
        throw new CordonError(plan.code, plan.words);
      case "models":
      case "buckets": {
        const { id, response, caller, passage } = interaction;
        const question = { id, response, caller, only: plan.only };
        const listed =
          plan.kind === "models"
            ? listModels(ledger, { ...question, route: plan.route }, snapshot, signals(), now())
            : listBuckets(ledger, { ...question, route: plan.route }, snapshot, signals(), now());
        return listed.then(() => {
          passage.effect = "allow";
          over(passage, "complete", 200);
        });
      }
      case "forward":
        return readAsk(interaction, plan).then((ask) => admit(interaction, snapshot, ask));
    }
  }

  /** Reads what has to be known before deciding, and settles what is asked. */
  async function readAsk(interaction: Interaction, plan: Plan & { kind: "forward" }): Promise<Ask> {
    const { request, match, caller } = interaction;
    if (match.route.kind !== "s3") refuseEncodedBody(request);
    let bytes: Buffer | undefined;
    let tree: JsonObject | undefined;
    if (plan.body === "json") {
      requireJsonContentType(request.headers["content-type"]);
      bytes = await readBody(request, match.route.maxBodyBytes, deps.options.receiveTimeoutMs);
      const parsed = parseStrictJson(bytes);
      if (!isJsonObject(parsed)) throw new CordonError("REQUEST_MALFORMED", "the body must be a JSON object");
      tree = parsed;
      if (match.route.kind === "mcp") interaction.passage.rpcId = rpcIdOf(tree);
    }
    if (plan.body === "through" && (plan.whole === true || match.route.inspection !== undefined))
      bytes = await readWhole(request, match.route.maxBodyBytes, deps.options.receiveTimeoutMs, match.route.kind);
    // As of now: the body may have taken its time.
    const intent = rerouted(deps.snapshots.current().overlays, plan.intent(tree, bytes));
    bytes = intent.s3?.body ?? bytes;
    const self = ownerOf(caller.id, caller.acting);
    const foreign = firstForeign(deps.owners, intent.uses, upstreamKey(intent.upstream), self);
    if (foreign !== undefined)
      throw new CordonError("OBJECT_NOT_OWNED", `no ${foreign.type} \`${foreign.id}\` of yours is known here`);
    const body = bytes === undefined ? plan.body : "json";
    return { attempt: 1, intent, body, bytes, tree, maxBodyBytes: match.route.maxBodyBytes };
  }

  /** Decides, inspects, records, and sets the exchange going. */
  async function admit(interaction: Interaction, snapshot: Snapshot, read: Ask): Promise<void> {
    let ask = read;
    const { id, request, response, head, caller, match, shape, passage, via, inner } = interaction;
    const { intent, attempt } = ask;
    const sensed = senseRequest(deps, { request, caller, intent, snapshot, tree: ask.tree });
    let [at, seen] = [now(), signals(sensed)];
    let asked = accessRequestOf(caller, intent, match.route, head.method, via);
    const contentType = request.headers["content-type"];
    const tree = inner === undefined ? ask.tree : saidIn(ask.bytes, contentType);
    const flowAsk = { rawHeaders: request.rawHeaders, intent, tree, id };
    const namespace = namespaceOf(snapshot, intent.resource);
    const held = deps.digestKeys.current(namespace, at);
    const digestKey = held instanceof Promise ? await held : held;
    const screening = screeningOf(match.route);
    const subject = {
      screening,
      requestId: id,
      principal: caller.id,
      resource: intent.resource,
      api: shape,
      path: match.rest,
      address: match.rest + head.query + (inner?.said ?? ""),
      contentType,
    };
    if (screening !== undefined)
      await openTokens(deps.tokenKeys, screening, { snapshot, caller: asked, namespace, now });

    const about = flow.about(snapshot, asked, flowAsk);
    asked = about instanceof Promise ? await about : about;
    passage.concerns(asked, intent.upstream.name, intent.model?.name);
    passage.deciding();
    let first = decideHere(snapshot, asked, seen, at);
    if (wantsApproval(first)) {
      if (ask.body === "through") ask = await readThrough(request, ask, deps.options.receiveTimeoutMs);
      asked = withCall(asked, readCall(match, head, request.rawHeaders, ask.bytes));
      first = decideHere(snapshot, asked, seen, at);
    }
    passage.decided(first.effect);
    const again = (access: AccessRequest) => decideHere(deps.snapshots.current(), access, signals(sensed), now());
    const lifting = hold.wait(match.route, asked, { response, first, again });
    const stepped = lifting instanceof Promise ? await lifting : lifting;
    if (stepped !== first) [first, at, seen] = [stepped, now(), signals(sensed)];
    const judging = judgeRequest(deps.inspection, subject, ask, asked, first, again);
    const judged = judging instanceof Promise ? await judging : judging;
    const { access, inspected } = judged;
    let { decision } = judged;
    const reservation = decision.effect === "allow" ? deps.quotas?.reserve(caller.id, intent.resource, at) : undefined;
    if (reservation !== undefined && "refused" in reservation)
      decision = denied(decision, "quota", reservation.refused);
    if (intent.refusal !== undefined && decision.effect === "allow")
      decision = denied(decision, inner === undefined ? "tool-pins" : "egress-requests", intent.refusal);
    deps.sensing?.decided(sensed, decision, deps.snapshots.current(), at);

    // Others that began beside it may have used up the limit since; nothing comes between this and the count.
    if (decision.effect === "allow") decision = inner?.refusedSince(decision, request, response) ?? decision;
    const takeBack = inner?.decided(decision.effect);
    if (decision.approvals !== undefined) decision = await spend(deps, decision, takeBack);
    const rising = decision.effect === "allow" ? flow.admitted(access, flowAsk) : undefined;
    if (rising instanceof Promise) await rising;
    const outgoing = withModelName(inspected.bytes, ask.tree, intent);
    const keep = keepsRequest(decision);
    const meter = new ContentMeter(digestKey, false);
    if (outgoing !== undefined) meter.push(outgoing);
    const body = outgoing === undefined ? undefined : meter.finish();
    const { findings, masks } = inspected;
    const record = { id, caller, access, decision, signals: seen, body, namespace, findings };
    let recorded = recordDecision(ledger, at, record, attempt > 1 ? attempt : undefined);
    if (decision.effect === "deny") {
      const receipt = receiptHeaders(id, await recorded, ledger.latestCheckpoint());
      passage.recorded();
      passage.findings = inspected.findings;
      passage.effect = "deny"; // whatever policy said: inspection and quotas deny too
      const [why] = decision.reasons;
      if (why?.code === "model-not-admitted" || why?.code === "model-changed") {
        over(passage, "denied", 403, why.code);
        // Recorded as denied; the fallback is asked as if it had been named, and recorded as the next attempt.
        if (fallBack(interaction, ask, new CordonError("ACCESS_DENIED", why.words))) return;
      }
      if (!request.complete) response.shouldKeepAlive = false;
      const words = refusalWords(decision);
      const found = interaction.inner === undefined ? resourceChallenge(match.route, snapshot, deps.origin()) : {};
      const { status, code, headers } = denialAnswer(decision, access, words, deps.stepUpUrl, found);
      answerError(response, shape, status, code, words, id, [...receipt, ...headers], passage.rpcId);
      return over(passage, "denied", status, decision.reasons[0]?.code);
    }
    if (decision.observed !== undefined) deps.observed.note(via, decision.observed.reasons);
    const undoing = screening?.usesTokens === true ? mayReveal(snapshot, access, seen, at) : undefined;
    if (undoing !== undefined && screening !== undefined) {
      screening.reveals = true;
      const { request: question, decision: answer } = undoing;
      const more = { ...record, access: question, decision: answer, findings: [] };
      const revealed = recordDecision(ledger, at, more, attempt + 1);
      recorded = Promise.all([recorded, revealed]).then(([index]) => index);
      decision = { ...decision, validUntil: Math.min(decision.validUntil ?? Infinity, answer.validUntil ?? Infinity) };
    }
    if (keep && outgoing !== undefined && body !== undefined) {
      const kept = deps.content.keep(namespace, body.hmac, outgoing);
      recorded = Promise.all([recorded, kept]).then(([index]) => index);
    }
    flow.recorded(access, id, recorded);
    const exchange = new Exchange(
      // oxfmt-ignore
      {
        id, passage, attempt, caller, sensed, request, response, access, intent, decision, namespace,
        subject, digestKey, recorded, requestMeter: meter, findings, masks,
        reservation: reservation !== undefined && "settle" in reservation ? reservation : undefined,
        fallBack: (why) => fallBack(interaction, ask, why),
        receiptHeaders: (index) => {
          const headers = receiptHeaders(id, index, ledger.latestCheckpoint());
          return decision.observed === undefined ? headers : [...headers, ...observedHeader];
        },
      },
      host,
    );
    live.add(exchange);
    if (flow.overtaken(exchange) || overtaken(exchange, decision)) return;
    // A rejection ends the exchange with its own answer; here it only stops the forwarding.
    if (mustRecordFirst(access) && !(await settled(recorded))) return;
    const waiting = forward(exchange, ask, outgoing);
    if (waiting !== undefined) await waiting;
  }

  /** What was taken away while the body came in, or was judged, was told to those under way; this one was none of them yet. */
  function overtaken(exchange: Exchange, { revision }: Pick<Decision, "revision">): boolean {
    const newest = deps.snapshots.current();
    const refused = newest.revision === revision ? undefined : exchange.redecide(newest);
    if (refused !== undefined) void exchange.cut(refused);
    return refused !== undefined;
  }

  /** Another model answers: resolved, decided and recorded afresh, as if it had been asked for. */
  function fallBack(interaction: Interaction, ask: Ask, why: CordonError): boolean {
    const owner = ownerOf(interaction.caller.id, interaction.caller.acting);
    const other = fallbackOf(deps, ask, why, { requestId: interaction.id, owner });
    if (other === undefined) return false;
    const { intent } = other;
    const next = { ...interaction, passage: interaction.passage.again() };
    const { request, response, shape, passage, caller } = next;
    admit(next, deps.snapshots.current(), { ...ask, attempt: ask.attempt + 1, intent }).catch((error: unknown) =>
      refuse(request, response, shape, passage, caller.id, error),
    );
    return true;
  }

  function ended(exchange: Exchange, outcome: OutcomeEntry): void {
    live.remove(exchange);
    const { passage } = exchange.start;
    passage.requestBytes = outcome.request?.bytes ?? 0;
    passage.responseBytes = outcome.response?.bytes ?? 0;
    passage.findings = outcome.findings;
    over(passage, outcome.end, outcome.status, outcome.why?.code);
    exchange.start.reservation?.settle({
      requestBytes: outcome.request?.bytes ?? 0,
      responseBytes: outcome.response?.bytes ?? 0,
    });
  }
}
