/**
 * One interaction's way through the gateway, as those who watch over the gateway see it: which route, what came of it,
 * how long its parts took. Names and numbers, never content. Made once for each attempt; a fallback is a second one.
 */
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { AccessRequest } from "@cordon/core/policy/decision";
import type { Route } from "@cordon/core/policy/snapshot";
import type { RpcId } from "../routes/error-shapes.ts";

/** How it ended: as in the ledger, or denied by a decision, or refused before there was one. */
export type PassageEnd = OutcomeEntry["end"] | "denied" | "refused";

export class Passage {
  readonly id: string;
  readonly attempt: number;
  /** Of the monotonic clock, in milliseconds; as are the others. `NaN` where it did not come to pass. */
  readonly startedMs: number;
  decidingMs = Number.NaN;
  decidedMs = Number.NaN;
  recordedMs = Number.NaN;
  forwardedMs = Number.NaN;
  firstByteMs = Number.NaN;
  endedMs = Number.NaN;

  method = "";
  namespace: Namespace | "" = "";
  route = "";
  /** The route's own path, such as `/v1`; not the caller's. */
  routePath = "";
  kind: Route["kind"] | "" = "";
  /** Of a JSON-RPC request: what its answer must repeat. */
  rpcId: RpcId = null;
  principal = "";
  action = "";
  resource = "";
  /** The model that the client asked for, one of those that the route names; empty where it is no model call. */
  model = "";
  upstream = "";
  effect: "allow" | "deny" | "" = "";
  end: PassageEnd = "complete";
  /** Why it was refused, cut or failed: a stable code. */
  code = "";
  status = 0;
  requestBytes = 0;
  responseBytes = 0;
  /** What inspection found and did, without content. */
  findings: readonly unknown[] = [];
  /** For one observer to keep its own state in, such as the span of a trace. */
  observed: unknown = undefined;

  readonly #now: () => number;

  constructor(id: string, now: () => number, attempt = 1) {
    this.id = id;
    this.#now = now;
    this.attempt = attempt;
    this.startedMs = now();
  }

  /** The next attempt, by a fallback. */
  again(): Passage {
    const next = new Passage(this.id, this.#now, this.attempt + 1);
    next.method = this.method;
    next.namespace = this.namespace;
    next.route = this.route;
    next.routePath = this.routePath;
    next.kind = this.kind;
    next.observed = this.observed;
    return next;
  }

  /** What is asked, of whom, where. */
  concerns(access: AccessRequest, upstream: string, model: string | undefined): void {
    this.principal = access.principal;
    this.action = access.action;
    this.resource = access.resource;
    this.upstream = upstream;
    this.model = model ?? "";
  }

  deciding(): void {
    this.decidingMs = this.#now();
  }

  decided(effect: "allow" | "deny"): void {
    this.decidedMs = this.#now();
    this.effect = effect;
  }

  recorded(): void {
    this.recordedMs = this.#now();
  }

  forwarded(): void {
    this.forwardedMs = this.#now();
  }

  firstByte(): void {
    this.firstByteMs = this.#now();
  }

  ended(end: PassageEnd, status: number, code = ""): void {
    this.endedMs = this.#now();
    this.end = end;
    this.status = status;
    this.code = code;
  }
}
