/** People and grants against a real Cordon, by scripted clients: what is decided, narrowed, approved, ended and reviewed. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { CordonError } from "@cordon/core/errors";
import type { X509Svid } from "@cordon/core/identity/svid";
import { policies, until } from "./estate.ts";
import { openPeopleEstate, peopleOf, serverOf } from "./people-estate.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";
import { send, softPerson, type SoftPerson } from "./soft-person.ts";

const training = { actions: ["read"], resources: ["training-data"], reason: "drift in May", minutes: 120 };

test("a grant is asked for, approved by somebody else, used, revoked; a call after that is refused in words", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { json: asked } = await mei.ask(training);
  assert.equal(asked.state, "requested");
  const notebook = await cliCredential(mei);
  const before = await estate.call(notebook, "/training-data/rows");
  assert.equal(before.status, 403);
  assert.match(before.text, /no policy and no grant lets mei read.*cordon grant request read default\/training-data/);

  const own = await mei.call("POST", "/v1/confirm", { purpose: "approve", subject: asked.id });
  const assertion = { id: own.json.id, response: mei.authenticator.get(own.json.options, mei.ceremony) };
  const self = await mei.call("POST", "/v1/grants/approve", { id: asked.id, words: "sure", assertion });
  assert.deepEqual([self.status, self.json.error.code], [403, "ACCESS_DENIED"]);

  assert.equal((await ada.voice("approve", asked.id)).status, 200);
  assert.equal((await estate.call(notebook, "/training-data/rows")).status, 200);
  assert.equal(
    (await estate.call(notebook, "/training-data/rows", { method: "PUT", body: "x" })).status,
    403,
    "read alone",
  );

  const revoked = await ada.call("POST", "/v1/grants/revoke", { id: asked.id, words: "the meeting is over" });
  assert.equal(revoked.status, 200, revoked.text);
  assert.equal((await estate.call(notebook, "/training-data/rows")).status, 403);
  const { json } = await mei.call("GET", "/v1/grants");
  const shown = json.grants.find(({ id }: { id: string }) => id === asked.id);
  assert.deepEqual([shown.state, shown.revocation.words, shown.may], ["revoked", "the meeting is over", []]);
});

test("revoking a grant cuts the download that stands on it, and the credential made for it is dead", async () => {
  await using estate = await openPeopleEstate();
  estate.data.answer = (_seen, response) => void response.writeHead(200).write("row\n");
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { json: asked } = await mei.ask(training);
  await ada.voice("approve", asked.id);
  const notebook = await cliCredential(mei, asked.id);
  const dispatcher = estate.agent(notebook);
  const { statusCode, body } = await dispatcher.request({
    origin: estate.cordon.gatewayUrl,
    path: "/training-data/all",
    method: "GET",
  });
  assert.equal(statusCode, 200);
  let ended: string | undefined;
  body
    .on("error", () => (ended = "cut"))
    .on("end", () => (ended ??= "whole"))
    .resume();
  await mei.call("POST", "/v1/grants/revoke", { id: asked.id, words: "done" });
  await until(() => ended !== undefined, "the end of the download");
  assert.equal(ended, "cut");
  const after = await estate.call(notebook, "/v1/models");
  assert.ok(after.status !== 200 || after.json().data.length === 0, "nothing at all is left to see with it");
});

test("low stakes pass by rule, narrowed; what no rule speaks of cannot be asked for", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { json } = await mei.ask({
    actions: ["infer", "deploy"],
    resources: ["chat", "spare"],
    reason: "to try",
    minutes: 600,
  });
  assert.deepEqual([json.state, json.actions, json.resources.length, json.seconds], ["approved", ["infer"], 1, 1_800]);
  assert.equal(json.narrowed, "without deploy, without default/spare, 30 minutes instead of 600");
  const none = await mei.ask({ ...training, actions: ["train"] });
  assert.equal(none.status, 403);
  assert.match(none.text, /no rule under `grants` lets mei ask for train/);
  const lee = await invited(estate, ada, "lee", ["sales"]);
  assert.equal((await lee.ask(training)).status, 403, "another group's rule");
});

test("two approvers are two people", async () => {
  const more =
    "  - { name: two, actions: [write], resources: [training-data], approvers: 2, approverGroups: [stewards] }\n";
  await using estate = await openPeopleEstate({ more });
  const ada = await administrator(estate);
  const [mei, lee, kim] = [
    await invited(estate, ada, "mei", ["data-science"]),
    await invited(estate, ada, "lee", ["stewards"]),
    await invited(estate, ada, "kim", ["stewards"]),
  ];
  const { json: asked } = await mei.ask({ ...training, actions: ["write"] });
  assert.equal((await lee.voice("approve", asked.id)).status, 200);
  const again = await lee.voice("approve", asked.id);
  assert.equal(again.status, 403, "the same person twice");
  assert.equal((await ada.voice("approve", asked.id)).status, 403, "not of the group that approves");
  const half = await mei.call("GET", "/v1/grants");
  assert.equal(half.json.grants[0].state, "requested");
  assert.equal((await kim.voice("approve", asked.id)).status, 200);
  const whole = await mei.call("GET", "/v1/grants");
  assert.deepEqual([whole.json.grants[0].state, whole.json.grants[0].approvals.length], ["approved", 2]);
});

test("break-glass holds at once, is loud, and is taken once until somebody has reviewed it", async () => {
  const more =
    "  - { name: glass, actions: [read], resources: [chat], requesters: [on-call], approvers: 2, breakGlass: true }\n";
  await using estate = await openPeopleEstate({ more });
  const ada = await administrator(estate);
  const ravi = await invited(estate, ada, "ravi", ["on-call"]);
  const request = { actions: ["read"], resources: ["chat"], reason: "payments are down", minutes: 30 };
  const bare = await ravi.ask({ ...request, breakGlass: true });
  assert.equal(bare.status, 400, "not without a passkey");
  const take = async () =>
    ravi.ask({ ...request, breakGlass: true, assertion: await ravi.confirm("break-glass", JSON.stringify(request)) });
  const { json: taken } = await take();
  assert.deepEqual([taken.state, taken.breakGlass], ["approved", true]);
  const second = await take();
  assert.equal(second.status, 403);
  assert.match(second.text, /has not been reviewed/);
  await until(
    () =>
      peopleOf(estate)
        .unreviewed()
        .some((words) => words.includes("ravi")),
    "the page to say so",
  );
  assert.match((await ada.call("GET", "/v1/overview")).text, /break-glass and not reviewed yet: .*ravi's read/);
  assert.equal((await ada.voice("review", taken.id, "the outage was real")).status, 200);
  assert.equal((await take()).status, 200);
});

test("administering Cordon is a grant: without one the routes refuse, and each use is a decision in the ledger", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const eve = await invited(estate, ada, "eve", ["administrators"]);
  const refused = await eve.call("POST", "/v1/people/invite", {
    name: "mallory",
    displayName: "mallory",
    groups: ["administrators"],
  });
  assert.equal(refused.status, 403);
  assert.match(refused.text, /Administering Cordon is itself a grant/);
  for (const path of ["/v1/people/lock", "/v1/people/unlock", "/v1/revocations"])
    assert.equal((await eve.call("POST", path, { name: "default/assistant", reason: "x" })).status, 403, path);
  assert.equal((await eve.call("GET", "/v1/people")).status, 403);
  const { json: asked } = await eve.ask({
    actions: ["administer"],
    resources: ["gateway"],
    reason: "people leave",
    minutes: 60,
  });
  assert.equal((await ada.voice("approve", asked.id)).status, 200);
  assert.equal((await eve.call("GET", "/v1/people")).status, 200);
  const assistant = await estate.svidFor("agent", "assistant");
  assert.equal(
    (await eve.call("POST", "/v1/revocations", { name: "default/assistant", reason: "leaked" })).status,
    200,
  );
  assert.equal(
    (await estate.call(assistant, "/v1/models").then(
      ({ status }) => status,
      () => 0,
    )) === 200,
    false,
  );
  const administered = (await estate.entries()).flatMap((entry) =>
    entry.kind === "decision" && entry.action === "administer" ? [`${entry.effect} ${entry.context.route}`] : [],
  );
  assert.ok(administered.includes("deny people/invite"));
  assert.ok(administered.includes("allow revocations"));
});

test("the approval of one call is for exactly that call, by somebody else, once", async () => {
  const approvedWrites =
    '\n@id("writes") @approval("1") permit(principal == Workload::"default/agent/rival", action == Action::"write", resource == Component::"default/dataset/training-data");\n';
  const more =
    "  - { name: calls, actions: [write], resources: [training-data], requesters: [data-science], approvers: 1 }\nboundaries: { data: observe, pipeline: observe }\n";
  await using estate = await openPeopleEstate({ policies: policies + approvedWrites, more });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const rival = await estate.svidFor("agent", "rival");
  const call = (cents: string) =>
    estate.call(rival, "/training-data/rows/7?x=1", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: `{ "cents": ${cents} }`,
    });
  const first = await call("9007199254740993");
  assert.equal(first.status, 403);
  const digest = /sha256:[0-9a-f]{64}/.exec(first.text)?.[0];
  assert.ok(digest, first.text);
  const request = {
    actions: ["write"],
    resources: ["training-data"],
    principal: "rival",
    reason: "a correction",
    minutes: 10,
    call: digest,
  };
  const callArguments = '{"method":"PUT","address":"/rows/7?x=1","body":{"cents":9007199254740993}}';
  assert.equal(
    (await mei.ask({ ...request, callArguments: callArguments.replace("993", "992") })).status,
    400,
    "other arguments than the digest's",
  );
  const { json: asked, text } = await mei.ask({ ...request, callArguments });
  assert.equal(asked?.callWords, '{"address":"/rows/7?x=1","body":{"cents":9007199254740993},"method":"PUT"}', text);
  assert.equal((await ada.voice("approve", asked.id)).status, 200);
  assert.equal((await call("9007199254740992")).status, 403, "an amount that doubles cannot tell apart");
  const [one, two] = await Promise.all([call("9007199254740993"), call("9007199254740993")]);
  assert.deepEqual(
    [one.status, two.status].toSorted((a, b) => a - b),
    [200, 403],
    "once, however many hold it",
  );
  assert.match(one.status === 403 ? one.text : two.text, /used already/);
});

test("a person who is locked is out at once; two other administrators, or a sealed code, let back in whoever lost all", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const bo = await invited(estate, ada, "bo", ["administrators"]);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  assert.equal((await mei.call("GET", "/v1/grants")).status, 200);
  await ada.call("POST", "/v1/people/lock", { name: "mei", reason: "left" });
  assert.equal((await mei.call("GET", "/v1/grants")).status, 401);
  assert.equal((await mei.signIn()).status, 403);
  await ada.call("POST", "/v1/people/unlock", { name: "mei", reason: "came back" });
  assert.equal((await mei.signIn()).status, 200);

  const recover = async (by: SoftPerson) =>
    by.call("POST", "/v1/people/recover", {
      name: "mei",
      reason: "lost both keys",
      assertion: await by.confirm("recover", "mei"),
    });
  assert.deepEqual((await recover(ada)).json, { approvals: 1, needed: 2 });
  assert.equal((await recover(ada)).status, 403, "one administrator is not two");
  const { json } = await recover(bo);
  const again = softPerson(serverOf(estate).url);
  assert.equal((await again.enrol("mei", json.invitation.code)).status, 200);
  assert.equal((await mei.call("GET", "/v1/grants")).status, 401, "every old session fell");
  assert.equal((await mei.signIn()).status, 403, "and every old passkey");
  assert.deepEqual((await again.call("GET", "/v1/me")).json.person.groups, ["data-science"]);

  const { json: sealed } = await again.call("POST", "/v1/recovery/codes", {
    assertion: await again.confirm("add-passkey", ""),
  });
  const redeem = (code: string) => send(again.console, "POST", "/v1/recovery/redeem", { name: "mei", code });
  const redeemed = await redeem(sealed.codes[0]);
  assert.equal(redeemed.status, 200, redeemed.text);
  assert.equal((await redeem(sealed.codes[0])).status, 403, "a sealed code is good once");
  assert.equal((await softPerson(again.console).enrol("mei", redeemed.json.code)).status, 200);
});

test("one more passkey takes one that is there; the last that works stays", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const { json: me } = await ada.call("GET", "/v1/me");
  const last = await ada.call("POST", "/v1/passkeys/remove", { name: me.passkeys[0].name });
  assert.equal(last.status, 409);
  const other = softPerson(serverOf(estate).url);
  const start = await ada.call("POST", "/v1/passkeys/start", { assertion: await ada.confirm("add-passkey", "") });
  assert.equal(start.status, 200, start.text);
  const response = other.authenticator.create(start.json.options, ada.ceremony);
  const finish = await ada.call("POST", "/v1/passkeys/finish", {
    label: "spare key",
    credential: { id: start.json.id, response },
  });
  assert.equal(finish.status, 200, finish.text);
  assert.equal((await other.signIn()).status, 200);
  assert.equal((await other.call("POST", "/v1/passkeys/remove", { name: me.passkeys[0].name })).status, 200);
  assert.equal((await ada.call("GET", "/v1/me")).status, 401, "sessions that a removed passkey opened end");
});

test("a person's certificate is the authority's alone to make: a key that is certified for nobody gets nothing", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { json: asked } = await mei.ask({ actions: ["infer"], resources: ["chat"], reason: "to try", minutes: 10 });
  assert.equal(asked.state, "approved");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const notebook = await cliCredential(mei);
  // An SVID for the person that no session stands behind: the authority signs it here, as a thief of its key would.
  const issued = await estate.cordon.control.authority.issueX509Svid({
    id: notebook.id,
    key: { publicKey: createPublicKey(privateKey) },
  });
  const stray: X509Svid = { ...notebook, chain: issued.chain, key: privateKey };
  const { status, text } = await estate.call(stray, "/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","messages":[]}',
  });
  assert.equal(status, 403);
  assert.match(text, /not signed in with this key/);
});

test("a call that wants a fresh passkey goes on once the person has shown one, for that sign-in alone", async () => {
  const stepped =
    '\n@id("steps") @stepup("5m") permit(principal is User, action == Action::"read", resource == Component::"default/dataset/training-data");\n';
  let aheadMs = 0;
  await using estate = await openPeopleEstate({ policies: policies + stepped, now: () => Date.now() + aheadMs });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const [notebook, other] = [await cliCredential(mei), await cliCredential(mei)];
  const read = (credential: typeof notebook) => estate.call(credential, "/training-data/rows");
  assert.equal((await read(notebook)).status, 200, "it has just signed in");
  aheadMs = 6 * 60_000;
  mei.aheadMs = aheadMs;
  const wanted = await read(notebook);
  assert.equal(wanted.status, 401);
  assert.match(String(wanted.headers["link"]), /#\/step-up>; rel="step-up"/);
  const { json: me } = await mei.call("GET", "/v1/me");
  const { id } = me.sessions.find(({ kind }: { kind: string }) => kind === "cli");
  const own = await mei.call("POST", "/v1/confirm", { purpose: "step-up", subject: id });
  const wrong = { id: own.json.id, response: ada.authenticator.get(own.json.options, mei.ceremony) };
  assert.equal(
    (await mei.call("POST", "/v1/step-up", { session: id, assertion: wrong })).status,
    403,
    "somebody else's passkey",
  );
  assert.equal(
    (await mei.call("POST", "/v1/step-up", { session: id, assertion: await mei.confirm("step-up", id) })).status,
    200,
  );
  const after = [(await read(notebook)).status, (await read(other)).status].toSorted((a, b) => a - b);
  assert.deepEqual(after, [200, 401], "the other sign-in stays as old as it was");
});

test("what cannot be recorded does not happen; what takes something away holds all the same", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const { json: asked } = await mei.ask(training);
  const { deps } = peopleOf(estate);
  const assertion = await ada.confirm("approve", asked.id);
  const record = deps.record;
  (deps as { record: unknown }).record = () =>
    Promise.reject(new CordonError("LEDGER_UNAVAILABLE", "the disk is full"));
  assert.equal((await ada.call("POST", "/v1/grants/approve", { id: asked.id, words: "yes", assertion })).status, 503);
  const promised = await estate.cordon.control.store.list("invitation");
  await ada.call("POST", "/v1/people/invite", { name: "kim", displayName: "kim", groups: [] });
  assert.deepEqual(await estate.cordon.control.store.list("invitation"), promised);
  (deps as { record: unknown }).record = record;
  const still = await mei.call("GET", "/v1/grants");
  assert.equal(still.json.grants[0].state, "requested", "the approval was taken back");
  await ada.voice("approve", asked.id);
  (deps as { record: unknown }).record = () =>
    Promise.reject(new CordonError("LEDGER_UNAVAILABLE", "the disk is full"));
  assert.equal((await mei.call("POST", "/v1/grants/revoke", { id: asked.id, words: "done" })).status, 503);
  (deps as { record: unknown }).record = record;
  const ended = await mei.call("GET", "/v1/grants");
  assert.equal(ended.json.grants[0].state, "revoked");
});

test("two namespaces do not see each other's grants, and a group of the same name opens nothing", async () => {
  await using estate = await openPeopleEstate();
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const kim = await invited(estate, ada, "payments/kim", ["data-science", "administrators"]);
  const { json: asked } = await mei.ask(training);
  assert.equal((await kim.ask(training)).status, 403);
  assert.deepEqual((await kim.call("GET", "/v1/grants")).json, { grants: [] });
  assert.equal((await kim.voice("approve", asked.id)).status, 403);
  assert.equal(
    (await kim.ask({ actions: ["administer"], resources: ["default/gateway"], reason: "x", minutes: 5 })).status,
    403,
  );
  const recover = { name: "mei", reason: "x", assertion: await kim.confirm("recover", "mei") };
  assert.equal((await kim.call("POST", "/v1/people/recover", recover)).status, 403);
  assert.equal((await ada.voice("approve", asked.id)).status, 200);
});
