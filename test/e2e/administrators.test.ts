/** Nobody makes the second person himself: who becomes an administrator, whose word counts yet, and whom a grant may be given to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reply, SoftPerson } from "./soft-person.ts";
import { softPerson } from "./soft-person.ts";
import { openPeopleEstate, serverOf } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";

const hour = 3_600_000;

/** An estate whose clock a test drives, for its people as well. */
async function openLater(more = "") {
  let aheadMs = 0;
  const estate = await openPeopleEstate({ now: () => Date.now() + aheadMs, more });
  const later = async (ms: number, ...people: readonly SoftPerson[]): Promise<void> => {
    aheadMs += ms;
    for (const person of people) {
      person.aheadMs = aheadMs;
      const signed = await person.signIn();
      assert.equal(signed.status, 200, signed.text);
    }
  };
  const administers = async (who: SoftPerson, by: SoftPerson): Promise<void> => {
    const asked = await who.ask({ actions: ["administer"], resources: ["gateway"], reason: "to look", minutes: 240 });
    assert.equal(asked.status, 200, asked.text);
    const approved = await by.voice("approve", asked.json.id);
    assert.equal(approved.status, 200, approved.text);
  };
  const enrol = async (name: string, code: string): Promise<SoftPerson> => {
    const person = softPerson(serverOf(estate).url);
    person.aheadMs = aheadMs;
    const enrolled = await person.enrol(name, code);
    assert.equal(enrolled.status, 200, enrolled.text);
    return person;
  };
  return { estate, later, administers, enrol };
}

const invite = (by: SoftPerson, name: string, groups: readonly string[]): Promise<Reply> =>
  by.call("POST", "/v1/people/invite", { name, displayName: name, groups });

async function sayToo(by: SoftPerson, name: string): Promise<Reply> {
  const assertion = await by.confirm("add-administrator", name);
  return by.call("POST", "/v1/people/administrators/approve", { name, assertion });
}

test("an administrator beside others invites no other without one's word, and the newcomer's word does not count yet", async () => {
  const place = await openLater();
  await using estate = place.estate;
  const ada = await administrator(estate);
  const bo = await invited(estate, ada, "bo", ["administrators"]); // alone, she may: somebody has to begin
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  await place.later(25 * hour, ada, bo, mei);
  await place.administers(ada, bo);

  const asked = await invite(ada, "puppet", ["administrators"]);
  assert.deepEqual([asked.status, asked.json], [200, { name: "puppet", waits: true }]);
  const { json: listed } = await ada.call("GET", "/v1/people");
  assert.deepEqual(
    listed.nominations.map(({ user, groups }: { user: string; groups: string[] }) => [user, groups]),
    [["default/puppet", ["administrators"]]],
  );
  assert.equal((await sayToo(ada, "puppet")).status, 403, "not her own");
  assert.equal((await sayToo(mei, "puppet")).status, 403, "nor who is no administrator");
  assert.equal((await invite(ada, "x", ["data-science"])).json.waits, undefined, "other groups take one");
  // What was confirmed is what was asked for: another nomination of the same name is another.
  const assertion = await bo.confirm("add-administrator", "puppet");
  await invite(ada, "puppet", ["administrators", "data-science"]);
  const bent = await bo.call("POST", "/v1/people/administrators/approve", { name: "puppet", assertion });
  assert.equal(bent.status, 403, bent.text);
  const said = await sayToo(bo, "puppet");
  assert.equal(said.status, 200, said.text);
  await assert.rejects(sayToo(bo, "puppet"), /nobody would have `puppet` as an administrator/, "once");
  const puppet = await place.enrol("puppet", said.json.code);

  // The newcomer approves nothing, reviews nothing, lets nobody in, nominates nobody alone; denying is nobody's danger.
  const wanted = await ada.ask({ actions: ["read"], resources: ["training-data"], reason: "mine", minutes: 10 });
  assert.equal(wanted.status, 403, "no rule of hers");
  const request = { actions: ["read"], resources: ["training-data"], reason: "the model drifts", minutes: 60 };
  const { json: grant } = await mei.ask(request);
  const seen = (await puppet.call("GET", "/v1/grants")).json.grants.find(({ id }: { id: string }) => id === grant.id);
  assert.deepEqual(seen.may, ["deny"]);
  const refused = await puppet.voice("approve", grant.id);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /enrolled for less than 24 hours/);
  const recovery = await puppet.confirm("recover", "mei");
  const back = { name: "mei", reason: "trust me", assertion: recovery };
  assert.equal((await puppet.call("POST", "/v1/people/recover", back)).status, 403);

  // Locking who was there before makes no room for the newcomer.
  assert.equal((await ada.call("POST", "/v1/people/lock", { name: "bo", reason: "in the way" })).status, 200);
  const own = await ada.ask({ actions: ["administer"], resources: ["gateway"], reason: "on and on", minutes: 240 });
  assert.equal((await puppet.voice("approve", own.json.id)).status, 403);
  assert.deepEqual((await invite(ada, "third", ["administrators"])).json, { name: "third", waits: true });
  assert.equal((await sayToo(puppet, "third")).status, 403);
  assert.equal((await puppet.voice("deny", grant.id)).status, 200);

  // A day later it is an administrator like any other.
  await place.later(25 * hour, ada, mei, puppet);
  const { json: again } = await mei.ask(request);
  assert.equal((await puppet.voice("approve", again.id)).status, 200);
  assert.ok(estate.log.some((line) => line.includes("administrator-nominated")));
});

