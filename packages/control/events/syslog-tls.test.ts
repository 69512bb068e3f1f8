import assert from "node:assert/strict";
import { KeyObject, webcrypto } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { test } from "node:test";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { syslogSink } from "./syslog-sink.ts";

const event = { text: "{1}", at: 0, classUid: 6003, severityId: 1 };

/** A collector with a certificate of its own for one address. */
async function tlsCollector(address: string) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=collector",
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: address }])],
  });
  const cert = made.toString("pem");
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" });
  let text = "";
  const server = createServer({ cert, key }, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    cert,
    url: `tls://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => text,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

test("a collector on TLS gets events when its certificate holds", async () => {
  await using collector = await tlsCollector("127.0.0.1");
  await using sink = syslogSink({ url: collector.url, ca: collector.cert });
  await sink.write([event]);
  for (let tries = 0; tries < 500 && collector.text() === ""; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(collector.text(), /^\d+ <110>1 .* ocsf-6003 - \{1\}$/);
});

test("one whose certificate nobody vouches for, or that is for another address, gets none", async () => {
  await using collector = await tlsCollector("127.0.0.1");
  await using other = await tlsCollector("10.0.0.1");
  for (const options of [
    { url: collector.url },
    { url: collector.url, ca: other.cert },
    { url: other.url, ca: other.cert },
  ]) {
    await using sink = syslogSink(options);
    await assert.rejects(sink.write([event]), /certificate|altnames|self-signed|verify/i);
  }
  assert.equal(collector.text() + other.text(), "");
});
