/**
 * The attack list of claim C4: each attack is carried out against the real server, in Chromium with an authenticator of its own
 * where a browser has a part in it, else by a client that no browser would be. Each shows what it would have got: the same
 * material passes where the one control is absent. The last test prints how many were refused.
 *
 * Not on the list: the perfect clone of an authenticator, which counts on from where the original is. It cannot be told from
 * the original until both have been used (THREATMODEL.md).
 */
import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { request as undiciRequest } from "undici";
import { signatureHeader } from "@cordon/core/contract/console-api";
import { noBrowser } from "./browser.ts";
import type { Estate, Json } from "./estate.ts";
import {
  buildPages,
  enrol,
  openPeopleEstate,
  peopleOf,
  serverOf,
  signIn,
  somebody,
  type Somebody,
} from "./people-estate.ts";
import { makersAttestation, selfAttestation, softAuthenticator } from "./soft-authenticator.ts";
import { newKey, send, softPerson } from "./soft-person.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";

const skip = noBrowser;
before(() => (skip === false ? buildPages() : undefined));

let listed = 0;
const refusedAttacks = new Set<string>();

/** An attack; the test must call `refused` for it to count. */
function attack(name: string, needs: "browser" | "script", run: (refused: () => void) => Promise<void>): void {
  listed += 1;
  test(`refused: ${name}`, { skip: needs === "browser" ? skip : false }, async () => {
    await run(() => refusedAttacks.add(name));
    assert.ok(refusedAttacks.has(name), "the attack was carried out and refused");
  });
}

after(() => console.log(`attack list: ${refusedAttacks.size} of ${listed} refused`));

/** Somebody in Chromium, enrolled as the first administrator. */
async function inBrowser(estate: Estate, name = "ada"): Promise<Somebody> {
  const person = await somebody();
  await enrol(person, estate, name, (await peopleOf(estate).firstCode())?.code ?? "");
  return person;
}

