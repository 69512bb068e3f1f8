/**
 * Two gateways behind one address and one store: a DPoP proof that one has taken is refused by the other, and nonces of one are
 * good at the other. With a store of its own each takes the proof once: that is the attack.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CordonError } from "@cordon/core/errors";
import { compact, ecPair, thumbprintOf } from "@cordon/core/oauth/test-tokens";
import { configurationText, openEstate, policies, until, type Estate } from "./estate.ts";
import { actFor, program, use } from "./oauth-client.ts";
import { grantRules } from "./people-estate.ts";
import { createSchema, noPostgres } from "./postgres-schema.ts";
import { administrator, invited } from "./soft-people.ts";
import { callWith, dpopProof, type TokenClient } from "./token-client.ts";

const issuerKey = ecPair();
const clientKey = ecPair();
const session = "5e".repeat(32);
const mei = "spiffe://test.example/ns/default/user/mei";
const oauth = `${grantRules}
oauth:
  clients:
    - { name: app, redirectUris: ["http://127.0.0.1/callback"] }
`;
const permits = `${policies}
@id("people-chat") permit (principal is User, action == Action::"infer", resource == Component::"default/endpoint/chat");
`;
const path = "/v1/chat/completions";
const ask = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }] });

interface Machines extends AsyncDisposable {
  readonly first: TokenClient & { readonly estate: Estate };
  readonly second: TokenClient & { readonly estate: Estate };
  readonly token: string;
}

/** Both are reached as `gateway.test`, and know mei's session with a program. */
async function machines(stores: readonly [string, string], gateway = ""): Promise<Machines> {
  await using stack = new AsyncDisposableStack();
  const keys = await mkdtemp(join(tmpdir(), "cordon-dpop-"));
  stack.defer(() => rm(keys, { recursive: true, force: true }));
  const open = async (store: string): Promise<Estate> =>
    stack.use(
      await openEstate({
        policies: permits,
        configuration: (ports) =>
          `${configurationText(ports)}${oauth}${store}keys: { root: { file: ${join(keys, "root")} } }\n`.replace(
            "gateway: {",
            `gateway: { url: "https://gateway.test",${gateway}`,
          ),
      }),
    );
  const [one, two] = [await open(stores[0]), await open(stores[1])];
  const separate = stores[0] !== stores[1] || stores[0] === "";
  for (const estate of separate ? [one, two] : [one]) {
    await invited(estate, await administrator(estate), "mei", []);
    const { store } = estate.cordon.control;
    const passkeys = await store.list("passkey");
    const passkey = passkeys.find(({ value }) => (value as { user: string }).user === "default/mei")?.name;
    const keysOf = [{ kid: "k1", jwk: { ...issuerKey.jwk, alg: "ES256" } }];
    const issuer = { issuer: "https://issuer.test/oauth", keys: keysOf, maxLifetimeSeconds: 300 };
    const opened = {
      ...{ user: mei, kind: "oauth", client: "default/app", passkey, label: "app" },
      ...{ authenticatedAt: Date.now(), ends: Date.now() + 3_600_000 },
    };
    const key = (kind: string, name: string) => ({ kind, namespace: "default" as never, name });
    await store.transact("test", Date.now(), async (transaction) => {
      await transaction.put(key("token-issuer", "test"), issuer, "system");
      await transaction.put(key("session", session), opened, "api");
    });
  }
  for (const { cordon } of [one, two])
    await until(() => cordon.control.snapshots.current().sessions?.has(session) === true, "the session is known");
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: "https://issuer.test/oauth",
    sub: mei,
    client_id: "default/app",
    iat,
    exp: iat + 300,
    jti: "t",
  };
  const bound = { aud: "https://gateway.test/v1", scope: "infer", sid: session, cnf: { jkt: thumbprintOf(clientKey) } };
  const head = { alg: "ES256", typ: "at+jwt", kid: "k1" };
  const owned = stack.move();
  return {
    first: { estate: one, key: clientKey },
    second: { estate: two, key: clientKey },
    token: compact(head, { ...claims, ...bound }, issuerKey.privateKey),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** How many of these calls, all with one proof, are let in. */
async function replay({ first, second, token }: Machines): Promise<number[]> {
  const proof = dpopProof(first, token, "POST", path);
  const at = [first, second, second, first];
  const answers = await Promise.all(at.map((client) => callWith(client, token, path, ask, { proof })));
  for (const { status, text } of answers) if (status !== 200) assert.match(text, /the DPoP proof was used before/);
  const later = await callWith(second, token, path, ask, { proof });
  return [answers.filter(({ status }) => status === 200).length, later.status];
}

const sharedStores: readonly (readonly [string, string | false, () => Promise<{ yaml: string } & AsyncDisposable>])[] =
  [
    ["PostgreSQL", noPostgres, createSchema],
    [
      "a file that both use",
      false,
      async () => {
        const folder = await mkdtemp(join(tmpdir(), "cordon-shared-"));
        return {
          yaml: `store: { url: "sqlite:${join(folder, "cordon.db")}" }\n`,
          [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
        };
      },
    ],
  ];

for (const [name, skip, create] of sharedStores)
  test(`a proof is good once at two gateways over ${name}, and at none while nobody can say`, { skip }, async () => {
    await using shared = await create();
    await using both = await machines([shared.yaml, shared.yaml]);
    for (let round = 0; round < 5; round++) assert.deepEqual(await replay(both), [1, 401]);
    const { first, token } = both;
    const many = Array.from({ length: 40 }, () => callWith(first, token, path, ask));
    assert.deepEqual(new Set((await Promise.all(many)).map(({ status }) => status)), new Set([200]));

    const { shortLived } = first.estate.cordon.control.store;
    const addAll = shortLived.addAll.bind(shortLived);
    Object.assign(shortLived, {
      addAll: () => Promise.reject(new CordonError("STORE_UNAVAILABLE", "the database is gone")),
    });
    const refused = await callWith(first, token, path, ask);
    assert.deepEqual([refused.status, JSON.parse(refused.text).error.code], [503, "STORE_UNAVAILABLE"]);
    Object.assign(shortLived, { addAll });
    assert.equal((await callWith(first, token, path, ask)).status, 200);
  });

test("with a store of its own each gateway takes a proof once: what is shared is what refuses it", async () => {
  await using apart = await machines(["", ""]);
  assert.deepEqual(await replay(apart), [2, 401]);
});

test(
  "where nonces are asked for, a proof made ahead is refused, and a nonce of one gateway is good at the other",
  { skip: noPostgres },
  async () => {
    await using schema = await createSchema();
    await using both = await machines([schema.yaml, schema.yaml], " dpopNonces: true,");
    const { first, second, token } = both;
    const without = await callWith(first, token, path, ask);
    assert.equal(without.status, 401);
    assert.equal(JSON.parse(without.text).error.code, "DPOP_NONCE_NEEDED");
    assert.match(String(without.headers["www-authenticate"]), /error="use_dpop_nonce"/);
    const nonce = String(without.headers["dpop-nonce"]);
    const withNonce = (client: TokenClient, value: string) =>
      callWith(client, token, path, ask, { proof: dpopProof(client, token, "POST", path, { nonce: value }) });
    for (const client of [first, second]) {
      const answer = await withNonce(client, nonce);
      assert.equal(answer.status, 200, answer.text);
      assert.match(String(answer.headers["dpop-nonce"]), /^[A-Za-z0-9_-]{24}$/, "the next one comes with the answer");
    }
    assert.equal((await withNonce(first, `${nonce.slice(0, -1)}_`)).status, 401);
    assert.equal((await withNonce(first, "")).status, 401);
  },
);

test("a program's library that knows nonces calls through, without being told of them", async () => {
  await using estate = await openEstate({
    policies: permits,
    configuration: (ports) =>
      `${configurationText(ports)}${oauth}`.replace("gateway: {", "gateway: { dpopNonces: true,"),
  });
  const person = await invited(estate, await administrator(estate), "mei", []);
  const resource = `${estate.cordon.gateway.origin}/v1`;
  const app = await program(estate);
  const tokens = await actFor(app, person, resource, { scope: "infer" });
  for (let times = 0; times < 3; times++) {
    const answer = await use(app, tokens, `${resource}/chat/completions`, "POST", ask);
    assert.equal(answer.status, 200, await answer.text());
  }
});
