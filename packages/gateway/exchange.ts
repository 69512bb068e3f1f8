/**
 * One admitted interaction, from forwarding to its outcome. In: an allowed request. Out: the upstream's answer at the
 * client, unchanged, and an outcome in the ledger.
 *
 * The rules of "no unlogged byte" live here: the first response byte waits for the decision to be durable, and a cut
 * is recorded before the connection closes. It ends in exactly one way, whatever happens in whatever order.
 */
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { Decision } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { ContentMeter } from "./content-meter.ts";
import { outcomeOf } from "./exchange-outcome.ts";
import { asCordonError, asksForAnother, statusFor, upstreamFailure } from "./exchange-failure.ts";
import { responseHeaders, withoutLength } from "./listener/headers.ts";
import type { LiveExchange } from "./live/live-exchanges.ts";
import { EarlyAnswer } from "./early-answer.ts";
import type { ExchangeHost, ExchangeStart } from "./exchange-start.ts";
import { liveKeys } from "./live/live-keys.ts";
import type { FilterCut, ResponseFilter } from "./ports.ts";
import { watchCreatedObject, type CreatedObjectWatch } from "./routes/created-object.ts";

export class Exchange implements LiveExchange {
  readonly start: ExchangeStart;
  validUntil: number;
  place = -1;
  #decision: Decision;
  readonly #host: ExchangeHost;
  readonly #responseMeter: ContentMeter;
  readonly #keepResponse: boolean;
  #controller: Dispatcher.DispatchController | undefined;
  #filter: ResponseFilter | undefined;
  #watch: CreatedObjectWatch | undefined;
  #objects: { type: string; id: string }[] = [];
  #state: "waiting" | "streaming" | "ended" = "waiting";
  #index: number | undefined;
  /** What came of the upstream's answer while its decision was not durable yet: it waits for that. */
  #early: EarlyAnswer | undefined;
  /** Sends the head of an answer that is judged whole. */
  #heldHead: (() => void) | undefined;
  #stalled: NodeJS.Timeout | undefined;
  /** A piece of the answer is being settled; all of the rest may have come meanwhile. */
  #settling = false;
  #endedMeanwhile = false;
  readonly #onClose = (): void => this.#clientClosed();

