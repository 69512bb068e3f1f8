import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect, createServer, type ConnectionOptions, type TLSSocket, type TlsOptions } from "node:tls";
import type { AddressInfo } from "node:net";
import { isCordonError, type ErrorCode } from "../errors.ts";
import type { TrustBundle } from "../policy/snapshot.ts";
import { peerChain } from "./peer-chain.ts";
import { parseSpiffeId, parseTrustDomain } from "./spiffe-id.ts";
import type { X509Svid } from "./svid.ts";
import { forgeIssuer, forgeLeaf, forgeRoot, keyUsageBit, type Forged, type Forgery } from "./testing/forge.ts";
import { authenticatePeer, clientTlsOptions, serverTlsOptions, toPem } from "./tls.ts";

const now = Date.now();
const workload = "spiffe://bank.example/ns/default/agent/assistant";
const gateway = "spiffe://bank.example/ns/default/service/gateway";
const bank = forgeRoot("bank.example", now);
const shop = forgeRoot("shop.example", now);
const issuer = forgeIssuer("bank.example", bank, now);

function bundleOf(name: string, root: Forged): TrustBundle {
  const trustDomain = parseTrustDomain(name);
  return { trustDomain, x509Authorities: [root.der], jwtAuthorities: [], sequence: 1, refreshHintSeconds: 300 };
}
const bundles = new Map(
  [bundleOf("bank.example", bank), bundleOf("shop.example", shop)].map((one) => [one.trustDomain, one]),
);
const trust = {
  bundles,
  revocations: { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() },
};

function svidOf(id: string, leaf: Forged, ...above: readonly Forged[]): X509Svid {
  const chain = [leaf, ...above].map((one) => one.der);
  return { id: parseSpiffeId(id), chain, key: leaf.key, notBefore: now - 60_000, notAfter: now + 3_600_000 };
}
const serverSvid = svidOf(gateway, forgeLeaf(gateway, issuer, now), issuer);

/** Shakes hands for real; gives both ends to `look` before they are closed. */
async function handshake<T>(
  client: X509Svid | undefined,
  look: (server: TLSSocket, client: TLSSocket) => T | Promise<T>,
  options: { readonly server?: TlsOptions; readonly client?: ConnectionOptions } = {},
): Promise<T> {
  const server = createServer({ ...serverTlsOptions(serverSvid), ...options.server });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const identity = client === undefined ? { rejectUnauthorized: false } : clientTlsOptions(client);
  const { port } = server.address() as AddressInfo;
  const socket = connect({ ...identity, host: "127.0.0.1", port, ...options.client });
  socket.on("error", () => undefined);
  try {
    const known = once(socket, "secureConnect");
    const [accepted] = (await once(server, "secureConnection")) as [TLSSocket];
    await known;
    accepted.on("error", () => undefined);
    const result = await look(accepted, socket);
    accepted.destroy();
    return result;
  } finally {
    socket.destroy();
    server.close();
    await once(server, "close");
  }
}

/** A server as one would write it that trusts Node's verdict over pooled authorities. */
const pooled: TlsOptions = { ca: [toPem(bank.der), toPem(shop.der)], rejectUnauthorized: true };

function codeOf(attempt: () => unknown): ErrorCode | "accepted" {
  try {
    attempt();
    return "accepted";
  } catch (error) {
    assert.ok(isCordonError(error), `threw ${String(error)}`);
    return error.code;
  }
}

describe("the raw chain", () => {
  const client = svidOf(workload, forgeLeaf(workload, issuer, now), issuer);

  it("is the same however often it is asked for, although Node gives it once", async () => {
    await handshake(client, (server) => {
      for (let round = 0; round < 3; round++) assert.deepEqual(peerChain(server).map(hex), client.chain.map(hex));
      assert.equal(server.getPeerX509Certificate()?.issuerCertificate, undefined, "Node has forgotten the rest");
    });
  });

  it("is cut to its leaf by Node where OpenSSL is given authorities, which is why it is given none", async () => {
    await handshake(
      client,
      (server) => {
        assert.equal(server.authorized, true);
        assert.deepEqual(peerChain(server).map(hex), client.chain.slice(0, 1).map(hex));
        assert.equal(
          codeOf(() => authenticatePeer(server, trust, now)),
          "SVID_UNTRUSTED",
        );
      },
      { server: { ...pooled } },
    );
    assert.deepEqual(serverTlsOptions(serverSvid).ca, []);
  });
});

