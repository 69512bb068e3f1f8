/**
 * A data scientist and a grant, from the first passkey to the last byte: in Chromium, on the command line, through the gateway,
 * and in the ledger.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { request as undiciRequest } from "undici";
import { issuedOf } from "@cordon/cli/login/login-file";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { noBrowser } from "./browser.ts";
import { until } from "./estate.ts";
import { buildPages, cordonCommand, enrol, openPeopleEstate, peopleOf, serverOf, somebody } from "./people-estate.ts";

const skip = noBrowser;
before(() => (skip === false ? buildPages() : undefined));

/** What a data scientist runs in a notebook: it knows nothing of Cordon but an address. */
const notebook = `
const at = (path) => fetch(process.env.CORDON_URL + path, { headers: { authorization: "Bearer " + process.env.CORDON_TOKEN } });
const rows = await at("/training-data/rows");
console.log("rows", rows.status, await rows.text());
const all = await at("/training-data/all");
try {
  let first = true;
  for await (const piece of all.body) {
    if (first) console.log("downloading", all.status);
    first = false;
  }
  console.log("whole");
} catch {
  console.log("cut");
}
const after = await at("/training-data/rows").then((answer) => answer.status, () => "nothing");
console.log("after", after);
`;

test(
  "a data scientist asks for two hours on the training data, reads, and is cut at the end of it",
  { skip },
  async () => {
    let aheadMs = 0;
    await using estate = await openPeopleEstate({
      now: () => Date.now() + aheadMs,
      more: "people: { credentialMinutes: 240 }\n",
    });
    const folder = await mkdtemp(join(tmpdir(), "cordon-people-"));
    await using cleaning = new AsyncDisposableStack();
    cleaning.defer(() => rm(folder, { recursive: true, force: true }));
    estate.data.answer = ({ url }, response) => {
      if (url !== "/all") return void response.writeHead(200).end("rows of the training data");
      response.writeHead(200, { "content-type": "application/octet-stream" });
      const timer = setInterval(() => response.write("row\n"), 20);
      response.on("close", () => clearInterval(timer));
    };
    const { url } = serverOf(estate);

    // The terminal's code enrols the first administrator; she invites a data scientist.
    await using ada = await somebody();
    await enrol(ada, estate, "ada", (await peopleOf(estate).firstCode())?.code ?? "");
    await ada.page.getByRole("link", { name: "People" }).click();
    await ada.page.getByLabel("Invite").fill("mei");
    await ada.page.getByRole("combobox", { name: "Groups" }).fill("data-science");
    await ada.page.getByRole("combobox", { name: "Groups" }).press("Enter");
    await ada.page.getByRole("button", { name: "Invite" }).click();
    const code = await ada.page.locator("output.cli-code").textContent();
    await ada.page.keyboard.press("Escape");

    await using mei = await somebody();
    await enrol(mei, estate, "mei", code ?? "");

    // Two hours on the training data, with a reason.
    await mei.page.getByRole("button", { name: "Ask for a grant" }).click();
    await mei.page.getByRole("combobox", { name: "On" }).click();
    await mei.page.getByRole("option", { name: /training-data/ }).click();
    await mei.page.keyboard.press("Escape");
    await mei.page.getByLabel("Why").fill("the May model drifts; I need the rows it was trained on");
    await mei.page.getByLabel("For how many minutes").fill("120");
    await mei.page.getByRole("button", { name: "Ask", exact: true }).click();
    const drawer = mei.page.getByRole("dialog");
    await drawer.getByText("waits: 0 of 1").waitFor();
    assert.equal(await drawer.getByRole("button", { name: "Approve" }).count(), 0, "nobody approves their own");
    const id = /g-[0-9a-f]+/.exec(mei.page.url())?.[0] ?? "";

    // Somebody else reads it and approves, with a passkey.
    await ada.page.goto(`${url}/#/grants?id=${id}`);
    const request = ada.page.getByRole("dialog");
    await request.getByText("the May model drifts").waitFor();
    await request.getByLabel("Your words").fill("fine, until the meeting");
    await request.getByRole("button", { name: "Approve" }).click();
    await request.getByText(/^holds (?:2 h|1\d\d min)/).waitFor();

    // The command line: a key of its own, confirmed in the browser by the code that both show.
    const env = { CORDON_LOGIN: join(folder, "login.json") };
    const login = cordonCommand(["login", "--console", url, "--grant", id, "--no-browser"], env);
    await until(() => /#\/login\?\S+/.test(login.stderr), "the address of the hand-off");
    const shown = /code: {2}(\S+)/.exec(login.stderr)?.[1];
    await mei.page.goto(/http\S+#\/login\?\S+/.exec(login.stderr)?.[0] ?? "");
    assert.equal(await mei.page.locator("output.cli-code", { hasText: "-" }).textContent(), shown);
    await mei.page.getByRole("button", { name: "Confirm with my passkey" }).click();
    await mei.page.getByText("You are signed in on the command line").waitFor();
    assert.equal(await login.ended, 0, login.stderr);

    // The notebook reads through the gateway, and starts a long download.
    const program = join(folder, "notebook.mjs");
    await writeFile(program, notebook);
    const running = cordonCommand(["run", "--me", "--", process.execPath, program], { ...env, XDG_STATE_HOME: folder });
    await until(() => running.stdout.includes("downloading"), "the download");
    assert.match(running.stdout, /rows 200 rows of the training data/);
    const { svid } = await issuedOf({ CORDON_LOGIN: env.CORDON_LOGIN });

    // Two hours later.
    aheadMs = 2 * 3_600_000 + 1_000;
    const began = performance.now();
    await until(() => /cut|whole/.test(running.stdout), "the end of the download");
    const tookMs = performance.now() - began;
    assert.match(running.stdout, /cut/);
    await running.ended;
    assert.match(running.stdout, /after (?:nothing|4\d\d|5\d\d)/, "the same connection is good for nothing more");
    const dispatcher = estate.agent(svid);
    await assert.rejects(
      undiciRequest(`${estate.cordon.gatewayUrl}/training-data/rows`, { dispatcher }),
      "the credential opens no connection any more",
    );
    await until(
      () => peopleOf(estate).deps.snapshot().grants?.get(svid.id) === undefined,
      "the grant's end in the store",
    );

    const told = (await estate.entries()).flatMap((entry) => tellingOf(entry));
    const expected = [
      /ada enrolled as the first administrator/,
      /default\/mei is invited, with groups: data-science/,
      /mei enrolled as .*ada invited/,
      /mei asked for read on default\/training-data for 120 min: the May model drifts/,
      /ada approved g-[0-9a-f]+ of mei: fine, until the meeting; it holds until/,
      /mei signed in to the command line .* for grant g-/,
      /allow read by mei: grant g-[0-9a-f]+ \(approved by .*ada\)/,
      /complete 200/,
      /allow read by mei/,
      /deny read by mei: .*over/,
      /^cut 200/,
      /grant g-[0-9a-f]+ of mei ended by itself/,
    ];
    let place = -1;
    for (const pattern of expected) {
      const next = told.findIndex((words, index) => index > place && pattern.test(words));
      assert.notEqual(next, -1, `${pattern} after entry ${place} of:\n${told.join("\n")}`);
      place = next;
    }
    console.log(
      `the download was cut ${Math.round(tookMs)} ms after the grant's end; the ledger tells it in ${told.length} entries`,
    );
  },
);

/** An entry as a person would tell it; administering is told by its change. */
function tellingOf(entry: LedgerEntry): string[] {
  if (entry.kind === "change") return entry.words === undefined ? [] : [entry.words];
  if (entry.kind === "decision" && entry.action !== "administer")
    return [`${entry.effect} ${entry.action} by ${entry.principal.split("/").at(-1)}: ${entry.reasons[0]?.words}`];
  if (entry.kind === "outcome" && !entry.id.startsWith("console-")) return [`${entry.end} ${entry.status}`];
  return [];
}
