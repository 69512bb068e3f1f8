/**
 * What an exchange is given of the gateway around it. In: the gateway's rooms, and who is behind each exchange. Out:
 * the host that exchanges call: to be decided again, to record, to keep, to answer, to say that they have ended.
 */
import { standingOfCertificate, standingOfToken, type Standing } from "@cordon/core/identity/standing";
import type { VerifiedSvid } from "@cordon/core/identity/svid";
import { standingOfAccessToken } from "@cordon/core/oauth/access-token-standing";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { Assurance, Signals } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { mayReveal } from "./inspection/tokens.ts";
import { decideHere, denied, recordDecision } from "./admission.ts";
import { answerError } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { ExchangeHost } from "./exchange-start.ts";
import type { FlowControl } from "./flow/flow-control.ts";
import { questionGate } from "./mcp/question-gate.ts";
import type { GatewayDependencies } from "./ports.ts";
import { cuttingWhereItFails, filtersInTurn } from "./response-filters.ts";
import type { Sensed } from "./risk/sensing.ts";
import { upstreamKey } from "./routes/intent.ts";
import { ownerOf } from "./routes/ownership.ts";
import type { Upstreams } from "./upstream/upstreams.ts";

/** What a caller's credential must still be for the call to go on. */
function judgeOf(assurance: Assurance): (svid: VerifiedSvid, snapshot: Snapshot) => Standing {
  if (assurance === "jwt-svid") return standingOfToken;
  return assurance === "dpop-token" || assurance === "bearer-token" ? standingOfAccessToken : standingOfCertificate;
}

export interface ExchangeHostDeps extends Pick<
  GatewayDependencies,
  "ledger" | "now" | "inspection" | "content" | "owners" | "snapshots" | "log"
> {
  readonly upstreams: Upstreams;
  readonly signals: (sensed?: Sensed) => Signals;
  readonly flow: FlowControl;
  readonly ended: (exchange: Exchange, outcome: OutcomeEntry) => void;
}

export function exchangeHost(deps: ExchangeHostDeps): ExchangeHost {
  const { ledger, now, signals } = deps;
  return {
    ledger,
    now,
    redecide(exchange, snapshot) {
      const { subject } = exchange.start;
      const access = deps.flow.now(exchange);
      const decision = decideHere(
        snapshot,
        subject.screening?.seen(access) ?? access,
        signals(exchange.start.sensed),
        now(),
      );
      if (decision.effect === "deny") return decision;
      // Its route may be inspected by now; this exchange began without, and nobody looks into it.
      if (subject.screening === undefined && decision.obligations.some(({ kind }) => kind === "inspect"))
        return denied(decision, "inspection", "policy demands inspection now, and this began without any: ask again");
      subject.screening?.obey(decision);
      const sensed = signals(exchange.start.sensed);
      const undoing = subject.screening?.reveals === true ? mayReveal(snapshot, access, sensed, now()) : undefined;
      if (undoing === undefined && subject.screening !== undefined) subject.screening.reveals = false;
      const { assurance, svid } = exchange.start.caller;
      const standing = judgeOf(assurance)(svid, snapshot);
      // Where only the chain can tell, the connection that it came by is judged next (`listener/connections.ts`).
      const validUntil = Math.min(decision.validUntil ?? Infinity, undoing?.validUntil ?? Infinity);
      if (standing.stands !== false) return { ...decision, validUntil };
      const reason = { code: "revoked", words: standing.words } as const;
      return { ...decision, effect: "deny", obligations: [], reasons: [reason] };
    },
    recordAgain(exchange, decision) {
      const { id, attempt, caller, access, namespace, sensed } = exchange.start;
      const record = { id, caller, access, decision, signals: signals(sensed), body: undefined, namespace };
      return recordDecision(ledger, now(), { ...record, findings: [] }, attempt + 1);
    },
    openFilter(exchange, head) {
      const { openAnswer } = exchange.start.intent;
      const own = openAnswer?.(head, questionGate(deps, exchange));
      const inspecting = deps.inspection?.openResponse(exchange.start.subject, head);
      const watching = deps.flow.watch(exchange.start.access, exchange.start.id);
      const [first, ...rest] = [own, inspecting, watching].filter((filter) => filter !== undefined);
      const all = rest.reduce((before, after) => filtersInTurn(before ?? after, after), first);
      return all && cuttingWhereItFails(all);
    },
    keepContent: (namespace, digest, bytes) => deps.content.keep(namespace, digest, bytes),
    created(exchange, id) {
      const { intent, access } = exchange.start;
      if (intent.creates === undefined) return;
      const upstream = upstreamKey(intent.upstream);
      const principal = ownerOf(access.principal, access.user);
      deps.owners.record({ upstream, type: intent.creates, id, principal, component: intent.resource });
    },
    deleted(exchange) {
      const { upstream, deletes } = exchange.start.intent;
      if (deletes !== undefined) deps.owners.forget(upstreamKey(upstream), deletes.type, deletes.id);
    },
    ended: deps.ended,
    answerError(exchange, status, code, words) {
      const { request, response, subject, id, passage } = exchange.start;
      if (!request.complete) response.shouldKeepAlive = false;
      answerError(response, subject.api, status, code, words, id, [], passage.rpcId);
    },
  };
}