test("while all are new, they approve for one another; a nomination that nobody answers is over after a day", async () => {
  const place = await openLater();
  await using estate = place.estate;
  const ada = await administrator(estate);
  const bo = await invited(estate, ada, "bo", ["administrators"]);
  await place.administers(bo, ada);
  assert.equal((await invite(bo, "cy", ["administrators"])).json.waits, true);
  const assertion = await ada.confirm("add-administrator", "cy");
  await place.later(24 * hour, ada, bo);
  assert.equal((await ada.call("POST", "/v1/people/administrators/approve", { name: "cy", assertion })).status, 404);
});

test("what nobody approves is given to no other team's component, unless the rule names that team", async () => {
  for (const named of [false, true]) {
    const place = await openLater();
    await using estate = place.estate;
    const { store } = estate.cordon.control;
    const team = "team" as never;
    const key = { kind: "component", namespace: team, name: "theirs" };
    const value = {
      kind: "agent",
      boundary: "api",
      labels: { sensitivity: "internal", categories: [], integrity: "trusted" },
      description: "",
      bearerTokens: false,
      registrations: [],
      namesSessions: false,
    };
    await store.transact("test", Date.now(), async (transaction) => {
      await transaction.put(key, value, "api");
      if (!named) return;
      const rule = { kind: "grant-rule", namespace: "default" as never, name: "chat" };
      const held = (await transaction.get(rule))?.value as object;
      await transaction.delete(rule, "config");
      await transaction.put(rule, { ...held, principalNamespaces: ["team"] }, "api");
    });
    const ada = await administrator(estate);
    const mei = await invited(estate, ada, "mei", ["data-science"]);
    const ask = (principal: string) =>
      mei.ask({ actions: ["infer"], resources: ["default/chat"], reason: "x", minutes: 10, principal });
    assert.equal((await ask("default/rival")).status, 200);
    const foreign = await ask("team/theirs");
    assert.equal(foreign.status, named ? 200 : 403, foreign.text);
    if (!named) assert.match(foreign.text, /principalNamespaces/);
    // What somebody approves they have read: it may be anybody's.
    const approved = { actions: ["read"], resources: ["training-data"], reason: "x", minutes: 10 };
    assert.equal((await mei.ask({ ...approved, principal: "team/theirs" })).json?.state, "requested");
  }
});
