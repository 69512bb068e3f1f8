/** A control plane for tests: the local API's paths that an agent needs, over a test authority. */
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleDocument } from "@cordon/core/identity/bundle";
import type { TestAuthority } from "./authority.ts";

export interface TestControlPlane extends AsyncDisposable {
  readonly socketPath: string;
  readonly folder: string;
  /** SVIDs issued so far. */
  readonly issued: number;
  /** While true, every call is refused with 503. */
  down: boolean;
  gateway: { url: string; id: string };
  lifeMs: number;
}

export async function testControlPlane(authority: TestAuthority, idPrefix: string): Promise<TestControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-test-"));
  const socketPath = join(folder, "control.sock");
  const bundle = bundleDocument(authority.bundle);
  let issued = 0;
  const plane = {
    socketPath,
    folder,
    down: false,
    gateway: { url: "https://127.0.0.1:1", id: `${idPrefix}/service/gateway` },
    lifeMs: 3_600_000,
    get issued() {
      return issued;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
  const answers: Record<string, (body: string) => unknown> = {
    "GET /v1/gateway": () => ({ ...plane.gateway, bundle }),
    "GET /v1/bundle": () => ({ trustDomain: authority.bundle.trustDomain, bundle }),
    "GET /v1/components": () => ({
      components: ["agent/assistant", "service/gateway"].map((path) => ({
        id: `${idPrefix}/${path}`,
        namespace: "default",
        kind: path.split("/")[0],
        name: path.split("/")[1],
        boundary: "api",
        labels: { sensitivity: "internal", categories: [], integrity: "trusted" },
        description: "",
        bearerTokens: false,
        revoked: false,
      })),
    }),
    "POST /v1/svids/x509": async (body) => {
      const { component, csr } = JSON.parse(body) as { component: string; csr: string };
      const id = component.startsWith("spiffe://") ? component : `${idPrefix}/agent/${component}`;
      issued++;
      return { id, bundle, ...(await authority.sign(csr, id, { lifeMs: plane.lifeMs })) };
    },
  };
  const server = createServer((request, response) => {
    void (async () => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const answer = answers[`${request.method} ${request.url}`];
      const status = plane.down ? 503 : answer === undefined ? 404 : 200;
      const error = { error: { code: "STORE_UNAVAILABLE", message: "the control plane is down for this test" } };
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(status === 200 ? await answer?.(body) : error));
    })();
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return plane;
}
