/**
 * One connection's way through the gateway. In: our identity, the gateway, the tunnel's name. Out: a socket that carries
 * the far end's bytes, opened once the gateway has proved itself, policy has allowed it and the far end has answered.
 */
import type { TLSSocket } from "node:tls";
import { readTunnelMessage } from "@cordon/core/contract/read-message";
import {
  encodeTunnelMessage,
  tunnelAnswer,
  tunnelProtocol,
  type EgressQuestion,
  type TunnelQuestion,
} from "@cordon/core/contract/tunnel";
import { CordonError, errorCodes, type ErrorCode } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { dialPeer, expectPeer } from "../net/dial-peer.ts";
import { addressOf } from "../node/control-link.ts";
import type { Clocks, WorkloadIdentity } from "../run/identity.ts";
import { trustOf } from "./trust.ts";

export interface TunnelWay {
  readonly identity: WorkloadIdentity;
  readonly gateway: { readonly url: string; readonly id: SpiffeId };
  /** `namespace/name`. */
  readonly tunnel: string;
  readonly clocks: Clocks;
  /** Lets us act for a person: asked for with each connection. */
  readonly delegation?: (() => string) | undefined;
}

/** The way to the gateway, whatever is asked for there. */
export type GatewayWay = Omit<TunnelWay, "tunnel">;

/** The gateway decides and dials before it answers. */
const answerMs = 30_000;

/** @throws {CordonError} the gateway's refusal, in its words; `UPSTREAM_UNREACHABLE`, `UPSTREAM_UNTRUSTED` */
export async function openTunnel(way: TunnelWay): Promise<{ readonly socket: TLSSocket; readonly id: string }> {
  return ask(way, { v: 1, tunnel: way.tunnel, ...shown(way) });
}

/** Proves ourselves anew for a tunnel that is open, by a handshake of its own. */
export async function renewTunnel(way: TunnelWay, id: string): Promise<void> {
  const { socket } = await ask(way, { v: 1, tunnel: way.tunnel, renew: id });
  socket.destroy();
}

/** Opens a connection to a destination outside. @throws {CordonError} as {@link openTunnel} */
export async function openEgress(
  way: GatewayWay,
  target: string,
): Promise<{ readonly socket: TLSSocket; readonly id: string }> {
  return ask(way, { v: 1, egress: target, ...shown(way) });
}

/** As {@link renewTunnel}. */
export async function renewEgress(way: GatewayWay, target: string, id: string): Promise<void> {
  const { socket } = await ask(way, { v: 1, egress: target, renew: id });
  socket.destroy();
}

function shown({ delegation }: GatewayWay): { readonly delegation?: string } {
  return delegation === undefined ? {} : { delegation: delegation() };
}

async function ask(
  way: GatewayWay,
  question: TunnelQuestion | EgressQuestion,
): Promise<{ readonly socket: TLSSocket; readonly id: string }> {
  const issued = await way.identity.usable();
  const url = new URL(way.gateway.url);
  const socket = await dial(url, way, issued);
  socket.allowHalfOpen = true;
  const timer = setTimeout(() => socket.destroy(new Error("the gateway did not answer in time")), answerMs);
  try {
    socket.write(encodeTunnelMessage(question));
    const answer = await readTunnelMessage(socket, tunnelAnswer);
    if (!answer.ok) throw refusalOf(answer.code, answer.words);
    return { socket, id: answer.id };
  } catch (error) {
    socket.on("error", () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function dial(
  url: URL,
  way: GatewayWay,
  issued: Awaited<ReturnType<WorkloadIdentity["usable"]>>,
): Promise<TLSSocket> {
  try {
    return await dialPeer({
      ...addressOf(url),
      protocol: tunnelProtocol,
      svid: issued.svid,
      judge: expectPeer(trustOf(issued), way.gateway.id, () => way.clocks.wall()),
    });
  } catch (cause) {
    if (cause instanceof CordonError)
      throw new CordonError(
        "UPSTREAM_UNTRUSTED",
        `what answers at ${url.origin} is not the gateway: ${cause.message}`,
        {
          cause,
        },
      );
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    throw new CordonError("UPSTREAM_UNREACHABLE", `the gateway at ${url.origin} cannot be reached (${why})`, { cause });
  }
}

function refusalOf(code: string, words: string): CordonError {
  const known = (errorCodes as readonly string[]).includes(code);
  return new CordonError(known ? (code as ErrorCode) : "ACCESS_DENIED", words);
}
