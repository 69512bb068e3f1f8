/** The console's page on segmentation, in a real browser: boundaries, exceptions, windows, and what only observes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { before, test } from "node:test";
import { noBrowser, openBrowser } from "./browser.ts";
import { openEstate, policies } from "./estate.ts";

const skip = noBrowser;
before(() => {
  if (skip !== false) return;
  const program = fileURLToPath(new URL("../../tools/ensure-console.ts", import.meta.url));
  const built = spawnSync(process.execPath, [program], { cwd: join(program, "../.."), encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
});

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
    const { server } = estate.cordon.console;
    assert.ok(server, estate.cordon.console.why);
    await page.goto(server.url);
    await page.getByLabel("One-time code").fill(server.pairing.newCode().code.toLowerCase());
    await page.getByLabel("Name of this browser").fill("the wall");
    await page.getByRole("button", { name: "Pair", exact: true }).click();
    await page.getByRole("status", { name: /^Connection: live/ }).waitFor();
    await page.getByRole("link", { name: "Segmentation" }).click();
    const row = (table: string, words: string) =>
      page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: words });
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
    const screenshot = process.env["CORDON_SCREENSHOT"];
    if (screenshot !== undefined) await page.screenshot({ path: screenshot });
    assert.deepEqual(browser.complaints, []);
  },
);
