import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import { maxClientHelloBytes, readClientHello } from "./client-hello.ts";
import { requireHost } from "./read-hello.ts";

/** What OpenSSL sends. */
async function realHello(servername: string): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hello = new Promise<Buffer>((resolve) =>
    server.once("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (chunk) => {
        socket.destroy();
        resolve(chunk);
      });
    }),
  );
  const { port } = server.address() as AddressInfo;
  connect({ port, host: "127.0.0.1", servername }).on("error", () => undefined);
  const bytes = await hello;
  await new Promise((resolve) => server.close(resolve));
  return bytes;
}

/** The same message in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    const head = Buffer.from([22, 3, 1, 0, 0]);
    head.writeUInt16BE(part.length, 3);
    records.push(head, part);
  }
  return Buffer.concat(records);
}

function withExtension(type: number, body: Buffer): Buffer {
  const extension = Buffer.alloc(4);
  extension.writeUInt16BE(type, 0);
  extension.writeUInt16BE(body.length, 2);
  const extensions = Buffer.concat([extension, body]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(extensions.length);
  const inner = Buffer.concat([Buffer.alloc(34), Buffer.from([0, 0, 2, 0x13, 1, 1, 0]), length, extensions]);
  const head = Buffer.from([1, 0, 0, 0]);
  head.writeUIntBE(inner.length, 1, 3);
  const record = Buffer.from([22, 3, 1, 0, 0]);
  record.writeUInt16BE(head.length + inner.length, 3);
  return Buffer.concat([record, head, inner]);
}

const refused = (bytes: Uint8Array): boolean => {
  try {
    readClientHello(bytes);
    return false;
  } catch (error) {
    if (!isCordonError(error, "REQUEST_MALFORMED")) throw error;
    return true;
  }
};

test("a real ClientHello says its host, however it is cut into records, and not before it is whole", async () => {
  const hello = await realHello("api.partner.example");
  const expected = { serverName: "api.partner.example", encrypted: false };
  assert.deepEqual(readClientHello(hello), expected);
  for (const size of [1, 3, 4, 5, 100]) assert.deepEqual(readClientHello(inRecords(hello, size)), expected);
  for (let length = 0; length < hello.length; length++)
    assert.equal(readClientHello(hello.subarray(0, length)), undefined);
  // What comes behind it is the far end's to judge: early data, say.
  assert.deepEqual(readClientHello(Buffer.concat([hello, hello])), expected);
});

test("two names, a name that is none, other protocols and endless messages are refused", () => {
  const entry = (name: string): Buffer => Buffer.concat([Buffer.from([0, 0, name.length]), Buffer.from(name)]);
  const list = (...entries: Buffer[]): Buffer => {
    const body = Buffer.concat(entries);
    return Buffer.concat([Buffer.from([0, body.length]), body]);
  };
  assert.equal(readClientHello(withExtension(0, list(entry("A.example"))))?.serverName, "a.example");
  assert.equal(refused(withExtension(0, list(entry("a.example"), entry("b.example")))), true);
  assert.equal(refused(withExtension(0, list(entry("a\0.example")))), true);
  assert.equal(refused(withExtension(0, list(entry("")))), true);
  assert.equal(refused(Buffer.from("GET / HTTP/1.1\r\n")), true);
  assert.equal(refused(Buffer.from("SSH-2.0-x\r\n")), true);
  assert.equal(refused(Buffer.from([0x80, 0x2e, 1, 0, 2])), true); // SSL 2
  assert.equal(refused(Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff])), true);
  assert.equal(refused(inRecords(Buffer.alloc(5 + maxClientHelloBytes, 1), 1)), true);
});

test("an encrypted ClientHello may hide another host, and is refused", () => {
  const hello = readClientHello(withExtension(0xfe0d, Buffer.alloc(8)));
  assert.equal(hello?.encrypted, true);
  assert.throws(() => requireHost({ serverName: "a.example", encrypted: true }, "a.example"), /encrypted/);
  assert.throws(() => requireHost({ serverName: undefined, encrypted: false }, "a.example"), /names no host/);
  assert.throws(() => requireHost({ serverName: "b.example", encrypted: false }, "192.0.2.1"), /decided on/);
  requireHost({ serverName: undefined, encrypted: false }, "[2001:db8::1]");
});

test("foreign bytes are read, waited for or refused, and nothing else happens", async () => {
  const hello = await realHello("api.partner.example");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void refused(bytes)));
  fc.assert(
    fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(hello);
      changed[at] = value;
      refused(changed);
    }),
    { numRuns: 2000 },
  );
});
