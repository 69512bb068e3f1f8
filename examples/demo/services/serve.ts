/**
 * What every demo service shares. In: its arguments (`--socket` of the control plane, `--component` it is, `--accept` the
 * one SPIFFE ID it answers, `--listen host:port`) and a request handler. Out: a TLS 1.3 server that shows the service's
 * own SVID, reads nothing from anyone but the accepted peer, and takes each new SVID without dropping a connection.
 *
 * Tells its parent process when it is ready, and ends with it. With `--open` it answers anybody, in plain HTTP: the estate
 * as it would be without Cordon, to compare with, and nothing else.
 */
import { createServer as createHttpServer, type Server } from "node:http";
import type { Server as NetServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { controlClient } from "@cordon/agent/run/control-client";
import { openIdentity, type Issued } from "@cordon/agent/run/identity";
import { fetchBundle, issueThrough } from "@cordon/agent/run/issue";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { authenticatePeer, serverTlsOptions } from "@cordon/core/identity/tls";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";
import { announce, identityArguments, listenArguments, sendJson, type Handler } from "./http.ts";

/** Runs a service until its process is told to stop. */
export async function runService(what: string, handler: Handler): Promise<void> {
  const http = createHttpServer((request, response) => {
    Promise.resolve(handler(request, response)).catch((error: unknown) => {
      console.error(`${what}:`, error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { message: "The service failed.", type: "server_error" } });
    });
  });
  const { open, host, port } = listenArguments();
  if (open) {
    console.error(`${what}: OPEN: answers anybody, without identity or encryption. For comparison only.`);
    http.listen(port, host, () => announce(http, "http"));
    return;
  }
  const tls = await openTls(what, http);
  tls.listen(port, host, () => announce(tls, "https"));
}

/** A TLS server that hands connections to `http` once their peer has proved to be the one that is accepted. */
async function openTls(what: string, http: Server): Promise<NetServer> {
  const { socket, component, accept } = identityArguments();
  const client = controlClient(socket);
  const identity = await openIdentity({
    issue: issueThrough(client, component),
    fetchBundle: () => fetchBundle(client),
    onTrouble: (words) => console.error(`${what}: ${words}`),
  });
  const accepted = parseSpiffeId(accept);
  const tls = createTlsServer({ ...serverTlsOptions(identity.current()), ALPNProtocols: ["http/1.1"] });
  tls.on("secureConnection", (connection) => {
    try {
      authenticatePeer(connection, trustOf(identity.issued()), Date.now(), { expected: accepted });
    } catch (error) {
      console.error(`${what}: refused a connection: ${error instanceof Error ? error.message : String(error)}`);
      connection.destroy();
      return;
    }
    // Only now does anything read from the connection.
    http.emit("connection", connection);
  });
  tls.on("tlsClientError", () => undefined);
  identity.onRotate((svid) => tls.setSecureContext(serverTlsOptions(svid)));
  return tls;
}

function trustOf({ bundle }: Issued): IdentityTrust {
  const none = new Set<never>();
  return {
    bundles: new Map([[bundle.trustDomain, bundle]]),
    revocations: { certificates: none, keys: none, workloads: none },
  };
}
