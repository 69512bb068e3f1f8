/**
 * Two agents, the control plane and two workloads, each a process of its own. SVIDs live 20 seconds. Traffic runs all the
 * time, a new mutual TLS connection each call, while each of the three is killed and started again.
 *
 * CORDON_ROTATION_SECONDS sets how long it runs; the default is a minute.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openAgentEstate, stop } from "./estate.ts";

const seconds = Number(process.env["CORDON_ROTATION_SECONDS"] ?? "60");
const ids = {
  ask: "spiffe://test.example/ns/default/agent/assistant",
  answer: "spiffe://test.example/ns/default/service/answers",
};

test("no call fails while SVIDs of 20 s rotate and control plane and agents are killed and started again", async () => {
  await using estate = await openAgentEstate({
    identity: "{ svidTtlSeconds: 20 }",
    components: ({ uid, goodDigest }) => `
  - { name: assistant, kind: agent, boundary: api, registrations: [{ nodes: [node-a], uid: ${uid}, sha256: ${goodDigest} }] }
  - { name: answers, kind: service, boundary: api, registrations: [{ nodes: [node-b], uid: ${uid}, sha256: ${goodDigest} }] }
`,
  });
  let control = await estate.startControl();
  const agents = { a: await estate.startAgent("node-a"), b: await estate.startAgent("node-b") };
  const server = estate.startWorkload(estate.good, [agents.b.socketPath, "serve"]);
  const { port } = await server.hear(({ event }) => event === "serving", "the server's port");
  const caller = estate.startWorkload(estate.good, [agents.a.socketPath, "call", String(port), ids.answer]);
  await caller.hear(({ event }) => event === "calling", "that the caller calls");

  // Each is away for longer than an SVID's rotation needs, but not for longer than what is left of one.
  const away = 3_000;
  const rest = (seconds * 1000 - 3 * away) / 4;
  await sleep(rest);
  await stop(control, "SIGKILL");
  await sleep(away);
  control = await estate.startControl();
  await sleep(rest);
  await stop(agents.a.child, "SIGKILL");
  await sleep(away);
  agents.a = await estate.startAgent("node-a");
  await sleep(rest);
  await stop(agents.b.child, "SIGKILL");
  await sleep(away);
  agents.b = await estate.startAgent("node-b");
  await sleep(rest);

  caller.child.stdin?.end();
  const told = await caller.hear(({ event }) => event === "called", "how it went");
  const [calls, failures] = [Number(told["calls"]), Number(told["failures"])];
  const rotations = (who: typeof caller) =>
    new Set(who.heard.filter(({ event }) => event === "rotated").map((one) => one["serial"])).size - 1;
  console.log(
    `${calls} calls, ${failures} failed; ${rotations(caller)} and ${rotations(server)} rotations in ${seconds} s`,
  );
  assert.equal(failures, 0, JSON.stringify(caller.heard.filter(({ event }) => event === "failed").slice(0, 5)));
  assert.equal(server.heard.filter(({ event }) => event === "refused-peer").length, 0);
  assert.ok(calls > seconds * 5, `${calls} calls`);
  assert.ok(rotations(caller) >= 3 && rotations(server) >= 3, "identities rotated");
});
