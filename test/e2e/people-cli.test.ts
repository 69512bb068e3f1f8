/** `cordon login`, `cordon grant` and `cordon people` as a person types them, against a real Cordon. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chatCall, until } from "./estate.ts";
import { cordonCommand, openPeopleEstate, serverOf } from "./people-estate.ts";
import { administrator } from "./soft-people.ts";
import { softPerson, type SoftPerson } from "./soft-person.ts";

/** What the hand-off's page does in a browser of this machine. */
async function confirmInBrowser(person: SoftPerson, address: string): Promise<void> {
  const query = new URLSearchParams(address.slice(address.indexOf("?") + 1));
  const of = (name: string): string => query.get(name) ?? "";
  const publicKey = { kty: "EC", crv: "P-256", x: of("x"), y: of("y") };
  const assertion = await person.confirm("cli", JSON.stringify({ publicKey }));
  const { json, text } = await person.call("POST", "/v1/cli/authorise", { publicKey, label: of("label"), assertion });
  assert.ok(json?.code, text);
  const home = `http://127.0.0.1:${of("port")}`;
  const strange = new URLSearchParams({ code: json.code, state: "another".padEnd(22, "x") });
  assert.equal((await fetch(`${home}/?${strange.toString()}`)).status, 404, "a page that was not opened from here");
  const back = new URLSearchParams({ code: json.code, state: of("state") });
  assert.equal((await fetch(`${home}/?${back.toString()}`)).status, 200);
}

test("the command line signs in, asks, shows, revokes and signs out; an invitation is made by whoever holds the socket", async () => {
  await using estate = await openPeopleEstate();
  const folder = await mkdtemp(join(tmpdir(), "cordon-cli-"));
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(() => rm(folder, { recursive: true, force: true }));
  const env = { CORDON_LOGIN: join(folder, "login.json"), CORDON_SOCKET_PATH: estate.cordon.socketPath };
  const cordon = async (...args: readonly string[]) => {
    const run = cordonCommand(args, env);
    return { code: await run.ended, stdout: run.stdout, stderr: run.stderr };
  };
  const { url } = serverOf(estate);
  const ada = await administrator(estate);

  const nobody = await cordon("grant", "list");
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /Nobody is signed in on this machine\. Sign in: `cordon login/);

  const invitation = await cordon("people", "invite", "mei", "--group", "data-science", "--json");
  assert.equal(invitation.code, 0, invitation.stderr);
  const mei = softPerson(url);
  assert.equal((await mei.enrol("mei", (JSON.parse(invitation.stdout) as { code: string }).code)).status, 200);

  const login = cordonCommand(["login", "--console", url, "--no-browser"], env);
  await until(() => /#\/login\?\S+/.test(login.stderr), "the address of the hand-off");
  await confirmInBrowser(mei, /http\S+#\/login\?\S+/.exec(login.stderr)?.[0] ?? "");
  assert.equal(await login.ended, 0, login.stderr);
  assert.match(login.stdout, /signed in as default\/mei until/);

  const asked = await cordon(
    "grant",
    "request",
    "read",
    "training-data",
    "--minutes",
    "500",
    "--reason",
    "drift",
    "--json",
  );
  assert.equal(asked.code, 0, asked.stderr);
  const grant = JSON.parse(asked.stdout) as { id: string; state: string };
  assert.equal(grant.state, "requested");
  assert.match(
    (await cordon("grant", "list")).stdout,
    new RegExp(`^${grant.id}  waits, 0 of 1 approved +user/mei  read dataset/training-data  drift`, "m"),
  );
  assert.equal((await ada.voice("approve", grant.id, "fine")).status, 200);
  const details = await cordon("grant", "show", grant.id);
  assert.match(details.stdout, /approved by +spiffe:\/\/test\.example\/ns\/default\/user\/ada, .*: fine/);
  assert.match(details.stdout, /narrowed +240 minutes instead of 500/);
  assert.match(
    (await cordon("grant", "approve", grant.id, "--no-browser")).stdout,
    new RegExp(`${url}/#/grants\\?id=${grant.id}`),
  );
  assert.equal((await cordon("grant", "revoke", grant.id, "--reason", "done")).code, 0);

  // The assistant, for mei: what both may do.
  const script =
    "const { CORDON_URL: url, CORDON_TOKEN: token } = process.env;" +
    "fetch(url + '/v1/chat/completions', { method: 'POST', headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json', 'cordon-delegation': 'mallory' }," +
    "body: JSON.stringify({ model: 'm', messages: [] }) }).then(async (a) => console.log(a.status, await a.text()))";
  const together = () =>
    cordon("run", "--me", "--as", "assistant", "--checkpoints", folder, "--", process.execPath, "-e", script);
  assert.match((await together()).stdout, /^403 .*assistant acts for mei, and no policy and no grant lets mei infer/);
  assert.equal((await cordon("grant", "request", "infer", "chat", "--minutes", "10", "--reason", "try")).code, 0);
  const worked = await together();
  assert.match(worked.stdout, /^200 /, worked.stdout + worked.stderr);
  const delegated = await cordon(
    "delegate",
    "default/agent/assistant",
    "--minutes",
    "5",
    "--action",
    "infer",
    "--json",
  );
  assert.equal(delegated.code, 0, delegated.stderr);
  const { token } = JSON.parse(delegated.stdout) as { token: string };
  const assistant = await estate.svidFor("agent", "assistant");
  const chat = { ...chatCall({ model: "m", messages: [] }) };
  const shown = await estate.call(assistant, "/v1/chat/completions", {
    ...chat,
    headers: { ...chat.headers, "cordon-delegation": token },
  });
  assert.equal(shown.status, 200, shown.text);
  for (const wrong of [
    ["assistant"],
    ["default/agent/assistant", "--minutes", "61"],
    ["default/agent/x", "--action", "fly"],
  ])
    assert.equal((await cordon("delegate", ...wrong)).code, 2, wrong.join(" "));
  assert.ok(!(await cordon("grant", "list")).stdout.includes(grant.id), "what is over is not in the list");
  const refused = await cordon("grant", "request", "train", "training-data", "--reason", "x");
  assert.deepEqual([refused.code, /no rule under `grants`/.test(refused.stderr)], [2, true]);

  assert.match(
    (await cordon("people", "list")).stdout,
    /default\/mei {2}data-science {2}passkeys 1 \(0 synced\) {2}sessions 2/,
  );
  // The file alone, taken before the sign-out, is worth nothing after it.
  const taken = await readFile(env.CORDON_LOGIN, "utf8");
  assert.equal((await cordon("login", "--out")).code, 0);
  await writeFile(env.CORDON_LOGIN, taken, { mode: 0o600 });
  const after = await cordon("grant", "list");
  assert.equal(after.code, 2);
  assert.match(after.stderr, /your sign-in has ended/);
  assert.equal((await cordon("people", "lock", "mei", "--reason", "left")).code, 0);
  assert.equal((await mei.call("GET", "/v1/grants")).status, 401);
});
