/** Forged, expired and revoked identities at the gateway's door: each is refused before a byte of the request is read. */
import "reflect-metadata";
import assert from "node:assert/strict";
import { createPrivateKey, webcrypto, type KeyObject } from "node:crypto";
import { after, before, test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import * as x509 from "@peculiar/x509";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions, serverTlsOptions, toPem } from "@cordon/core/identity/tls";
import type { RefusalEntry } from "@cordon/core/ledger/entry";
import { chatCall, idOf, openEstate, until, type Estate } from "./estate.ts";

x509.cryptoProvider.set(webcrypto as never);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 86_400_000;

interface Ca {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

async function makeCa(name: string): Promise<Ca> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${name}` }]),
    ],
  });
  return { certificate, keys };
}

interface LeafOptions {
  readonly uris?: readonly string[];
  readonly ca?: boolean;
  readonly usage?: number;
  readonly from?: number;
  readonly to?: number;
}

async function makeLeaf(ca: Ca, options: LeafOptions = {}): Promise<X509Svid> {
  const id = idOf("agent", "assistant");
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const notBefore = Date.now() + (options.from ?? -day / 2);
  const notAfter = Date.now() + (options.to ?? day / 2);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "7f",
    subject: "CN=forged",
    issuer: ca.certificate.subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(options.ca ?? false, undefined, true),
      new x509.KeyUsagesExtension(options.usage ?? x509.KeyUsageFlags.digitalSignature, true),
      new x509.SubjectAlternativeNameExtension((options.uris ?? [id]).map((value) => ({ type: "url", value }))),
    ],
  });
  return { id, chain: [new Uint8Array(certificate.rawData)], key: await nodeKey(keys.privateKey), notBefore, notAfter };
}

async function nodeKey(key: webcrypto.CryptoKey): Promise<KeyObject> {
  return createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)),
    format: "der",
    type: "pkcs8",
  });
}

let estate: Estate;
let other: Ca;
before(async () => {
  estate = await openEstate();
  other = await makeCa("other.example");
});
after(async () => await estate[Symbol.asyncDispose]());

/** Dials the gateway and writes a whole request; resolves with what came back, and whether it was closed. */
function knock(svid: X509Svid | undefined): Promise<string> {
  return new Promise((resolve) => {
    const tls = svid === undefined ? { rejectUnauthorized: false } : clientTlsOptions(svid);
    const socket = connect({ host: "127.0.0.1", port: estate.cordon.gateway.port, ...tls });
    let got = "";
    const call = chatCall({ model: "m" });
    socket.on("secureConnect", () =>
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${String(call.body).length}\r\n\r\n${String(call.body)}`,
      ),
    );
    socket.on("data", (data: Buffer) => (got += data.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(got));
    setTimeout(() => socket.destroy(), 5000).unref();
  });
}

/** What Node alone says of the same certificate, with both domains' roots pooled: the control switched off. */
async function nodeAccepts(svid: X509Svid, roots: readonly string[]): Promise<boolean> {
  const own = await estate.svidFor("endpoint", "chat");
  const server = createServer({ ...serverTlsOptions(own), ca: [...roots] });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const verdict = new Promise<boolean>((resolve) =>
    server.once("secureConnection", (socket: TLSSocket) => resolve(socket.authorized)),
  );
  const socket = connect({
    port: (server.address() as AddressInfo).port,
    host: "127.0.0.1",
    ...clientTlsOptions(svid),
  });
  socket.on("error", () => undefined);
  const accepted = await verdict;
  socket.destroy();
  server.close();
  return accepted;
}