describe("two honest workloads", () => {
  it("know each other after one handshake, TLS 1.3, the whole chain as it was sent", async () => {
    const client = svidOf(workload, forgeLeaf(workload, issuer, now), issuer);
    await handshake(client, (server, socket) => {
      assert.equal(server.getProtocol(), "TLSv1.3");
      assert.deepEqual(peerChain(server).map(hex), client.chain.map(hex));
      assert.equal(authenticatePeer(server, trust, now).id, workload);
      assert.deepEqual(
        peerChain(socket).map(hex),
        serverSvid.chain.map(hex),
        "the client sees the server's, no leaf twice",
      );
      assert.equal(authenticatePeer(socket, trust, now, { expected: parseSpiffeId(gateway) }).id, gateway);
    });
  });

  it("refuse a peer that is genuine and someone else", async () => {
    const client = svidOf(workload, forgeLeaf(workload, issuer, now), issuer);
    await handshake(client, (server) => {
      const expected = parseSpiffeId(gateway);
      assert.equal(
        codeOf(() => authenticatePeer(server, trust, now, { expected })),
        "SVID_UNTRUSTED",
      );
    });
  });
});

describe("a peer without a certificate", () => {
  it("gets through the handshake and is nobody", async () => {
    await handshake(undefined, (server) => {
      assert.deepEqual(peerChain(server), []);
      assert.equal(
        codeOf(() => authenticatePeer(server, trust, now)),
        "IDENTITY_REQUIRED",
      );
    });
  });
});

describe("Node says authorized, Cordon refuses", () => {
  const foreign = forgeIssuer("shop.example", shop, now);
  const cases: readonly [string, ErrorCode, readonly Forged[]][] = [
    ["another domain's authority vouches for our name", "SVID_UNTRUSTED", [forgeLeaf(workload, shop, now)]],
    ["another domain's intermediate does", "SVID_UNTRUSTED", [forgeLeaf(workload, foreign, now), foreign]],
    ["the leaf has two URI names", "SVID_INVALID", [bent({ uris: [workload, gateway] })]],
    ["the leaf has no SPIFFE ID", "SVID_INVALID", [bent({ uris: [], dnsNames: ["x"] })]],
    ["the leaf is an authority", "SVID_INVALID", [bent({ basicConstraints: { ca: true } })]],
    [
      "the leaf's key may sign certificates",
      "SVID_INVALID",
      [bent({ basicConstraints: { ca: true }, keyUsage: [keyUsageBit.digitalSignature, keyUsageBit.keyCertSign] })],
    ],
    ["the leaf names a whole trust domain", "SVID_INVALID", [bent({ uris: ["spiffe://bank.example"] })]],
  ];
  for (const [what, code, chain] of cases) {
    it(`when ${what}`, async () => {
      const [leaf, ...above] = chain;
      assert.ok(leaf);
      await handshake(
        svidOf(workload, leaf, ...above),
        (server) => {
          assert.equal(server.authorized, true, "the attack works where Node is believed");
          assert.equal(
            codeOf(() => authenticatePeer(server, trust, now)),
            code,
          );
        },
        { server: pooled },
      );
    });
  }

  it("when the leaf is revoked: Node knows no such thing", async () => {
    const leaf = forgeLeaf(workload, bank, now);
    await handshake(
      svidOf(workload, leaf),
      (server) => {
        assert.equal(server.authorized, true);
        assert.equal(
          codeOf(() => authenticatePeer(server, trust, now)),
          "accepted",
        );
        const workloads = new Set([parseSpiffeId(workload)]);
        const today = { bundles, revocations: { ...trust.revocations, workloads } };
        assert.equal(
          codeOf(() => authenticatePeer(server, today, now)),
          "SVID_REVOKED",
        );
      },
      { server: pooled },
    );
  });
});

