/**
 * Attacks on programs that act for people (claim C4): each is carried out against the real authorization server and gateway, by
 * a client that no honest one would be, and beside each the same goes through without the one thing that is wrong with it. The
 * last line says how many were refused.
 */
import assert from "node:assert/strict";
import { createHmac, createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as oidc from "openid-client";
import { signatureHeader } from "@cordon/core/contract/console-api";
import { compact, ecPair } from "@cordon/core/oauth/test-tokens";
import { openEstate, policies, type Estate } from "./estate.ts";
import { actFor, ask, program, redeem, redirectUri, use, type Asking, type Program } from "./oauth-client.ts";
import { grantRules, serverOf } from "./people-estate.ts";
import { askedCall, openConsent, sayYes, softBrowser } from "./soft-browser.ts";
import { administrator, invited } from "./soft-people.ts";
import type { SoftPerson } from "./soft-person.ts";

const more = `${grantRules}
oauth:
  clients:
    - { name: app, redirectUris: ["http://127.0.0.1/callback", "https://app.test/callback"] }
    - { name: rival, redirectUris: ["http://127.0.0.1/callback"] }
`;
const permits = `${policies}
@id("people-chat") permit (principal is User, action == Action::"infer", resource == Component::"default/endpoint/chat");
`;
const chat = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }] });

let estate: Estate;
let ada: SoftPerson;
let mei: SoftPerson;
let resource = "";
let app: Program;
let issuer = "";

before(async () => {
  estate = await openEstate({ policies: permits, more });
  ada = await administrator(estate);
  mei = await invited(estate, ada, "mei", ["data-science"]);
  resource = `${estate.cordon.gateway.origin}/v1`;
  app = await program(estate);
  ({ issuer } = app);
});
after(() => estate[Symbol.asyncDispose]());

let listed = 0;
const refusedAttacks = new Set<string>();
after(() => console.log(`attack list, programs that act for people: ${refusedAttacks.size} of ${listed} refused`));

/** An attack; it counts when it ran to its end. */
function attack(name: string, run: () => Promise<void>): void {
  listed += 1;
  test(`refused: ${name}`, async () => {
    await run();
    refusedAttacks.add(name);
  });
}

/** The status of a call with a token; the library throws where it is challenged. */
const works = (made: Program, token: string): Promise<number> =>
  use(made, { access_token: token }, `${resource}/chat/completions`, "POST", chat).then(
    ({ status }) => status,
    (error: unknown) => {
      if (error instanceof oidc.WWWAuthenticateChallengeError) return error.status;
      throw error;
    },
  );

/** What comes back from the authorization endpoint, without following it. */
async function authorize(bent: Record<string, string | undefined>, address?: string) {
  const url = new URL(address ?? (await ask(app, resource, { scope: "infer" })).url.href);
  for (const [name, value] of Object.entries(bent))
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  return softBrowser().get(url.href);
}

/** A code, as far as the program has it. */
async function codeFor(made = app, person = mei): Promise<{ asking: Asking; answer: URL }> {
  const asking = await ask(made, resource, { scope: "infer" });
  const browser = softBrowser();
  const uid = await openConsent(browser, asking.url.href);
  return { asking, answer: await sayYes(browser, person, uid) };
}

attack("a code that is redeemed a second time, which ends what the first was given", async () => {
  const { asking, answer } = await codeFor();
  const tokens = await redeem(app, asking, answer);
  assert.equal(await works(app, tokens.access_token), 200);
  await assert.rejects(redeem(app, asking, answer));
  assert.equal(await works(app, tokens.access_token), 403);
});

attack("a code that is redeemed twice at the same time", async () => {
  const { asking, answer } = await codeFor();
  const tries = await Promise.allSettled(Array.from({ length: 6 }, () => redeem(app, asking, answer)));
  const given = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  assert.ok(given.length <= 1, `${given.length} of 6 were given tokens`);
  for (const { access_token: token } of given) assert.equal(await works(app, token), 403);
});

attack("a code that was read on its way, without the verifier", async () => {
  const { asking, answer } = await codeFor();
  const thief = await program(estate);
  await assert.rejects(redeem(thief, { ...asking, verifier: oidc.randomPKCECodeVerifier() }, answer));
});

attack("a code that another client redeems", async () => {
  const { asking, answer } = await codeFor();
  const rival = await program(estate, "default/rival");
  await assert.rejects(redeem(rival, asking, answer));
});

