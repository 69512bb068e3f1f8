import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { signatureHeader, type EstateResponse } from "@cordon/core/contract/console-api";
import { consoleKeyTtlMs } from "./console-keys.ts";
import { countFlows } from "./flows.ts";
import { openLiveEntries, recentEntries } from "./live-entries.ts";
import { decision, open, openRig, readLines, type Browser, type Rig } from "./testing/rig.ts";

interface Line {
  readonly type: string;
  readonly index: number;
  readonly entries: number;
}

function follow(rig: Rig, browser: Browser, target = "/v1/events"): Promise<IncomingMessage> {
  const headers = { [signatureHeader]: browser.signature("GET", target) };
  return open(rig.console.port, rig.host, target, { headers });
}

/** Reads until a line makes `enough` true, then leaves. */
async function linesUntil(response: IncomingMessage, enough: (lines: readonly Line[]) => boolean): Promise<Line[]> {
  const lines: Line[] = [];
  await readLines(response, (line) => {
    lines.push(line as Line);
    if (enough(lines)) response.destroy();
  }).catch(() => undefined);
  return lines;
}

test("a browser gets what is at hand, then each entry as it comes, in order", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  for (let n = 0; n < 3; n++) rig.live.hear(n, decision(n));
  const response = await follow(rig, browser);
  assert.equal(response.headers["content-type"], "application/x-ndjson");
  setTimeout(() => {
    for (let n = 3; n < 103; n++) rig.live.hear(n, decision(n));
  }, 20);
  const lines = await linesUntil(response, (all) => all.length >= 103);
  assert.deepEqual(
    lines.map(({ type, index }) => [type, index]),
    Array.from({ length: 103 }, (_, n) => ["entry", n]),
  );
});

test("`since` starts at that entry; one that is no longer at hand starts at the oldest that is", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  for (let n = 0; n < recentEntries + 100; n++) rig.live.hear(n, decision(n));
  const at = async (target: string, count: number) =>
    (await linesUntil(await follow(rig, browser, target), (all) => all.length >= count))
      .slice(0, count)
      .map(({ index }) => index);
  assert.deepEqual(await at("/v1/events?since=597", 3), [597, 598, 599]);
  assert.deepEqual(await at("/v1/events?since=5", 2), [100, 101]);
  assert.deepEqual(await at("/v1/events", 2), [100, 101]);
  const later = await follow(rig, browser, "/v1/events?since=600");
  rig.live.hear(600, decision(600));
  assert.deepEqual((await linesUntil(later, (all) => all.length >= 1))[0]?.index, 600);
});

test("a quiet stream beats, so that both ends know that it lives", async (t) => {
  const rig = await openRig(t, { heartbeatMs: 20 });
  const lines = await linesUntil(await follow(rig, await rig.pair()), (all) => all.length >= 3);
  assert.deepEqual(
    lines.map(({ type }) => type),
    ["heartbeat", "heartbeat", "heartbeat"],
  );
});

test("revoking a key ends its live view at once, and no other", async (t) => {
  const rig = await openRig(t, { heartbeatMs: 3_600_000 });
  const [browser, other] = [await rig.pair(), await rig.pair()];
  const [response, stays] = [await follow(rig, browser), await follow(rig, other)];
  rig.live.hear(0, decision(0));
  const ended = readLines(response);
  await rig.console.keys.revoke(browser.keyId, "local-administrator");
  rig.live.hear(1, decision(1));
  const { lines, isCut } = await ended;
  assert.equal(isCut, false);
  assert.ok(lines.length <= 1, "nothing after the revocation");
  assert.equal((await linesUntil(stays, (all) => all.length >= 2)).length, 2);
});

test("a key that another process revoked, and one whose time is over, lose their live view at a heartbeat", async (t) => {
  const rig = await openRig(t, { heartbeatMs: 10 });
  const browser = await rig.pair();
  const elsewhere = readLines(await follow(rig, browser));
  const key = { kind: "console-key", namespace: "default" as never, name: browser.keyId };
  await rig.store.transact("elsewhere", Date.now(), (transaction) => transaction.delete(key, "system"));
  assert.equal((await elsewhere).isCut, false);

  const expires = readLines(await follow(rig, await rig.pair()));
  rig.skewMs = consoleKeyTtlMs;
  assert.equal((await expires).isCut, false);
});

