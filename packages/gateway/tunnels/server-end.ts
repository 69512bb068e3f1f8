/**
 * Dials a tunnel's far end. In: the tunnel, our own SVID, the snapshot. Out: a socket on which the component that policy
 * decided on has proved itself, and has opened the tunnel from its side.
 */
import { connect, type TLSSocket } from "node:tls";
import { encodeTunnelMessage, tunnelAnswer, tunnelProtocol } from "@cordon/core/contract/tunnel";
import { readTunnelMessage } from "@cordon/core/contract/read-message";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { peerChain } from "@cordon/core/identity/peer-chain";
import type { IdentitySource, VerifiedSvid } from "@cordon/core/identity/svid";
import { authenticatePeer, clientTlsOptions } from "@cordon/core/identity/tls";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot, Tunnel } from "@cordon/core/policy/snapshot";
import { qualifiedName } from "./tunnel-name.ts";

export interface ServerEnd {
  readonly socket: TLSSocket;
  readonly chain: readonly Uint8Array[];
  readonly svid: VerifiedSvid;
}

/** @throws {CordonError} `UPSTREAM_UNREACHABLE`, `UPSTREAM_UNTRUSTED`, `UPSTREAM_TIMEOUT` */
export async function dialServerEnd(
  tunnel: Tunnel,
  id: string,
  identity: IdentitySource,
  snapshot: () => Snapshot,
  now: () => Instant,
): Promise<ServerEnd> {
  const socket = connect({
    ...clientTlsOptions(identity.current()),
    host: tunnel.host,
    port: tunnel.port,
    ALPNProtocols: [tunnelProtocol],
  });
  socket.allowHalfOpen = true;
  socket.setNoDelay(true);
  const late = new CordonError("UPSTREAM_TIMEOUT", `the far end did not open within ${tunnel.connectMs} ms`);
  const timer = setTimeout(() => socket.destroy(late), tunnel.connectMs);
  try {
    await new Promise<void>((resolve, reject) => socket.once("error", reject).once("secureConnect", resolve));
    const svid = authenticatePeer(socket, snapshot(), now(), { expected: tunnel.resource });
    if (socket.alpnProtocol !== tunnelProtocol)
      throw new CordonError("UPSTREAM_UNTRUSTED", `the far end does not speak ${tunnelProtocol}`);
    socket.write(encodeTunnelMessage({ v: 1, tunnel: qualifiedName(tunnel), id }));
    const answer = await readTunnelMessage(socket, tunnelAnswer);
    if (!answer.ok) throw new CordonError("UPSTREAM_UNREACHABLE", `the far end says: ${answer.words}`);
    return { socket, chain: peerChain(socket), svid };
  } catch (error) {
    socket.on("error", () => undefined).destroy();
    throw asFailure(error, tunnel);
  } finally {
    clearTimeout(timer);
  }
}

function asFailure(error: unknown, tunnel: Tunnel): CordonError {
  const at = `${tunnel.name} at ${tunnel.host}:${tunnel.port}`;
  if (isCordonError(error)) {
    if (error.code.startsWith("UPSTREAM_")) return error;
    return new CordonError("UPSTREAM_UNTRUSTED", `${at} could not prove its identity: ${error.message}`, {
      cause: error,
    });
  }
  const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  return new CordonError("UPSTREAM_UNREACHABLE", `${at} cannot be reached: ${code}`, { cause: error });
}
