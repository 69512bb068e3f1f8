/**
 * One session across every door: what a workload read by one of them closes the way out by all others, and for whom a call is
 * goes with what other enforcement points ask.
 */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { Agent, request } from "undici";
import { systemClocks, type WorkloadIdentity } from "@cordon/agent/run/identity";
import { openEgress, openTunnel } from "@cordon/agent/tunnel/open-tunnel";
import { openServerEnd } from "@cordon/agent/tunnel/server-end";
import { mintDelegation } from "@cordon/core/identity/delegation";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { configurationText, idOf, openEstate, until, type Estate, type EstateOptions, type Json } from "./estate.ts";
import { grantRules } from "./people-estate.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";

const everything = '@id("all") permit (principal, action, resource);\n';

function doorsEstate(policies: string, tunnelPort: number, options: EstateOptions = {}): Promise<Estate> {
  return openEstate({
    ...options,
    policies,
    configuration: (ports) =>
      `${configurationText(ports)}${grantRules}informationFlow: {}
doors:
  listen: "127.0.0.1:0"
  enforcementPoints:
    - { component: harness, people: true }
    - { component: silent }
tunnels:
  - { name: db, resource: training-data, address: "127.0.0.1:${tunnelPort}" }
egress:
  destinations:
    - { name: drop, component: partner, host: drop.example }
`
        .replace(
          "components:",
          `components:
  - { name: partner, kind: external, boundary: api, labels: { sensitivity: internal } }
  - { name: harness, kind: service, boundary: api }
  - { name: silent, kind: service, boundary: api }
  - { name: customers, kind: dataset, boundary: data, labels: { sensitivity: confidential, integrity: trusted } }`,
        )
        .replace(
          "upstreams:",
          `upstreams:
  - { name: partner, url: "http://127.0.0.1:${ports.spare}", external: true, authentication: loopback }`,
        )
        .replace(
          "routes:",
          `routes:
  - { name: partner, kind: http, path: /partner, resource: partner, upstream: partner, actions: { GET: read, POST: egress } }`,
        ),
  });
}

