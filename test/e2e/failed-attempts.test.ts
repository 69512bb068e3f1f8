/** Attempts to come in that fail weigh on whom they were made for, and on where they came from; strangers cannot shut anybody out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { chatCall } from "./estate.ts";
import { openPeopleEstate } from "./people-estate.ts";
import { softAuthenticator } from "./soft-authenticator.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";
import { newKey, send, softPerson } from "./soft-person.ts";

test("wrong passkeys, recovery codes and answers of a provider raise the risk of the person and of the address, bounded", async () => {
  const oidc = `people: { oidc: { issuer: "http://127.0.0.1:9", clientId: cordon } }\n`;
  await using estate = await openPeopleEstate({ more: oidc });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const ravi = await invited(estate, ada, "ravi", ["data-science"]);
  const credentials = [];
  for (const person of [mei, ravi]) {
    const asked = { actions: ["infer"], resources: ["default/chat"], reason: "a question", minutes: 20 };
    assert.equal((await person.ask(asked)).status, 200);
    credentials.push(await cliCredential(person));
  }
  const [hers, his] = credentials;
  const call = async (svid: typeof hers): Promise<number> =>
    (await estate.call(svid, "/v1/chat/completions", chatCall({ model: "m" }))).status;
  assert.equal(await call(hers), 200);

  // Somebody with a key of their own, who knows her credential's id.
  const copy = softAuthenticator();
  Object.assign(copy, { credentialId: mei.authenticator.credentialId });
  const thief = softPerson(mei.console, copy);
  for (let times = 0; times < 12; times++) {
    const { json } = await send(mei.console, "POST", "/v1/sign-in/start", { publicKey: thief.key.jwk });
    const forged = copy.get(json.options, thief.ceremony);
    const response = { ...forged, id: mei.authenticator.credentialId, rawId: mei.authenticator.credentialId };
    const finished = await send(mei.console, "POST", "/v1/sign-in/finish", {
      ...{ publicKey: thief.key.jwk, label: "x", assertion: { id: json.id, response } },
    });
    assert.equal(finished.status, 403, finished.text);
  }
  for (let times = 0; times < 3; times++) {
    const code = `AAAA-BBBB-CCCC-DDDD-EEE${times}`;
    assert.equal((await send(mei.console, "POST", "/v1/recovery/redeem", { name: "mei", code })).status, 403);
    const answer = { publicKey: newKey().jwk, search: "?state=x&code=y" };
    assert.equal((await send(mei.console, "POST", "/v1/oidc/finish", answer)).status, 403);
  }
  assert.equal(await call(hers), 200, "strangers who fail in her name do not shut her out");
  assert.equal(await call(his), 200);

  const decisions = (await estate.entries()).filter(
    (entry): entry is DecisionEntry => entry.kind === "decision" && entry.action === "infer",
  );
  assert.equal(decisions.length, 3);
  const [before, after, other] = decisions.map(({ risk, signals }) => ({
    tier: risk.tier,
    failures: signals.risk?.failures,
    address: signals.risk?.addressFailures?.times,
    words: risk.contributions.map(({ words }) => words),
  }));
  assert.deepEqual([before?.failures, before?.address, before?.tier], [undefined, undefined, "low"]);
  assert.equal(after?.failures, 4, "fifteen were made; no more than four count against her");
  assert.equal(after?.address, 18, "all of them count against where they came from");
  assert.ok(after?.words.includes("4 failed attempts in its name within a quarter of an hour"), String(after?.words));
  assert.ok(after?.words.some((words) => words.startsWith("18 failed attempts from 127.0.0.1")));
  assert.equal(other?.failures, undefined, "nobody else's name");
  assert.equal(other?.tier, "low", "an address that many share is not enough by itself");
});

test("her own passkey, used past the provider that she must come through, counts whole", async () => {
  await using estate = await openPeopleEstate({
    more: `people: { oidc: { issuer: "http://127.0.0.1:9", clientId: cordon } }\n`,
  });
  const ada = await administrator(estate);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const key = { kind: "user", namespace: "default" as never, name: "mei" };
  await estate.cordon.control.store.transact("test", Date.now(), async (transaction) => {
    const held = (await transaction.get(key))?.value as object;
    await transaction.put(key, { ...held, oidc: { issuer: "http://127.0.0.1:9", subject: "mei" } }, "api");
  });
  const [own] = [await cliCredential(mei)];
  for (let times = 0; times < 6; times++) assert.equal((await mei.signIn()).status, 403);
  await estate.call(own, "/v1/chat/completions", chatCall({ model: "m" }));
  const decision = (await estate.entries()).find((entry) => entry.kind === "decision" && entry.action === "infer");
  assert.equal((decision as DecisionEntry).signals.risk?.failures, 6);
});