  constructor(start: ExchangeStart, host: ExchangeHost) {
    this.start = start;
    this.#host = host;
    const keep = start.decision.obligations.find((obligation) => obligation.kind === "keepContent");
    this.#keepResponse = keep?.kind === "keepContent" && keep.response;
    this.#responseMeter = new ContentMeter(start.digestKey, this.#keepResponse);
    start.response.once("close", this.#onClose);
    start.recorded.then(
      (index) => this.#onRecorded(index),
      (error: unknown) => this.#fail(asCordonError(error, "LEDGER_UNAVAILABLE")),
    );
    this.#decision = start.decision;
    this.validUntil = start.decision.validUntil ?? Infinity;
    // A client that left while the request was being judged: its `close` has been, and is not told again.
    if (start.response.destroyed) queueMicrotask(this.#onClose);
  }

  /** Sends the request on its way. */
  forward(dispatcher: Dispatcher, path: string, headers: string[], body: Uint8Array | Readable | null): void {
    if (this.#state === "ended") return;
    this.start.passage.forwarded();
    dispatcher.dispatch(
      { path, method: this.start.request.method as Dispatcher.HttpMethod, headers, body },
      {
        onRequestStart: (controller) => {
          this.#controller = controller;
          if (this.#state === "ended") controller.abort(new CordonError("DRAINING", "the interaction has ended"));
        },
        onResponseStart: (controller, status, fields) => this.#onHead(controller, status, fields),
        onResponseData: (controller, chunk) => void this.#onData(controller, chunk),
        onResponseEnd: () => this.#onEnd(),
        onResponseError: (_controller, error) => this.#onError(error),
      },
    );
  }

  redecide(snapshot: Snapshot): Decision | undefined {
    if (this.#state === "ended") return undefined;
    const decision = this.#host.redecide(this, snapshot);
    this.#decision = decision;
    this.validUntil = decision.validUntil ?? Infinity;
    return decision.effect === "deny" ? decision : undefined;
  }

  dependsOn(): readonly string[] {
    return liveKeys(this.#decision, [this.start.caller.svid], this.start.sensed);
  }

  async cut(decision: Decision): Promise<void> {
    const words = decision.reasons.map((reason) => reason.words).join("; ");
    const recorded = this.#state === "ended" ? undefined : this.#host.recordAgain(this, decision);
    await this.#stop("cut", { code: decision.reasons[0]?.code ?? "ACCESS_DENIED", words }, 403, recorded);
  }

  /** Cuts for a reason that is not a decision: the gateway is closing, say. */
  async cutFor(error: CordonError, status: number): Promise<void> {
    await this.#stop("cut", { code: error.code, words: error.message }, status, undefined);
  }

  #onHead(controller: Dispatcher.DispatchController, status: number, fields: Record<string, unknown>): void {
    if (status < 200 || this.#state === "ended") return;
    this.start.passage.firstByte();
    if (
      asksForAnother(status) &&
      this.#handOver(new CordonError("UPSTREAM_UNREACHABLE", `the upstream answered ${status}`), controller)
    )
      return;
    const encoding = fields["content-encoding"];
    if (encoding !== undefined && encoding !== "identity" && this.start.intent.stored !== true) {
      this.#fail(
        new CordonError("ENCODING_UNSUPPORTED", "the upstream sent a content-encoding that was not asked for"),
        502,
      );
      return;
    }
    const contentType = typeof fields["content-type"] === "string" ? fields["content-type"] : "";
    const { intent } = this.start;
    if (intent.creates !== undefined && status < 300) this.#watch = watchCreatedObject(intent.creates, fields);
    if (this.start.request.method !== "HEAD" && status !== 204 && status !== 304)
      this.#filter = this.#host.openFilter(this, { status, contentType });
    this.#filter?.tellTo?.((out) => this.#state === "streaming" && this.#released(undefined, out));
    const raw = (controller.rawHeaders ?? []) as (string | Buffer)[];
    if (this.#index !== undefined) return this.#sendHead(status, raw, this.#index);
    this.#early = new EarlyAnswer(controller, status, raw);
  }

  #onRecorded(index: number): void {
    this.#index = index;
    this.start.passage.recorded();
    const early = this.#early;
    this.#early = undefined;
    if (early === undefined || this.#state !== "waiting") return;
    this.#sendHead(early.status, early.raw, index);
    const body = early.take();
    const taken = body === undefined || this.#onData(early.ended ? undefined : early.controller, body);
    if (early.ended) this.#onEnd();
    else if (early.paused && taken) early.controller.resume();
  }

  #sendHead(status: number, raw: readonly (string | Buffer)[], index: number): void {
    this.#state = "streaming";
    const cookies = this.start.intent.outside !== undefined; // the client's own account is there
    const headers = responseHeaders(raw, this.start.receiptHeaders(index), cookies);
    // A filter may change the length; kept content must not look whole at the client before it is kept.
    const lengthStands = this.#filter === undefined && !this.#keepResponse;
    const { response, request, intent } = this.start;
    // An upload that goes on after its answer would keep the next request waiting for good.
    if (!request.complete) response.shouldKeepAlive = false;
    const sendHead = (): void => void response.writeHead(status, lengthStands ? headers : withoutLength(headers));
    if (this.#filter?.whole === true) this.#heldHead = sendHead;
    else sendHead();
    if (intent.stream && response.headersSent) response.flushHeaders();
  }

  /** False where the upstream has to wait, or nothing more comes. */
  #onData(controller: Dispatcher.DispatchController | undefined, chunk: Buffer): boolean {
    if (this.#state === "waiting") this.#early?.push(chunk);
    if (this.#state !== "streaming") return false;
    const created = this.#watch?.push(chunk);
    if (created !== undefined && !this.#created(created)) return false;
    const out = this.#filter === undefined ? chunk : this.#filter.push(chunk);
    if (!(out instanceof Promise)) return this.#released(controller, out);
    this.#settle(out, controller);
    return false;
  }

  /** The filter has something to settle first: the upstream waits, and so does the answer's end. */
  #settle(out: Promise<Uint8Array | FilterCut>, controller: Dispatcher.DispatchController | undefined): void {
    controller?.pause();
    this.#settling = true;
    void out.then((settled) => {
      this.#settling = false;
      if (this.#state !== "streaming") return;
      const taken = this.#released(controller, settled);
      if ((this.#state as string) === "ended") return;
      if (this.#endedMeanwhile) this.#onEnd();
      else if (taken) controller?.resume(); // which may bring more at once
    });
  }

  /** False where the upstream has to wait for a client that is slow, or nothing more comes. */
  #released(controller: Dispatcher.DispatchController | undefined, out: Uint8Array | FilterCut): boolean {
    if (!(out instanceof Uint8Array)) {
      if (out.last !== undefined && out.last.length > 0) this.#responseMeter.push(out.last);
      const first = out.decision === undefined ? undefined : this.#host.recordAgain(this, out.decision);
      void this.#stop("cut", { code: "inspection", words: out.cut }, 403, first, out.last);
      return false;
    }
    if (out.length === 0) return true;
    this.#heldHead?.();
    this.#heldHead = undefined;
    this.#responseMeter.push(out);
    if (this.start.response.write(out) || controller === undefined) return true;
    controller.pause();
    this.#resumeOnDrain(controller);
    return false;
  }

  /** Goes on when the client has taken what it was sent; one that takes nothing does not hold the upstream for good. */
  #resumeOnDrain(controller: Dispatcher.DispatchController): void {
    const { response, intent } = this.start;
    const { idleMs } = intent.upstream.timeouts;
    const why = { code: "client-stalled", words: `the client took nothing for ${idleMs} ms` };
    this.#stalled = setTimeout(() => void this.#stop("client-closed", why, 408, undefined), idleMs);
    response.once("drain", () => (clearTimeout(this.#stalled), controller.resume()));
  }

  #onEnd(): void {
    if (this.#early !== undefined) this.#early.ended = true;
    if (this.#state !== "streaming") return;
    if (this.#settling) {
      this.#endedMeanwhile = true;
      return;
    }
    const created = this.#watch?.end();
    if (created !== undefined && !this.#created(created)) return;
    if (this.#filter !== undefined) {
      const last = this.#filter.end();
      if (!(last instanceof Promise)) return this.#endWith(last);
      void last.then((out) => this.#endWith(out)); // it is judged elsewhere
      return;
    }
    this.#keepAndComplete();
  }

  #endWith(last: Uint8Array | FilterCut): void {
    if (this.#state !== "streaming") return;
    this.#released(undefined, last);
    if ((this.#state as string) !== "ended") this.#keepAndComplete();
  }

  #keepAndComplete(): void {
    this.#heldHead?.(); // of an answer that is empty
    const kept = this.#keepResponse ? this.#responseMeter.kept : undefined;
    if (kept === undefined) return this.#complete();
    this.#host.keepContent(this.start.namespace, this.#responseMeter.finish().hmac, kept).then(
      () => this.#complete(),
      (error: unknown) => this.#fail(asCordonError(error, "LEDGER_UNAVAILABLE")),
    );
  }

  #complete(): void {
    if (this.#state === "ended") return; // cut, or left, while it was being kept
    const { response } = this.start;
    if (this.start.intent.deletes !== undefined && response.statusCode < 300) this.#host.deleted(this);
    response.off("close", this.#onClose);
    response.end();
    if (response.writableLength > 0) response.setTimeout(this.start.intent.upstream.timeouts.idleMs);
    this.#record("complete", undefined);
  }

  #onError(error: Error): void {
    if (this.#state === "ended") return;
    const told = upstreamFailure(error);
    if (this.#state === "waiting" && this.#handOver(told, undefined)) return;
    this.#fail(told);
  }

  /** Lets another upstream answer instead, where one is configured and nothing has been sent. */
  #handOver(why: CordonError, controller: Dispatcher.DispatchController | undefined): boolean {
    if (this.#state !== "waiting" || this.start.response.headersSent || !this.start.fallBack(why)) return false;
    this.start.response.off("close", this.#onClose);
    this.#endState();
    controller?.abort(why);
    this.#recordOutcome("upstream-failed", { code: why.code, words: `${why.message}; the fallback answers` }, 0).catch(
      () => undefined, // the ledger reports its own failure, and the fallback's own decision meets it
    );
    return true;
  }

  #clientClosed(): void {
    if (this.#state === "ended") return;
    const closedByUs = this.start.request.socket.errored;
    if (isCordonError(closedByUs)) this.#record("cut", { code: closedByUs.code, words: closedByUs.message });
    else
      this.#record("client-closed", {
        code: "client-closed",
        words: "the client closed before the answer was whole",
      });
    this.#abort(new CordonError("REQUEST_MALFORMED", "the client closed"));
  }

  #fail(error: CordonError, status = statusFor(error)): void {
    void this.#stop("upstream-failed", { code: error.code, words: error.message }, status, undefined);
  }

  /** Stops the flow now; closes the client's side only after the outcome is on record. */
  async #stop(
    end: OutcomeEntry["end"],
    why: { code: string; words: string },
    status: number,
    first: Promise<number> | undefined,
    last?: Uint8Array,
  ): Promise<void> {
    if (this.#state === "ended") return;
    const { response } = this.start;
    const headSent = response.headersSent;
    response.off("close", this.#onClose);
    this.#endState();
    // Closing connections is the dearest part: where many are cut at once, each client's is closed before any upstream's.
    const reason = new CordonError("ACCESS_DENIED", why.words);
    if (this.start.request.complete) this.#controller?.pause();
    else this.#abort(reason); // or the rest of the request would still be sent on
    setImmediate(() => this.#abort(reason));
    try {
      // In order, and durable together: waiting for one before handing in the other would double the time to the cut.
      await Promise.all([first, this.#recordOutcome(end, why, headSent ? response.statusCode : status)]);
    } catch {
      // The ledger is gone: all that may still be said is that.
      if (headSent) response.destroy();
      else
        this.#host.answerError(this, 503, "LEDGER_UNAVAILABLE", "the ledger cannot be written, so nothing is served");
      return;
    }
    if (!headSent) this.#host.answerError(this, status, why.code, why.words);
    else if (last === undefined) response.destroy();
    else response.end(last);
  }

  #abort(reason: CordonError): void {
    if (this.#controller !== undefined && !this.#controller.aborted) this.#controller.abort(reason);
  }

  #endState(): void {
    clearTimeout(this.#stalled);
    this.#filter?.close?.();
    this.#state = "ended";
  }

  #record(end: OutcomeEntry["end"], why: { code: string; words: string } | undefined): void {
    this.#endState();
    // Where it fails, the ledger reports that and refuses what comes next; this interaction is closed as interrupted
    // when the ledger is opened again.
    this.#recordOutcome(end, why, this.start.response.statusCode).catch(() => undefined);
  }

  #recordOutcome(
    end: OutcomeEntry["end"],
    why: { code: string; words: string } | undefined,
    status: number,
  ): Promise<number> {
    const seen = { filter: this.#filter, response: this.#responseMeter, objects: this.#objects };
    const outcome = outcomeOf(this.start, seen, { at: this.#host.now(), end, why, status });
    const recorded = this.#host.ledger.append(outcome);
    this.#host.ended(this, outcome);
    return recorded;
  }

  /** False when its owner cannot be written down: then the answer is stopped, for nobody could reach the object. */
  #created(id: string): boolean {
    const type = this.start.intent.creates;
    if (type === undefined) return true;
    this.#objects.push({ type, id });
    try {
      this.#host.created(this, id);
      return true;
    } catch (cause) {
      this.#fail(new CordonError("STORE_UNAVAILABLE", `the owner of a new ${type} cannot be written down`, { cause }));
      return false;
    }
  }
}
