/**
 * Where other trust domains fetch our bundle. In: the bundle, a path, and a certificate or our SVID. Out: an HTTPS server
 * that answers GET on that path, to anybody (SPIFFE Federation, 5.2.1.3: servers must not ask clients who they are).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { CordonError } from "@cordon/core/errors";
import { serializeBundle } from "@cordon/core/identity/bundle";
import { parseCertificate } from "@cordon/core/identity/certificate";
import type { IdentitySource, X509Svid } from "@cordon/core/identity/svid";
import { serverTlsOptions } from "@cordon/core/identity/tls";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { openServerCertificate, type TlsFiles } from "./server-certificate.ts";

export interface BundleEndpointOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly path: string;
  readonly bundle: () => TrustBundle;
  /** A public certificate (`https_web`), or our SVID (`https_spiffe`). */
  readonly proof: { readonly files: TlsFiles } | { readonly identity: IdentitySource };
  readonly onProblem: (error: unknown) => void;
}

export interface BundleEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly profile: "https_web" | "https_spiffe";
}

/** @throws {CordonError} `CONFIG_INVALID` */
export async function openBundleEndpoint(options: BundleEndpointOptions): Promise<BundleEndpoint> {
  const { proof, listen, path } = options;
  await using opening = new AsyncDisposableStack();
  const certificate = "files" in proof ? await openServerCertificate(proof.files, options.onProblem) : undefined;
  if (certificate !== undefined) opening.use(certificate);
  const tls =
    certificate === undefined
      ? { ...serverTlsOptions((proof as { identity: IdentitySource }).identity.current()), requestCert: false }
      : certificate.context();
  const server = createServer({ ...tls, handshakeTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) =>
    answer(request, response, options),
  );
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = 256;
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  if ("identity" in proof)
    opening.defer(showSvids(proof.identity, options.bundle, (svid) => server.setSecureContext(serverTlsOptions(svid))));
  else certificate?.follow((context) => server.setSecureContext(context));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new CordonError(
          "CONFIG_INVALID",
          `the bundle endpoint cannot listen on ${listen.host}:${listen.port} (${cause.code}); see \`federation.endpoint.listen\``,
          { cause },
        ),
      ),
    );
    server.listen(listen.port, listen.host, resolve);
  });
  opening.defer(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const owned = opening.move();
  const { address, port } = server.address() as AddressInfo;
  const host = address.includes(":") ? `[${address}]` : address;
  return {
    url: `https://${host}:${port}${path}`,
    profile: "files" in proof ? "https_web" : "https_spiffe",
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** How many refresh intervals others get to hear of a new root before the endpoint itself stands on it. */
const refreshesBeforeUse = 4;

/**
 * Follows our SVID, with one delay: a certificate under another root is shown only after others had time to fetch the
 * bundle that holds that root. They know this endpoint by the bundle that they have, and could not fetch the new one
 * from a stranger. Returns the way to stop.
 */
function showSvids(identity: IdentitySource, bundle: () => TrustBundle, show: (svid: X509Svid) => void): () => void {
  let shown = identity.current();
  let timer: NodeJS.Timeout | undefined;
  const adopt = (): void => {
    clearTimeout(timer);
    timer = undefined;
    shown = identity.current();
    show(shown);
  };
  const stop = identity.onRotate((svid) => {
    if (Buffer.compare(rootNameOf(svid), rootNameOf(shown)) === 0) return adopt();
    const leftMs = shown.notAfter - svid.notBefore - 60_000;
    timer ??= setTimeout(adopt, Math.max(0, Math.min(refreshesBeforeUse * bundle().refreshHintSeconds * 1000, leftMs)));
    timer.unref();
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

/** The name of the root that a chain leads to, DER. */
function rootNameOf({ chain }: X509Svid): Uint8Array {
  return parseCertificate(chain[chain.length - 1] ?? new Uint8Array()).issuer;
}

function answer(request: IncomingMessage, response: ServerResponse, { path, bundle }: BundleEndpointOptions): void {
  request.resume();
  response.setHeader("connection", "close");
  if (request.url !== path) return void response.writeHead(404).end();
  if (request.method !== "GET" && request.method !== "HEAD")
    return void response.writeHead(405, { allow: "GET, HEAD" }).end();
  const body = serializeBundle(bundle());
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-cache",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
