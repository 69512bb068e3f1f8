/**
 * Tokens of the company's own authorization server, from outside: its keys are read where it publishes them, its people are
 * those who signed in here through it, and what it, the configuration or an administrator takes away ends what stands on it.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readKeySet } from "@cordon/control/oauth/foreign-issuers";
import { lockUser } from "@cordon/control/people/manage";
import { compact, ecPair, thumbprintOf } from "@cordon/core/oauth/test-tokens";
import { configurationText, openEstate, type Estate } from "./estate.ts";
import { grantRules, peopleOf } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import { callWith, type TokenAnswer, type TokenClient } from "./token-client.ts";

const issuer = "https://login.bank.example/realms/staff";
const policies = `
@id("people-use-tools") permit (principal is User, action in [Action::"callTool", Action::"read"], resource == Component::"default/tool/desk");
`;

/** The company's server, as far as it is asked: its keys, over TLS that a certificate of its own stands for. */
async function keyServer(t: TestContext, keys: () => unknown) {
  const folder = mkdtempSync(join(tmpdir(), "cordon-issuer-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [keyFile, caFile] = [join(folder, "key.pem"), join(folder, "web.pem")];
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
    ...["-keyout", keyFile, "-out", caFile, "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:TRUE"],
  ]);
  let asked = 0;
  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(caFile) }, (_request, response) => {
    asked += 1;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(keys()));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { caFile, url: `https://localhost:${port}/jwks`, asked: () => asked };
}

interface Setting extends AsyncDisposable {
  readonly estate: Estate;
  readonly call: (claims?: Record<string, unknown>, method?: string) => Promise<TokenAnswer>;
  readonly waitFor: (holds: () => boolean) => Promise<void>;
}

const pair = ecPair();
const published = { keys: [{ ...pair.jwk, kid: "k1", use: "sig", alg: "ES256" }] };

async function setting(t: TestContext): Promise<Setting> {
  const { caFile, url } = await keyServer(t, () => published);
  const estate = await openEstate({
    policies,
    configuration: (ports) =>
      configurationText(ports)
        .replace("components:", "components:\n  - { name: desk, kind: tool, boundary: api }")
        .replace(
          "upstreams:",
          `upstreams:\n  - { name: desk, url: "http://127.0.0.1:${ports.chat}/mcp", authentication: loopback }`,
        )
        .replace("routes:", "routes:\n  - { name: mcp, kind: mcp, path: /mcp, resource: desk, upstream: desk }") +
      grantRules +
      `
oauth:
  issuers:
    - name: staff
      issuer: ${issuer}
      jwksUrl: ${url}
      caFile: ${caFile}
      clients: { desktop: {} }
      scopes: { "tools.use": [callTool, read], administer: [] }
      maxTokenSeconds: 600
`,
  });
  const ada = await administrator(estate);
  await invited(estate, ada, "mei", ["data-science"]);
  const { store, snapshots } = estate.cordon.control;
  const waitFor = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((next) => setTimeout(next, 5));
  };
  const at = { kind: "user", namespace: "default" as never, name: "mei" };
  await store.transact("test", Date.now(), async (transaction) => {
    const known = await transaction.get(at);
    assert.ok(known !== undefined);
    await transaction.put(at, { ...(known.value as object), oidc: { issuer, subject: "7f3a" } }, "api");
  });
  await waitFor(() => [...(snapshots.current().users?.values() ?? [])].some(({ oidc }) => oidc?.subject === "7f3a"));
  await waitFor(() => snapshots.current().tokenIssuers?.has(issuer) === true);
  estate.chat.answer = ({ body }, response) => {
    const { id } = JSON.parse(body.toString()) as { id: number };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { content: [] } }));
  };
  const client: TokenClient = { estate, key: ecPair() };
  const { origin } = estate.cordon.gateway;
  return {
    estate,
    waitFor,
    call(claims = {}, method = "tools/list") {
      const iat = Math.floor(Date.now() / 1000);
      const plain = { iss: issuer, sub: "7f3a", aud: `${origin}/mcp`, client_id: "desktop", iat, exp: iat + 300 };
      const bound = { scope: "tools.use", jti: "t", cnf: { jkt: thumbprintOf(client.key) } };
      const token = compact(
        { alg: "ES256", typ: "at+jwt", kid: "k1" },
        { ...plain, ...bound, ...claims },
        pair.privateKey,
      );
      const scheme = claims["cnf"] === undefined && "cnf" in claims ? ("Bearer" as const) : ("DPoP" as const);
      const body = JSON.stringify({ jsonrpc: "2.0", id: 5, method, params: { name: "open_ticket", arguments: {} } });
      const headers = { "mcp-protocol-version": "2025-11-25" };
      return callWith(client, token, "/mcp", body, { scheme, headers });
    },
    [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose](),
  };
}

