/** Rows of a model's inputs through a real gateway: what the model never saw is refused before it, and on record by column. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { X509Svid } from "@cordon/core/identity/svid";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { openEstate, type Answer, type Estate } from "./estate.ts";

const table =
  "table: { columns: [{ name: age, least: 18, most: 90, whole: true }, { name: branch, values: [east, west] }] }";
const inspection = (action: string): string =>
  `inspection: { request: { out-of-distribution: ${action}, resource-exhaustion: block }, ${table} }\n`;

const opened = new AsyncDisposableStack();
let estate: Estate;
let open: Estate;
let trainer: X509Svid;
let trainerOfOpen: X509Svid;

before(async () => {
  estate = opened.use(await openEstate({ more: inspection("block") }));
  open = opened.use(await openEstate({ more: inspection("flag") }));
  trainer = await estate.svidFor("pipeline", "trainer");
  trainerOfOpen = await open.svidFor("pipeline", "trainer");
});
after(() => opened.disposeAsync());

const put = (on: Estate, who: X509Svid, body: string | Buffer, type = "application/json"): Promise<Answer> =>
  on.call(who, "/training-data/x", { method: "PUT", body, headers: { "content-type": type } });

test("a row like those of the data passes, one such as there is none is refused; flagged, it arrives", async () => {
  assert.equal((await put(estate, trainer, '{"age":40,"branch":"east"}')).status, 200);
  const arrived = estate.data.seen.length;
  for (const body of ['{"age":4000,"branch":"east"}', '[{"age":40,"branch":"north"}]', '{"age":40}', '"row"'])
    assert.equal((await put(estate, trainer, body)).status, 403, body);
  assert.equal((await put(estate, trainer, "age=40", "text/plain")).status, 403);
  assert.equal(estate.data.seen.length, arrived);
  assert.equal((await put(open, trainerOfOpen, '{"age":4000,"branch":"east"}')).status, 200);
});

test("an image that would unpack to gigabytes is refused by its header, as a body and within one", async () => {
  const header = Buffer.from("89504e470d0a1a0a0000000d494844520000ea600000ea600806000000", "hex");
  const bomb = Buffer.concat([header, Buffer.alloc(200)]);
  const small = Buffer.concat([Buffer.from(header).fill(0, 18, 19).fill(0, 22, 23), Buffer.alloc(200)]);
  const answer = await put(estate, trainer, bomb, "image/png");
  assert.equal(answer.status, 403);
  const refused = await estate.call(await estate.svidFor("agent", "assistant"), "/v1/chat/completions", {
    ...{ method: "POST", headers: { "content-type": "application/json" } },
    body: JSON.stringify({
      model: "m",
      messages: [
        {
          role: "user",
          content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${bomb.toString("base64")}` } }],
        },
      ],
    }),
  });
  assert.match(refused.text, /out-of-distribution|image\/bomb/);
  const other = await put(estate, trainer, small, "image/png");
  assert.doesNotMatch(other.text, /image\/bomb/);
});

test("the client is told the column, and so is the record, never the value", async () => {
  const answer = await put(estate, trainer, '{"age":471147114711,"branch":"east"}');
  assert.match(answer.text, /inspection found out-of-distribution \(table\/column-age\)/);
  const entries = await estate.entries();
  const denied = entries.filter(
    (entry): entry is DecisionEntry => entry.kind === "decision" && entry.effect === "deny",
  );
  assert.match(JSON.stringify(denied.at(-1)?.findings), /"detector":"table\/column-age".*"action":"block"/);
  assert.ok(!JSON.stringify(entries).includes("471147114711"));
});