/** Another site on this machine: the same host as far as passkeys go, another origin. */
async function otherSite(answer: (path: string) => string): Promise<AsyncDisposable & { readonly origin: string }> {
  const server = createServer((request, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end(answer(request.url ?? "")),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Asks the authenticator of a page with options of somebody's choosing, as a script in that page would. */
async function assertIn(person: Somebody, options: Json): Promise<Json> {
  return person.page.evaluate(`(async () => {
    const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const { challenge, ...options } = ${JSON.stringify(options)};
    const got = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(challenge) } });
    const { clientDataJSON, authenticatorData, signature } = got.response;
    return { id: got.id, rawId: got.id, type: got.type, clientExtensionResults: {},
      response: { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) } };
  })()`);
}

/** The passkey that an answer is by, as the store has it. */
async function passkeyOf(estate: Estate): Promise<{
  readonly credentialId: string;
  readonly publicKey: string;
  readonly counter: number;
  readonly locked?: string;
}> {
  const [object] = await estate.cordon.control.store.list("passkey");
  return object?.value as { credentialId: string; publicKey: string; counter: number; locked?: string };
}

/** Whether an assertion verifies with one control taken away: what the attack would have got. */
async function verifiesWithout(
  estate: Estate,
  response: Json,
  more: Partial<Parameters<typeof verifyAuthenticationResponse>[0]>,
): Promise<boolean> {
  const { credentialId, publicKey } = await passkeyOf(estate);
  const { verified } = await verifyAuthenticationResponse({
    ...{ response, expectedChallenge: () => true, expectedOrigin: serverOf(estate).url, expectedRPID: "localhost" },
    credential: { id: credentialId, publicKey: Uint8Array.from(Buffer.from(publicKey, "base64url")), counter: 0 },
    ...more,
  });
  return verified;
}

const finishSignIn = (console: string, publicKey: unknown, id: string, response: Json) =>
  send(console, "POST", "/v1/sign-in/finish", { publicKey, label: "thief", assertion: { id, response } });

attack("relay phishing: a passkey used on another origin, relayed", "browser", async (refused) => {
  await using estate = await openPeopleEstate();
  await using ada = await inBrowser(estate);
  await using phish = await otherSite(() => "<title>Cordon</title>Your session has ended. Sign in again.");
  const console = serverOf(estate).url;
  const thief = newKey();
  const { json } = await send(console, "POST", "/v1/sign-in/start", { publicKey: thief.jwk });
  await ada.page.goto(phish.origin);
  const response = await assertIn(ada, json.options);
  const relayed = await finishSignIn(console, thief.jwk, json.id, response);
  assert.equal(relayed.status, 403);
  assert.match(relayed.text, /origin/);
  assert.ok(
    await verifiesWithout(estate, response, { expectedOrigin: phish.origin }),
    "without the origin it would sign in",
  );
  refused();
});

attack("a passkey's answer made inside another site's frame", "script", async (refused) => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const framed = await ada.signIn({ crossOrigin: true });
  assert.equal(framed.status, 403);
  assert.match(framed.text, /frame/);
  const { json } = await send(ada.console, "POST", "/v1/sign-in/start", { publicKey: ada.key.jwk });
  const response = ada.authenticator.get(json.options, { ...ada.ceremony, crossOrigin: true });
  assert.ok(await verifiesWithout(estate, response as Json, {}), "the library alone lets it pass");
  refused();
});

attack("a replayed assertion, by its own browser and by another", "browser", async (refused) => {
  await using estate = await openPeopleEstate();
  await using ada = await inBrowser(estate);
  let captured: Json;
  ada.page.on("request", (request) => {
    if (request.url().endsWith("/v1/sign-in/finish")) captured = JSON.parse(request.postData() ?? "");
  });
  await ada.page.evaluate("indexedDB.deleteDatabase('cordon-console')");
  await signIn(ada, estate);
  assert.ok(captured.assertion.id, "the first use signed in");
  const console = serverOf(estate).url;
  const again = await send(console, "POST", "/v1/sign-in/finish", captured);
  assert.equal(again.status, 403);
  assert.match(again.text, /used before/);
  const elsewhere = await finishSignIn(console, newKey().jwk, captured.assertion.id, captured.assertion.response);
  assert.equal(elsewhere.status, 403);
  assert.ok(await verifiesWithout(estate, captured.assertion.response, {}), "its signature still stands");
  refused();
});

attack("password stuffing: there is nothing that takes one", "script", async (refused) => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  for (const path of ["/v1/login", "/v1/password", "/v1/session", "/v1/token", "/login"])
    for (const password of ["Winter2026!", "ada"]) {
      const { status } = await send(ada.console, "POST", path, { username: "ada", password });
      assert.ok([401, 404, 405].includes(status), `${path} answered ${status}`);
    }
  const { status } = await send(ada.console, "POST", "/v1/sign-in/finish", {
    publicKey: newKey().jwk,
    label: "x",
    password: "Winter2026!",
  });
  assert.equal(status, 400);
  refused();
});

attack("guessing an enrolment code", "script", async (refused) => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const { json } = await ada.call("POST", "/v1/people/invite", { name: "mei", displayName: "mei", groups: [] });
  const tries = { name: "mei", publicKey: newKey().jwk };
  for (let n = 0; n < 5; n++)
    assert.equal(
      (await send(ada.console, "POST", "/v1/enrol/start", { ...tries, code: `0000${n}-00000` })).status,
      403,
    );
  const right = await send(ada.console, "POST", "/v1/enrol/start", { ...tries, code: json.code });
  assert.equal(right.status, 403, "five wrong tries voided it");
  assert.equal(
    (await ada.call("POST", "/v1/people/invite", { name: "mei", displayName: "mei", groups: [] })).status,
    200,
  );
  refused();
});