test("a person acts with a token of the company's server, and the ledger says whose word that was", async (t) => {
  await using at = await setting(t);
  const done = await at.call({}, "tools/call");
  assert.equal(done.status, 200, done.text);
  const decision = (await at.estate.entries()).find(
    (entry) => entry.kind === "decision" && entry.action === "callTool",
  );
  assert.ok(decision?.kind === "decision");
  assert.equal(decision.principal, "spiffe://test.example/ns/default/user/mei");
  assert.deepEqual(
    [decision.user?.issuer, decision.user?.client, decision.user?.scopes, decision.user?.session],
    [issuer, "desktop", ["callTool", "read"], undefined],
  );
});

test("what its tokens say counts only as far as the configuration says", async (t) => {
  await using at = await setting(t);
  const cases: readonly (readonly [number, RegExp, Record<string, unknown>, string?])[] = [
    [401, /nobody who is known here/, { sub: "0000" }],
    [401, /nobody who is known here/, { sub: "spiffe://test.example/ns/default/user/mei" }],
    [403, /no client of .* that may act here/, { client_id: "evil" }],
    [403, /no client of .* that may act here/, { client_id: "constructor" }],
    [403, /was not let `read`/, { scope: "openid profile" }],
    [403, /was not let `read`/, { scope: "administer" }],
    [401, /lives longer than the 600 seconds/, { exp: Math.floor(Date.now() / 1000) + 3_600 }],
    [401, /bound to no key/, { cnf: undefined }],
    [401, /issuer that is not known/, { iss: `${issuer}/` }],
  ];
  for (const [status, words, claims, method] of cases) {
    const refused = await at.call(claims, method);
    assert.equal(refused.status, status, `${JSON.stringify(claims)} ${refused.text}`);
    assert.match(refused.text, words);
  }
  assert.equal(at.estate.chat.seen.length, 0);
});

test("it ends with the account, with the link to the company, and with the issuer", async (t) => {
  await using at = await setting(t);
  assert.equal((await at.call()).status, 200);
  const { store, snapshots } = at.estate.cordon.control;
  const key = { kind: "user", namespace: "default" as never, name: "mei" };
  await store.transact("test", Date.now(), async (transaction) => {
    const known = (await transaction.get(key))?.value as { oidc: object };
    await transaction.put(key, { ...known, oidc: { issuer: "https://other.example", subject: "7f3a" } }, "api");
  });
  await at.waitFor(() =>
    [...(snapshots.current().users?.values() ?? [])].some(({ oidc }) => oidc?.issuer.includes("other")),
  );
  assert.equal((await at.call()).status, 401, "of another issuer the same subject is another person");
  await store.transact("test", Date.now(), async (transaction) => {
    const known = (await transaction.get(key))?.value as { oidc: object };
    await transaction.put(key, { ...known, oidc: { issuer, subject: "7f3a" } }, "api");
  });
  await at.waitFor(() => [...(snapshots.current().users?.values() ?? [])].some(({ oidc }) => oidc?.issuer === issuer));
  assert.equal((await at.call()).status, 200);
  const mei = "spiffe://test.example/ns/default/user/mei" as never;
  await lockUser(peopleOf(at.estate).deps, "mei", "left the company", mei);
  const locked = await at.call();
  assert.deepEqual([locked.status, /is locked: left the company/.test(locked.text)], [403, true], locked.text);
  await store.transact("test", Date.now(), (transaction) =>
    transaction.delete({ kind: "foreign-issuer", namespace: "default" as never, name: "staff" }, "config"),
  );
  await at.waitFor(() => snapshots.current().tokenIssuers?.has(issuer) !== true);
});

test("a key set is read for the keys that count, and refused where it could be read in two ways", () => {
  const read = (value: unknown) =>
    readKeySet(Buffer.from(JSON.stringify(value)), "https://x/jwks").map(({ kid }) => kid);
  const { jwk } = pair;
  const private_ = pair.privateKey.export({ format: "jwk" });
  assert.deepEqual(
    read({
      keys: [
        { ...jwk, kid: "a" },
        { ...jwk, kid: "b", use: "enc" },
        { ...jwk },
        { kty: "oct", k: "AAAA", kid: "c" },
        { ...jwk, kid: "d", crv: "secp256k1" },
      ],
    }),
    ["a"],
  );
  const [kept] = readKeySet(Buffer.from(JSON.stringify({ keys: [{ ...private_, kid: "a" }] })), "https://x/jwks");
  assert.ok(kept !== undefined && !("d" in kept.jwk), "a private member goes no further");
  for (const bad of [
    "{",
    "[]",
    "{}",
    '{"keys":[]}',
    '{"keys":[],"keys":[{}]}',
    '{"keys":[7]}',
    JSON.stringify({
      keys: [
        { ...jwk, kid: "a" },
        { ...jwk, kid: "a" },
      ],
    }),
    JSON.stringify({ keys: Array.from({ length: 65 }, (_, at) => ({ ...jwk, kid: String(at) })) }),
  ])
    assert.throws(
      () => readKeySet(Buffer.from(bad), "https://x/jwks"),
      { code: "FEDERATION_FAILED" },
      bad.slice(0, 40),
    );
});
