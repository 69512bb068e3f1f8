import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { request } from "node:http";
import { openOperations, type OperationsHandlers } from "./listener.ts";
import { probeHandlers } from "./probes.ts";
import { readinessProblems, type ReadinessInput } from "./readiness.ts";

const hour = 3_600_000;
const well: ReadinessInput = {
  snapshotAgeMs: 10,
  stalenessLimitMs: 60_000,
  ledger: { state: "open" },
  identity: { notBefore: 0, notAfter: hour },
  now: hour / 2,
};

const open = (handlers: OperationsHandlers, onFailure: (error: unknown) => void = () => undefined) =>
  openOperations({ listen: { host: "127.0.0.1", port: 0 }, handlers, onFailure });

interface Got {
  readonly status: number;
  readonly body: string;
}

function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (more: string) => (body += more));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("a process that is well is ready", () => assert.deepEqual(readinessProblems(well), []));

test("a stale snapshot, a failed ledger and an identity that is not renewed each make it unready, and say so", () => {
  for (const [change, words] of [
    [{ snapshotAgeMs: 60_001 }, /snapshot is stale/],
    [{ snapshotAgeMs: Number.NaN }, /snapshot is stale/],
    [{ ledger: { state: "failed", why: "ENOSPC" } }, /ledger is failed: ENOSPC/],
    [{ ledger: { state: "closed" } }, /ledger is closed/],
    [{ now: hour * 0.8 }, /has not been renewed/],
    [{ now: hour }, /expired/],
    [{ now: -1 }, /clock is wrong/],
  ] as const) {
    const problems = readinessProblems({ ...well, ...change });
    assert.equal(problems.length, 1, String(words));
    assert.match(problems[0] ?? "", words);
  }
});

test("readiness fails while liveness holds", async () => {
  let problems: string[] = [];
  await using operations = await open(probeHandlers(() => problems));
  assert.equal((await ask(`${operations.url}/readyz`)).status, 200);
  problems = ["the ledger is failed"];
  const got = await ask(`${operations.url}/readyz`);
  assert.deepEqual([got.status, JSON.parse(got.body)], [503, { ready: false, problems }]);
  assert.equal((await ask(`${operations.url}/healthz`)).status, 200);
});

test("nothing else is answered: other paths, methods, hosts, web pages", async () => {
  await using operations = await open(probeHandlers(() => []));
  for (const [status, path, options] of [
    [404, "/", {}],
    [404, "/__proto__", {}],
    [404, "/healthz/", {}],
    [405, "/healthz", { method: "POST" }],
    [403, "/healthz", { headers: { host: "attacker.example:8441" } }],
    [403, "/healthz", { headers: { origin: "http://127.0.0.1:8441" } }],
    [200, "/healthz?from=balancer", { headers: { host: "localhost:8441" } }],
    [200, "/healthz", { method: "HEAD" }],
  ] as const)
    assert.equal((await ask(operations.url + path, options)).status, status, `${path} ${JSON.stringify(options)}`);
});

test("a handler that fails is told, and its words do not leave", async () => {
  const failures: unknown[] = [];
  const broken = { "/metrics": () => Promise.reject(new Error("secret words")) };
  await using operations = await open(broken, (error) => failures.push(error));
  const got = await ask(`${operations.url}/metrics`);
  assert.equal(got.status, 500);
  assert.doesNotMatch(got.body, /secret/);
  assert.equal(failures.length, 1);
});

test("an address beyond loopback, or one that is taken, is refused with the remedy", async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const { port } = blocker.address() as AddressInfo;
  for (const listen of [
    { host: "0.0.0.0", port: 0 },
    { host: "127.0.0.1", port },
  ])
    await assert.rejects(
      openOperations({ listen, handlers: {}, onFailure: () => undefined }),
      (error) => isCordonError(error, "CONFIG_INVALID") && error.message.includes("operations.listen"),
    );
  await new Promise((resolve) => blocker.close(resolve));
});