attack(
  "enrolment hijack: an invitation used twice, at once, for another name, and the first code after the first",
  "script",
  async (refused) => {
    await using estate = await openPeopleEstate();
    const first = (await peopleOf(estate).firstCode())?.code ?? "";
    const [ada, eve] = [softPerson(serverOf(estate).url), softPerson(serverOf(estate).url)];
    const raced = await Promise.all([ada.enrol("ada", first), eve.enrol("eve", first)]);
    assert.equal(raced.filter(({ status }) => status === 200).length, 1, "one first administrator");
    const winner = raced[0].status === 200 ? ada : eve;
    assert.equal((await softPerson(winner.console).enrol("late", first)).status, 403);
    assert.equal(await peopleOf(estate).firstCode(), undefined);
    const { json } = await winner.call("POST", "/v1/people/invite", { name: "mei", displayName: "mei", groups: [] });
    assert.equal((await softPerson(winner.console).enrol("mallory", json.code)).status, 403, "another name");
    const both = await Promise.all([
      softPerson(winner.console).enrol("mei", json.code),
      softPerson(winner.console).enrol("mei", json.code),
    ]);
    assert.equal(both.filter(({ status }) => status === 200).length, 1, "one of two who hold the code");
    assert.equal((await softPerson(winner.console).enrol("mei", json.code)).status, 403, "and nobody after");
    refused();
  },
);

attack("push fatigue: nothing is pushed, and asking again and again is bounded", "script", async (refused) => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const ask = () => mei.ask({ actions: ["read"], resources: ["training-data"], reason: "please", minutes: 10 });
  const answers = await Promise.all(Array.from({ length: 40 }, ask));
  assert.equal(answers.filter(({ status }) => status === 200).length, 5);
  const { json } = await ada.call("GET", "/v1/grants");
  const waiting = json.grants.filter(({ state }: { state: string }) => state === "requested");
  assert.equal(waiting.length, 5, "what an approver sees is five, however often it was asked");
  for (const { id } of waiting)
    assert.equal((await mei.call("POST", "/v1/grants/revoke", { id, words: "again" })).status, 200);
  let made = 5;
  for (let n = 0; n < 20; n++) {
    const { status, json: one } = await ask();
    if (status !== 200) continue;
    made += 1;
    await mei.call("POST", "/v1/grants/revoke", { id: one.id, words: "again" });
  }
  assert.equal(made, 20, "and twenty within the hour");
  refused();
});

