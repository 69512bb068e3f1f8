/**
 * Cordon as an authorization server: a program asks, a person says yes with a passkey, and the program reads through the gateway
 * until what it stands on is taken away. The program is `openid-client`; the person's browser is a script here, and Chromium in
 * `oauth-browser.test.ts`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oidc from "openid-client";
import { openEstate, policies, type Estate } from "./estate.ts";
import { actFor, ask, program, redeem, redirectUri, use } from "./oauth-client.ts";
import { cordonCommand, grantRules, serverOf } from "./people-estate.ts";
import { askedCall, openConsent, sayYes, softBrowser } from "./soft-browser.ts";
import { administrator, invited } from "./soft-people.ts";
import type { SoftPerson } from "./soft-person.ts";

export const oauthMore = `${grantRules}
oauth:
  clients:
    - { name: app, displayName: Mei's notebook, redirectUris: ["http://127.0.0.1/callback"] }
    - { name: other, redirectUris: ["https://other.test/callback"] }
    - { name: plain, redirectUris: ["http://127.0.0.1/callback"], bearer: true }
    - { name: narrow, redirectUris: ["http://127.0.0.1/callback"], routes: [data] }
`;
export const oauthPolicies = `${policies}
@id("people-chat") permit (principal is User, action == Action::"infer", resource == Component::"default/endpoint/chat")
  when { context.client == "default/app" || context.assurance == "bearer-token" };
`;
const chat = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }] });

async function people(estate: Estate): Promise<{ ada: SoftPerson; mei: SoftPerson; resource: string; data: string }> {
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { origin } = estate.cordon.gateway;
  return { ada, mei, resource: `${origin}/v1`, data: `${origin}/training-data` };
}

test("a program finds the server, a person says yes, and it calls through the gateway for them", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: oauthMore });
  const { mei, resource } = await people(estate);
  const app = await program(estate);
  const metadata = app.config.serverMetadata();
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.deepEqual(metadata.code_challenge_methods_supported, ["S256"]);
  assert.deepEqual(metadata.response_types_supported, ["code"]);
  const asking = await ask(app, resource, { scope: "infer" });
  const browser = softBrowser();
  const uid = await openConsent(browser, asking.url.href);
  const shown = await askedCall(browser, mei, uid, "view");
  assert.equal(shown.status, 200, shown.text);
  assert.deepEqual(shown.json.client, {
    id: "default/app",
    name: "Mei's notebook",
    bearer: false,
    returnsTo: "127.0.0.1:47001",
  });
  assert.deepEqual(shown.json.scopes, [{ scope: "infer", words: "ask the model" }]);
  const answer = await sayYes(browser, mei, uid);
  assert.equal(answer.searchParams.get("iss"), app.issuer);
  assert.ok(answer.href.startsWith(redirectUri));
  const tokens = await redeem(app, asking, answer);
  assert.equal(tokens.token_type, "dpop");
  const called = await use(app, tokens, `${resource}/chat/completions`, "POST", chat);
  assert.equal(called.status, 200, await called.text());
  const refreshed = await oidc.refreshTokenGrant(app.config, tokens.refresh_token ?? "", {}, { DPoP: app.dpop });
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.equal((await use(app, refreshed, `${resource}/chat/completions`, "POST", chat)).status, 200);
  const entries = await estate.entries();
  const words = entries.flatMap((entry) => (entry.kind === "change" ? [entry.words ?? ""] : []));
  assert.ok(
    words.some((one) => /^mei let Mei's notebook \(default\/app\) act for them at .*: infer; with a passkey/.test(one)),
  );
});

test("a program that asks for nothing in particular asks for all of the resource, and the person sees what that is", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: oauthMore });
  const { mei, resource } = await people(estate);
  const app = await program(estate);
  const browser = softBrowser();
  const uid = await openConsent(browser, (await ask(app, resource)).url.href);
  const shown = await askedCall(browser, mei, uid, "view");
  assert.deepEqual(
    shown.json.scopes.map(({ scope }: { scope: string }) => scope),
    ["embed", "infer", "read", "write"],
  );
});

test("a person who says no is asked nothing more, and the program is told so", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: oauthMore });
  const { mei, resource } = await people(estate);
  const app = await program(estate);
  const browser = softBrowser();
  const asking = await ask(app, resource);
  const uid = await openConsent(browser, asking.url.href);
  const denied = await askedCall(browser, mei, uid, "deny");
  const back = await browser.get(denied.json.location);
  const answer = new URL(back.headers.location ?? "");
  assert.equal(answer.searchParams.get("error"), "access_denied");
  await assert.rejects(redeem(app, asking, answer), /access_denied|authorization response/);
});

test("a token for data that a grant covers dies with the grant, and what runs is cut", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: oauthMore });
  const { ada, mei, data } = await people(estate);
  const asked = await mei.ask({
    ...{ actions: ["read"], resources: ["default/training-data"], minutes: 60, reason: "the May model drifts" },
  });
  assert.equal(asked.status, 200, asked.text);
  const approved = await ada.voice("approve", asked.json.id);
  assert.equal(approved.status, 200, approved.text);
  const app = await program(estate);
  const browser = softBrowser();
  const asking = await ask(app, data, { scope: "read" });
  const uid = await openConsent(browser, asking.url.href);
  const shown = await askedCall(browser, mei, uid, "view");
  assert.equal(shown.json.grant.id, asked.json.id);
  const tokens = await redeem(app, asking, await sayYes(browser, mei, uid));
  estate.data.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    response.write("first rows");
  };
  const download = await use(app, tokens, `${data}/rows`);
  assert.equal(download.status, 200);
  const reader = download.body?.getReader();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), "first rows");
  const revoked = await ada.call("POST", "/v1/grants/revoke", { id: asked.json.id, words: "done" });
  assert.equal(revoked.status, 200, revoked.text);
  await assert.rejects(async () => {
    while ((await reader?.read())?.done === false);
  });
  assert.equal((await use(app, tokens, `${data}/rows`)).status, 403);
  await assert.rejects(oidc.refreshTokenGrant(app.config, tokens.refresh_token ?? "", {}, { DPoP: app.dpop }));
});

test("an administrator sees who acts through which program, and disables one at once", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: oauthMore });
  const { ada, mei, resource } = await people(estate);
  const app = await program(estate);
  const tokens = await actFor(app, mei, resource, { scope: "infer" });
  const listed = await ada.call("GET", "/v1/oauth/clients");
  assert.equal(listed.status, 200, listed.text);
  const [notebook] = listed.json.clients;
  assert.equal(notebook.sessions.length, 1);
  assert.equal(notebook.sessions[0].resource, resource);
  assert.equal((await mei.call("GET", "/v1/oauth/clients")).status, 403);
  const order = { id: "default/app", reason: "it leaks" };
  assert.equal((await mei.call("POST", "/v1/oauth/clients/disable", order)).status, 403);
  assert.equal((await ada.call("POST", "/v1/oauth/clients/disable", order)).json.ended, 1);
  assert.equal((await use(app, tokens, `${resource}/chat/completions`, "POST", chat)).status, 403);
  await assert.rejects(oidc.refreshTokenGrant(app.config, tokens.refresh_token ?? "", {}, { DPoP: app.dpop }));
  const asking = await ask(app, resource);
  assert.equal((await softBrowser().get(asking.url.href)).status, 400);
  assert.equal((await ada.call("POST", "/v1/oauth/clients/enable", order)).status, 200);
  await actFor(app, mei, resource, { scope: "infer" });
});

test("a person ends what a program may do from their own page, and giving a token back ends it too", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: oauthMore });
  const { mei, resource } = await people(estate);
  const app = await program(estate);
  const first = await actFor(app, mei, resource, { scope: "infer" });
  const { json: me } = await mei.call("GET", "/v1/me");
  const { id } = me.sessions.find(({ kind }: { kind: string }) => kind === "oauth");
  const ended = await mei.call("POST", "/v1/sessions/end", { session: id });
  assert.equal(ended.status, 200, ended.text);
  assert.equal((await use(app, first, `${resource}/chat/completions`, "POST", chat)).status, 403);
  const second = await actFor(app, mei, resource, { scope: "infer" });
  await oidc.tokenRevocation(app.config, second.refresh_token ?? "");
  assert.equal((await use(app, second, `${resource}/chat/completions`, "POST", chat)).status, 403);
});

test("from the command line: who acts through what, and one program stopped at once", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: oauthMore });
  const { mei, resource } = await people(estate);
  const app = await program(estate);
  const tokens = await actFor(app, mei, resource, { scope: "infer" });
  const cordon = async (...args: string[]) => {
    const run = cordonCommand([...args, "--socket", estate.cordon.socketPath], {});
    assert.equal(await run.ended, 0, run.stderr);
    return run.stdout;
  };
  const listed = await cordon("oauth", "list");
  assert.match(listed, /default\/app {2}Mei's notebook {2}dpop/);
  assert.match(listed, new RegExp(`user/mei {2}${resource} {2}infer`));
  assert.match(await cordon("oauth", "disable", "default/app", "--reason", "it leaks"), /sessions that ended: 1/);
  assert.equal((await use(app, tokens, `${resource}/chat/completions`, "POST", chat)).status, 403);
  assert.match(await cordon("oauth", "list"), /DISABLED: it leaks/);
  await cordon("oauth", "disable", "default/app", "--reason", "mended", "--enable");
  await actFor(app, mei, resource, { scope: "infer" });
});

test("without `oauth` there is no server, and tokens that it gave before count no more", async () => {
  await using estate = await openEstate({ policies: oauthPolicies, more: grantRules });
  const server = serverOf(estate);
  assert.equal(server.oauth, undefined);
  const page = await softBrowser().get(`${server.url}/oauth/auth?client_id=default/app`);
  assert.notEqual(page.status, 303);
  assert.equal(estate.cordon.control.snapshots.current().tokenIssuers?.size, 0);
});