attack("PKCE left out, or made plain", async () => {
  for (const bent of [
    { code_challenge: undefined, code_challenge_method: undefined },
    { code_challenge_method: "plain" },
    { code_challenge_method: undefined },
  ]) {
    const page = await authorize(bent);
    assert.equal(page.status, 303);
    const back = new URL(page.headers.location ?? "");
    assert.equal(back.searchParams.get("error"), "invalid_request");
    assert.equal(back.searchParams.get("code"), null);
  }
});

attack("addresses to send the answer to that are not registered (no open redirect)", async () => {
  for (const uri of [
    "https://evil.test/callback",
    "http://127.0.0.1:47001/callback/../evil",
    "http://127.0.0.1:47001/callback/evil",
    "http://127.0.0.1:47001/callback?next=https://evil.test",
    "http://127.0.0.1:47001@evil.test/callback",
    "http://127.0.0.1.evil.test/callback",
    "http://evil.test/callback",
    "http://localhost:47001/callback",
    "https://127.0.0.1:47001/callback",
    "https://app.test:8443/callback",
    "https://app.test/callback#x",
    "https://APP.test/Callback",
    "javascript:alert(1)",
    "//evil.test/callback",
    undefined,
  ]) {
    const page = await authorize({ redirect_uri: uri });
    assert.equal(page.status, 400, `${uri}: ${page.status} ${page.headers.location}`);
    assert.equal(page.headers.location, undefined);
    assert.doesNotMatch(page.text, /<script/i);
  }
  assert.equal((await authorize({ redirect_uri: "http://127.0.0.1:50505/callback" })).status, 303);
});

attack("an answer that claims to be of another server (mix-up)", async () => {
  const { asking, answer } = await codeFor();
  assert.equal(answer.searchParams.get("iss"), issuer);
  const mixed = new URL(answer);
  mixed.searchParams.set("iss", "https://evil.test/oauth");
  await assert.rejects(redeem(app, asking, mixed), (error: Error) => /unexpected "iss"/.test(String(error.cause)));
  const refused = await authorize({ code_challenge_method: "plain" });
  assert.equal(
    new URL(refused.headers.location ?? "").searchParams.get("iss"),
    issuer,
    "errors say whose they are, too",
  );
});

attack("a refresh token that was used before, which ends everything that stands on it", async () => {
  const first = await actFor(app, mei, resource, { scope: "infer" });
  const second = await oidc.refreshTokenGrant(app.config, first.refresh_token ?? "", {}, { DPoP: app.dpop });
  assert.equal(await works(app, second.access_token), 200);
  await assert.rejects(oidc.refreshTokenGrant(app.config, first.refresh_token ?? "", {}, { DPoP: app.dpop }));
  assert.equal(await works(app, second.access_token), 403);
  await assert.rejects(oidc.refreshTokenGrant(app.config, second.refresh_token ?? "", {}, { DPoP: app.dpop }));
});

attack("a refresh token that was stolen, without its key", async () => {
  const tokens = await actFor(app, mei, resource, { scope: "infer" });
  const thief = await program(estate);
  await assert.rejects(oidc.refreshTokenGrant(thief.config, tokens.refresh_token ?? "", {}, { DPoP: thief.dpop }));
  await assert.rejects(oidc.refreshTokenGrant(thief.config, tokens.refresh_token ?? ""));
  assert.equal(await works(app, tokens.access_token), 200);
});

attack("an access token that was stolen, without its key", async () => {
  const tokens = await actFor(app, mei, resource, { scope: "infer" });
  assert.equal(await works(await program(estate), tokens.access_token), 401);
  assert.equal(await works(app, tokens.access_token), 200);
});

attack("a client that asks for tokens without a key, where it is not let", async () => {
  const { asking, answer } = await codeFor();
  const checks = { pkceCodeVerifier: asking.verifier, expectedState: asking.state };
  await assert.rejects(oidc.authorizationCodeGrant(app.config, answer, checks));
});

attack("a proof that is shown to the token endpoint twice", async () => {
  const [one, two] = [await codeFor(), await codeFor()];
  const endpoint = app.config.serverMetadata().token_endpoint ?? "";
  const key = ecPair();
  const claims = { jti: "once", htm: "POST", htu: endpoint, iat: Math.floor(Date.now() / 1000) };
  const proof = compact({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk }, claims, key.privateKey);
  const exchange = ({ asking, answer }: typeof one) => {
    const code = answer.searchParams.get("code") ?? "";
    const form = new URLSearchParams({
      ...{ grant_type: "authorization_code", code, client_id: "default/app", redirect_uri: redirectUri },
      code_verifier: asking.verifier,
    });
    const type = "application/x-www-form-urlencoded";
    return softBrowser().post(endpoint, form.toString(), { "content-type": type, dpop: proof });
  };
  assert.equal((await exchange(one)).status, 200);
  const again = await exchange(two);
  assert.equal(again.status, 400, again.text);
});

