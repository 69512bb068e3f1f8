/** The console in a real browser against a real Cordon: what a person sees and does there, and what throws them out. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { before, test } from "node:test";
import type { Page } from "playwright-core";
import { parseVkey } from "@cordon/core/ledger/note";
import { openReceipt } from "@cordon/core/ledger/receipt";
import { noBrowser, openBrowser } from "./browser.ts";
import { chatCall, openEstate, policies, type Estate } from "./estate.ts";

const skip = noBrowser;
const inside = `
// Restricted data stays where it is worked on; a prompt cannot change that.
@id("restricted-stays-inside")
@reason("restricted data is read only from within the pipeline boundary")
forbid (principal, action, resource == Component::"default/dataset/training-data")
unless { principal == Workload::"default/pipeline/trainer" };
`;

before(() => {
  if (skip !== false) return;
  const program = fileURLToPath(new URL("../../tools/ensure-console.ts", import.meta.url));
  const built = spawnSync(process.execPath, [program], { cwd: join(program, "../.."), encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
});

function serverOf({ cordon }: Estate) {
  assert.ok(cordon.console.server, cordon.console.why);
  return cordon.console.server;
}

async function pair(page: Page, estate: Estate): Promise<void> {
  const server = serverOf(estate);
  await page.goto(server.url);
  await page.getByLabel("One-time code").fill(server.pairing.newCode().code.toLowerCase());
  await page.getByLabel("Name of this browser").fill("the wall");
  await page.getByRole("button", { name: "Pair", exact: true }).click();
  await page.getByRole("status", { name: /^Connection: live/ }).waitFor();
}

/** Makes a permitted call a refused one, in every file of the ledger that holds it, length for length. */
function tamper(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const holding = files
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => /tile|wal/.test(file) && readFileSync(file, "latin1").includes('"effect":"allow"'));
  assert.notEqual(holding.length, 0, "the ledger holds the decision");
  for (const file of holding)
    writeFileSync(file, readFileSync(file, "latin1").replaceAll('"effect":"allow"', '"effect":"deny" '), "latin1");
}

const row = (page: Page, words: string) => page.getByRole("row").filter({ hasText: words });
const connection = (page: Page, state: string) => page.getByRole("status", { name: `Connection: ${state}` });

test(
  "a browser pairs with the code from the terminal, and only once; its key cannot be read out",
  { skip },
  async () => {
    await using estate = await openEstate();
    await using browser = await openBrowser();
    const { page } = browser;
    const server = serverOf(estate);
    await page.goto(server.url);
    await page.getByLabel("One-time code").fill("AAAAA-AAAAA");
    await page.getByRole("button", { name: "Pair", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "That code does not pair this browser" }).waitFor();
    const { code } = server.pairing.newCode();
    await page.getByLabel("One-time code").fill(code);
    await page.getByRole("button", { name: "Pair", exact: true }).click();
    await connection(page, "live").waitFor();
    await page.getByRole("heading", { name: "No decision yet" }).waitFor();
    assert.equal((await server.keys.list()).length, 1);

    const kept = await page.evaluate(`new Promise((resolve, reject) => {
    const opening = indexedDB.open("cordon-console");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const got = opening.result.transaction("keys").objectStore("keys").get("current");
      got.onsuccess = () => resolve(crypto.subtle.exportKey("pkcs8", got.result.privateKey).then(() => "readable", (error) => error.name));
    };
  })`);
    assert.equal(kept, "InvalidAccessError");
    await page.reload();
    await connection(page, "live").waitFor();

    await using stranger = await openBrowser();
    await stranger.page.goto(server.url);
    await stranger.page.getByLabel("One-time code").fill(code);
    await stranger.page.getByRole("button", { name: "Pair", exact: true }).click();
    await stranger.page.getByRole("alert").filter({ hasText: "does not pair" }).waitFor();
    assert.equal((await server.keys.list()).length, 1);
  },
);