attack(
  "a session stolen from a browser: its storage, a request that was read, and its key's name",
  "browser",
  async (refused) => {
    await using estate = await openPeopleEstate();
    await using ada = await inBrowser(estate);
    const console = serverOf(estate).url;
    let header = "";
    ada.page.on("request", (request) => {
      if (request.url().endsWith("/v1/me")) header = request.headers()[signatureHeader] ?? "";
    });
    await ada.page.goto(`${console}/#/people`);
    await ada.page.getByRole("button", { name: "Add a passkey" }).waitFor();
    assert.deepEqual(await ada.page.context().cookies(), [], "there is no cookie to steal");
    const exported = await ada.page.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open("cordon-console");
    opening.onsuccess = () => {
      const got = opening.result.transaction("keys").objectStore("keys").get("current");
      got.onsuccess = () => crypto.subtle.exportKey("jwk", got.result.privateKey).then(() => "readable", (error) => error.name).then(resolve);
    };
  })`);
    assert.equal(exported, "InvalidAccessError");
    assert.notEqual(header, "");
    const replayed = await send(console, "GET", "/v1/me", undefined, { [signatureHeader]: header });
    assert.equal(replayed.status, 401, "a request that was read is good once");
    const thief = softPerson(console);
    const [keyId = ""] = header.split(" ");
    const forged = thief.signatureFor("GET", "/v1/me", "", { keyId });
    assert.equal(
      (await send(console, "GET", "/v1/me", undefined, { [signatureHeader]: forged })).status,
      401,
      "another key under its name",
    );
    refused();
  },
);

attack(
  "a certificate of the command line without its key, and a code of the hand-off without the key",
  "script",
  async (refused) => {
    await using estate = await openPeopleEstate();
    const ada = await administrator(estate);
    const mei = await invited(estate, ada, "mei", ["data-science"]);
    await mei.ask({ actions: ["infer"], resources: ["chat"], reason: "to try", minutes: 10 });
    const notebook = await cliCredential(mei);
    const call = {
      method: "POST" as const,
      headers: { "content-type": "application/json" },
      body: '{"model":"m","messages":[]}',
    };
    assert.equal((await estate.call(notebook, "/v1/chat/completions", call)).status, 200, "with its key it is good");
    const { privateKey: otherKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await assert.rejects(
      estate.call({ ...notebook, key: otherKey }, "/v1/chat/completions", call),
      "TLS proves the key",
    );
    const none = estate.agent(undefined);
    await assert.rejects(
      undiciRequest(`${estate.cordon.gatewayUrl}/v1/chat/completions`, { dispatcher: none, ...call }),
    );

    const { jwk } = newKey();
    const subject = { publicKey: jwk };
    const assertion = await mei.confirm("cli", JSON.stringify(subject));
    const { json } = await mei.call("POST", "/v1/cli/authorise", { ...subject, label: "notebook", assertion });
    const thief = newKey();
    const signature = signWith(thief.privateKey, `cordon-cli-v1\n${json.code}`);
    for (const publicKey of [thief.jwk, jwk])
      assert.equal(
        (await send(mei.console, "POST", "/v1/cli/redeem", { code: json.code, publicKey, signature })).status,
        403,
      );
    refused();
  },
);

attack("a cloned authenticator that lags behind", "browser", async (refused) => {
  await using estate = await openPeopleEstate();
  await using ada = await inBrowser(estate);
  const { cdp, id } = ada.authenticator;
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId: id });
  const [copied] = credentials;
  assert.ok(copied);
  // The original goes on counting.
  await ada.page.evaluate("indexedDB.deleteDatabase('cordon-console')");
  await signIn(ada, estate);
  await using thief = await somebody();
  await thief.authenticator.cdp.send("WebAuthn.addCredential", {
    authenticatorId: thief.authenticator.id,
    credential: copied,
  });
  const console = serverOf(estate).url;
  const key = newKey();
  await thief.page.goto(console);
  const attempt = async () => {
    const { json } = await send(console, "POST", "/v1/sign-in/start", { publicKey: key.jwk });
    const response = await assertIn(thief, json.options);
    return { response, answer: await finishSignIn(console, key.jwk, json.id, response) };
  };
  const { response, answer } = await attempt();
  assert.equal(answer.status, 403);
  assert.match(answer.text, /counter went back/);
  assert.ok(
    await verifiesWithout(estate, response, {}),
    "its signature is the original's: without the counter it would sign in",
  );
  assert.ok((await passkeyOf(estate)).locked, "the passkey is locked: whoever comes next is refused");
  assert.match((await attempt()).answer.text, /locked/);
  await ada.page.goto("about:blank");
  await ada.page.goto(`${console}/#/grants`);
  await ada.page
    .getByRole("alert")
    .or(ada.page.getByRole("heading", { name: "Pair this browser" }))
    .first()
    .waitFor();
  refused();
});

attack("downgraded user verification: presence without PIN or fingerprint", "browser", async (refused) => {
  await using estate = await openPeopleEstate();
  await using ada = await inBrowser(estate);
  const { cdp, id } = ada.authenticator;
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId: id, isUserVerified: false });
  const console = serverOf(estate).url;
  const key = newKey();
  const { json } = await send(console, "POST", "/v1/sign-in/start", { publicKey: key.jwk });
  const response = await assertIn(ada, { ...json.options, userVerification: "discouraged" });
  const answer = await finishSignIn(console, key.jwk, json.id, response);
  assert.equal(answer.status, 403);
  assert.match(answer.text, /user could not be verified/i);
  assert.ok(
    await verifiesWithout(estate, response, { requireUserVerification: false }),
    "without the flag it would sign in",
  );
  refused();
});

