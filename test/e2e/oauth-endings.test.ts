/**
 * What a program does for a person ends with what it stands on: a live stream through Cordon's own authorization server is cut
 * when the passkey that said yes is removed, when a shared signal revokes the person's sessions, and when the program may not
 * ask for that route any more. A stream of somebody else beside it goes on.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as oidc from "openid-client";
import { eventTypes } from "@cordon/core/risk/ssf/events";
import { openEstate, policies, until, type Estate } from "./estate.ts";
import { actFor, program, use, type Program, type Tokens } from "./oauth-client.ts";
import { grantRules, serverOf } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import { softPerson, type SoftPerson } from "./soft-person.ts";

const folder = await mkdtemp(join(tmpdir(), "cordon-oauth-endings-"));
after(() => rm(folder, { recursive: true }));
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", use: "sig" };
await writeFile(join(folder, "jwks.json"), JSON.stringify({ keys: [jwk] }));
await writeFile(join(folder, "push"), "push-token", { mode: 0o600 });
const [transmitter, audience] = ["https://idp.example", "https://cordon.example"];
const more = `${grantRules}
oauth:
  clients:
    - { name: app, redirectUris: ["http://127.0.0.1/callback"] }
signals:
  listen: "127.0.0.1:0"
  receive:
    - { name: idp, issuer: "${transmitter}", audiences: ["${audience}"], jwksFile: "${join(folder, "jwks.json")}", token: { file: "${join(folder, "push")}" } }
`;
const permits = `${policies}
@id("people-chat") permit (principal is User, action == Action::"infer", resource == Component::"default/endpoint/chat");
`;
const chat = { model: "m", messages: [{ role: "user", content: "hello" }] };

interface Setting extends AsyncDisposable {
  readonly estate: Estate;
  readonly mei: SoftPerson;
  readonly app: Program;
  readonly mine: Tokens;
  readonly others: Tokens;
  readonly resource: string;
}

async function setting(): Promise<Setting> {
  const estate = await openEstate({ policies: permits, more });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const resource = `${estate.cordon.gateway.origin}/v1`;
  const app = await program(estate);
  const scope = "infer";
  const [mine, others] = [await actFor(app, mei, resource, { scope }), await actFor(app, ada, resource, { scope })];
  estate.chat.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write('data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'), 10);
    response.on("close", () => clearInterval(timer));
  };
  return { estate, mei, app, mine, others, resource, [Symbol.asyncDispose]: () => estate[Symbol.asyncDispose]() };
}

/** A stream that is running; how much of it came, and whether it is over. */
async function stream({ app, resource }: Setting, tokens: Tokens) {
  const body = JSON.stringify({ ...chat, stream: true });
  const answer = await use(app, tokens, `${resource}/chat/completions`, "POST", body);
  assert.equal(answer.status, 200);
  const seen = { pieces: 0, over: false };
  const reader = answer.body?.getReader();
  void (async () => {
    while ((await reader?.read())?.done === false) seen.pieces += 1;
  })()
    .catch(() => undefined)
    .finally(() => (seen.over = true));
  await until(() => seen.pieces > 1, "the stream began");
  return seen;
}

/** The other person's goes on: more of it comes after the first was cut. */
async function goesOn(other: { readonly pieces: number; readonly over: boolean }): Promise<void> {
  const { pieces } = other;
  await until(() => other.pieces > pieces + 1 || other.over, "more of the other stream came");
  assert.equal(other.over, false);
}

async function isDead({ app, resource, estate }: Setting, tokens: Pick<Tokens, "access_token">): Promise<void> {
  estate.chat.answer = (_request, response) => response.end("{}");
  const called = await use(app, tokens, `${resource}/chat/completions`, "POST", JSON.stringify(chat));
  assert.equal(called.status, 403, await called.text());
}

const refresh = (app: Program, tokens: Tokens) =>
  oidc.refreshTokenGrant(app.config, tokens.refresh_token ?? "", {}, { DPoP: app.dpop });

