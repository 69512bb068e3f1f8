/** Who reads what in the console: one's own team's, and what one did; administrators and auditors everything. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { signatureHeader } from "@cordon/core/contract/console-api";
import { chatCall, policies, type Estate } from "./estate.ts";
import { openPeopleEstate, peopleOf, serverOf } from "./people-estate.ts";
import { administrator, invited } from "./soft-people.ts";
import type { SoftPerson } from "./soft-person.ts";

const team = "payments" as never;

/** The lines of live updates that are there already. */
function events(person: SoftPerson): Promise<readonly { index: number; entry: Record<string, unknown> }[]> {
  const url = new URL("/v1/events", person.console);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        ...{ host: "127.0.0.1", port: url.port, path: url.pathname, agent: false },
        headers: { host: url.host, [signatureHeader]: person.signatureFor("GET", url.pathname, "") },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        setTimeout(() => {
          request.destroy();
          const lines = text.split("\n").filter((line) => line !== "");
          const read = lines.map((line) => JSON.parse(line) as { type: string; index: number; entry: never });
          resolve(read.filter(({ type }) => type === "entry"));
        }, 300);
      },
    );
    request.on("error", reject);
    request.end();
  });
}

async function openTwoTeams(): Promise<Estate> {
  const estate = await openPeopleEstate({ policies });
  const { store } = estate.cordon.control;
  const labels = { sensitivity: "internal", categories: [], integrity: "trusted" };
  const component = { kind: "agent", boundary: "api", labels, description: "a secret of theirs", bearerTokens: false };
  await store.transact("config:payments", Date.now(), async (transaction) => {
    await transaction.put(
      { kind: "component", namespace: team, name: "clerk" },
      { ...component, registrations: [], namesSessions: false },
      "api",
    );
    const text =
      '@id("payments-only") forbid (principal, action, resource) when { context.route == "secret-project" };';
    await transaction.put({ kind: "policy", namespace: team, name: "own" }, { origin: "api", text }, "api");
  });
  return estate;
}

test("somebody of one team reads nothing of another's: entries, components, policies, receipts, problems", async () => {
  await using estate = await openTwoTeams();
  const ada = await administrator(estate);
  const kim = await invited(estate, ada, "payments/kim", ["clerks"]);
  const mei = await invited(estate, ada, "mei", ["data-science"]);
  const max = await invited(estate, ada, "max", ["auditors"]);
  const rim = await invited(estate, ada, "payments/rim", ["auditors", "administrators"]); // of another namespace: another group
  const svid = await estate.svidFor("agent", "assistant");
  assert.equal((await estate.call(svid, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
  assert.equal((await estate.call(svid, "/training-data/x")).status, 403);

  const kinds = async (person: SoftPerson) => {
    const all = await events(person);
    return {
      all,
      text: JSON.stringify(all),
      decisions: all.filter(({ entry }) => entry["kind"] === "decision" && entry["action"] !== "administer"),
    };
  };
  for (const person of [kim, rim]) {
    const seen = await kinds(person);
    assert.equal(seen.decisions.length, 0, "calls of the other team");
    assert.doesNotMatch(seen.text, /assistant|training-data|mei|ada/);
    const { json: theirs } = await person.call("GET", "/v1/estate");
    assert.deepEqual(
      theirs.components.map(({ name }: { name: string }) => name),
      ["clerk"],
    );
    assert.deepEqual([theirs.routes, theirs.flows], [[], []]);
    const { json: texts } = await person.call("GET", "/v1/policies");
    assert.deepEqual(
      texts.policies.map(({ namespace }: { namespace: string }) => namespace),
      ["payments"],
    );
    const { json: overview } = await person.call("GET", "/v1/overview");
    assert.doesNotMatch(JSON.stringify(overview.problems), /ada|administer|g-/);
    assert.ok(overview.problems.length <= 1);
    const { json: cut } = await person.call("GET", "/v1/segmentation");
    assert.ok(cut.boundaries.every(({ components }: { components: number }) => components === 0));
  }
  const own = await kinds(mei);
  assert.equal(own.decisions.length, 2, "her team's calls");
  assert.doesNotMatch(own.text, /clerk|secret of theirs/);
  assert.doesNotMatch((await mei.call("GET", "/v1/policies")).text, /payments-only/);
  assert.doesNotMatch((await mei.call("GET", "/v1/estate")).text, /clerk/);

  for (const person of [ada, max]) {
    assert.match((await kinds(person)).text, /config:payments/);
    assert.match((await person.call("GET", "/v1/policies")).text, /payments-only/);
    assert.match((await person.call("GET", "/v1/estate")).text, /clerk/);
  }
  const [decision] = own.decisions;
  const receipt = (person: SoftPerson) => person.call("GET", `/v1/ledger/receipt/${decision?.index}`);
  assert.equal((await receipt(mei)).status, 200);
  assert.equal((await receipt(max)).status, 200);
  assert.equal((await receipt(kim)).status, 403);
  assert.equal((await kim.call("GET", "/v1/ledger/receipt/999999")).status, 403, "whether there is one is not said");

  // An auditor reads and changes nothing; one who is locked reads nothing more.
  assert.equal((await max.call("POST", "/v1/people/invite", { name: "x", displayName: "x", groups: [] })).status, 403);
  assert.equal((await ada.call("POST", "/v1/people/lock", { name: "max", reason: "left" })).status, 200);
  assert.notEqual((await max.call("GET", "/v1/estate")).status, 200);
  assert.ok(peopleOf(estate) && serverOf(estate));
});
