/**
 * Access tokens at the gateway, from outside: a person acts through a client with a token that is bound to the client's key,
 * and whatever takes away the ground it stands on cuts what is under way. The issuer is a test's, so that its tokens can be
 * bent; `oauth.test.ts` has Cordon's own.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { compact, ecPair, thumbprintOf } from "@cordon/core/oauth/test-tokens";
import { lockUser } from "@cordon/control/people/manage";
import type { ObjectSource } from "@cordon/control/store/state-store";
import { openEstate, policies, type Estate } from "./estate.ts";
import { grantRules, peopleOf } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import type { SoftPerson } from "./soft-person.ts";
import { callWith, dpopProof, streamWith, type TokenClient } from "./token-client.ts";

const issuerKey = ecPair();
const issuer = "https://issuer.test/oauth";
const session = "5e".repeat(32);
const mei = "spiffe://test.example/ns/default/user/mei";

const oauth = `
oauth:
  clients:
    - { name: app, displayName: Mei's notebook, redirectUris: ["http://127.0.0.1/callback"] }
    - { name: plain, redirectUris: ["http://127.0.0.1/callback"], bearer: true }
`;
const permits = `${policies}
@id("people-chat") permit (principal is User, action == Action::"infer", resource == Component::"default/endpoint/chat")
  when { context.client == "default/app" || context.assurance == "bearer-token" };
`;

interface Setting extends AsyncDisposable {
  readonly estate: Estate;
  readonly ada: SoftPerson;
  readonly person: SoftPerson;
  readonly client: TokenClient;
  readonly resource: string;
  readonly put: (kind: string, name: string, value: unknown, source?: ObjectSource) => Promise<void>;
  readonly token: (bent?: Record<string, unknown>) => string;
}

/** A person with a session of a client, as the authorization server opens one, and a token for the chat route. */
async function setting(): Promise<Setting> {
  const estate = await openEstate({ policies: permits, more: grantRules + oauth });
  const ada = await administrator(estate);
  const person = await invited(estate, ada, "mei", ["data-science"]);
  const { store } = estate.cordon.control;
  const passkey = (await store.list("passkey")).find(({ value }) => (value as { user: string }).user === "default/mei");
  const put = async (kind: string, name: string, value: unknown, source: ObjectSource = "system"): Promise<void> => {
    const { revision } = await store.transact("test", Date.now(), (transaction) =>
      transaction.put({ kind, namespace: "default" as never, name }, value, source),
    );
    while (estate.cordon.control.snapshots.current().revision < revision)
      await new Promise((next) => setTimeout(next, 2));
  };
  await put("token-issuer", "test", {
    ...{ issuer, keys: [{ kid: "k1", jwk: { ...issuerKey.jwk, alg: "ES256" } }], maxLifetimeSeconds: 300 },
  });
  await put(
    "session",
    session,
    {
      ...{ user: mei, kind: "oauth", client: "default/app", passkey: passkey?.name, label: "Mei's notebook" },
      ...{ authenticatedAt: Date.now(), ends: Date.now() + 3_600_000 },
    },
    "api",
  );
  const client: TokenClient = { estate, key: ecPair() };
  const resource = `${estate.cordon.gateway.origin}/v1`;
  const token = (bent: Record<string, unknown> = {}): string => {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: mei, aud: resource, client_id: "default/app", iat, exp: iat + 300, jti: "t" };
    const bound = { scope: "infer read", sid: session, cnf: { jkt: thumbprintOf(client.key) } };
    return compact({ alg: "ES256", typ: "at+jwt", kid: "k1" }, { ...claims, ...bound, ...bent }, issuerKey.privateKey);
  };
  return {
    estate,
    ada,
    person,
    client,
    resource,
    put,
    token,
    [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose](),
  };
}

const ask = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }] });

test("a person reads through a client: policy sees both, and the ledger names both", async () => {
  const at = await setting();
  await using _ = at;
  const { estate, client, token } = at;
  const answer = await callWith(client, token(), "/v1/chat/completions", ask);
  assert.equal(answer.status, 200, answer.text);
  const { headers } = estate.chat.seen[0] ?? {};
  assert.equal(headers?.["dpop"], undefined, "a proof is no business of the upstream");
  assert.doesNotMatch(headers?.authorization ?? "", /DPoP/);
  const decision = (await estate.entries()).find(
    (entry) => entry.kind === "decision" && entry.principal === mei && entry.action === "infer",
  );
  assert.ok(decision?.kind === "decision");
  assert.equal(decision.user?.client, "default/app");
  assert.equal(decision.credential.assurance, "dpop-token");
});

