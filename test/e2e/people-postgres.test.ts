/**
 * People, grants, approvals and break-glass with PostgreSQL as the store: one story from the first passkey to the cut, and a clock
 * that is set back under it. Where there is no PostgreSQL, this is skipped, and says so.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openEstate, policies, until } from "./estate.ts";
import { peopleOf } from "./people-estate.ts";
import { createSchema, noPostgres } from "./postgres-schema.ts";
import { administrator, cliCredential, invited } from "./soft-people.ts";

const rules = `
grants:
  - { name: training-data, actions: [read], resources: [training-data], requesters: [data-science], approvers: 1, maxMinutes: 240 }
  - { name: glass, actions: [infer], resources: [chat], requesters: [data-science], approvers: 2, breakGlass: true, maxMinutes: 30 }
`;
const minute = 60_000;

test(
  "a grant is asked for, approved, used, and cut at its end; break-glass holds once; a clock set back brings nothing back",
  { skip: noPostgres },
  async () => {
    await using schema = await createSchema();
    let aheadMs = 0;
    const now = (): number => Date.now() + aheadMs;
    await using estate = await openEstate({ policies, more: `${schema.yaml}${rules}`, now });
    const ada = await administrator(estate);
    const mei = await invited(estate, ada, "mei", ["data-science"]);
    const request = { actions: ["read"], resources: ["training-data"], reason: "the May model drifts", minutes: 20 };
    const { json: asked } = await mei.ask(request);
    assert.equal(asked.state, "requested");
    assert.equal((await mei.voice("approve", asked.id).catch(() => ({ status: 403 }))).status, 403, "not one's own");
    assert.equal((await ada.voice("approve", asked.id)).status, 200);
    const credential = await cliCredential(mei, asked.id);
    estate.data.answer = (_seen, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write("row\n"), 10);
      response.on("close", () => clearInterval(timer));
    };
    const { body } = await estate.agent(credential).request({
      ...{ origin: estate.cordon.gatewayUrl, path: "/training-data/all", method: "GET" },
    });
    const download = { rows: 0, ended: false };
    body.on("data", () => (download.rows += 1));
    for (const event of ["error", "end"] as const) body.on(event, () => (download.ended = true));
    await until(() => download.rows > 2, "the download runs");

    const glass = { actions: ["infer"], resources: ["chat"], reason: "payments are down", minutes: 10 };
    const take = async () =>
      mei.ask({ ...glass, breakGlass: true, assertion: await mei.confirm("break-glass", JSON.stringify(glass)) });
    const { json: taken } = await take();
    assert.deepEqual([taken.state, taken.breakGlass], ["approved", true]);
    assert.equal((await take()).status, 403, "once, until somebody has looked");
    await until(() => peopleOf(estate).unreviewed().length > 0, "it is on every page");

    // The end of the grant.
    aheadMs += 21 * minute;
    await until(() => download.ended, "the download is cut");
    const stateOf = async (id: string): Promise<unknown> => {
      const objects = await estate.cordon.control.store.list("grant");
      const value = objects.find(({ name }) => name === id)?.value;
      return (value as { readonly state?: unknown } | undefined)?.state;
    };
    for (const id of [asked.id, taken.id]) {
      for (let tries = 0; (await stateOf(id)) !== "ended" && tries < 1200; tries++)
        await new Promise((resolve) => setTimeout(resolve, 25));
      assert.equal(await stateOf(id), "ended");
    }

    // The clock is set back to where the grant held: what has ended stays so, here and at the gateway.
    aheadMs -= 15 * minute;
    mei.aheadMs = aheadMs;
    const back = await estate
      .call(credential, "/training-data/all")
      .then(({ status }) => status)
      .catch(() => 0); // closed before an answer
    assert.notEqual(back, 200);
    assert.equal(await stateOf(asked.id), "ended");
    assert.equal(await stateOf(taken.id), "ended");

    const told = (await estate.entries()).flatMap((entry) => (entry.kind === "change" ? [entry.words ?? ""] : []));
    const at = (words: string): number => told.findIndex((one) => one.includes(words));
    const story = [
      "ada enrolled as the first administrator",
      "mei enrolled as",
      "mei asked for read on default/training-data",
      `ada approved ${asked.id}`,
      "mei signed in to the command line",
      "mei broke the glass and took infer on default/chat",
      `grant ${asked.id} of mei ended by itself`,
    ];
    const places = story.map(at);
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? -1)),
      `${places.join()}: ${told.join("\n")}`,
    );
  },
);
