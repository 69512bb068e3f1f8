/** What is taken away while something is under way is gone when it arrives: a login, a request that waits, a code. */
import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { signatureHeader } from "@cordon/core/contract/console-api";
import { cliProofText } from "@cordon/core/contract/people-api";
import { requestTtlMs } from "@cordon/control/grants/grants";
import { openPeopleEstate, serverOf } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import { newKey, send, softPerson, type SoftPerson } from "./soft-person.ts";

test("a login that was confirmed before the account was locked, or its passkey removed, signs nobody in after", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const authorised = async () => {
    const { privateKey, jwk } = newKey();
    const assertion = await mei.confirm("cli", JSON.stringify({ publicKey: jwk }));
    const { json, text } = await mei.call("POST", "/v1/cli/authorise", { publicKey: jwk, label: "thief", assertion });
    assert.ok(json.code, text);
    const signature = sign("sha256", Buffer.from(cliProofText(json.code)), {
      key: privateKey,
      dsaEncoding: "ieee-p1363",
    }).toString("base64url");
    return () => send(mei.console, "POST", "/v1/cli/redeem", { code: json.code, publicKey: jwk, signature });
  };
  const first = await authorised();
  const second = await authorised();
  await ada.call("POST", "/v1/people/lock", { name: "mei", reason: "stolen" });
  assert.equal((await first()).status, 403, "locked");
  await ada.call("POST", "/v1/people/unlock", { name: "mei", reason: "back" });
  const other = softPerson(serverOf(estate).url);
  assert.equal((await mei.signIn()).status, 200);
  const start = await mei.call("POST", "/v1/passkeys/start", { assertion: await mei.confirm("add-passkey", "") });
  const response = other.authenticator.create(start.json.options, mei.ceremony);
  const credential = { id: start.json.id, response };
  assert.equal((await mei.call("POST", "/v1/passkeys/finish", { label: "new", credential })).status, 200);
  const { json: me } = await mei.call("GET", "/v1/me");
  assert.equal((await other.signIn()).status, 200);
  const lost = me.passkeys.find(({ label }: { label: string }) => label !== "new");
  assert.equal((await other.call("POST", "/v1/passkeys/remove", { name: lost.name })).status, 200);
  const late = await second();
  assert.equal(late.status, 403, late.text);
  const { json: after } = await other.call("GET", "/v1/me");
  assert.deepEqual(
    after.sessions.map(({ own }: { own: boolean }) => own),
    [true],
    "and no session of it stands",
  );
});

test("a request that waited too long cannot be approved any more, whether or not it was swept", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { json: asked } = await mei.ask({
    ...{ actions: ["read"], resources: ["training-data"], reason: "drift in May", minutes: 120 },
  });
  await estate.cordon.control.store.transact("test", Date.now(), async (transaction) => {
    const [object] = (await transaction.list("grant")).filter(({ name }) => name === asked.id);
    assert.ok(object);
    const value = { ...(object.value as object), requestedAt: Date.now() - requestTtlMs };
    await transaction.put(object, value, "api");
  });
  const late = await ada.voice("approve", asked.id);
  assert.equal(late.status, 409, late.text);
  assert.match(late.text, /ask again/);
});

test("what breaks the glass is for whom the passkey confirmed it, and for nobody else", async () => {
  const more =
    "  - { name: glass, actions: [infer], resources: [chat], requesters: [on-call], approvers: 2, breakGlass: true }\n";
  await using estate = await openPeopleEstate({ more });
  const ada = await administrator(estate);
  const ravi = await invited(estate, ada, "ravi", ["on-call"]);
  const request = { actions: ["infer"], resources: ["chat"], reason: "payments are down", minutes: 30 };
  const assertion = await ravi.confirm("break-glass", JSON.stringify(request));
  const bent = await ravi.ask({ ...request, principal: "default/trainer", breakGlass: true, assertion });
  assert.equal(bent.status, 403, bent.text);
  assert.match(bent.text, /SIGNATURE_INVALID/);
  const { json: grants } = await ravi.call("GET", "/v1/grants");
  assert.ok(!grants.grants.some(({ principal }: { principal: string }) => principal.endsWith("/trainer")));
  const forThem = { ...request, principal: "default/trainer" };
  const meant = await ravi.confirm("break-glass", JSON.stringify(forThem));
  assert.equal((await ravi.ask({ ...forThem, breakGlass: true, assertion: meant })).status, 200);
});