const identityOf = (estate: Estate, svid: X509Svid): WorkloadIdentity => {
  const issued = { svid, bundle: estate.cordon.control.authority.bundle() };
  return {
    current: () => svid,
    issued: () => issued,
    usable: () => Promise.resolve(issued),
    check: () => Promise.resolve(),
    onChange: () => () => undefined,
    onRotate: () => () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

/** Asks as an enforcement point. */
async function ask(estate: Estate, point: string, question: object): Promise<Json> {
  const dispatcher = new Agent({ connect: clientTlsOptions(await estate.svidFor("service", point)) as never });
  const { body } = await request(`${estate.cordon.doorsUrl}/access/v1/evaluation`, {
    ...{ dispatcher, method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(question) },
  });
  const answer = (await body.json()) as Json;
  await dispatcher.destroy();
  return answer;
}

const about = (agent: string, action: string, type: string, resource: string, context: object = {}) => ({
  ...{ subject: { type: "agent", id: agent }, action: { name: action }, resource: { type, id: resource }, context },
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("what was read through a tunnel closes routes, CONNECT and other enforcement points; and the other way round", async () => {
  const port = await freePort();
  await using stack = new AsyncDisposableStack();
  const estate = stack.use(await doorsEstate(everything, port));
  const backend = createServer((socket) => socket.on("error", () => undefined).end("rows"));
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  stack.defer(() => void backend.close());
  const data = await estate.svidFor("dataset", "training-data");
  stack.use(
    await openServerEnd({
      identity: identityOf(estate, data),
      gateway: estate.cordon.gatewayId,
      listen: { host: "127.0.0.1", port },
      server: { host: "127.0.0.1", port: (backend.address() as AddressInfo).port },
      clocks: systemClocks,
      say: () => undefined,
    }),
  );
  const gateway = { url: estate.cordon.gatewayUrl, id: estate.cordon.gatewayId };
  const wayOf = (svid: X509Svid) => ({ identity: identityOf(estate, svid), gateway, clocks: systemClocks });

  const trainer = await estate.svidFor("pipeline", "trainer");
  const opened = await openTunnel({ ...wayOf(trainer), tunnel: "default/db" });
  opened.socket.destroy();
  const route = await estate.call(trainer, "/partner/leak");
  assert.equal(route.status, 403);
  assert.match(route.text, /restricted data \(from default\/dataset\/training-data.*is a way out/);
  await assert.rejects(openEgress(wayOf(trainer), "drop.example:443"), /three never meet/);
  const pipeline = { ...about("", "egress", "external", "partner"), subject: { type: "pipeline", id: "trainer" } };
  const elsewhere = await ask(estate, "harness", pipeline);
  assert.equal(elsewhere.decision, false);
  assert.equal(elsewhere.context.reasons[0].code, "information-flow");

  // Read by another enforcement point's leave: the gateway's own doors know.
  const rival = await estate.svidFor("agent", "rival");
  assert.equal((await estate.call(rival, "/partner/page")).status, 200);
  assert.equal((await ask(estate, "harness", about("rival", "read", "dataset", "customers"))).decision, true);
  assert.equal((await estate.call(rival, "/partner/leak")).status, 403);
  assert.equal((await ask(estate, "harness", about("rival", "egress", "external", "partner"))).decision, false);

  const decisions = (await estate.entries()).filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const denials = decisions.filter(({ effect }) => effect === "deny");
  assert.equal(denials.length, 5);
  for (const { reasons } of denials)
    assert.ok((reasons[0]?.steps?.length ?? 0) > 0, "each names the chain that led to it");
});

test("for whom a call is: proved by a delegation, or said by an enforcement point that may; what does not hold denies", async () => {
  const policies = `
@id("agents") permit (principal is Workload, action, resource);
@id("people") permit (principal is User, action == Action::"read", resource) when { principal.groups.contains("data-science") };
`;
  await using estate = await doorsEstate(policies, await freePort());
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  await invited(estate, ada, "kay", ["visitors"]);
  const notebook = await cliCredential(mei);
  const delegation = (actor: string, audience = idOf("service", "gateway")) =>
    mintDelegation(
      {
        ...{ person: notebook.id, actor: idOf("agent", actor), audience, issuedAt: Date.now() },
        ...{ lifetimeSeconds: 60, id: "d1" },
      },
      notebook.key,
    );
  const reads = (context: object, point = "harness") =>
    ask(estate, point, about("assistant", "read", "dataset", "customers", context));
  const decision = async (context: object, point?: string) => (await reads(context, point)).decision as boolean;
  assert.equal(await decision({}), true, "for itself");
  assert.equal(await decision({ cordon_delegation: delegation("assistant") }, "silent"), true, "proved, whoever asks");
  assert.equal(await decision({ cordon_delegation: delegation("rival") }), false, "another workload's");
  assert.equal(await decision({ cordon_delegation: delegation("assistant", idOf("service", "x")) }), false);
  assert.equal(await decision({ cordon_delegation: "forged" }), false);
  assert.equal(await decision({ cordon_user: "mei" }), true, "vouched for");
  assert.equal(await decision({ cordon_user: "default/user/kay" }), false, "kay may not, whatever the assistant may");
  assert.equal(await decision({ cordon_user: "mei" }, "silent"), false, "one that may not say so");
  assert.equal(await decision({ cordon_user: "nobody" }), false);
  assert.equal(await decision({ cordon_user: "../mei" }), false);
  assert.equal(await decision({ cordon_user: "mei", cordon_delegation: delegation("assistant") }), false, "twice");
  assert.equal((await ada.call("POST", "/v1/people/lock", { name: "mei", reason: "left" })).status, 200);
  await until(
    () => estate.cordon.control.snapshots.current().users?.get(notebook.id)?.locked !== undefined,
    "the lock",
  );
  assert.equal(await decision({ cordon_user: "mei" }), false, "locked");
  assert.equal(await decision({ cordon_delegation: delegation("assistant") }), false);
  const decisions = (await estate.entries()).filter((entry): entry is DecisionEntry => entry.kind === "decision");
  assert.ok(decisions.some(({ user }) => user?.vouchedBy === idOf("service", "harness") && user.id === notebook.id));
  assert.ok(decisions.some(({ user }) => user?.session !== undefined && user.id === notebook.id));
});
