/**
 * The notebook of `examples/oauth`, as somebody runs it, and a person in Chromium with an authenticator of their own: what they
 * are shown, that their passkey lets it read, and that another site cannot put the page into a frame.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { noBrowser } from "./browser.ts";
import { openEstate, policies, type Estate } from "./estate.ts";
import { ask, program } from "./oauth-client.ts";
import { buildPages, enrol, grantRules, peopleOf, serverOf, somebody, type Somebody } from "./people-estate.ts";

const skip = noBrowser;
before(() => (skip === false ? buildPages() : undefined));

const more = `${grantRules}
oauth: { clients: [{ name: notebook, displayName: Mei's notebook, redirectUris: ["http://127.0.0.1/callback"] }] }
`;
const permits = `${policies}
@id("people-read") permit (principal is User, action == Action::"read", resource == Component::"default/dataset/training-data")
  when { context.client == "default/notebook" };
`;
const notebook = fileURLToPath(new URL("../../examples/oauth/notebook.mjs", import.meta.url));

interface Notebook {
  readonly address: string;
  readonly output: () => string;
  readonly ended: Promise<number>;
}

/** Runs it, until it asks for a browser. */
async function runNotebook(estate: Estate): Promise<Notebook> {
  const { origin } = estate.cordon.gateway;
  const args = [notebook, `${serverOf(estate).url}/oauth`, "default/notebook", `${origin}/training-data`, "/rows"];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env["PATH"] ?? "", NODE_TLS_REJECT_UNAUTHORIZED: "0" }, // the gateway's certificate is of the test's own domain
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close").then(([code]) => code as number);
  let [said, read] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (read += text));
  const address = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /open in your browser: (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(said)));
  });
  return { address, output: () => `${said}${read}`, ended };
}

async function enrolled(estate: Estate): Promise<Somebody> {
  const person = await somebody();
  await enrol(person, estate, "ada", (await peopleOf(estate).firstCode())?.code ?? "");
  return person;
}

test(
  "a person lets a notebook read for them, in Chromium with a passkey, and ends it under People",
  { skip },
  async () => {
    await using estate = await openEstate({ policies: permits, more });
    await using ada = await enrolled(estate);
    estate.data.answer = (_request, response) => response.writeHead(200).end("the rows");
    const { page } = ada;
    const running = await runNotebook(estate);
    await page.goto(running.address);
    await page.getByRole("heading", { name: "Let Mei's notebook act for you" }).waitFor();
    const shown = await page.getByRole("main").innerText();
    assert.match(shown, /default\/notebook/);
    assert.match(shown, /the answer goes to 127\.0\.0\.1:\d+/);
    assert.match(shown, /read what you may read/);
    await page.getByRole("button", { name: "Allow with my passkey" }).click();
    await page.getByText("You can close this page").waitFor();
    assert.equal(await running.ended, 0, running.output());
    assert.match(running.output(), /the gateway answered 200[\s\S]*the rows/);

    await page.goto(`${serverOf(estate).url}/#/people`);
    const rows = page.getByRole("table", { name: "Where you are signed in" }).getByRole("row");
    const program_ = rows.filter({ hasText: "program Mei's notebook" });
    await program_.getByRole("button", { name: "End it" }).click();
    await program_.getByText("ended").waitFor();
    const sessions = await estate.cordon.control.store.list("session");
    assert.ok(sessions.every(({ value }) => (value as { kind: string }).kind !== "oauth"));
  },
);

test("a person who is not signed in signs in first, and is then asked; no is an answer", { skip }, async () => {
  await using estate = await openEstate({ policies: permits, more });
  await using ada = await enrolled(estate);
  const { page } = ada;
  for (const { name } of await estate.cordon.control.store.list("session"))
    await peopleOf(estate).deps.store.transact("test", Date.now(), (transaction) =>
      transaction.delete({ kind: "session", namespace: "default" as never, name }, "api"),
    );
  const running = await runNotebook(estate);
  await page.goto("about:blank");
  await page.goto(running.address);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name: "Let Mei's notebook act for you" }).waitFor();
  await page.getByRole("button", { name: "No", exact: true }).click();
  await page.getByText("You can close this page").waitFor();
  assert.notEqual(await running.ended, 0);
  assert.match(running.output(), /access_denied/);
});

test("refused: another site that puts the page into a frame, to have it clicked unseen", { skip }, async () => {
  await using estate = await openEstate({ policies: permits, more });
  await using ada = await enrolled(estate);
  const app = await program(estate, "default/notebook");
  const { url } = await ask(app, `${estate.cordon.gateway.origin}/training-data`, { scope: "read" });
  const site = createServer((_request, response) =>
    response
      .writeHead(200, { "content-type": "text/html" })
      .end(`<title>Win a prize</title><iframe src="${url.href.replaceAll("&", "&amp;")}"></iframe>`),
  );
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  try {
    await ada.page.goto(`http://localhost:${(site.address() as AddressInfo).port}/`);
    await ada.page.waitForLoadState("networkidle");
    for (const frame of ada.page.frames().slice(1)) assert.doesNotMatch(await frame.content(), /act for you/);
  } finally {
    site.closeAllConnections();
    site.close();
  }
});