attack("cross-site requests: another page's fetch, form and frame", "browser", async (refused) => {
  await using estate = await openPeopleEstate();
  await using ada = await inBrowser(estate);
  const console = serverOf(estate).url;
  await using other = await otherSite((path) =>
    path === "/form"
      ? `<form method="post" enctype="text/plain" action="${console}/v1/people/invite"><input name='{"name":"mallory","x":"' value='"}'></form><script>document.forms[0].submit()</script>`
      : `<iframe src="${console}/#/grants"></iframe>`,
  );
  const earlier = (await estate.cordon.control.store.snapshot()).revision;
  await ada.page.goto(other.origin);
  const fetched = (await ada.page.evaluate(`Promise.all([
    fetch("${console}/v1/grants", { credentials: "include" }).then((answer) => answer.status, () => "blocked"),
    fetch("${console}/v1/sign-in/start", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }).then((answer) => answer.status, () => "blocked"),
    fetch("${console}/v1/people/invite", { method: "POST", mode: "no-cors", body: "{}" }).then((answer) => answer.type, () => "blocked"),
  ])`)) as readonly unknown[];
  assert.deepEqual(fetched.slice(0, 2), ["blocked", "blocked"]);
  const framed = ada.page.frames().find((frame) => frame.parentFrame() !== null);
  assert.notEqual(framed?.url().startsWith(console), true, "no page frames the console");
  const posted = ada.page.waitForResponse(
    (answer) =>
      answer.url().endsWith("/v1/people/invite") &&
      answer.request().method() === "POST" &&
      answer.request().isNavigationRequest(),
  );
  await ada.page.goto(`${other.origin}/form`).catch(() => undefined);
  assert.equal((await posted).status(), 403);
  for (const path of ["/v1/sign-in/start", "/v1/enrol/start", "/v1/cli/redeem", "/v1/recovery/redeem"])
    assert.equal((await send(console, "POST", path, {}, { origin: other.origin })).status, 403, path);
  assert.equal(
    (await send(console, "POST", "/v1/sign-in/start", "{}", { "content-type": "text/plain" })).status,
    400,
    "what a form can send",
  );
  assert.equal((await estate.cordon.control.store.snapshot()).revision, earlier, "nothing was changed");
  refused();
});

attack(
  "session fixation: an answer carried over to another browser's key, and a key that is somebody's already",
  "script",
  async (refused) => {
    await using estate = await openPeopleEstate();
    const ada = await administrator(estate);
    const thief = newKey();
    const started = await send(ada.console, "POST", "/v1/sign-in/start", { publicKey: ada.key.jwk });
    const response = ada.authenticator.get(started.json.options, ada.ceremony);
    const carried = await finishSignIn(ada.console, thief.jwk, started.json.id, response as Json);
    assert.equal(carried.status, 403, "an answer names the key that it signs in");
    // The thief's session, offered to the victim: signing in over it is refused rather than merged.
    const mei = await invited(estate, ada, "mei", []);
    const again = await send(ada.console, "POST", "/v1/sign-in/start", { publicKey: mei.key.jwk });
    const over = await finishSignIn(
      ada.console,
      mei.key.jwk,
      again.json.id,
      ada.authenticator.get(again.json.options, ada.ceremony) as Json,
    );
    assert.equal(over.status, 409);
    assert.equal((await mei.call("GET", "/v1/me")).json.person.name, "mei");
    refused();
  },
);

attack("login phishing: a victim confirms a command line that somebody else started", "browser", async (refused) => {
  await using estate = await openPeopleEstate();
  await using ada = await inBrowser(estate);
  const console = serverOf(estate).url;
  const thief = newKey();
  // The thief waits elsewhere; on the victim's machine nobody listens on that port.
  const query = new URLSearchParams({
    x: thief.jwk.x,
    y: thief.jwk.y,
    port: "59999",
    state: "s".repeat(22),
    label: "IT support",
  });
  const answers: string[] = [];
  ada.page.on("response", async (answer) => {
    if (answer.url().endsWith("/v1/cli/authorise")) answers.push(await answer.text().catch(() => ""));
  });
  await ada.page.goto("about:blank");
  await ada.page.goto(`${console}/#/login?${query.toString()}`);
  const left = ada.page.waitForRequest((request) => request.url().startsWith("http://127.0.0.1:59999/"));
  // Nobody listens there: the browser ends at its error page.
  const nowhere = ada.page.waitForEvent("framenavigated", (frame) => frame.url().startsWith("chrome-error:"));
  await ada.page.getByRole("button", { name: "Confirm with my passkey" }).click();
  await left;
  const sessions = await estate.cordon.control.store.list("session");
  assert.deepEqual(
    sessions.filter(({ value }) => (value as { kind: string }).kind === "cli"),
    [],
    "confirming alone signs nobody in",
  );
  const guess = Buffer.alloc(32, 7).toString("base64url");
  const redeemed = await send(console, "POST", "/v1/cli/redeem", {
    code: guess,
    publicKey: thief.jwk,
    signature: signWith(thief.privateKey, `cordon-cli-v1\n${guess}`),
  });
  assert.equal(redeemed.status, 403);
  // A place that is not this machine is no place to send the code to.
  query.set("port", "59999@evil.example");
  await nowhere;
  await ada.page.goto(`${console}/#/login?${query.toString()}`);
  await ada.page.getByRole("status", { name: /^Connection/ }).waitFor();
  assert.equal(await ada.page.getByRole("button", { name: "Confirm with my passkey" }).count(), 0);
  refused();
});

