/** The console's page of risk, in a real browser: scores and what they are made of, devices, sessions to cut, incidents; by keyboard. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { invite as makeInvitation } from "@cordon/control/people/invitations";
import { noBrowser, openBrowser } from "./browser.ts";
import { chatCall, openEstate, policies, until } from "./estate.ts";
import { buildPages, enrol, openPeopleEstate, peopleOf, serverOf, somebody } from "./people-estate.ts";
import { softPerson, type SoftPerson } from "./soft-person.ts";

const skip = noBrowser;
before(() => (skip === false ? buildPages() : undefined));

const contained = `${policies}
@id("contain") forbid (principal, action, resource) when { context.risk.incident == "critical" };
`;

test(
  "an administrator sees who is risky and why, opens and closes an incident, and cuts a session; others see nothing",
  { skip },
  async () => {
    await using estate = await openPeopleEstate({ policies: contained });
    await using ada = await somebody();
    await enrol(ada, estate, "ada", (await peopleOf(estate).firstCode())?.code ?? "");
    const { page } = ada;
    const invite = async (name: string): Promise<SoftPerson> => {
      const { code } = await makeInvitation(
        peopleOf(estate).deps,
        { name, displayName: name, groups: [], recovers: false },
        "test",
      );
      const person = softPerson(new URL(page.url()).origin);
      assert.equal((await person.enrol(name, code)).status, 200);
      return person;
    };
    const mei = await invite("mei");
    assert.equal((await mei.call("GET", "/v1/risk")).status, 403);
    assert.equal((await mei.call("POST", "/v1/sessions/cut", { session: "0".repeat(64), reason: "x" })).status, 403);
    const device = {
      managed: true,
      owner: "default/user/mei",
      enrolledAt: 1,
      posture: {
        reportedAt: Date.now() - 3 * 86_400_000,
        source: "agent",
        diskEncrypted: false,
        screenLock: true,
        patchAgeDays: 1,
      },
    };
    await estate.cordon.control.store.transact("test", Date.now(), (transaction) =>
      transaction.put({ kind: "device", namespace: "default" as never, name: "mei-laptop" }, device, "api"),
    );
    const assistant = await estate.svidFor("agent", "assistant");
    const call = async (): Promise<number> =>
      (await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status;
    assert.equal(await call(), 200);

    await page.getByRole("link", { name: "Risk", exact: true }).click();
    await page.getByRole("heading", { name: "Risk", exact: true }).waitFor();
    const row = (table: string, words: string) =>
      page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: words });
    await row("Risk of people and workloads", "agent/assistant")
      .filter({ hasText: "nothing speaks against it" })
      .waitFor();
    await row("Devices", "mei-laptop")
      .filter({ hasText: "unknown" })
      .filter({ hasText: "72 h ago, by agent" })
      .waitFor();

    // By keyboard alone.
    await page.getByLabel("Open an incident of").focus();
    await page.keyboard.type("default/assistant");
    await page.keyboard.press("Tab");
    await page.keyboard.press("c");
    assert.equal(await page.getByLabel("Severity").inputValue(), "critical");
    await page.keyboard.press("Tab");
    await page.keyboard.type("a planted mark came out");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await row("Open incidents", "a planted mark came out").filter({ hasText: "critical" }).waitFor();
    assert.equal(await call(), 403);
    await row("Risk of people and workloads", "agent/assistant").filter({ hasText: "the critical incident" }).waitFor();
    const folder = process.env["CORDON_SCREENSHOTS"];
    if (folder !== undefined) {
      await page.screenshot({ path: `${folder}/risk-light.png`, fullPage: true });
      await page.getByRole("button", { name: "Use dark colours" }).click();
      await page.screenshot({ path: `${folder}/risk-dark.png`, fullPage: true });
      await page.setViewportSize({ width: 420, height: 900 });
      await page.screenshot({ path: `${folder}/risk-narrow.png`, fullPage: true });
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    const close = page.getByRole("button", { name: /^Close incident inc-/ });
    await close.focus();
    await page.keyboard.press("Enter");
    await page.getByText("None is open.").waitFor();
    assert.equal(await call(), 200);

    await page.getByRole("button", { name: /^Cut the session of default\/user\/mei/ }).click();
    await until(
      () =>
        ![...(estate.cordon.control.snapshots.current().sessions?.values() ?? [])].some(({ user }) =>
          user.endsWith("/mei"),
        ),
      "her session is over",
    );
    assert.equal((await mei.call("GET", "/v1/me")).status, 401);
    assert.deepEqual(ada.browser.complaints, []);
  },
);

test(
  "a browser paired by a code reads risk and can change nothing of it; no page is wider than a telephone",
  { skip },
  async () => {
    await using estate = await openEstate();
    await using browser = await openBrowser();
    const { page } = browser;
    const { url, pairing } = serverOf(estate);
    const assistant = await estate.svidFor("agent", "assistant");
    assert.equal((await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
    await page.goto(url);
    await page.getByLabel("One-time code").fill(pairing.newCode().code);
    await page.getByRole("button", { name: "Pair", exact: true }).click();
    await page.getByRole("link", { name: "Risk", exact: true }).click();
    const scores = page.getByRole("table", { name: "Risk of people and workloads" });
    await scores.getByRole("row").filter({ hasText: "agent/assistant" }).waitFor();
    await page.getByText("Nobody is signed in.").waitFor();
    assert.equal(await page.getByLabel("Open an incident of").count(), 0);
    assert.equal(await page.getByRole("button", { name: "Sign in with a passkey" }).count(), 0);

    await page.setViewportSize({ width: 390, height: 844 });
    for (const name of ["Live decisions", "Estate", "Segmentation", "Ledger", "Risk", "Grants", "People"]) {
      const link = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true });
      await link.click();
      await page.locator("main section, main .people-empty").first().waitFor();
      await page.waitForFunction(`(() => {
        const tab = document.querySelector("nav [aria-current]").getBoundingClientRect();
        const nav = document.querySelector("nav").getBoundingClientRect();
        return tab.left >= nav.left - 1 && tab.right <= nav.right + 1;
      })()`);
      assert.equal(
        await page.evaluate("document.documentElement.scrollWidth"),
        390,
        `${name} is wider than the screen`,
      );
    }
    assert.deepEqual(browser.complaints, []);
  },
);
