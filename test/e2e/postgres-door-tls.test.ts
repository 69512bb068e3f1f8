import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { promisify } from "node:util";
import { toPem } from "@cordon/core/identity/tls";
import pg from "pg";
import { configurationText, idOf, openEstate, upstreamKey, type Estate } from "./estate.ts";
import { freePort, furnish, noPostgres, startPostgres } from "./postgres-server.ts";
import { openClientEnd } from "@cordon/agent/tunnel/client-end";
import { systemClocks, type Issued } from "@cordon/agent/run/identity";

const bounded = { skip: noPostgres, timeout: 60_000 };
let stack: AsyncDisposableStack;
afterEach(() => stack?.disposeAsync());

/** A certificate for this machine that signs itself, as a database server's often does. */
async function certificate(): Promise<{ readonly certificate: string; readonly key: string }> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-cert-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [pem, key] = [join(folder, "c.pem"), join(folder, "c.key")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  await promisify(execFile)("openssl", [...made, ...subject, "-keyout", key, "-out", pem]);
  return { certificate: await readFile(pem, "utf8"), key: await readFile(key, "utf8") };
}

async function estateFor(port: number, authentication: string): Promise<Estate> {
  const secret = "{ env: TEST_UPSTREAM_KEY }";
  return stack.use(
    await openEstate({
      policies: `@id("reads") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource == Component::"default/dataset/orders");`,
      configuration: (ports) => `${configurationText(ports).replace(
        "upstreams:",
        `  - { name: orders, kind: dataset, boundary: data, labels: { sensitivity: confidential } }
  - { name: orders-db, kind: service, boundary: data }
upstreams:`,
      )}
dataDoors:
  - { name: shop, kind: postgres, address: "127.0.0.1:${port}", authentication: ${authentication}, databases: [{ name: orders, resource: orders, action: read, database: shop, role: fixed_reader, password: ${secret} }] }
`,
    }),
  );
}

async function askThrough(estate: Estate, text: string): Promise<pg.QueryResult> {
  const issued: Issued = {
    svid: await estate.svidFor("agent", "assistant"),
    bundle: estate.cordon.control.authority.bundle(),
  };
  await using end = await openClientEnd({
    identity: {
      ...{ current: () => issued.svid, issued: () => issued, usable: () => Promise.resolve(issued) },
      ...{ check: () => Promise.resolve(), onChange: () => () => undefined, onRotate: () => () => undefined },
      async [Symbol.asyncDispose]() {},
    },
    gateway: { url: estate.cordon.gatewayUrl, id: estate.cordon.gatewayId },
    tunnel: "default/shop",
    clocks: systemClocks,
    listen: { host: "127.0.0.1", port: 0 },
    say: () => undefined,
  });
  const client = new pg.Client({ host: "127.0.0.1", port: end.port ?? 0, user: "u", database: "orders" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

test("by TLS with a certificate of the configured authority, the login is bound to the channel", bounded, async () => {
  stack = new AsyncDisposableStack();
  const tls = await certificate();
  const server = stack.use(await startPostgres({ tls }));
  await furnish(server, upstreamKey);
  const folder = await mkdtemp(join(tmpdir(), "cordon-ca-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "ca.pem"), tls.certificate);
  const estate = await estateFor(server.port, `{ webpki: { caFile: ${join(folder, "ca.pem")} } }`);
  const { rows } = await askThrough(estate, "select ssl from pg_stat_ssl where pid = pg_backend_pid()");
  assert.deepEqual(rows, [{ ssl: true }]);
  // Another authority's certificate on the same address: nothing is said to it.
  await writeFile(join(folder, "ca.pem"), (await certificate()).certificate);
  await assert.rejects(askThrough(estate, "select 1"), /cannot be used/);
});

test(
  "by mutual TLS between SVIDs: the server is the component, and lets in who its trust domain vouches for",
  bounded,
  async () => {
    stack = new AsyncDisposableStack();
    const port = await freePort();
    const estate = await estateFor(port, "{ spiffe: orders-db }");
    const svid = await estate.svidFor("service", "orders-db");
    const clientCa = estate.cordon.control.authority.bundle().x509Authorities.map(toPem).join("");
    const key = svid.key.export({ type: "pkcs8", format: "pem" }) as string;
    const chain = svid.chain.map(toPem).join("");
    const server = stack.use(await startPostgres({ port, tls: { certificate: chain, key, clientCa } }));
    await furnish(server, upstreamKey);
    const { rows } = await askThrough(
      estate,
      "select client_serial is not null as shown from pg_stat_ssl where pid = pg_backend_pid()",
    );
    assert.deepEqual(rows, [{ shown: true }]);
  },
);

test("a server of another component, and one without TLS, get neither role nor password", bounded, async () => {
  stack = new AsyncDisposableStack();
  const plain = stack.use(await startPostgres());
  await assert.rejects(askThrough(await estateFor(plain.port, "webpki"), "select 1"), /does not speak TLS/);
  const port = await freePort();
  const estate = await estateFor(port, "{ spiffe: orders-db }");
  const svid = await estate.svidFor("agent", "rival");
  const key = svid.key.export({ type: "pkcs8", format: "pem" }) as string;
  stack.use(await startPostgres({ port, tls: { certificate: svid.chain.map(toPem).join(""), key } }));
  await assert.rejects(askThrough(estate, "select 1"), new RegExp(`is ${idOf("agent", "rival")}`));
});

/** Says of itself to be the server, and is whoever took its port. */
async function impostor(answer: (packet: Buffer, socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).on("data", (packet: Buffer) => answer(packet, socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function challenge(kind: number, more: string): Buffer {
  const head = Buffer.alloc(9);
  head.write("R");
  head.writeUInt32BE(8 + Buffer.byteLength(more), 1);
  head.writeUInt32BE(kind, 5);
  return Buffer.concat([head, Buffer.from(more)]);
}

for (const [what, first, words] of [
  ["a password in clear text", challenge(3, ""), /would give it away/],
  ["a password by MD5", challenge(5, "salt"), /would give it away/],
  ["no password at all", challenge(0, ""), /without asking/],
  ["a mechanism of its own", challenge(10, "SCRAM-MD4\0\0"), /SCRAM-SHA-256 is spoken/],
] as const)
  test(`who took the server's port and asks for ${what} learns nothing`, bounded, async () => {
    stack = new AsyncDisposableStack();
    const heard: Buffer[] = [];
    const port = await impostor((packet, socket) => {
      heard.push(packet);
      socket.write(first);
    });
    await assert.rejects(askThrough(await estateFor(port, "loopback"), "select 1"), words);
    assert.ok(!Buffer.concat(heard).includes(upstreamKey));
  });

test("who took the server's port and plays SCRAM without knowing the password is found out", bounded, async () => {
  stack = new AsyncDisposableStack();
  let turn = 0;
  const port = await impostor((packet, socket) => {
    const nonce = /r=([^,]+)/.exec(packet.toString("latin1"))?.[1] ?? "";
    const salt = Buffer.alloc(16).toString("base64");
    if (turn++ === 0) socket.write(challenge(10, "SCRAM-SHA-256\0\0"));
    else if (turn === 2) socket.write(challenge(11, `r=${nonce}more,s=${salt},i=4096`));
    else socket.write(Buffer.concat([challenge(12, `v=${Buffer.alloc(32).toString("base64")}`), challenge(0, "")]));
  });
  await assert.rejects(askThrough(await estateFor(port, "loopback"), "select 1"), /only passes for the server/);
});