describe("a chain that OpenSSL could not verify", () => {
  const foreign = forgeIssuer("shop.example", shop, now);
  const leaf = forgeLeaf(workload, foreign, now);
  const cases: readonly [string, readonly Forged[]][] = [
    ["with its intermediate", [leaf, foreign]],
    ["without its intermediate", [leaf]],
    ["with its root", [leaf, foreign, shop]],
    ["with certificates that do not belong to it, out of order", [leaf, bank, shop, foreign, issuer]],
    ["with the leaf sent twice", [leaf, leaf, foreign, foreign]],
  ];
  for (const [what, chain] of cases) {
    it(`${what} arrives as it was sent, and is refused`, async () => {
      const [first = leaf, ...above] = chain;
      await handshake(svidOf(workload, first, ...above), (server) => {
        assert.equal(server.authorized, false);
        assert.deepEqual(
          peerChain(server).map(hex),
          chain.map((one) => hex(one.der)),
        );
        assert.match(
          codeOf(() => authenticatePeer(server, trust, now)),
          /^SVID_(UNTRUSTED|INVALID)$/,
        );
      });
    });
  }

  it("longer than anyone needs is refused before it is parsed", async () => {
    const many = Array.from({ length: 9 }, (_, index) =>
      forgeIssuer("bank.example", bank, now, { subject: `${index}` }),
    );
    await handshake(svidOf(workload, leaf, ...many), (server) => {
      assert.equal(
        codeOf(() => peerChain(server)),
        "SVID_INVALID",
      );
    });
  });

  it("that points at itself ends", () => {
    interface Loop {
      raw: Buffer;
      issuerCertificate?: Loop;
    }
    const loop: Loop = { raw: Buffer.from("x") };
    loop.issuerCertificate = loop;
    const socket = { getPeerX509Certificate: () => loop } as unknown as Pick<TLSSocket, "getPeerX509Certificate">;
    assert.equal(peerChain(socket).length, 1);
  });

  it("expired or not yet valid is refused", async () => {
    const old = forgeLeaf(workload, bank, now, { notBefore: now - 7_200_000, notAfter: now - 3_600_000 });
    const early = forgeLeaf(workload, bank, now, { notBefore: now + 3_600_000, notAfter: now + 7_200_000 });
    await handshake(svidOf(workload, old), (server) =>
      assert.equal(
        codeOf(() => authenticatePeer(server, trust, now)),
        "SVID_EXPIRED",
      ),
    );
    await handshake(svidOf(workload, early), (server) =>
      assert.equal(
        codeOf(() => authenticatePeer(server, trust, now)),
        "SVID_NOT_YET_VALID",
      ),
    );
  });
});

describe("a session", () => {
  it("is never resumed with our options, and is where tickets are on", async () => {
    const client = svidOf(workload, forgeLeaf(workload, issuer, now), issuer);
    assert.equal(await resumes(client, {}), false);
    assert.equal(await resumes(client, { secureOptions: 0 }), true, "the attack works where tickets are on");
  });

  it("of TLS 1.2 is not spoken", async () => {
    const server = createServer(serverTlsOptions(serverSvid));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: "127.0.0.1", port, maxVersion: "TLSv1.2", rejectUnauthorized: false });
    const [error] = (await once(socket, "error")) as [Error];
    assert.match(String(error), /alert|version/i);
    server.close();
  });
});

/** Whether a second connection is let in on the first one's session. */
async function resumes(client: X509Svid, options: TlsOptions): Promise<boolean> {
  const server = createServer({ ...serverTlsOptions(serverSvid), sessionIdContext: "test", ...options }, (socket) => {
    socket.on("error", () => undefined);
    socket.end("hello");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dial = async (session?: Buffer) => {
    const socket = connect({ ...clientTlsOptions(client), host: "127.0.0.1", port, ...(session && { session }) });
    let latest: Buffer | undefined;
    let reused = false;
    socket.on("session", (one) => (latest = one));
    socket.on("secureConnect", () => (reused = socket.isSessionReused()));
    socket.resume();
    await once(socket, "close");
    return { latest, reused };
  };
  const first = await dial();
  const second = first.latest === undefined ? { reused: false } : await dial(first.latest);
  server.close();
  return second.reused;
}

function bent(change: Forgery): Forged {
  return forgeLeaf(workload, bank, now, change);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