test("no token is good without its key, for another resource, twice with one proof, or for what it was not let do", async () => {
  const at = await setting();
  await using _ = at;
  const { client, token, resource } = at;
  const path = "/v1/chat/completions";
  const refusals: readonly (readonly [string, number, Parameters<typeof callWith>])[] = [
    ["stolen, without its key", 401, [{ ...client, key: ecPair() }, token(), path, ask]],
    ["as a bearer token", 401, [client, token(), path, ask, { scheme: "Bearer", proof: undefined }]],
    ["without a proof", 401, [client, token(), path, ask, { proof: undefined }]],
    ["for another route", 401, [client, token({ aud: resource.replace("/v1", "/anthropic") }), path, ask]],
    ["bound to nothing", 401, [client, token({ cnf: undefined }), path, ask]],
    [
      "bound to nothing, as bearer, of a client that may not",
      401,
      [client, token({ cnf: undefined }), path, ask, { scheme: "Bearer" }],
    ],
    ["of a client that says it is another", 403, [client, token({ client_id: "default/plain" }), path, ask]],
    ["of another session", 403, [client, token({ sid: "00".repeat(32) }), path, ask]],
    ["of another person", 403, [client, token({ sub: mei.replace("mei", "ada") }), path, ask]],
    ["of a workload", 401, [client, token({ sub: mei.replace("user/mei", "agent/assistant") }), path, ask]],
    ["of a person elsewhere", 401, [client, token({ sub: mei.replace("test.example", "evil.example") }), path, ask]],
    ["without the scope", 403, [client, token({ scope: "read" }), path, ask]],
    ["without any scope", 403, [client, token({ scope: undefined }), path, ask]],
  ];
  for (const [what, status, call] of refusals) {
    const answer = await callWith(...call);
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
  }
  const proof = dpopProof(client, token(), "POST", path);
  const same = token({ jti: "same" });
  const once_ = dpopProof(client, same, "POST", path);
  assert.equal((await callWith(client, same, path, ask, { proof: once_ })).status, 200);
  const again = await callWith(client, same, path, ask, { proof: once_ });
  assert.equal(again.status, 401);
  assert.match(String(again.headers["www-authenticate"]), /^DPoP error="invalid_dpop_proof"/);
  for (const other of [
    await callWith(client, token(), "/v1/models", undefined, { proof, method: "GET" }),
    await callWith(client, same, path, ask, { proof: dpopProof(client, same, "GET", path) }),
    await callWith(client, same, path, ask, { proof: dpopProof(client, same, "POST", "/v1/embeddings") }),
  ])
    assert.equal(other.status, 401, other.text);
  const unscoped = await callWith(client, token({ scope: "read" }), path, ask);
  assert.match(String(unscoped.headers["www-authenticate"]), /error="insufficient_scope".*scope="infer"/);
});

test("a client that may use plain bearer tokens can, and policy sees that they are weaker", async () => {
  const at = await setting();
  await using _ = at;
  const { client, token, put, estate } = at;
  const [held] = (await estate.cordon.control.store.list("session")).filter(({ name }) => name === session);
  await put("session", session, { ...(held?.value as object), client: "default/plain" }, "api");
  const plain = token({ client_id: "default/plain", cnf: undefined });
  const answer = await callWith(client, plain, "/v1/chat/completions", ask, { scheme: "Bearer", proof: undefined });
  assert.equal(answer.status, 200, answer.text);
});

const endings: readonly (readonly [string, (at: Setting) => Promise<unknown>])[] = [
  ["the account is locked", ({ estate }) => lockUser(peopleOf(estate).deps, "mei", "left the company", mei)],
  [
    "the client is disabled",
    ({ put }) => put("disabled-client", "app", { reason: "it leaks", at: Date.now(), by: "ops" }),
  ],
  [
    "the session ends",
    async ({ estate }) => {
      const { store } = estate.cordon.control;
      await store.transact("test", Date.now(), (transaction) =>
        transaction.delete({ kind: "session", namespace: "default" as never, name: session }, "api"),
      );
    },
  ],
  [
    "the signing key is withdrawn from publication",
    ({ put }) => put("token-issuer", "test", { issuer, keys: [], maxLifetimeSeconds: 300 }),
  ],
];
for (const [what, end] of endings)
  test(`a live stream is cut, and the token dead, when ${what}`, async () => {
    const at = await setting();
    await using _ = at;
    const { client, token, estate } = at;
    const held = token();
    estate.chat.answer = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"choices":[{"index":0,"delta":{"content":"first"}}]}\n\n');
    };
    const stream = await streamWith(
      client,
      held,
      "/v1/chat/completions",
      JSON.stringify({ ...JSON.parse(ask), stream: true }),
    );
    assert.equal(stream.statusCode, 200);
    await once(stream, "data");
    stream.on("error", () => undefined);
    const cut = new Promise((resolve) => stream.once("close", resolve));
    await end(at);
    await cut;
    const after = await callWith(client, held, "/v1/chat/completions", ask);
    assert.ok(after.status === 401 || after.status === 403, `${after.status} ${after.text}`);
  });

test("where no issuer counts, nobody without a certificate is even listened to", async () => {
  await using estate = await openEstate({ policies: permits });
  const client: TokenClient = { estate, key: ecPair() };
  await assert.rejects(callWith(client, "a.b.c", "/v1/chat/completions", ask));
});