attack(
  "recovery abuse: alone, twice, for oneself, by others, with a used code, by guessing",
  "script",
  async (refused) => {
    await using estate = await openPeopleEstate();
    const ada = await administrator(estate);
    const mei = await invited(estate, ada, "mei", ["data-science"]);
    const recover = async (by: typeof ada, name: string) => {
      const assertion = await by.confirm("recover", name);
      return by.call("POST", "/v1/people/recover", { name, reason: "trust me", assertion });
    };
    assert.equal((await recover(ada, "ada")).status, 403, "one's own");
    assert.equal((await recover(mei, "ada")).status, 403, "no administrator");
    assert.deepEqual((await recover(ada, "mei")).json, { approvals: 1, needed: 2 }, "one is not enough");
    assert.equal((await recover(ada, "mei")).status, 403, "nor the same one twice");
    const other = await ada.confirm("recover", "mei");
    assert.equal(
      (await ada.call("POST", "/v1/people/recover", { name: "ada", reason: "x", assertion: other })).status,
      403,
    );
    const { json } = await mei.call("POST", "/v1/recovery/codes", { assertion: await mei.confirm("add-passkey", "") });
    const redeem = (code: string) => send(mei.console, "POST", "/v1/recovery/redeem", { name: "mei", code });
    assert.equal((await redeem(json.codes[0])).status, 200);
    assert.equal((await redeem(json.codes[0])).status, 403, "a used code");
    for (let n = 0; n < 4; n++) assert.equal((await redeem(`00000-0000${n}-00000-00000`)).status, 403);
    assert.equal((await redeem(json.codes[1])).status, 403, "after five wrong ones none is looked at for a while");
    assert.equal((await mei.call("GET", "/v1/me")).json.recoveryCodes, 7, "and nothing of hers is lost");
    refused();
  },
);

attack(
  "an approval taken from elsewhere: another grant's, another purpose's, a changed request's, one's own",
  "script",
  async (refused) => {
    await using estate = await openPeopleEstate();
    const ada = await administrator(estate);
    const mei = await invited(estate, ada, "mei", ["data-science"]);
    const ask = async (minutes: number) =>
      (await mei.ask({ actions: ["read"], resources: ["training-data"], reason: "x", minutes })).json.id as string;
    const [small, large] = [await ask(1), await ask(240)];
    const approve = (by: typeof ada, id: string, assertion: unknown) =>
      by.call("POST", "/v1/grants/approve", { id, words: "yes", assertion });
    assert.equal(
      (await approve(ada, large, await ada.confirm("approve", small))).status,
      403,
      "a small grant's for a large one",
    );
    assert.equal((await approve(ada, large, await ada.confirm("deny", large))).status, 403, "a denial's");
    const signedIn = await send(ada.console, "POST", "/v1/sign-in/start", { publicKey: ada.key.jwk });
    const response = ada.authenticator.get(signedIn.json.options, ada.ceremony);
    assert.equal((await approve(ada, large, { id: signedIn.json.id, response })).status, 403, "a sign-in's");
    assert.equal((await approve(mei, large, await mei.confirm("approve", large))).status, 403, "one's own");
    const assertion = await ada.confirm("approve", large);
    const store = estate.cordon.control.store;
    const [object] = (await store.list("grant")).filter(({ name }) => name === large);
    assert.ok(object);
    await store.transact("thief", Date.now(), (transaction) =>
      transaction.put(object, { ...(object.value as object), seconds: 999_999 }, "api"),
    );
    assert.equal((await approve(ada, large, assertion)).status, 403, "of what the request was before it was changed");
    assert.equal((await ada.voice("approve", small)).status, 200);
    refused();
  },
);