test("a sealed code lets nobody past the provider that their account is linked to", async () => {
  const issuer = "http://localhost:9"; // it is never asked: that is the point
  const oidc = `people: { oidc: { issuer: "${issuer}", clientId: cordon } }\n`;
  await using estate = await openPeopleEstate({ more: oidc });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { json: sealed } = await mei.call("POST", "/v1/recovery/codes", {
    assertion: await mei.confirm("add-passkey", ""),
  });
  const { store } = estate.cordon.control;
  await store.transact("test", Date.now(), async (transaction) => {
    const [object] = (await transaction.list("user")).filter(({ name }) => name === "mei");
    assert.ok(object);
    const linked = { ...(object.value as object), oidc: { issuer, subject: "mei" } };
    await transaction.put(object, linked, "api");
  });
  assert.equal((await mei.signIn()).status, 403, "not with the passkey alone");
  const redeemed = await send(mei.console, "POST", "/v1/recovery/redeem", { name: "mei", code: sealed.codes[0] });
  const back = softPerson(mei.console);
  const enrolled = await back.enrol("mei", redeemed.json.code);
  assert.equal(enrolled.status, 403, enrolled.text);
  assert.match(enrolled.text, /use the company account/);
  const sessions = (await store.list("session")).filter(({ value }) => JSON.stringify(value).includes("/user/mei"));
  assert.equal(sessions.length, 0);
});

test("an approval counts no more once its account is locked or its passkey removed", async () => {
  const more =
    "  - { name: two, actions: [write], resources: [training-data], approvers: 2, approverGroups: [stewards] }\n";
  await using estate = await openPeopleEstate({ more });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const stewards = ["stewards"];
  const lee = await invited(estate, ada, "lee", stewards);
  const kim = await invited(estate, ada, "kim", stewards);
  const request = { actions: ["write"], resources: ["training-data"], reason: "a new column", minutes: 30 };
  const { json: asked } = await mei.ask(request);
  assert.equal((await lee.voice("approve", asked.id)).status, 200);
  await ada.call("POST", "/v1/people/lock", { name: "lee", reason: "the key was stolen" });
  assert.equal((await kim.voice("approve", asked.id)).status, 200);
  const shown = async () =>
    (await mei.call("GET", "/v1/grants")).json.grants.find(({ id }: { id: string }) => id === asked.id);
  const { state, approvals } = await shown();
  assert.deepEqual([state, approvals.length], ["requested", 1], "one voice that stands is not two");
  await ada.call("POST", "/v1/people/unlock", { name: "lee", reason: "a new key" });
  assert.equal((await lee.signIn()).status, 200);
  assert.equal((await lee.voice("approve", asked.id)).status, 200);
  assert.equal((await shown()).state, "approved");
});

test("nor does a word for somebody's recovery", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const bo = await invited(estate, ada, "bo", ["administrators"]);
  await invited(estate, ada, "mei", []);
  const recover = async (by: SoftPerson) =>
    by.call("POST", "/v1/people/recover", {
      ...{ name: "mei", reason: "lost both keys" },
      assertion: await by.confirm("recover", "mei"),
    });
  assert.deepEqual((await recover(bo)).json, { approvals: 1, needed: 2 });
  await ada.call("POST", "/v1/people/lock", { name: "bo", reason: "the key was stolen" });
  assert.deepEqual((await recover(ada)).json, { approvals: 1, needed: 2 });
});

test("a signed request whose session ends while its body comes in is nobody's when the body is whole", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const inHalves = async (meanwhile: () => Promise<unknown>): Promise<number> => {
    const body = JSON.stringify({ actions: ["infer"], resources: ["chat"], reason: "to try", minutes: 10 });
    const { host, port } = new URL(mei.console);
    const headers = {
      ...{ host, "content-type": "application/json", "content-length": body.length },
      [signatureHeader]: mei.signatureFor("POST", "/v1/grants", body),
    };
    const request = httpRequest({ host: "127.0.0.1", port, path: "/v1/grants", method: "POST", agent: false, headers });
    const status = new Promise<number>((resolve, reject) => {
      request.once("response", (response) => resolve(response.resume().statusCode ?? 0)).once("error", reject);
    });
    request.write(body.slice(0, 5));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await meanwhile();
    request.end(body.slice(5));
    return status;
  };
  assert.equal(await inHalves(() => Promise.resolve()), 200);
  assert.equal(await inHalves(() => mei.call("POST", "/v1/sign-out", {})), 401);
});

test("strangers who guess at enrolment codes do not fill the ledger", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  await ada.call("POST", "/v1/people/invite", { name: "mei", displayName: "mei", groups: [] });
  const guess = (name: string) =>
    send(ada.console, "POST", "/v1/enrol/start", { name, code: "AAAAA-AAAAA", publicKey: newKey().jwk });
  for (let tries = 0; tries < 10; tries++) {
    assert.equal((await guess("nobody")).status, 403);
    assert.equal((await guess("mei")).status, 403);
  }
  const guesses = (await estate.entries()).filter((entry) => entry.kind === "refusal");
  assert.equal(guesses.length, 5, "what is worth guessing at is on record, as often as it can be tried");
});