test(
  "decisions arrive live with their reasons and ends; a receipt from the page proves its entry",
  { skip },
  async () => {
    await using estate = await openEstate({ policies: policies + inside });
    await using browser = await openBrowser();
    const { page, complaints } = browser;
    const assistant = await estate.svidFor("agent", "assistant");
    await pair(page, estate);

    assert.equal((await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
    const allowed = row(page, "assistant-infers").filter({ hasText: "200" });
    await allowed.waitFor();
    assert.match((await allowed.textContent()) ?? "", /allow.*assistant.*infer.*chat.*permits this.*200 · 2 B/);
    assert.equal((await estate.call(assistant, "/training-data/rows")).status, 403);
    const denied = row(page, "restricted data is read only");
    await denied.waitFor();
    assert.match((await denied.textContent()) ?? "", /deny.*assistant.*read.*training-data.*not forwarded/);

    await page.getByText("Denied", { exact: true }).click();
    await allowed.waitFor({ state: "detached" });
    await denied.click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText('@id("restricted-stays-inside")').waitFor();
    await drawer.getByText("a prompt cannot change that").waitFor();
    const downloading = page.waitForEvent("download");
    await drawer.getByRole("button", { name: "Receipt" }).first().click();
    const download = await downloading;
    const index = Number(/^entry-(\d+)\.tlog-proof$/.exec(download.suggestedFilename())?.[1]);
    const vkey = parseVkey(readFileSync(join(estate.cordon.ledgerFolder, "log.vkey"), "utf8").trim());
    const receipt = openReceipt(readFileSync(await download.path(), "utf8"), vkey);
    assert.equal(receipt.index, index);
    assert.deepEqual(complaints, [], "the page's policy holds, and it asks no other host for anything");
  },
);

test("what goes on is not shown while somebody reads, and nothing is lost by it", { skip }, async () => {
  await using estate = await openEstate();
  await using browser = await openBrowser();
  const { page } = browser;
  const assistant = await estate.svidFor("agent", "assistant");
  await pair(page, estate);
  await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  await row(page, "assistant-infers").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await estate.call(assistant, "/training-data/rows");
  await page.getByRole("button", { name: "Resume (1 new)" }).waitFor();
  assert.equal(await row(page, "training-data").count(), 0);
  await page.getByRole("button", { name: "Resume" }).click();
  await row(page, "training-data").waitFor();
});

test("a stream that policy no longer stands behind is seen to be cut, and why", { skip }, async () => {
  await using estate = await openEstate();
  await using browser = await openBrowser();
  const { page } = browser;
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: tick\n\n");
  };
  await pair(page, estate);
  const rival = await estate.svidFor("agent", "rival");
  const call = { ...chatCall({ model: "m", stream: true }), method: "POST" as const };
  const { body } = await estate
    .agent(rival)
    .request({ origin: estate.cordon.gatewayUrl, path: "/v1/chat/completions", ...call });
  body.on("error", () => undefined).resume();
  await row(page, "rival-infers").filter({ hasText: "under way" }).waitFor();
  await estate.cordon.control.store.transact("security on call", Date.now(), (transaction) =>
    transaction.put(
      { kind: "isolation", namespace: "default" as never, name: "rival" },
      { component: rival.id, reason: "exfiltration suspected", since: Date.now() },
      "api",
    ),
  );
  const cut = row(page, "rival-infers").filter({ hasText: "cut · 200" });
  await cut.waitFor();
  await cut.click();
  await page.getByRole("dialog").getByText("Cordon cut it while it ran.").waitFor();
  await page.getByRole("dialog").getByRole("link", { name: "agent rival" }).click();
  await page
    .getByRole("complementary", { name: "agent rival" })
    .getByText(/^Isolated: /)
    .waitFor();
});

test("the estate shows who stands where, what was refused, and what no control sees", { skip }, async () => {
  await using estate = await openEstate({ policies: policies + inside });
  await using browser = await openBrowser();
  const { page, complaints } = browser;
  const assistant = await estate.svidFor("agent", "assistant");
  await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  await estate.call(assistant, "/training-data/rows");
  await pair(page, estate);
  await page.getByRole("link", { name: "Estate" }).click();
  const nodes = page.locator(".react-flow__node-component");
  await nodes.first().waitFor();
  assert.equal(await nodes.count(), 8);
  for (const boundary of ["api", "pipeline", "model", "data"]) await page.getByText(`${boundary} boundary`).waitFor();
  await page.locator(".flow-label-denied", { hasText: "read 1" }).waitFor();
  assert.equal(await page.locator("path.flow-denied").count(), 1);
  assert.equal(await page.locator("path.flow-allowed").count(), 1);

  await nodes.filter({ hasText: "training-data" }).click();
  const panel = page.getByRole("complementary", { name: "dataset training-data" });
  await panel.getByText("restricted", { exact: true }).waitFor();
  await panel.getByText("mutual TLS").waitFor();
  await panel.getByText(/^Not seen: .*not inspected$/).waitFor();
  await panel.getByRole("cell", { name: "read from assistant" }).waitFor();
  await page.getByText("Tables", { exact: true }).click();
  await page.getByRole("row", { name: /assistant read training-data 0 1/ }).waitFor();
  assert.deepEqual(complaints, []);
});

test("the ledger is verified from the page, in words; a byte that was changed is found", { skip }, async () => {
  await using estate = await openEstate();
  await using browser = await openBrowser();
  const { page } = browser;
  const assistant = await estate.svidFor("agent", "assistant");
  await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  await pair(page, estate);
  await page.getByRole("link", { name: "Ledger" }).click();
  await page.locator("pre", { hasText: "test.example/gateway-" }).waitFor();
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText(/^All \d+ entries are there, in order, and unchanged/).waitFor();
  await page.getByText(/still the history of \d+ checkpoints? kept elsewhere/).waitFor();

  tamper(estate.cordon.ledgerFolder);
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText(/^Verification failed: \d+ problem/).waitFor();
  assert.equal(await page.getByText(/^All \d+ entries are there/).count(), 0);
});

test("a browser whose key is revoked is shown nothing more", { skip }, async () => {
  await using estate = await openEstate();
  await using browser = await openBrowser();
  const { page } = browser;
  await pair(page, estate);
  const server = serverOf(estate);
  const [key] = await server.keys.list();
  assert.equal(key?.label, "the wall");
  await server.keys.revoke(key.id, "test");
  await page.getByRole("heading", { name: "Pair this browser" }).waitFor();
  await page.getByRole("alert").waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Pair this browser" }).waitFor();
});

test("when Cordon goes away the page says so, and what it shows is no longer called live", { skip }, async () => {
  await using estate = await openEstate();
  await using browser = await openBrowser();
  const { page } = browser;
  await pair(page, estate);
  await estate.entries();
  await connection(page, "reconnecting").waitFor();
  await page.getByText(/^Cordon does not answer\. Is cordon up running\?$/).waitFor();
  assert.equal(await connection(page, "live").count(), 0);
});
