/**
 * The way to the gateway. In: the workload's identity, and which gateway to expect. Out: a dispatcher whose connections
 * were each verified, on the raw chain, before a byte was sent.
 *
 * A changed SVID or bundle begins a new pool: requests under way finish on the old one, new ones take the new.
 */
import { connect as tlsConnect } from "node:tls";
import { Pool, type Dispatcher } from "undici";
import type { buildConnector } from "undici";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { authenticatePeer, clientTlsOptions } from "@cordon/core/identity/tls";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";
import { systemClocks, type Clocks, type Issued, type WorkloadIdentity } from "./identity.ts";

export interface GatewayAddress {
  /** `https://host:port`. */
  readonly url: string;
  readonly id: SpiffeId;
}

export interface GatewayLink extends AsyncDisposable {
  /** The gateway's origin, for dispatch. */
  readonly origin: string;
  /** The pool to dispatch with now. Rejects with `SVID_EXPIRED` and the like when there is no identity to show. */
  dispatcher(): Promise<Dispatcher>;
}

/** Longest wait for TCP and TLS together, in milliseconds. */
const connectMs = 10_000;

const nothingRevoked = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<SpiffeId>() };

/** Opens the link; connects lazily. @throws {CordonError} `CONFIG_INVALID` for a URL that is not `https` */
export function openGatewayLink(
  identity: WorkloadIdentity,
  gateway: GatewayAddress,
  clocks: Clocks = systemClocks,
): GatewayLink {
  const url = parseGatewayUrl(gateway.url);
  const pools = new Set<Pool>();
  let pool: Pool | undefined;
  const retire = (): void => {
    const retired = pool;
    pool = undefined;
    if (retired !== undefined) void retired.close().finally(() => pools.delete(retired));
  };
  const stop = identity.onChange(retire);

  return {
    origin: url.origin,
    async dispatcher() {
      const issued = await identity.usable();
      if (pool !== undefined) return pool;
      pool = new Pool(url.origin, {
        connect: dial(url, gateway.id, issued, clocks),
        connections: null,
        pipelining: 1,
        allowH2: false,
        // The gateway keeps the time limits; a second set here would only disagree with it.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      pools.add(pool);
      return pool;
    },
    async [Symbol.asyncDispose]() {
      stop();
      await Promise.all([...pools].map((each) => each.destroy()));
    },
  };
}

/** A connector that hands over a socket only once its peer is the expected gateway. */
function dial(url: URL, expected: SpiffeId, issued: Issued, clocks: Clocks): buildConnector.connector {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return (_target, callback) => {
    const socket = tlsConnect({
      ...clientTlsOptions(issued.svid),
      host,
      port: Number(url.port || "443"),
      ALPNProtocols: ["http/1.1"],
    });
    socket.setNoDelay(true);
    const settle = (error: Error | undefined): void => {
      clearTimeout(timer);
      socket.off("error", settle);
      socket.off("secureConnect", verify);
      if (error === undefined) return callback(null, socket);
      socket.on("error", () => undefined);
      socket.destroy();
      callback(unreachable(url, expected, error), null);
    };
    const verify = (): void => {
      try {
        authenticatePeer(socket, trustOf(issued), clocks.wall(), { expected });
        settle(undefined);
      } catch (error) {
        settle(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const timer = setTimeout(() => settle(new Error(`no connection within ${connectMs} ms`)), connectMs);
    socket.once("error", settle);
    socket.once("secureConnect", verify);
  };
}

function trustOf(issued: Issued): IdentityTrust {
  return { bundles: new Map([[issued.bundle.trustDomain, issued.bundle]]), revocations: nothingRevoked };
}

function unreachable(url: URL, expected: SpiffeId, cause: Error): CordonError {
  if (isCordonError(cause))
    return new CordonError(
      "UPSTREAM_UNTRUSTED",
      `What answers at ${url.origin} is not the Cordon gateway ${expected}: ${cause.message}. Nothing was sent. ` +
        "Check what listens there; if the authority was replaced, restart `cordon run`.",
      { cause },
    );
  const why = (cause as { readonly code?: string }).code ?? cause.message;
  return new CordonError(
    "UPSTREAM_UNREACHABLE",
    `The Cordon gateway at ${url.origin} cannot be reached (${why}). Check that \`cordon up\` runs and that ` +
      "`cordon status` shows this address; then retry.",
    { cause },
  );
}

function parseGatewayUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:")
    throw new CordonError("CONFIG_INVALID", `The gateway's address \`${text}\` is not an https URL.`);
  return url;
}
