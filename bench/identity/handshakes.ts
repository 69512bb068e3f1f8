/**
 * Full mutual TLS handshakes a second, each followed by our judgement of the peer on both ends, beside Node's own with its
 * verification by pooled roots. In: how long. Out: figures on the screen. Both ends run in this one process, so a server
 * alone makes about twice as many.
 */
import { generateKeyPairSync, createPublicKey } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type ConnectionOptions, type TLSSocket, type TlsOptions } from "node:tls";
import { openAuthority } from "@cordon/control/authority/authority";
import { openKeyVault } from "@cordon/control/keys/key-vault";
import { openRootKey } from "@cordon/control/keys/root-key";
import { openStateStore } from "@cordon/control/store/open-state-store";
import { parseSpiffeId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { authenticatePeer, clientTlsOptions, serverTlsOptions, toPem } from "@cordon/core/identity/tls";

const concurrency = 4;

export async function measureHandshakes(quick: boolean): Promise<void> {
  const seconds = quick ? 1 : 5;
  await using closing = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-"));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const store = closing.use(await openStateStore(`sqlite:${join(folder, "cordon.db")}`));
  const vault = openKeyVault({
    store,
    rootKey: await openRootKey({ file: "root.key" }, { stateFolder: folder }),
    now: Date.now,
  });
  const trustDomain = parseTrustDomain("bench.example");
  const authority = await openAuthority({ vault, store, trustDomain, now: Date.now });
  const svid = async (name: string): Promise<X509Svid> => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const id = parseSpiffeId(`spiffe://bench.example/ns/default/service/${name}`);
    const names = { dnsNames: ["localhost"] };
    return {
      ...(await authority.issueX509Svid({ id, key: { publicKey: createPublicKey(privateKey) }, ...names })),
      key: privateKey,
    };
  };
  const [server, client] = [await svid("server"), await svid("client")];
  const none = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() };
  const trust = { bundles: new Map([[trustDomain, authority.bundle()]]), revocations: none };
  const judge = (socket: TLSSocket): void => void authenticatePeer(socket, trust, Date.now());
  const ca = authority.bundle().x509Authorities.map(toPem);
  const bare = { ca, rejectUnauthorized: true } as const;

  const ours = await rateOf(seconds, serverTlsOptions(server), clientTlsOptions(client), judge);
  const node = await rateOf(
    seconds,
    { ...serverTlsOptions(server), ...bare },
    { ...clientTlsOptions(client), ...bare, servername: "localhost" },
    () => undefined,
  );
  process.stdout.write(`mutual TLS 1.3 handshakes, both ends in one process, ${concurrency} at a time\n`);
  process.stdout.write(`  judged by Cordon, both ends   ${ours.toFixed(0).padStart(6)} a second\n`);
  process.stdout.write(
    `  judged by OpenSSL, both ends  ${node.toFixed(0).padStart(6)} a second; ours is ${(ours / node).toFixed(2)} of it\n`,
  );
}

async function rateOf(
  seconds: number,
  serverOptions: TlsOptions,
  clientOptions: ConnectionOptions,
  judge: (socket: TLSSocket) => void,
): Promise<number> {
  const server = createServer(serverOptions, (socket) => {
    judge(socket);
    socket.on("error", () => undefined);
    socket.end("x"); // the client hears that it was let in
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const handshake = async (): Promise<void> => {
    const socket = connect({ ...clientOptions, host: "127.0.0.1", port });
    await once(socket, "secureConnect");
    judge(socket);
    await once(socket, "data");
    socket.destroy();
  };
  for (let warm = 0; warm < 50; warm++) await handshake();
  const startedAt = performance.now();
  let done = 0;
  const worker = async (): Promise<void> => {
    for (; performance.now() < startedAt + seconds * 1000; done++) await handshake();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const rate = (done * 1000) / (performance.now() - startedAt);
  await new Promise((resolve) => server.close(resolve));
  return rate;
}
