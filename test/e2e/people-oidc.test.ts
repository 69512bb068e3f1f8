/**
 * Signing in through an identity provider, against a real one (oidc-provider), in Chromium: its word alone opens nothing, and
 * an answer that is not for this browser, this Cordon or this moment is refused.
 */
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { before, test } from "node:test";
import { Provider } from "oidc-provider";
import { noBrowser } from "./browser.ts";
import { upstreamKey, type Estate } from "./estate.ts";
import { buildPages, openPeopleEstate, peopleOf, serverOf, somebody, type Somebody } from "./people-estate.ts";
import { newKey, send, softPerson } from "./soft-person.ts";
import { administrator, invited } from "./soft-people.ts";

const skip = noBrowser;
before(() => (skip === false ? buildPages() : undefined));

interface Company extends AsyncDisposable {
  readonly issuer: string;
  /** Whoever it signs in has this account from now on. */
  serve(estate: Estate): void;
}

/** A provider with development's log-in page: any name is an account. */
async function openCompany(): Promise<Company> {
  let answer: (...args: Parameters<RequestListener>) => unknown = () => undefined;
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    serve(estate) {
      const provider = new Provider(issuer, {
        clients: [
          {
            ...{ client_id: "cordon", client_secret: upstreamKey, grant_types: ["authorization_code"] },
            ...{ response_types: ["code"], redirect_uris: [`${serverOf(estate).url}/oidc`] },
          },
        ],
        cookies: { keys: ["a-cookie-key-of-the-test"] },
        claims: { openid: ["sub"], profile: ["preferred_username", "name"] },
        conformIdTokenClaims: false,
        findAccount: (_context, id) => ({
          accountId: id,
          claims: () => ({ sub: id, preferred_username: id, name: `${id} of the company` }),
        }),
        pkce: { required: () => true },
      });
      answer = provider.callback();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function openBoth(company: Company, enrol = "enrol: { groups: [data-science] }"): Promise<Estate> {
  const oidc = `{ issuer: "${company.issuer}", clientId: cordon, clientSecret: { env: TEST_UPSTREAM_KEY }, ${enrol} }`;
  const estate = await openPeopleEstate({ more: `people: { oidc: ${oidc} }\n` });
  company.serve(estate);
  return estate;
}

/** Logs in at the company's page, as `name`; ends where the provider sends the browser back to. */
async function throughCompany({ page }: Somebody, estate: Estate, company: Company, name: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${serverOf(estate).url}/#/sign-in`);
  await page.getByRole("button", { name: `Sign in through ${new URL(company.issuer).host}` }).click();
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill("whatever the company wants");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

test(
  "a company account enrols a passkey, and from then on signs in with both; either alone opens nothing",
  { skip },
  async () => {
    await using company = await openCompany();
    await using estate = await openBoth(company);
    await administrator(estate);
    await using mei = await somebody();
    await throughCompany(mei, estate, company, "mei");
    await mei.page.getByRole("heading", { name: "Enrol" }).waitFor();
    assert.equal(await mei.page.getByLabel("Name", { exact: true }).inputValue(), "default/mei");
    assert.equal(
      (await estate.cordon.control.store.list("session")).length,
      1,
      "the provider's word alone signed nobody in",
    );
    await mei.page.getByRole("button", { name: "Make my passkey" }).click();
    await mei.page.getByRole("heading", { name: "Grants" }).waitFor();

    await mei.page.evaluate("indexedDB.deleteDatabase('cordon-console')");
    await mei.page.goto("about:blank");
    await mei.page.goto(`${serverOf(estate).url}/#/sign-in`);
    await mei.page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await mei.page.getByRole("alert").filter({ hasText: "use the company account" }).waitFor();

    // The provider remembers its own session, and asks nothing again.
    await mei.page.getByRole("button", { name: /^Sign in through/ }).click();
    await mei.page.getByRole("heading", { name: "Grants" }).waitFor();
    assert.deepEqual(
      (await peopleOf(estate).people()).people.map(({ name, groups }) => [name, groups]),
      [
        ["ada", ["administrators"]],
        ["mei", ["data-science"]],
      ],
    );
    assert.ok(!mei.page.url().includes("code="), "the code left the address");
  },
);

test(
  "an answer from the provider is good for one browser, once, from that issuer; a name is nobody's account",
  { skip },
  async () => {
    await using company = await openCompany();
    await using estate = await openBoth(company);
    const ada = await administrator(estate);
    await invited(estate, ada, "lee", ["sales"]);
    const console = serverOf(estate).url;
    await using eve = await somebody();
    // The page's own script must not use the answer up.
    await eve.page.route("**/v1/oidc/finish", (route) => route.abort());
    const key = newKey();
    const begin = async (): Promise<string> => {
      const { json } = await send(console, "POST", "/v1/oidc/start", { publicKey: key.jwk });
      await eve.page.goto("about:blank");
      await eve.page.goto(json.url);
      if ((await eve.page.locator('input[name="login"]').count()) > 0) {
        await eve.page.locator('input[name="login"]').fill("lee");
        await eve.page.locator('input[name="password"]').fill("x");
        await eve.page.getByRole("button", { name: "Sign-in" }).click();
        await eve.page.getByRole("button", { name: "Continue" }).click();
      }
      await eve.page.waitForURL((url) => url.origin === console);
      return answered.at(-1) ?? "";
    };
    const answered: string[] = [];
    eve.page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname === "/oidc" && url.searchParams.has("code")) answered.push(url.search);
    });
    const finish = (publicKey: unknown, search: string) =>
      send(console, "POST", "/v1/oidc/finish", { publicKey, search });

    const first = await begin();
    assert.match(first, /[?&]iss=/, "the provider names itself in its answer");
    assert.equal((await finish(newKey().jwk, first)).status, 403, "another browser's");
    assert.equal((await finish(key.jwk, first)).status, 403, "and used up by that");

    const second = new URLSearchParams(await begin());
    second.set("iss", "http://localhost:1/other");
    const mixed = await finish(key.jwk, second.toString());
    assert.equal(mixed.status, 403);
    assert.match(mixed.text, /iss/);

    const third = await begin();
    const named = await finish(key.jwk, third);
    assert.equal(named.status, 403);
    assert.match(named.text, /`lee` is enrolled here and not linked/);
    assert.equal((await finish(key.jwk, third)).status, 403, "and not twice");

    const forged = softPerson(console);
    const step = await send(console, "POST", "/v1/oidc/passkey", {
      ...{ publicKey: forged.key.jwk, label: "x", name: "ada" },
      assertion: {
        id: "1".repeat(13) + "." + "a".repeat(22),
        response: ada.authenticator.get({ challenge: "AAAA", rpId: "localhost" }, ada.ceremony),
      },
    });
    assert.equal(step.status, 403, "a passkey alone is no step on top of nothing");
  },
);