attack("tokens that nobody signed, or that were signed with the server's public key as a secret", async () => {
  const tokens = await actFor(app, mei, resource, { scope: "infer" });
  const [head = "", body = ""] = tokens.access_token.split(".");
  const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, "base64url").toString());
  const header = read(head);
  const jwks = (await softBrowser().get(app.config.serverMetadata().jwks_uri ?? "")).json.keys;
  const pem = createPublicKey({ key: jwks[0], format: "jwk" }).export({ type: "spki", format: "pem" });
  const hmac = (signed: string): Buffer => createHmac("sha256", pem).update(signed).digest();
  assert.equal(
    await works(
      app,
      compact({ ...header, alg: "none" }, read(body), () => Buffer.alloc(0)),
    ),
    401,
  );
  assert.equal(await works(app, compact({ ...header, alg: "HS256" }, read(body), hmac)), 401);
  assert.equal(await works(app, compact({ ...header, jwk: jwks[0] }, read(body), ecPair().privateKey)), 401);
  assert.ok(jwks.every((key: Record<string, unknown>) => key["d"] === undefined));
});

attack("a token for one resource on another, and one for two", async () => {
  const tokens = await actFor(app, mei, `${estate.cordon.gateway.origin}/anthropic`, { scope: "infer" });
  assert.equal(await works(app, tokens.access_token), 401);
  const url = (await ask(app, resource)).url;
  url.searchParams.append("resource", `${estate.cordon.gateway.origin}/anthropic`);
  const two = await softBrowser().get(url.href);
  assert.equal(new URL(two.headers.location ?? "").searchParams.get("error"), "invalid_target");
  for (const other of ["https://evil.test/v1", `${resource}/`, `${resource}/chat`, `${resource}?x=1`]) {
    const page = await authorize({ resource: other });
    assert.equal(new URL(page.headers.location ?? "").searchParams.get("error"), "invalid_target", other);
  }
  assert.equal(
    new URL((await authorize({ resource: undefined })).headers.location ?? "").searchParams.get("error"),
    "invalid_target",
  );
});

attack("an ID token, or a refresh token, in place of an access token", async () => {
  const tokens = await actFor(app, mei, resource, { scope: "openid infer" });
  assert.notEqual(tokens.id_token, undefined);
  assert.equal(await works(app, tokens.id_token ?? ""), 401);
  assert.equal(await works(app, tokens.refresh_token ?? ""), 401);
});

attack("an answer in the address's fragment, or tokens straight from the browser (implicit flow)", async () => {
  for (const bent of [{ response_type: "token" }, { response_type: "code id_token" }, { response_type: "id_token" }]) {
    const page = await authorize(bent);
    assert.ok(page.status >= 300);
    assert.doesNotMatch(`${page.headers.location}`, /access_token|code=/);
  }
});

attack("a yes from another browser than the one that the program began in (session fixation)", async () => {
  const attacker = softBrowser();
  const asking = await ask(app, resource, { scope: "infer" });
  const uid = await openConsent(attacker, asking.url.href);
  // Mei is sent the address of the attacker's authorization, signed in as she is, and says yes with her passkey.
  const victim = softBrowser();
  const assertion = await mei.confirm("oauth", uid);
  const said = await askedCall(victim, mei, uid, "approve", { assertion });
  assert.equal(said.status, 404, said.text);
  assert.equal((await askedCall(victim, mei, uid, "view")).status, 404);
  const resumed = await attacker.get(`${serverOf(estate).url}/oauth/auth/${uid}`);
  assert.doesNotMatch(`${resumed.headers.location}`, /code=/);
});

attack("a passkey's yes to one program, used for another", async () => {
  const browser = softBrowser();
  const small = await openConsent(browser, (await ask(app, resource, { scope: "infer" })).url.href);
  const rival = await program(estate, "default/rival");
  const large = await openConsent(browser, (await ask(rival, resource)).url.href);
  const assertion = await mei.confirm("oauth", small);
  const said = await askedCall(browser, mei, large, "approve", { assertion });
  assert.equal(said.status, 403, said.text);
});

