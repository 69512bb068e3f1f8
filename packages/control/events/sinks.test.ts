import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import type { OutgoingEvent } from "./event-sink.ts";
import { rotatedFileSink } from "./rotated-file-sink.ts";
import { stdoutSink } from "./stdout-sink.ts";
import { octetCounted, syslogMessage } from "./syslog-message.ts";
import { syslogSink } from "./syslog-sink.ts";

const folder = await mkdtemp(join(tmpdir(), "cordon-sinks-"));
after(() => rm(folder, { recursive: true, force: true }));

const event = (text: string, severityId = 1): OutgoingEvent => ({ text, at: 0, classUid: 6003, severityId });
const origin = { host: "gateway-1", processId: 7 };

test("a syslog message has the header of RFC 5424, and the severity that the event has", () => {
  assert.equal(
    syslogMessage(event('{"a":1}', 3), origin).toString(),
    '<108>1 1970-01-01T00:00:00.000Z gateway-1 cordon 7 ocsf-6003 - {"a":1}',
  );
  assert.match(syslogMessage(event("{}", 1), origin).toString(), /^<110>1 /);
  assert.match(syslogMessage(event("{}", 6), origin).toString(), /^<105>1 /);
  assert.match(syslogMessage(event("{}", 42), origin).toString(), /^<109>1 /);
});

test("no host name breaks the header", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (host) => {
      const header = syslogMessage(event("{}"), { ...origin, host })
        .toString()
        .slice(0, -3);
      assert.equal(header.split(" ").length, 7);
    }),
  );
});

test("a frame says its length in bytes, not in characters", () => {
  assert.equal(octetCounted(Buffer.from("é€")).toString(), "5 é€");
});

test("standard output that takes little at a time gets every byte once, in order", async () => {
  const got: Buffer[] = [];
  const sink = stdoutSink(async (bytes) => {
    const taken = Buffer.from(bytes.subarray(0, 3));
    got.push(taken);
    return taken.length;
  });
  await sink.write([event('{"a":1}'), event('{"b":"é"}')]);
  assert.equal(Buffer.concat(got).toString(), '{"a":1}\n{"b":"é"}\n');
});

test("a file grows to its limit, older ones move on, and only as many as wanted are kept", async () => {
  const path = join(folder, "rotated", "events.jsonl");
  await using sink = rotatedFileSink({ path, maxBytes: 100, keep: 2 });
  const lines = Array.from({ length: 30 }, (_, at) => `{"n":${at},"pad":"xxxxxxxxxx"}`);
  for (const line of lines) await sink.write([event(line)]);
  assert.deepEqual((await readdir(join(folder, "rotated"))).toSorted(), [
    "events.jsonl",
    "events.jsonl.1",
    "events.jsonl.2",
  ]);
  let text = "";
  for (const name of ["events.jsonl.2", "events.jsonl.1", "events.jsonl"]) {
    const one = await readFile(join(folder, "rotated", name), "utf8");
    assert.ok(one.length <= 100);
    text += one;
  }
  const kept = text.trim().split("\n");
  assert.deepEqual(kept, lines.slice(-kept.length));
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("one batch over the limit is spread over files, and an event longer than a file has one of its own", async () => {
  const path = join(folder, "batch.jsonl");
  await using sink = rotatedFileSink({ path, maxBytes: 60, keep: 10 });
  const lines = ["1".repeat(30), "2".repeat(30), "3".repeat(200), "4"];
  await sink.write(lines.map((line) => event(line)));
  const names = ["batch.jsonl.3", "batch.jsonl.2", "batch.jsonl.1", "batch.jsonl"];
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  assert.deepEqual(
    texts,
    lines.map((line) => `${line}\n`),
  );
});

test("a file that logrotate moved away is made anew; one that stays is added to", async () => {
  const path = join(folder, "moved.jsonl");
  {
    await using sink = rotatedFileSink({ path, maxBytes: 1_000, keep: 1 });
    await sink.write([event("1")]);
    await rename(path, `${path}.away`);
    await sink.write([event("2")]);
  }
  await using again = rotatedFileSink({ path, maxBytes: 1_000, keep: 1 });
  await again.write([event("3")]);
  assert.equal(await readFile(`${path}.away`, "utf8"), "1\n");
  assert.equal(await readFile(path, "utf8"), "2\n3\n");
});

/** A collector on TCP that gathers what it is sent. */
async function collector() {
  let text = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port,
    text: () => text,
    drop,
    async [Symbol.asyncDispose]() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(holds(), "it never came to pass");
}

test("a collector on TCP gets octet-counted messages, over a connection that is made again when it broke", async () => {
  await using server = await collector();
  await using sink = syslogSink({ url: `tcp://127.0.0.1:${server.port}` });
  await sink.write([event("{1}"), event("{2}")]);
  await until(() => server.text().includes("{2}"));
  for (const [, length, message] of server.text().matchAll(/(\d+) (<110>1 [^{]*\{\d\})/g))
    assert.equal(Number(length), message?.length);
  server.drop();
  for (let at = 0; at < 50 && !server.text().includes("{3}"); at++)
    await sink.write([event("{3}")]).then(
      () => new Promise((resolve) => setTimeout(resolve, 10)),
      () => undefined,
    );
  assert.ok(server.text().includes("{3}"));
});

test("a collector that nobody runs, or that is not who it must be, gets nothing, and the sink says so", async () => {
  await using server = await collector();
  await using tls = syslogSink({ url: `tls://127.0.0.1:${server.port}` });
  await assert.rejects(async () => {
    const writing = tls.write([event("{1}")]);
    await until(() => server.text() !== ""); // the client's hello: not an event
    server.drop();
    await writing;
  });
  assert.ok(!server.text().includes("{1}"));
  const free = await collector();
  await free[Symbol.asyncDispose]();
  await using tcp = syslogSink({ url: `tcp://127.0.0.1:${free.port}` });
  await assert.rejects(
    tcp.write([event("{1}")]),
    (error) => isCordonError(error) || (error as { code?: string }).code === "ECONNREFUSED",
  );
});

test("UDP carries one message a datagram; what no datagram can carry is left out and counted", async () => {
  const server = createSocket("udp4");
  const got: string[] = [];
  server.on("message", (message) => got.push(message.toString()));
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  await using sink = syslogSink({ url: `udp://127.0.0.1:${server.address().port}` });
  assert.equal(await sink.write([event("{1}"), event("x".repeat(70_000)), event("{2}")]), 1);
  await until(() => got.length === 2);
  assert.match(got[0] ?? "", /^<110>1 .* ocsf-6003 - \{1\}$/);
  server.close();
});
