/** The console's page on segmentation, in a real browser: boundaries, exceptions, windows, and what only observes. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { before, test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser, openBrowser } from "./browser.ts";
import { openEstate, policies, type Estate } from "./estate.ts";
import { openOutsideEstate } from "./outside.ts";

const skip = noBrowser;
before(() => {
  if (skip !== false) return;
  const program = fileURLToPath(new URL("../../tools/ensure-console.ts", import.meta.url));
  const built = spawnSync(process.execPath, [program], { cwd: join(program, "../.."), encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
});

/** Pairs, and opens the page; returns how to find a row of one of its tables. */
async function openPage({ cordon }: Estate, page: Page) {
  const { server, why } = cordon.console;
  assert.ok(server, why);
  await page.goto(server.url);
  await page.getByLabel("One-time code").fill(server.pairing.newCode().code.toLowerCase());
  await page.getByLabel("Name of this browser").fill("the wall");
  await page.getByRole("button", { name: "Pair", exact: true }).click();
  await page.getByRole("status", { name: /^Connection: live/ }).waitFor();
  await page.getByRole("link", { name: "Segmentation" }).click();
  return (table: string, words: string) =>
    page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: words });
}

test(
  "the page shows what segments the estate now, and what a boundary that observes would have denied",
  { skip },
  async () => {
    await using estate = await openEstate({
      policies: `${policies}
@id("rival-reads-data") permit (principal == Workload::"default/agent/rival", action == Action::"read", resource == Component::"default/dataset/training-data");
@id("no-embedding") @mode("observe") forbid (principal, action == Action::"embed", resource);`,
      more: `windows:
  - { name: training-nightly, timeZone: Asia/Singapore, opens: "0 1 * * *", closes: "0 5 * * *", except: ["2026-12-25"] }
boundaries:
  model: observe
  exceptions:
    - { name: audit-2026, boundary: data, principal: rival, resource: training-data, actions: [read], owner: risk team, reason: annual model audit, expires: "2099-12-31T18:00:00+08:00" }
`,
    });
    await using browser = await openBrowser();
    const { page } = browser;
    const row = await openPage(estate, page);
    await row("Boundaries", "model").filter({ hasText: "observe" }).waitFor();
    await row("Boundaries", "pipeline").filter({ hasText: "enforce" }).waitFor();
    await row("Exceptions", "audit-2026")
      .filter({ hasText: "risk team" })
      .filter({ hasText: "annual model audit" })
      .waitFor();
    await row("Windows", "default/training-nightly")
      .filter({ hasText: /opens|closes/ })
      .waitFor();
    await row("Only observed", "default/no-embedding").waitFor();
    await page.getByText("Nothing was carried outside.").waitFor();
    const screenshot = process.env["CORDON_SCREENSHOT"];
    if (screenshot !== undefined) await page.screenshot({ path: screenshot });
    assert.deepEqual(browser.complaints, []);
  },
);

test(
  "the page shows what was carried outside, by whom and where, what was refused, and what counts for a limit",
  { skip },
  async () => {
    await using world = await openOutsideEstate({
      destinations: ({ port, caFile }) => [
        `name: partner, host: api.partner.example, port: ${port}, component: partner, privateAddresses: true, ` +
          `limit: { perSeconds: 3600, bytesOut: 5000000 }, ` +
          `intercept: { requests: [{ methods: [GET], paths: ["/v1/things"] }, { methods: [POST], paths: ["/v1/uploads"] }], caFile: "${caFile}" }`,
      ],
    });
    const curl = (...args: string[]) =>
      promisify(execFile)("curl", ["-sS", "--cacert", world.trustFile, "--proxy", world.proxy, ...args]);
    const url = `https://api.partner.example:${world.outside.port}`;
    await curl(`${url}/v1/uploads`, "-H", "Content-Type: text/plain", "-d", "x".repeat(50_000));
    await curl(`${url}/v1/things`);
    await curl(`${url}/secret`);
    await using browser = await openBrowser();
    const { page } = browser;
    const row = await openPage(world.estate, page);
    const cells = row("Outside", "default/partner").getByRole("cell");
    await cells.first().waitFor();
    const [principal, destination, out, back, through, refused, limit] = await cells.allInnerTexts();
    assert.match(principal ?? "", /assistant/);
    assert.equal(destination, "default/partner");
    assert.match(out ?? "", /^5\d kB$/);
    assert.match(back ?? "", /^\d(?:\.\d)? kB$/);
    assert.deepEqual([through, refused], ["2", "1"]);
    assert.match(limit ?? "", /^5\d kB out, .* in, \d since /);
    assert.deepEqual(browser.complaints, []);
  },
);
