/**
 * One open tunnel. In: a decision that allowed it, the client's connection. Out: bytes both ways until either end closes,
 * or until the decision no longer stands; one outcome in the ledger, with the bytes of each direction. A cut is on record
 * before either connection closes.
 */
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { isCordonError, type CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { VerifiedSvid } from "@cordon/core/identity/svid";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import type { Snapshot, Tunnel } from "@cordon/core/policy/snapshot";
import { ContentMeter, type DigestKey } from "../content-meter.ts";
import type { Caller } from "../listener/caller.ts";
import type { LiveExchange } from "../live/live-exchanges.ts";
import { liveKeys } from "../live/live-keys.ts";
import type { Sensed } from "../risk/sensing.ts";
import { join, type Joined } from "./pipe.ts";
import type { ServerEnd } from "./server-end.ts";
import { qualifiedName } from "./tunnel-name.ts";

/** What carries bytes under a decision: a tunnel, or a session at a data door. */
export type Carrier = Pick<Tunnel, "namespace" | "name" | "idleMs">;

export interface TunnelStart<C extends Carrier = Tunnel> {
  readonly id: string;
  readonly tunnel: C;
  readonly access: AccessRequest;
  readonly socket: TLSSocket;
  readonly sensed: Sensed;
  /** Who opened it, by the SVID that its connection was made with. */
  readonly opener: Caller;
  readonly digestKey: DigestKey;
  /** Hears each piece that goes to the client, before it goes. */
  readonly passing?: (chunk: Uint8Array) => void;
  /** Hears how much is to pass each way, before it does; it may cut, and then it does not. */
  readonly counting?: { readonly sent: (bytes: number) => void; readonly received: (bytes: number) => void };
  /** What the client is told of a cut, in its own protocol, where it can be told just now. */
  readonly farewell?: (words: string, open: boolean) => Uint8Array | undefined;
}

export interface TunnelHost<T> {
  now(): Instant;
  redecide(tunnel: T, snapshot: Snapshot): Decision;
  recordAgain(tunnel: T, decision: Decision): Promise<number>;
  record(outcome: OutcomeEntry): Promise<unknown>;
  over(tunnel: T): void;
}

/** How long a proof holds past the end of the SVID that it was made with, in milliseconds. */
export const proofGraceMs = 30_000;

/** How long a client may take to read why it was cut. */
const farewellMs = 1_000;

export class LiveTunnel<
  C extends Carrier = Tunnel,
  F extends { readonly socket: Duplex } = ServerEnd,
> implements LiveExchange {
  readonly start: TunnelStart<C>;
  validUntil: number;
  place = -1;
  /** The newest proof of who the client is; renewed in band when its SVID is. */
  caller: Caller;
  chain: readonly Uint8Array[];
  server: F | undefined;
  readonly #host: TunnelHost<LiveTunnel<C, F>>;
  readonly #sent: ContentMeter;
  readonly #received: ContentMeter;
  #joined: Joined | undefined;
  #ended = false;
  #decision: Decision;

  constructor(
    start: TunnelStart<C>,
    chain: readonly Uint8Array[],
    decision: Decision,
    host: TunnelHost<LiveTunnel<C, F>>,
  ) {
    this.start = start;
    this.caller = start.opener;
    this.chain = chain;
    this.#host = host;
    this.#sent = new ContentMeter(start.digestKey, false);
    this.#received = new ContentMeter(start.digestKey, false);
    this.#decision = decision;
    this.validUntil = this.#due();
  }

  dependsOn(): readonly string[] {
    const { opener, sensed } = this.start;
    const { svid } = (this.server ?? {}) as { readonly svid?: VerifiedSvid };
    const ends = svid === undefined ? [] : [svid];
    return liveKeys(this.#decision, [opener.svid, this.caller.svid, ...ends], sensed);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** When the client has to have proved itself again. */
  get provenUntil(): number {
    return this.caller.svid.notAfter + proofGraceMs;
  }

  /** Bytes flow from here on. */
  flow(server: F): void {
    this.server = server;
    this.#joined = join({
      client: this.start.socket,
      server: server.socket,
      sent: (chunk) => {
        this.start.counting?.sent(chunk.length);
        if (!this.#ended) this.#sent.push(chunk);
      },
      received: (chunk) => {
        this.start.counting?.received(chunk.length);
        if (this.#ended) return;
        this.#received.push(chunk);
        this.start.passing?.(chunk);
      },
      idleMs: this.start.tunnel.idleMs,
      ended: (how, error) => void this.#over(how, error),
    });
  }

  /** The client showed a newer SVID of the same identity. */
  renew(caller: Caller, chain: readonly Uint8Array[]): void {
    if (caller.svid.notAfter > this.caller.svid.notAfter) {
      const { acting } = this.caller; // for whom it was opened
      this.caller = acting === undefined ? caller : { ...caller, acting };
      this.chain = chain;
    }
    this.validUntil = this.#due();
  }

  redecide(snapshot: Snapshot): Decision | undefined {
    if (this.#ended) return undefined;
    const decision = this.#host.redecide(this, snapshot);
    this.#decision = decision;
    this.validUntil = this.#due();
    return decision.effect === "deny" ? decision : undefined;
  }

  async cut(decision: Decision): Promise<void> {
    if (this.#ended) return;
    const words = decision.reasons.map((reason) => reason.words).join("; ");
    await this.#stop("cut", { code: decision.reasons[0]?.code ?? "ACCESS_DENIED", words }, () =>
      this.#host.recordAgain(this, decision),
    );
  }

  /** Ends it for a reason that is not a decision. */
  async fail(end: OutcomeEntry["end"], error: CordonError): Promise<void> {
    await this.#stop(end, { code: error.code, words: error.message });
  }

  async #over(how: "complete" | "client-closed" | "server-closed" | "idle", error: Error | undefined): Promise<void> {
    if (isCordonError(error)) return this.fail("cut", error);
    const words = error === undefined ? "" : `: ${(error as NodeJS.ErrnoException).code ?? error.message}`;
    switch (how) {
      case "complete":
        return this.#stop("complete", undefined);
      case "client-closed":
        return this.#stop("client-closed", { code: "client-closed", words: `the client's connection closed${words}` });
      case "server-closed":
        return this.#stop("upstream-failed", { code: "UPSTREAM_UNREACHABLE", words: `the far end closed${words}` });
      case "idle":
        return this.#stop("cut", {
          code: "idle",
          words: `nothing was carried for ${this.start.tunnel.idleMs} ms`,
        });
    }
  }

  /** Stops the flow now; closes both connections only when the outcome is on record. */
  async #stop(
    end: OutcomeEntry["end"],
    why: { readonly code: string; readonly words: string } | undefined,
    first?: () => Promise<unknown>,
  ): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#joined?.stop();
    const { socket, id, tunnel } = this.start;
    const outcome: OutcomeEntry = {
      v: 1,
      kind: "outcome",
      at: this.#host.now(),
      id,
      namespace: tunnel.namespace,
      end,
      ...(why === undefined ? {} : { why }),
      status: 0,
      upstream: qualifiedName(tunnel),
      request: this.#sent.finish(),
      response: this.#received.finish(),
      findings: [],
      masks: 0,
    };
    try {
      // In order, and durable together: waiting for one before handing in the other would double the time to the cut.
      await Promise.all([first?.(), this.#host.record(outcome)]);
    } catch {
      // The ledger reports its own failure; this tunnel is closed as interrupted when it is opened again.
    }
    this.#host.over(this);
    const close = (each: Duplex | undefined): void => {
      if (each === undefined || each.destroyed) return;
      if (end === "complete") each.resume().end();
      else if (each !== socket || !this.#farewell(why?.words ?? "the connection was cut")) each.destroy();
    };
    close(socket);
    // Closing is the dearest part. Where many are cut at once, all clients are off before the first server is.
    setImmediate(close, this.server?.socket);
  }

  /** False where the client cannot be told: it has not read what came before, and would go on reading it. */
  #farewell(words: string): boolean {
    const { socket, farewell } = this.start;
    const last =
      socket.writableLength > 0 || socket.writableEnded ? undefined : farewell?.(words, this.server !== undefined);
    if (last === undefined) return false;
    socket.resume().end(last); // what it still says is dropped: unread, it would take the connection down first
    const timer = setTimeout(() => socket.destroy(), farewellMs);
    socket.once("close", () => clearTimeout(timer));
    socket.once("end", () => socket.destroySoon());
    return true;
  }

  #due(): number {
    return Math.min(this.#decision.validUntil ?? Infinity, this.provenUntil);
  }
}
