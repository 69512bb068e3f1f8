/**
 * AuthZEN 1.0 from outside: the certification scenario and the interop decisions of the working group, asked over mutual TLS
 * as enforcement points ask, each with its fixture as configuration and policies; then who may not ask, and what is
 * recorded.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test, type TestContext } from "node:test";
import { Agent, request } from "undici";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import type { X509Svid } from "@cordon/core/identity/svid";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import { controlClient } from "@cordon/agent/run/control-client";
import { openEstate, type Estate, type Json } from "./estate.ts";

const vectors = "../shared/vectors/authzen/interop";
const skip = existsSync(vectors) ? false : `${vectors} is not there: the interop decisions were not asked`;

interface Asked {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly json: Json;
}
type Ask = (path: string, body?: unknown, headers?: Record<string, string>, raw?: string) => Promise<Asked>;

function configuration(point: string, components: readonly string[]): string {
  return `
version: 1
trustDomain: test.example
state: ./state
gateway: { listen: "127.0.0.1:0", drainSeconds: 1 }
console: { enabled: false }
doors:
  listen: "127.0.0.1:0"
  enforcementPoints:
    - { component: harness, ${point} }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: harness, kind: service, boundary: api }
  - { name: stranger, kind: service, boundary: api }
${components.map((line) => `  - { ${line} }\n`).join("")}policies:
  - { file: policies.cedar }
`;
}

async function door(
  t: TestContext,
  options: { readonly point: string; readonly components: readonly string[]; readonly policies: string },
): Promise<{ readonly estate: Estate; readonly ask: Ask; readonly as: (svid: X509Svid | undefined) => Ask }> {
  const estate = await openEstate({
    configuration: () => configuration(options.point, options.components),
    policies: options.policies,
  });
  t.after(() => estate[Symbol.asyncDispose]());
  const url = estate.cordon.doorsUrl ?? "";
  const as = (svid: X509Svid | undefined): Ask => {
    const tls = svid === undefined ? { rejectUnauthorized: false } : clientTlsOptions(svid);
    const dispatcher = new Agent({ connect: tls as never });
    t.after(() => dispatcher.destroy());
    return async (path, body, headers = {}, raw) => {
      const response = await request(url + path, {
        dispatcher,
        method: body === undefined && raw === undefined ? "GET" : "POST",
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined && raw === undefined ? {} : { body: raw ?? JSON.stringify(body) }),
      });
      const text = await response.body.text();
      return { status: response.statusCode, headers: response.headers, json: JSON.parse(text) };
    };
  };
  return { estate, ask: as(await estate.svidFor("service", "harness")), as };
}

const certified = {
  point: `subjects: [{ type: user, id: alice, component: alice }, { type: user, id: bob, component: bob, properties: { role: admin } }],
      resources: [{ type: record, id: record-1, component: record-1, properties: { status: active } }, { type: record, id: record-2, component: record-2, properties: { status: archived } }],
      actions: { delete: administer }`,
  components: [
    "name: alice, kind: service, boundary: api",
    "name: bob, kind: service, boundary: api",
    "name: record-1, kind: dataset, boundary: data, labels: { sensitivity: internal }",
    "name: record-2, kind: dataset, boundary: data, labels: { sensitivity: internal }",
  ],
  policies: `
@id("people-read") permit (principal in Namespace::"default", action == Action::"read", resource) when { resource.kind == "dataset" };
@id("alice-writes") permit (principal == Workload::"default/service/alice", action == Action::"write", resource)
unless { context.claims.contains("resource.status=archived") };
@id("admins-write-archives") permit (principal, action == Action::"write", resource)
when { context.claims.contains("subject.role=admin") && context.claims.contains("resource.status=archived") };
@id("alice-deletes-softly") permit (principal == Workload::"default/service/alice", action == Action::"administer", resource)
when { context.claims.contains("action.soft=true") };
`,
};

const user = (id: string, properties?: unknown) => ({ type: "user", id, ...(properties ? { properties } : {}) });
const record = (id: string, properties?: unknown) => ({ type: "record", id, ...(properties ? { properties } : {}) });
const act = (name: string, properties?: unknown) => ({ name, ...(properties ? { properties } : {}) });
const one = "/access/v1/evaluation";
const many = "/access/v1/evaluations";
const archived = { status: "archived" };
const admin = { role: "admin" };
const first = { subject: user("alice"), action: act("read"), resource: record("record-1") };

test("the certification scenario: basic, batch, search and discovery", async (t) => {
  const { ask } = await door(t, certified);
  let cases = 0;
  const decides = async (body: unknown, expected: boolean): Promise<void> => {
    const { status, json, headers } = await ask(one, body);
    assert.deepEqual([status, json.decision], [200, expected], JSON.stringify([body, json]));
    assert.match(String(headers["content-type"]), /^application\/json/);
    cases += 1;
  };
  const refuses = async (path: string, body: unknown, headers = {}, raw?: string): Promise<void> => {
    assert.equal((await ask(path, body, headers, raw)).status, 400, JSON.stringify(body));
    cases += 1;
  };
  // 2.2: single decisions, by identifiers and by properties.
  await decides(first, true);
  await decides({ subject: user("alice"), action: act("write"), resource: record("record-1") }, true);
  await decides({ subject: user("bob"), action: act("read"), resource: record("record-1") }, true);
  await decides({ subject: user("bob"), action: act("write"), resource: record("record-1") }, false);
  await decides({ ...first, context: { time: "2025-06-27T18:03-07:00", ip: "192.168.1.1" } }, true);
  await decides({ subject: user("alice"), action: act("write"), resource: record("record-2", archived) }, false);
  await decides({ subject: user("bob", admin), action: act("write"), resource: record("record-2", archived) }, true);
  await decides({ ...first, action: act("delete", { soft: true }) }, true);
  await decides({ ...first, action: act("delete", { soft: false }) }, false);
  await decides(
    {
      subject: user("alice", { department: "Sales", role: "manager" }),
      action: act("read", { method: "GET" }),
      resource: record("record-1", { status: "active", owner: "bob" }),
    },
    true,
  );
  await decides({ ...first, foo: "bar", futureField: { nested: true } }, true);
  for (let again = 0; again < 3; again += 1) await decides(first, true);
  // 2.4: what is no question.
  const { subject, action, resource } = first;
  await refuses(one, { action, resource });
  await refuses(one, { subject, resource });
  await refuses(one, { subject, action });
  await refuses(one, { ...first, subject: { id: "alice" } });
  await refuses(one, { ...first, subject: { type: "user" } });
  await refuses(one, { ...first, action: {} });
  await refuses(one, { ...first, resource: { id: "record-1" } });
  await refuses(one, { ...first, resource: { type: "record" } });
  await refuses(one, { ...first, subject: "alice" });
  await refuses(one, { ...first, action: { name: 123 } });
  await refuses(one, first, { "content-type": "text/plain" });
  await refuses(one, first, {}, "{ no json");
  await refuses(one, first, {}, "");
  // 2.5: the request's own id.
  const named = await ask(one, first, { "x-request-id": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716" });
  assert.equal(named.headers["x-request-id"], "bfe9eb29-ab87-4ca3-be83-a1d5d8305716");

  // 3: batches.
  const batch = async (body: unknown, expected: readonly boolean[]): Promise<void> => {
    const { status, json } = await ask(many, body);
    assert.equal(status, 200);
    assert.deepEqual(
      (json.evaluations as Json[]).map(({ decision }) => decision as boolean),
      expected,
      JSON.stringify(body),
    );
    cases += 1;
  };
  const bob = user("bob");
  await batch({ subject, action, evaluations: [{ resource }, { resource: record("record-2") }] }, [true, true]);
  await batch({ subject: bob, resource, evaluations: [{ action }, { action: act("write") }] }, [true, false]);
  const both = [{ resource: record("record-1", { status: "active" }) }, { resource: record("record-2", archived) }];
  await batch({ subject, action: act("write"), evaluations: both }, [true, false]);
  await batch(
    {
      ...{ action: act("write"), resource: record("record-2", archived) },
      evaluations: [{ subject }, { subject: user("bob", admin) }],
    },
    [false, true],
  );
  await batch({ evaluations: [first, { subject: bob, action: act("write"), resource }] }, [true, false]);
  await batch(
    {
      ...{ subject, action, context: { time: "2025-06-27T18:03-07:00" } },
      evaluations: [{ resource }, { resource: record("record-2"), context: { source: "batch-override" } }],
    },
    [true, true],
  );
  await batch(
    {
      ...{ subject, action: act("write"), resource: record("record-1", { status: "active" }) },
      evaluations: [{}, { resource: record("record-2", archived) }],
    },
    [true, false],
  );
  await batch({ subject, action, options: { evaluations_semantic: "execute_all" }, evaluations: [{ resource }, {}] }, [
    true,
    false,
  ]);
  const mixed = [{ resource }, { resource: record("record-2", archived) }, { resource }];
  const writes = { subject, action: act("write"), evaluations: mixed };
  await batch({ ...writes, options: { evaluations_semantic: "deny_on_first_deny" } }, [true, false]);
  await batch({ ...writes, options: { evaluations_semantic: "permit_on_first_permit" } }, [true]);
  await refuses(many, { ...writes, options: { evaluations_semantic: "guess" } });
  for (const evaluations of [undefined, []]) {
    const { status, json } = await ask(many, { ...first, ...(evaluations ? { evaluations } : {}) });
    assert.deepEqual([status, json.decision], [200, true]);
    cases += 1;
  }

  // 4: searches.
  const search = async (kind: string, body: unknown, least: readonly string[], exactly = false): Promise<Json> => {
    const { status, json } = await ask(`/access/v1/search/${kind}`, body);
    assert.equal(status, 200, JSON.stringify(json));
    const found = (json.results as Json[]).map((result) => (result.id ?? result.name) as string);
    for (const name of least) assert.ok(found.includes(name), `${name} in ${found.join()} of ${JSON.stringify(body)}`);
    if (exactly) assert.deepEqual(found.toSorted(), [...least].toSorted());
    cases += 1;
    return json;
  };
  const context = { time: "2025-06-27T18:03-07:00" };
  await search("subject", { subject: { type: "user" }, action, resource }, ["alice", "bob"]);
  await search("subject", { subject: { type: "user" }, action, resource, context }, ["alice", "bob"], true);
  await search("subject", { subject, action, resource }, ["alice", "bob"], true);
  const writing = { subject: { type: "user" }, action: act("write"), resource: record("record-2", archived) };
  await search("subject", writing, ["bob"], true);
  await search("resource", { subject, action, resource: { type: "record" } }, ["record-1"]);
  await search("resource", { subject, action, resource: { type: "record" }, context }, ["record-1"]);
  await search("resource", { subject, action, resource }, ["record-1", "record-2"], true);
  const administrators = { subject: user("bob", admin), action: act("write"), resource: { type: "record" } };
  await search("resource", administrators, ["record-2"], true);
  await search("action", { subject, resource }, ["read", "write"], true);
  await search("action", { subject, resource, context }, ["read", "write"]);
  await search("action", { subject: user("bob", admin), resource: record("record-2", archived) }, ["write"]);
  // 4.5: a page, and the next until there is none.
  const pages: string[] = [];
  let token = "";
  do {
    const page = { limit: 1, ...(token === "" ? {} : { token }) };
    const json = await search("subject", { subject: { type: "user" }, action, resource, page }, []);
    pages.push(...(json.results as Json[]).map(({ id }) => id as string));
    token = json.page.next_token as string;
  } while (token !== "");
  assert.deepEqual(pages, ["alice", "bob"]);
  await search("action", { subject: user("nonexistent-user"), resource }, [], true);
  await search("subject", { subject: { type: "spaceship" }, action, resource }, [], true);
  await search("resource", { subject, action, resource: { type: "spaceship" } }, [], true);
  await refuses("/access/v1/search/subject", { subject: { type: "user" }, resource });
  await refuses("/access/v1/search/resource", { action, resource: { type: "record" } });
  await refuses("/access/v1/search/action", { subject });
  await refuses("/access/v1/search/subject", { subject: { type: "user" }, action, resource: { type: "record" } });
  await refuses("/access/v1/search/resource", { subject: { type: "user" }, action, resource: { type: "record" } });
  await refuses("/access/v1/search/action", { subject: { type: "user" }, resource });

  // 6: discovery.
  const { status, json } = await ask("/.well-known/authzen-configuration");
  assert.equal(status, 200);
  assert.equal(json.access_evaluation_endpoint, `${json.policy_decision_point}${one}`);
  for (const endpoint of Object.values(json as Record<string, string>))
    assert.equal(new URL(endpoint).protocol, "https:");
  cases += 1;
  t.diagnostic(`certification scenario: ${cases} cases as expected`);
});

const people = ["rick", "morty", "summer", "beth", "jerry"];
const roles = ["admin", "editor", "editor", "viewer", "viewer"];
const addresses = [
  "rick@the-citadel.com",
  "morty@the-citadel.com",
  "summer@the-smiths.com",
  "beth@the-smiths.com",
  "jerry@the-smiths.com",
];
const foreign = (n: number): string => `CiRmZD${"AEIMQ"[n]}2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs`;

test("the interop decisions of the to-do application and the API gateways", { skip }, async (t) => {
  const subjects = (type: string): string =>
    people
      .map(
        (name, n) =>
          `{ type: ${type}, id: "${foreign(n)}", component: ${name}, properties: { role: ${roles[n]}, email: "${addresses[n]}" } }`,
      )
      .join(", ");
  const { ask } = await door(t, {
    point: `subjects: [${subjects("user")}, ${subjects("identity")}],
      resources: [{ type: todo, component: todos }, { type: user, component: accounts }, { type: route, component: todos }],
      actions: { can_read_user: read, can_read_todos: read, can_create_todo: write, can_update_todo: write, can_delete_todo: administer, GET: read, POST: write, PUT: write, DELETE: administer }`,
    components: [
      ...people.map((name) => `name: ${name}, kind: service, boundary: api`),
      "name: todos, kind: service, boundary: api",
      "name: accounts, kind: service, boundary: api",
    ],
    policies: `
@id("all-read") permit (principal, action == Action::"read", resource);
@id("editors-create") permit (principal, action == Action::"write", resource)
when { context.claims.containsAny(["action=can_create_todo", "resource.type=route"]) && context.claims.containsAny(["subject.role=admin", "subject.role=editor"]) };
@id("routes-delete") permit (principal, action == Action::"administer", resource)
when { context.claims.contains("resource.type=route") && context.claims.containsAny(["subject.role=admin", "subject.role=editor"]) };
@id("admins-change") permit (principal, action in [Action::"write", Action::"administer"], resource)
when { context.claims.contains("subject.role=admin") };
@id("editors-change-their-own") permit (principal, action in [Action::"write", Action::"administer"], resource)
when { context.claims.contains("subject.role=editor") && context.claims.contains("resource.ownerID is subject.email") };
`,
  });
  const files = [
    "authzen-todo-backend/test/decisions-authorization-api-1_0-02.json",
    "authzen-todo-backend/test/decisions-authorization-api-1_0-01.json",
    "authzen-api-gateways/test-harness/test/decisions.json",
  ];
  for (const file of files) {
    const cases = JSON.parse(await readFile(`${vectors}/${file}`, "utf8")) as Record<string, Json[]>;
    let asked = 0;
    const wrong: string[] = [];
    for (const { request: question, expected } of [...(cases["evaluation"] ?? []), ...(cases["evaluations"] ?? [])]) {
      const batched = "evaluations" in question;
      const { json } = await ask(batched ? many : one, question);
      const got = batched ? (json.evaluations as Json[]).map(({ decision }) => ({ decision })) : json.decision;
      if (JSON.stringify(got) !== JSON.stringify(expected)) wrong.push(JSON.stringify([question, expected, json]));
      asked += 1;
    }
    t.diagnostic(`${file}: ${asked} asked, ${wrong.length} otherwise than expected`);
    assert.deepEqual(wrong, []);
    assert.ok(asked > 20);
  }
});

test("the interop searches of the search demonstration and the identity provider", { skip }, async (t) => {
  const read = async (file: string): Promise<Json> => JSON.parse(await readFile(`${vectors}/${file}`, "utf8"));
  const users = (await read("authzen-search-demo/data/users.json")) as Json[];
  const records = (await read("authzen-search-demo/data/records.json")) as Json[];
  const { ask } = await door(t, {
    point: `subjects: [${users.map((u) => `{ type: user, id: ${u.id}, component: ${u.id}, properties: { role: ${u.role}, department: ${u.department} } }`).join(", ")}],
      resources: [${records.map((r) => `{ type: record, id: "${r.id}", component: records, properties: { owner: ${r.owner}, department: ${r.department} } }`).join(", ")}],
      actions: { view: read, edit: write, delete: administer }`,
    components: [
      ...users.map((u) => `name: ${u.id}, kind: service, boundary: api`),
      "name: records, kind: service, boundary: api",
    ],
    policies: `
@id("owners") permit (principal, action, resource)
when { context.claims.contains("resource.owner is subject.id") && context.claims.containsAny(["action=view", "action=edit", "action=delete"]) };
@id("colleagues-view") permit (principal, action, resource)
when { context.claims.contains("action=view") && (context.claims.contains("subject.role=manager") || context.claims.contains("resource.department is subject.department")) };
@id("managers-edit") permit (principal, action, resource)
when { context.claims.contains("action=edit") && context.claims.contains("subject.role=manager") && context.claims.contains("resource.department is subject.department") };
`,
  });
  for (const [file, kind] of [
    ["authzen-search-demo/test/subject/results.json", "subject"],
    ["authzen-search-demo/test/resource/results.json", "resource"],
    ["authzen-search-demo/test/action/results.json", "action"],
    ["authzen-idp/test-harness/src/results.json", "resource"],
  ] as const) {
    const cases = Object.values(await read(file)).flat() as Json[];
    const wrong: string[] = [];
    for (const { request: question, expected } of cases) {
      const { json } = await ask(`/access/v1/search/${kind}`, question);
      assert.ok(json.results, JSON.stringify([question, json]));
      const names = (list: Json[]): string[] => list.map((result) => (result.id ?? result.name) as string).toSorted();
      if (JSON.stringify(names(json.results)) !== JSON.stringify(names(expected.results)))
        wrong.push(JSON.stringify([question, expected, json]));
    }
    t.diagnostic(`${file}: ${cases.length} searches, ${wrong.length} otherwise than expected`);
    assert.deepEqual(wrong, []);
  }
});

test("only registered enforcement points are answered; what they ask is decided, bounded and on record", async (t) => {
  const { estate, ask, as } = await door(t, {
    ...certified,
    policies: `${certified.policies}
@id("kept") @keep("request") permit (principal == Workload::"default/service/bob", action == Action::"infer", resource);
@id("proven") permit (principal == Workload::"default/service/bob", action == Action::"embed", resource) when { context.assurance == "x509-svid" };
`,
    components: [
      ...certified.components,
      "name: ledger-data, namespace: other, kind: dataset, boundary: data, labels: { sensitivity: internal }",
    ],
  });
  // Nobody, a workload that is registered but no enforcement point, and a workload of no registration.
  await assert.rejects(as(undefined)(one, first));
  const stranger = await as(await estate.svidFor("service", "stranger"))(one, first);
  assert.equal(stranger.status, 403);
  assert.match(stranger.json.error.message, /no enforcement point that may ask by authzen/);

  const allowed = await ask(one, first);
  assert.deepEqual(allowed.json.context.reasons[0].policy, "people-read");
  const refused = await ask(one, { ...first, action: act("write"), subject: user("bob") });
  assert.equal(refused.json.context.reasons[0].code, "no-permit");
  const asks = async (more: Record<string, unknown>): Promise<Json> => (await ask(one, { ...first, ...more })).json;
  // An obligation that it did not say it meets is a denial; so is a proof that nobody gave.
  const kept = await asks({ subject: user("bob"), action: act("infer") });
  assert.deepEqual([kept.decision, kept.context.reasons[0].code], [false, "obligation-unmet"]);
  assert.equal((await asks({ subject: user("bob"), action: act("embed") })).decision, false);
  // What lies in another's namespace reads like what is not there.
  const foreignData = await asks({ resource: { type: "component", id: "other/dataset/ledger-data" } });
  const nothing = await asks({ resource: { type: "component", id: "other/dataset/nothing" } });
  assert.deepEqual(
    [foreignData.context.reasons[0].code, foreignData.context.reasons[0].words.replace("ledger-data", "nothing")],
    [nothing.context.reasons[0].code, nothing.context.reasons[0].words],
  );
  assert.equal((await asks({ action: act("fly") })).decision, false);
  // Claims that would read as others, or would be left out, deny.
  const spelled = async (properties: Record<string, unknown>): Promise<boolean> =>
    (await asks({ action: act("write"), subject: user("bob", properties), resource: record("record-2") })).decision;
  assert.equal(await spelled({}), true, "its role is known here");
  assert.equal(await spelled({ "role=admin": "x" }), false);
  assert.equal(await spelled({ id: "alice" }), false);
  assert.equal(await spelled({ note: "x".repeat(300) }), false);
  assert.equal(await spelled(Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`p${n}`, n]))), false);
  assert.equal(await spelled({ owner: "=subject.id" }), true, "a value cannot spell an equality");
  // Bounds.
  const many101 = { ...first, evaluations: Array.from({ length: 101 }, () => ({})) };
  assert.equal((await ask(many, many101)).status, 400);
  assert.equal((await ask(one, { ...first, context: { filler: "x".repeat(300_000) } })).status, 413);
  assert.equal(
    (await ask(one, first, {}, `{"subject":{"type":"user","id":"bob"},${JSON.stringify(first).slice(1)}`)).status,
    400,
  );
  const { doors } = (await controlClient(estate.cordon.socketPath).status()) as Json;
  assert.match(doors.unseen.join(), /decide once and cannot cut/);
  assert.equal(doors.enforcementPoints[0].component, "harness");

  await ask("/access/v1/search/resource", {
    subject: user("alice"),
    action: act("read"),
    resource: { type: "record" },
  });
  const entries = await estate.entries();
  const decisions = entries.filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const recorded = decisions.find(({ id }) => id === allowed.json.context.id);
  assert.equal(recorded?.askedBy, "spiffe://test.example/ns/default/service/harness");
  assert.equal(recorded?.context.assurance, "vouched");
  assert.deepEqual(recorded?.context.claims?.slice(0, 3), ["action=read", "subject.type=user", "resource.type=record"]);
  assert.ok(decisions.some(({ id, effect }) => id === refused.json.context.id && effect === "deny"));
  const outcome = entries.find((entry) => entry.kind === "outcome" && entry.id === allowed.json.context.id);
  assert.ok(outcome, "an allow has its end");
  const shown = entries.find((entry) => entry.kind === "discovery");
  assert.ok(shown?.kind === "discovery" && shown.visible.length === 2);
});
