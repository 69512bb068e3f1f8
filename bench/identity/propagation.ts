/**
 * How long a revocation takes to cut a live stream: from the moment that an administrator's call is sent to the local API,
 * to the end of the stream at the client, with other streams live beside it. In: how often. Out: percentiles.
 */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { controlClient } from "@cordon/agent/run/control-client";
import { startCordon, type Cordon } from "@cordon/cli/up/wire";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { percentile } from "../gateway/statistics.ts";

const configuration = (port: number): string => `version: 1
trustDomain: bench.example
gateway: { listen: "127.0.0.1:0", drainSeconds: 0 }
console: { enabled: false }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
  - { name: chat, kind: endpoint, boundary: model }
upstreams:
  - { name: chat, url: "http://127.0.0.1:${port}", authentication: loopback }
routes:
  - { name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat } } }
policies:
  - { name: inline, text: '@id("infers") permit (principal, action == Action::"infer", resource);' }
`;

export async function measurePropagation(quick: boolean): Promise<void> {
  const rounds = quick ? 10 : 50;
  const beside = quick ? 50 : 500;
  await using closing = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-"));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const upstream = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: begun\n\n");
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  closing.defer(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const path = join(folder, "cordon.yaml");
  await writeFile(path, configuration((upstream.address() as AddressInfo).port));
  const cordon = closing.use(await startCordon({ path, env: {}, log: () => undefined, version: "bench" }));
  const client = controlClient(cordon.socketPath);

  const agents: Agent[] = [];
  closing.defer(async () => void (await Promise.all(agents.map((agent) => agent.destroy()))));
  const own = await newIdentity(cordon);
  for (let count = 0; count < beside; count++) await openStream(cordon, own.agent);
  agents.push(own.agent);
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { agent, sha256 } = await newIdentity(cordon);
    agents.push(agent);
    const { ended } = await openStream(cordon, agent);
    const sentAt = performance.now();
    const answered = client.revoke({ type: "key", sha256, reason: "bench" });
    took.push((await ended) - sentAt);
    await answered;
  }
  const [half, most] = [percentile(took, 50), percentile(took, 99)];
  process.stdout.write(
    `revocation of a key to the end of its live stream, ${beside} other streams live, ${rounds} times\n`,
  );
  process.stdout.write(
    `  median ${half.toFixed(1)} ms, p99 ${most.toFixed(1)} ms, longest ${Math.max(...took).toFixed(1)} ms\n`,
  );
}

async function newIdentity(cordon: Cordon) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey);
  const id = parseSpiffeId("spiffe://bench.example/ns/default/agent/assistant");
  const issued = await cordon.control.authority.issueX509Svid({ id, key: { publicKey } });
  const agent = new Agent({ connect: clientTlsOptions({ ...issued, key: privateKey }) as never, bodyTimeout: 0 });
  return { agent, sha256: sha256Hex(publicKey.export({ type: "spki", format: "der" })) };
}

/** Opens a stream; resolves once it has begun. `ended` is the moment at which it ended. */
async function openStream(cordon: Cordon, agent: Agent): Promise<{ readonly ended: Promise<number> }> {
  const { body } = await agent.request({
    origin: cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<number>();
  body.on("data", () => begun.resolve());
  for (const event of ["error", "end", "close"] as const) body.on(event, () => ended.resolve(performance.now()));
  await begun.promise;
  return { ended: ended.promise };
}