/** Sends the request and reads the head of the answer, then nothing more. */
function followWithoutReading(rig: Rig, browser: Browser): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(rig.console.port, "127.0.0.1", () => {
      const signature = browser.signature("GET", "/v1/events");
      socket.write(`GET /v1/events HTTP/1.1\r\nHost: ${rig.host}\r\n${signatureHeader}: ${signature}\r\n\r\n`);
    });
    socket.once("data", () => {
      socket.pause();
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

test("a browser that does not read is cut off, and nothing is queued for it; one that reads stays", async (t) => {
  const rig = await openRig(t, { slowAfterMs: 300, heartbeatMs: 3_600_000 });
  const browser = await rig.pair();
  const slow = await followWithoutReading(rig, browser);
  t.after(() => slow.destroy());
  let seen = -1;
  const reading = await follow(rig, browser);
  const read = readLines(reading, (line) => (seen = (line as Line).index));
  const gone = new Promise((resolve) => slow.once("close", resolve));
  slow.on("error", () => undefined);
  const big = { ...decision(0), words: "x".repeat(30_000) };
  let index = 0;
  const feed = setInterval(() => {
    for (let n = 0; n < 20; n++) rig.live.hear(index++, big);
  }, 5);
  t.after(() => clearInterval(feed));
  // Never read from: only a reset or an end by the server closes it.
  const cut = new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (index < 4000) return;
      clearInterval(look);
      resolve();
    }, 10);
  });
  await cut;
  slow.resume();
  await gone;
  clearInterval(feed);
  const last = index - 1;
  for (let tries = 0; seen < last && tries < 500; tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(seen, last, "the one that reads has seen everything to the end");
  reading.destroy();
  await read.catch(() => undefined);
});

test("entries that came faster than they are kept are counted as skipped, never left out in silence", () => {
  const live = openLiveEntries();
  const start = live.positionOf(undefined);
  for (let n = 0; n < recentEntries + 7; n++) live.hear(n, decision(n));
  const [first] = live.from(start, 10);
  assert.deepEqual([first?.position, first?.index], [7, 7]);
  assert.equal(live.from(0, 1_000_000).length, recentEntries);
});

test("listeners are woken once a turn, however much came, and never while nobody listens", async () => {
  const live = openLiveEntries();
  let woken = 0;
  const stop = live.onMore(() => (woken += 1));
  for (let n = 0; n < 50; n++) live.hear(n, decision(n));
  await new Promise(setImmediate);
  assert.equal(woken, 1);
  stop();
  live.hear(50, decision(50));
  await new Promise(setImmediate);
  assert.equal(woken, 1);
});

test("flows add up who did what with what, and are what the estate shows", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  rig.live.hear(0, decision(10));
  rig.live.hear(1, decision(20, "deny"));
  rig.live.hear(2, decision(30));
  rig.live.hear(3, { ...decision(40), again: 2 } as never); // a live stream decided again is the same interaction
  rig.live.hear(4, { v: 1, kind: "writer", at: 50, event: "started", words: "" });
  const estate = JSON.parse((await browser.call("/v1/estate")).text) as EstateResponse;
  assert.equal(estate.flows.length, 1);
  assert.deepEqual(estate.flows[0], {
    principal: "spiffe://bank.example/ns/default/agent/assistant",
    action: "infer",
    resource: "spiffe://bank.example/ns/default/endpoint/chat",
    ...{ allowed: 2, denied: 1, lastAt: 30 },
  });
});

test("flows are bounded: the ones that were quiet for longest are forgotten", () => {
  const flows = countFlows(10);
  const of = (n: number) => ({ ...decision(n), resource: `resource-${n}` }) as never;
  for (let n = 0; n < 100; n++) {
    flows.count(of(n));
    flows.count(of(0)); // never quiet
    assert.ok(flows.list().length <= 10);
  }
  const kept = flows.list();
  const names = kept.map(({ resource }) => resource);
  for (const n of [0, 97, 98, 99]) assert.ok(names.includes(`resource-${n}`), `resource-${n}`);
  assert.ok(!names.includes("resource-50"));
  assert.equal(kept.find(({ resource }) => resource === "resource-0")?.allowed, 101);
});

test("however many names come by, what is kept is counted right, and what is counted again goes on from there", () => {
  const flows = countFlows(6);
  const of = (principal: string, effect: string) => ({ ...decision(1), principal, effect }) as never;
  for (let n = 0; n < 1_000; n++) {
    flows.count(of(`stranger-${n}`, "deny"));
    flows.count(of("steady", n % 4 === 0 ? "deny" : "allow"));
  }
  const kept = new Map(flows.list().map(({ principal, allowed, denied }) => [principal, [allowed, denied]]));
  assert.ok(kept.size <= 6);
  assert.deepEqual(kept.get("steady"), [750, 250]);
  assert.deepEqual(kept.get("stranger-999"), [0, 1]);
});

test("one principal's different actions on one resource are different flows, in both generations", () => {
  const flows = countFlows(4);
  const of = (action: string) => ({ ...decision(1), action }) as never;
  for (const action of ["infer", "embed", "infer", "read", "embed", "infer"]) flows.count(of(action));
  const counts = flows.list().map((flow) => [flow.action, flow.allowed]);
  assert.deepEqual(Object.fromEntries(counts), { infer: 3, embed: 2, read: 1 });
  assert.equal(counts.length, 3);
});

test("entries from before the start are shown and not counted", () => {
  const live = openLiveEntries([{ index: 7, entry: decision(7) }]);
  assert.equal(live.from(0, 10)[0]?.index, 7);
  assert.deepEqual(live.flows(), []);
});
