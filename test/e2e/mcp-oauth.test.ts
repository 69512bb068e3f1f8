/**
 * An MCP route as OAuth's protected resource, from outside: how a client without a token finds its way, and what no token is
 * good for. The authorization server is a test's, so that its tokens can be bent.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { discoverOAuthProtectedResourceMetadata, extractWWWAuthenticateParams } from "@modelcontextprotocol/client";
import { compact, ecPair, thumbprintOf } from "@cordon/core/oauth/test-tokens";
import { Agent, fetch as undiciFetch } from "undici";
import { configurationText, openEstate, type Estate } from "./estate.ts";
import { grantRules, serverOf } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import { callWith, type TokenAnswer, type TokenClient } from "./token-client.ts";

const issuerKey = ecPair();
const issuer = "https://issuer.test/oauth";
const session = "5e".repeat(32);
const mei = "spiffe://test.example/ns/default/user/mei";
const oauth = `
oauth:
  clients:
    - { name: app, displayName: Mei's notebook, redirectUris: ["http://127.0.0.1/callback"] }
`;
const policies = `
@id("people-use-tools") permit (principal is User, action in [Action::"callTool", Action::"read", Action::"elicit"], resource == Component::"default/tool/desk");
`;

interface Setting extends AsyncDisposable {
  readonly estate: Estate;
  /** Calls the MCP route, or another path, with a token of these claims; `undefined`: with none. */
  readonly call: (claims: Record<string, unknown> | undefined, message: object, path?: string) => Promise<TokenAnswer>;
  readonly anonymous: (path: string, init?: object) => Promise<Response>;
}

async function setting(): Promise<Setting> {
  const estate = await openEstate({
    policies,
    configuration: (ports) =>
      configurationText(ports)
        .replace("components:", "components:\n  - { name: desk, kind: tool, boundary: api }")
        .replace(
          "upstreams:",
          `upstreams:\n  - { name: desk, url: "http://127.0.0.1:${ports.chat}/mcp", authentication: loopback }`,
        )
        .replace(
          "routes:",
          "routes:\n  - { name: mcp, kind: mcp, path: /tools/mcp, resource: desk, upstream: desk, asks: [elicitation] }\n  - { name: other, kind: mcp, path: /other/mcp, resource: desk, upstream: desk }",
        ) +
      grantRules +
      oauth,
  });
  const ada = await administrator(estate);
  await invited(estate, ada, "mei", ["data-science"]);
  const { store } = estate.cordon.control;
  const passkey = (await store.list("passkey")).find(({ value }) => (value as { user: string }).user === "default/mei");
  const put = async (kind: string, name: string, value: unknown, source: "api" | "system"): Promise<void> => {
    const { revision } = await store.transact("test", Date.now(), (transaction) =>
      transaction.put({ kind, namespace: "default" as never, name }, value, source),
    );
    while (estate.cordon.control.snapshots.current().revision < revision)
      await new Promise((next) => setTimeout(next, 2));
  };
  const keys = [{ kid: "k1", jwk: { ...issuerKey.jwk, alg: "ES256" } }];
  await put("token-issuer", "test", { issuer, keys, maxLifetimeSeconds: 300 }, "system");
  const times = { authenticatedAt: Date.now(), ends: Date.now() + 3_600_000 };
  const opened = { user: mei, kind: "oauth", client: "default/app", passkey: passkey?.name, label: "Mei's notebook" };
  await put("session", session, { ...opened, ...times }, "api");

  estate.chat.answer = ({ body }, response) => {
    const { id } = JSON.parse(body.toString()) as { id: number };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "done" }] } }));
  };
  const client: TokenClient = { estate, key: ecPair() };
  const { origin, port } = estate.cordon.gateway;
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const anonymous = async (path: string, init: object = {}): Promise<Response> => {
    const { status, headers, body } = await undiciFetch(`https://127.0.0.1:${port}${path}`, { dispatcher, ...init });
    return new Response(body as ReadableStream | null, { status, headers: [...headers] });
  };
  return {
    estate,
    anonymous,
    call(claims, message, path = "/tools/mcp") {
      const iat = Math.floor(Date.now() / 1000);
      const mine = { iss: issuer, sub: mei, aud: `${origin}/tools/mcp`, client_id: "default/app", iat, exp: iat + 300 };
      const bound = { scope: "callTool read", sid: session, jti: "t", cnf: { jkt: thumbprintOf(client.key) } };
      const token = compact(
        { alg: "ES256", typ: "at+jwt", kid: "k1" },
        { ...mine, ...bound, ...claims },
        issuerKey.privateKey,
      );
      return callWith(client, token, path, JSON.stringify({ jsonrpc: "2.0", id: 5, ...message }), {
        headers: { "mcp-protocol-version": "2025-11-25" },
      });
    },
    [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose](),
  };
}

const use = { method: "tools/call", params: { name: "open_ticket", arguments: {} } };