attack(
  "an administrator's key without proof of its model, or of a model that is not allowed",
  "script",
  async (refused) => {
    const { key, root, leaf } = await maker("11111111-2222-3333-4444-555555555555");
    const folder = await mkdtemp(join(tmpdir(), "cordon-roots-"));
    await using cleaning = new AsyncDisposableStack();
    cleaning.defer(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "roots.pem");
    await writeFile(file, root);
    await using estate = await openPeopleEstate({
      more: `people: { administrators: { authenticators: ["11111111-2222-3333-4444-555555555555"], attestationRootsFile: "${file}" } }\n`,
    });
    const console = serverOf(estate).url;
    const first = async () => (await peopleOf(estate).firstCode())?.code ?? "";
    const aaguid = Buffer.from("11111111222233334444555555555555", "hex");
    const none = softPerson(console, softAuthenticator({ aaguid }));
    assert.equal((await none.enrol("ada", await first())).status, 403, "no statement");
    const own = softPerson(console, softAuthenticator({ aaguid }));
    const self = await own.enrol("ada", await first(), { attest: selfAttestation(() => own.authenticator) });
    assert.equal(self.status, 403, "a statement by the key itself");
    const stranger = await maker("11111111-2222-3333-4444-555555555555");
    const unknown = softPerson(console, softAuthenticator({ aaguid }));
    assert.equal(
      (await unknown.enrol("ada", await first(), { attest: makersAttestation(stranger.key, [stranger.leaf]) })).status,
      403,
      "another maker's",
    );
    const synced = softPerson(console, softAuthenticator({ aaguid, synced: true }));
    assert.equal(
      (await synced.enrol("ada", await first(), { attest: makersAttestation(key, [leaf]) })).status,
      403,
      "one that may be copied",
    );
    const proven = softPerson(console, softAuthenticator({ aaguid }));
    const good = await proven.enrol("ada", await first(), { attest: makersAttestation(key, [leaf]) });
    assert.equal(good.status, 200, good.text);
    // Without the control: the library takes the key's own word for its model.
    const options = { challenge: "AAAA", rp: { id: "localhost" } };
    const answer = own.authenticator.create(options, {
      origin: console,
      attest: selfAttestation(() => own.authenticator),
    });
    const { verified } = await verifyRegistrationResponse({
      response: answer as never,
      expectedChallenge: "AAAA",
      expectedOrigin: console,
    });
    assert.ok(verified);
    refused();
  },
);

function signWith(key: KeyObject, text: string): string {
  return sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
}

/** A maker of security keys: a root, and a batch key with its certificate for one model (WebAuthn, section 8.2.1). */
async function maker(
  aaguid: string,
): Promise<{ readonly key: KeyObject; readonly root: string; readonly leaf: Buffer }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const pair = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [rootKeys, batchKeys] = [await pair(), await pair()];
  const dates = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: "01", name: "CN=Keymaker Root", keys: rootKeys, signingAlgorithm: algorithm, ...dates },
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  const model = Buffer.concat([Buffer.from([0x04, 0x10]), Buffer.from(aaguid.replaceAll("-", ""), "hex")]);
  const leaf = await x509.X509CertificateGenerator.create({
    ...{
      serialNumber: "02",
      subject: "C=SE, O=Keymaker, OU=Authenticator Attestation, CN=Keymaker Batch",
      issuer: root.subject,
    },
    ...{ publicKey: batchKeys.publicKey, signingKey: rootKeys.privateKey, signingAlgorithm: algorithm, ...dates },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.Extension("1.3.6.1.4.1.45724.1.1.4", false, model),
    ],
  });
  const exported = Buffer.from(await crypto.subtle.exportKey("pkcs8", batchKeys.privateKey));
  const key = createPrivateKey({ key: exported, format: "der", type: "pkcs8" });
  return { key, root: root.toString("pem"), leaf: Buffer.from(new X509Certificate(leaf.toString("pem")).raw) };
}