test("a live stream is cut, and the tokens dead, when the passkey that said yes is removed", async () => {
  await using at = await setting();
  const { estate, mei, app, mine, others } = at;
  const [own, other] = [await stream(at, mine), await stream(at, others)];
  const spare = softPerson(serverOf(estate).url);
  const start = await mei.call("POST", "/v1/passkeys/start", { assertion: await mei.confirm("add-passkey", "") });
  const response = spare.authenticator.create(start.json.options, mei.ceremony);
  const credential = { id: start.json.id, response };
  assert.equal((await mei.call("POST", "/v1/passkeys/finish", { label: "spare", credential })).status, 200);
  assert.equal((await spare.signIn()).status, 200);
  assert.equal(own.over, false, "one more passkey ends nothing");
  const { json: me } = await spare.call("GET", "/v1/me");
  const first = me.passkeys.find(({ label }: { label: string }) => label !== "spare");
  assert.equal((await spare.call("POST", "/v1/passkeys/remove", { name: first.name })).status, 200);
  await until(() => own.over, "the stream was cut");
  await goesOn(other);
  await isDead(at, mine);
  await assert.rejects(refresh(app, mine));
});

test("a live stream is cut, and the token dead, when a shared signal revokes the person's sessions", async () => {
  await using at = await setting();
  const { estate, mei, app, mine, others, resource } = at;
  const [own, other] = [await stream(at, mine), await stream(at, others)];
  const subject = { format: "uri", uri: "spiffe://test.example/ns/default/user/mei" };
  const pushed = await fetch(`${estate.cordon.signalsUrl}/ssf/push/idp`, {
    method: "POST",
    headers: { authorization: "Bearer push-token", "content-type": "application/secevent+jwt" },
    body: securityEvent(eventTypes.sessionRevoked, { reason_admin: { en: "stolen" } }, subject),
  });
  assert.equal(pushed.status, 202, await pushed.text());
  await until(() => own.over, "the stream was cut");
  await goesOn(other);
  await isDead(at, mine);
  // A refresh makes the session no younger: what it gives is as dead.
  const refreshed = await refresh(app, mine).catch(() => undefined);
  if (refreshed !== undefined) await isDead(at, refreshed);
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // signals are dated in whole seconds
  const anew = await actFor(app, mei, resource, { scope: "infer" });
  const called = await use(app, anew, `${resource}/chat/completions`, "POST", JSON.stringify(chat));
  assert.equal(called.status, 200, "who says yes anew, with the passkey, comes in");
});

test("a live stream is cut, and the tokens dead, when the program's `routes` do not hold the route any more", async () => {
  await using at = await setting();
  const { estate, app, mine } = at;
  const narrowTo = async (...routes: string[]): Promise<void> => {
    const { store } = estate.cordon.control;
    const [client] = await store.list("oauth-client");
    assert.ok(client);
    await store.transact("test", Date.now(), (transaction) =>
      transaction.put(client, { ...(client.value as object), routes }, client.source),
    );
  };
  const own = await stream(at, mine);
  await narrowTo("default/training-data", ...routeNames(estate));
  const { pieces } = own;
  await until(() => own.pieces > pieces + 5 || own.over, "more of the stream came");
  assert.equal(own.over, false, "where the route is still among them, nothing ends");
  await narrowTo("default/training-data");
  await until(() => own.over, "the stream was cut");
  await isDead(at, mine);
  await assert.rejects(refresh(app, mine));
  const words = (await estate.entries()).flatMap((entry) => (entry.kind === "change" ? [entry.words ?? ""] : []));
  assert.ok(words.some((one) => /may not ask for any more/.test(one)));
});

function routeNames(estate: Estate): string[] {
  const { routes } = estate.cordon.control.snapshots.current();
  return routes.filter(({ path }) => path === "/v1").map(({ namespace, name }) => `${namespace}/${name}`);
}

function securityEvent(type: string, payload: object, subject: object): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    ...{ iss: transmitter, aud: audience, iat: Math.floor(Date.now() / 1000), jti: randomUUID() },
    ...{ sub_id: subject, events: { [type]: payload } },
  };
  const signed = `${part({ alg: "RS256", kid: "k1", typ: "secevent+jwt" })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}