test("a client without a token is told where to get one, by the header and at the well-known address", async () => {
  await using at = await setting();
  const { origin } = at.estate.cordon.gateway;
  const refused = await at.anonymous("/tools/mcp", {
    ...{ method: "POST", headers: { "content-type": "application/json" } },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  assert.equal(refused.status, 401);
  const found = extractWWWAuthenticateParams(refused);
  const where = `${origin}/.well-known/oauth-protected-resource/tools/mcp`;
  assert.deepEqual([found.resourceMetadataUrl?.href, found.scope], [where, "callTool read"], "as the SDK reads it");
  assert.match(refused.headers.get("www-authenticate") ?? "", /^Bearer .*, DPoP .*algs=/);

  const toGateway = (url: string | URL, init?: RequestInit) => at.anonymous(new URL(url).pathname, init ?? {});
  const metadata = await discoverOAuthProtectedResourceMetadata(`${origin}/tools/mcp`, {}, toGateway);
  assert.deepEqual(metadata, {
    resource: `${origin}/tools/mcp`,
    authorization_servers: [`${serverOf(at.estate).url}/oauth`, issuer],
    scopes_supported: ["callTool", "read"],
    bearer_methods_supported: ["header"],
    resource_name: "default/mcp",
    dpop_signing_alg_values_supported: "ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512".split(" "),
    dpop_bound_access_tokens_required: true,
  });
  for (const [path, status] of [
    ["/.well-known/oauth-protected-resource/other/mcp", 200],
    ["/.well-known/oauth-protected-resource", 404],
    ["/.well-known/oauth-protected-resource/tools", 404],
    ["/.well-known/oauth-protected-resource/tools/mcp/more", 404],
    ["/.well-known/oauth-protected-resourcex", 401],
  ] as const)
    assert.equal((await at.anonymous(path)).status, status, path);
  assert.equal((await at.anonymous("/.well-known/oauth-protected-resource/tools/mcp", { method: "POST" })).status, 405);
});

test("a token is good for the route that it was made for, and never goes on to the server", async () => {
  await using at = await setting();
  const { origin } = at.estate.cordon.gateway;
  const done = await at.call({}, use);
  assert.equal(done.status, 200, done.text);
  const [seen] = at.estate.chat.seen;
  for (const name of ["authorization", "dpop", "cookie", "x-api-key"])
    assert.equal(seen?.headers[name], undefined, name);
  assert.ok(!JSON.stringify(seen?.headers).includes("eyJ"), "nothing of the token in any header");

  const deputies: readonly (readonly [string, Record<string, unknown>, string?])[] = [
    ["of another route", { aud: `${origin}/other/mcp` }],
    ["carried to another route", {}, "/other/mcp"],
    ["of the whole gateway", { aud: origin }],
    ["of two resources at once", { aud: [`${origin}/tools/mcp`, `${origin}/other/mcp`] }],
    ["of the MCP server behind", { aud: `http://127.0.0.1:${at.estate.chat.port}/mcp` }],
    ["of no resource", { aud: undefined }],
    ["of another issuer", { iss: "https://evil.test/oauth" }],
    ["that is past", { iat: 1_000_000, exp: 1_000_300 }],
  ];
  for (const [what, claims, path] of deputies) {
    const refused = await at.call(claims, use, path);
    const challenge = String(refused.headers["www-authenticate"]);
    assert.equal(refused.status, 401, what);
    assert.match(challenge, /Bearer error="invalid_token"/, what);
    const route = path ?? "/tools/mcp";
    assert.ok(
      challenge.includes(`resource_metadata="${origin}/.well-known/oauth-protected-resource${route}"`),
      challenge,
    );
  }
  assert.equal(at.estate.chat.seen.length, 1);
});

test("a scope that is missing is told by name, all that the call needs at once", async () => {
  await using at = await setting();
  const reading = { scope: "read" };
  assert.equal((await at.call(reading, { method: "tools/list" })).status, 200);
  const refused = await at.call(reading, use);
  assert.equal(refused.status, 403);
  const challenge = String(refused.headers["www-authenticate"]);
  assert.match(challenge, /Bearer error="insufficient_scope", .*resource_metadata="https:.*, scope="callTool"/);
  const answering = {
    ...use,
    params: { ...use.params, inputResponses: { who: { action: "accept", content: { name: "x" } } } },
  };
  const more = await at.call({}, answering);
  assert.equal(more.status, 403, more.text);
  assert.match(String(more.headers["www-authenticate"]), /scope="callTool elicit"/);
  assert.equal((await at.call({ scope: "callTool elicit" }, answering)).status, 200);
});

test("a token in an address is refused, whoever sends it", async () => {
  await using at = await setting();
  for (const query of ["?access_token=x", "?a=b&Access_Token=x", "?access%5Ftoken=x"]) {
    const refused = await at.call({}, use, `/tools/mcp${query}`);
    assert.equal(refused.status, 400, query);
    assert.match(refused.text, /never in an address/);
  }
  const alone = await at.anonymous("/tools/mcp?access_token=eyJ", { method: "POST", body: "{}" });
  assert.equal(alone.status, 401, "and it is no credential");
  assert.equal(at.estate.chat.seen.length, 0);
});