attack("somebody else's passkey, and a yes that is used twice", async () => {
  const browser = softBrowser();
  const uid = await openConsent(browser, (await ask(app, resource, { scope: "infer" })).url.href);
  const others = await ada.confirm("oauth", uid);
  assert.equal((await askedCall(browser, mei, uid, "approve", { assertion: others })).status, 403);
  const assertion = await mei.confirm("oauth", uid);
  assert.equal((await askedCall(browser, mei, uid, "approve", { assertion })).status, 200);
  assert.equal((await askedCall(browser, mei, uid, "approve", { assertion })).status, 404);
});

attack("a yes that another site's page sends (CSRF), or that nobody signed", async () => {
  const browser = softBrowser();
  const uid = await openConsent(browser, (await ask(app, resource, { scope: "infer" })).url.href);
  const assertion = await mei.confirm("oauth", uid);
  for (const headers of [
    { origin: "https://evil.test" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { [signatureHeader]: "" },
    { [signatureHeader]: mei.signatureFor("POST", `/oauth/consent/${uid}/view`, JSON.stringify({ assertion })) },
    { host: "evil.test" },
  ]) {
    const said = await askedCall(browser, mei, uid, "approve", { assertion }, headers);
    assert.ok(said.status >= 400, `${JSON.stringify(headers)}: ${said.text}`);
  }
  assert.equal((await askedCall(browser, mei, uid, "approve", { assertion })).status, 200);
});

attack("a browser's cookie in place of a passkey: a session that was planted, or is left over", async () => {
  const browser = softBrowser();
  await actFor(app, mei, resource, { scope: "infer" }, browser);
  const silent = await browser.get((await ask(app, resource, { scope: "infer", prompt: "none" })).url.href);
  assert.equal(new URL(silent.headers.location ?? "").searchParams.get("error"), "login_required");
  // Another person in the same browser is asked anew, and gets their own.
  const again = await openConsent(browser, (await ask(app, resource, { scope: "infer" })).url.href);
  assert.equal((await askedCall(browser, ada, again, "view")).status, 200);
  const planted = browser.cookies.filter(({ name }) => name.startsWith("cordon_oauth"));
  const other = softBrowser();
  other.cookies.push(...planted.map((cookie) => ({ ...cookie, path: "/" })));
  const page = await other.get((await ask(app, resource, { scope: "infer", prompt: "none" })).url.href);
  assert.equal(new URL(page.headers.location ?? "").searchParams.get("error"), "login_required");
});

attack("the pages in a frame of another site (clickjacking), or with a script in what is shown", async () => {
  const asking = (await ask(app, resource)).url.href;
  for (const page of [
    await authorize({}),
    await authorize({ redirect_uri: "https://evil.test/<script>alert(1)</script>" }),
    await softBrowser().get(`${serverOf(estate).url}/oauth/consent/${"x".repeat(21)}`),
    await softBrowser().get(asking),
    await softBrowser().get(`${serverOf(estate).url}/`),
  ]) {
    assert.match(String(page.headers["content-security-policy"]), /frame-ancestors 'none'/);
    assert.match(String(page.headers["content-security-policy"]), /script-src 'self'(?:;|$)/);
    assert.equal(page.headers["x-content-type-options"], "nosniff");
  }
});

attack("what a client says of the address that it came by (forwarded headers, host)", async () => {
  const url = new URL((await ask(app, resource)).url);
  for (const headers of [{ host: "evil.test" }, { "x-forwarded-host": "evil.test", "x-forwarded-proto": "https" }]) {
    const page = await softBrowser().get(url.href, headers);
    assert.doesNotMatch(`${page.headers.location ?? ""} ${page.headers["set-cookie"]?.join(" ") ?? ""}`, /evil/);
  }
  const metadata = await softBrowser().get(`${issuer}/.well-known/openid-configuration`, {
    ...{ "x-forwarded-host": "evil.test", forwarded: "host=evil.test" },
  });
  assert.doesNotMatch(metadata.text, /evil/);
  assert.equal(metadata.json.issuer, issuer);
});

attack("a copy of the database: nothing in it is a code or a token", async () => {
  const { asking, answer } = await codeFor();
  const code = answer.searchParams.get("code") ?? "";
  const tokens = await redeem(app, asking, answer);
  const bytes = await Promise.all(
    ["cordon.db", "cordon.db-wal"].map((file) => readFile(join(estate.folder, "state", file), "latin1")),
  );
  const sid = JSON.parse(Buffer.from(tokens.access_token.split(".")[1] ?? "", "base64url").toString()).sid as string;
  assert.ok(
    bytes.some((text) => text.includes(sid)),
    "what is public is found, so this looks in the right place",
  );
  for (const secret of [code, tokens.refresh_token ?? "", tokens.access_token])
    assert.ok(!bytes.some((text) => text.includes(secret)));
});