test("a genuine SVID is served, so the refusals below are refusals of something", async () => {
  const svid = await estate.svidFor("agent", "assistant");
  assert.equal((await estate.call(svid, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
});

const forgeries: readonly (readonly [string, () => Promise<X509Svid>, boolean])[] = [
  ["signed by another domain's authority", () => makeLeaf(other), true],
  [
    "with two SPIFFE IDs",
    () => makeLeaf(other, { uris: [idOf("agent", "assistant"), "spiffe://other.example/ns/default/agent/x"] }),
    true,
  ],
  [
    "that is an authority itself",
    () => makeLeaf(other, { ca: true, usage: x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature }),
    true,
  ],
  ["that has expired", () => makeLeaf(other, { from: -2 * day + day / 2, to: -1000 }), false],
  ["that is not yet valid", () => makeLeaf(other, { from: 60_000 }), false],
  ["whose key may not sign", () => makeLeaf(other, { usage: x509.KeyUsageFlags.keyEncipherment }), false],
];

for (const [what, make, nodeTakesIt] of forgeries) {
  test(`an SVID ${what} gets nothing, and the upstream hears nothing`, async () => {
    const svid = await make();
    estate.chat.seen.length = 0;
    assert.equal(await knock(svid), "");
    assert.equal(estate.chat.seen.length, 0);
    const roots = [
      other.certificate.toString("pem"),
      ...estate.cordon.control.authority.bundle().x509Authorities.map(toPem),
    ];
    assert.equal(await nodeAccepts(svid, roots), nodeTakesIt, "what Node's own verdict would have been");
  });
}

test("each of these certificates, from the right authority, is refused for its own fault too", async () => {
  // Trust the other authority as this domain's own: now only the leaf rules stand between the forgery and the model.
  const { verifyX509Svid } = await import("@cordon/core/identity/x509-svid");
  const bundle = estate.cordon.control.authority.bundle();
  const bundles = new Map([
    [bundle.trustDomain, { ...bundle, x509Authorities: [new Uint8Array(other.certificate.rawData)] }],
  ]);
  const none = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() };
  for (const [what, make] of forgeries.slice(1)) {
    const svid = await make();
    assert.throws(() => verifyX509Svid(svid.chain, { bundles, revocations: none }, Date.now()), what);
  }
});

test("without a certificate nothing is answered at all", async () => {
  estate.chat.seen.length = 0;
  assert.equal(await knock(undefined), "");
  assert.equal(estate.chat.seen.length, 0);
});

test("plain HTTP, older TLS and rubbish get nothing", async () => {
  const { connect: connectTcp } = await import("node:net");
  for (const bytes of ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", "\x16\x03\x01\x00\x05hello", "\0".repeat(300)]) {
    const got = await new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connectTcp({ host: "127.0.0.1", port: estate.cordon.gateway.port });
      socket.on("connect", () => socket.end(bytes, "latin1"));
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(Buffer.concat(chunks)));
      setTimeout(() => socket.destroy(), 5000).unref();
    });
    assert.ok(!got.toString("latin1").includes("HTTP/1.1"), "at most a TLS alert");
  }
  const svid = await estate.svidFor("agent", "assistant");
  const old = connect({
    host: "127.0.0.1",
    port: estate.cordon.gateway.port,
    ...clientTlsOptions(svid),
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
  });
  await assert.rejects(new Promise((resolve, reject) => old.on("secureConnect", resolve).on("error", reject)));
});

test("a revoked workload's live stream is cut and its next connection refused; others go on", async () => {
  const rival = await estate.svidFor("agent", "rival");
  const assistant = await estate.svidFor("agent", "assistant");
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: secret part one\n\n");
  };
  const open = async (svid: X509Svid) => {
    const { body } = await estate.agent(svid).request({
      origin: estate.cordon.gatewayUrl,
      path: "/v1/chat/completions",
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"model":"m","stream":true}',
    });
    const state = { ended: false, text: "" };
    body.on("data", (chunk: Buffer) => (state.text += chunk.toString()));
    body.on("error", () => (state.ended = true));
    body.on("end", () => (state.ended = true));
    await until(() => state.text.includes("one"), "the stream began");
    return state;
  };
  const cut = await open(rival);
  const kept = await open(assistant);
  const { controlClient } = await import("@cordon/agent/run/control-client");
  await controlClient(estate.cordon.socketPath).revoke({
    type: "workload",
    component: "rival",
    reason: "stolen laptop",
  });
  await until(() => cut.ended, "the revoked stream was cut");
  assert.equal(kept.ended, false, "the other stream goes on");
  estate.chat.seen.length = 0;
  assert.equal(await knock(rival), "");
  assert.equal(estate.chat.seen.length, 0);
  await assert.rejects(estate.svidFor("agent", "rival"), /revoked/, "and it gets no new identity");
});

test("the ledger says who was refused, and why the stream was cut", async () => {
  const entries = await estate.entries();
  const refusals = entries.filter((entry): entry is RefusalEntry => entry.kind === "refusal");
  for (const code of ["SVID_UNTRUSTED", "IDENTITY_REQUIRED"])
    assert.ok(
      refusals.some((entry) => entry.code === code),
      `${code} in ${refusals.map((entry) => entry.code).join()}`,
    );
  const outcome = entries.find((entry) => entry.kind === "outcome" && entry.end === "cut");
  assert.ok(outcome !== undefined && outcome.kind === "outcome");
  assert.equal(outcome.why?.code, "revoked");
  const again = entries.find(
    (entry) => entry.kind === "decision" && entry.id === outcome.id && entry.effect === "deny",
  );
  assert.ok(again, "the deny that cut it is on record");
});
