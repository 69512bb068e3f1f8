/** Observe, then enforce: what policy denies is let through, answered, counted and on record; nothing else is. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { join } from "node:path";
import { run as search } from "@cordon/cli/commands/ledger/search";
import { run as observedReport } from "@cordon/cli/commands/policy/observed";
import { statusOf } from "@cordon/cli/up/status";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { chatCall, configurationText, openEstate, until, type Estate } from "./estate.ts";

const observing = (estate: Estate) =>
  statusOf({ ...estate.cordon, version: "test", now: Date.now }).routes.find((route) => route.name === "data");

test("a route that observes lets through what policy denies, says so, and records what it would have done", async () => {
  await using estate = await openEstate({
    configuration: (ports) => configurationText(ports).replace("kind: http,", "kind: http, mode: observe,"),
  });
  const assistant = await estate.svidFor("agent", "assistant");
  const trainer = await estate.svidFor("pipeline", "trainer");
  estate.data.answer = (_seen, response) => response.writeHead(200, { "cordon-observed": "forged" }).end("rows");

  const got = await estate.call(assistant, "/training-data/rows");
  assert.deepEqual([got.status, got.text, got.headers["cordon-observed"]], [200, "rows", "deny"]);
  const permitted = await estate.call(trainer, "/training-data/rows");
  assert.deepEqual([permitted.status, permitted.headers["cordon-observed"]], [200, undefined]);
  const enforced = await estate.call(
    await estate.svidFor("agent", "rival"),
    "/v1/chat/completions",
    chatCall({ model: "s" }),
  );
  assert.equal(enforced.status, 403, "the other routes of the same gateway enforce");
  assert.deepEqual(
    [observing(estate)?.mode, observing(estate)?.wouldDeny],
    ["observe", 1],
    "status counts the call that would have been denied, and it alone",
  );

  const entries = (await estate.entries()).filter((entry): entry is DecisionEntry => entry.kind === "decision");
  const [observed, ...others] = entries.filter((entry) => entry.observed !== undefined);
  assert.equal(others.length, 0);
  assert.equal(observed?.effect, "allow");
  assert.deepEqual([observed?.observed?.effect, observed?.via], ["deny", "default/data"]);
  assert.equal(observed?.observed?.reasons[0]?.code, "no-permit");
  let out = "";
  const code = await search([estate.cordon.ledgerFolder, "--would-deny"], {
    stdout: (text) => (out += text),
    stderr: () => undefined,
  });
  assert.equal(code, 0);
  assert.equal(out.trim().split("\n").length, 1);
  assert.match(out, /observed .*assistant read .*no policy of namespace/);

  const report = async (): Promise<{ code: number; said: string }> => {
    let said = "";
    const io = { stdout: (text: string) => void (said += text), stderr: () => undefined };
    return { code: await observedReport([estate.cordon.ledgerFolder, "--config", estate.configuration], io), said };
  };
  const before = await report();
  assert.equal(before.code, 1);
  assert.match(before.said, /^route default\/data {2}\(2 calls\)\n {2}NOT yet: 1 of 2 would be refused/);
  assert.match(before.said, /1x {2}default\/agent\/assistant read default\/dataset\/training-data/);
  // A permit that is added since counts.
  const file = join(estate.folder, "policies.cedar");
  const added = `@id("assistant-reads") permit (principal == Workload::"default/agent/assistant", action == Action::"read", resource);`;
  const text = await readFile(estate.configuration, "utf8");
  await writeFile(file, `${await readFile(file, "utf8")}\n${added}`);
  // The boundary would still refuse: an assistant reads training data.
  await writeFile(estate.configuration, `${text}\nboundaries: { data: observe }\n`);
  const after = await report();
  assert.match(after.said, /route default\/data {2}\(2 calls\)\n {2}none would be refused so far/);
});

test("what is no policy's denial is refused on a route that observes, and the upstream hears nothing", async () => {
  await using estate = await openEstate({
    configuration: (ports) => `mode: observe\n${configurationText(ports)}`,
    policies: `@id("none") forbid(principal, action, resource);`,
  });
  const assistant = await estate.svidFor("agent", "assistant");
  assert.equal((await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }))).status, 200);
  const heard = estate.chat.seen.length;
  await assert.rejects(estate.call(undefined, "/v1/chat/completions", chatCall({ model: "m" })), "no identity");
  for (const [status, path, options] of [
    [400, "/v1/chat/completions", chatCall('{"model":"m","model":"s"}')],
    [404, "/v1/chat/completions", chatCall({ model: "unknown" })],
    [404, "/v1/responses/resp_of_somebody_else", {}],
    [404, "/v1/fine_tuning/jobs", {}],
  ] as const)
    assert.equal((await estate.call(assistant, path, options)).status, status, path);
  await estate.cordon.control.store.transact("test", Date.now(), (transaction) =>
    transaction.put(
      { kind: "isolation", namespace: "default" as never, name: "assistant" },
      { component: assistant.id, reason: "compromised", since: 1 },
      "api",
    ),
  );
  await until(
    () => estate.cordon.control.snapshots.current().overlays.isolated.size > 0,
    "the order reaches the gateway",
  );
  const isolated = await estate.call(assistant, "/v1/chat/completions", chatCall({ model: "m" }));
  assert.equal(isolated.status, 403);
  assert.match(isolated.text, /isolated: compromised/);
  assert.equal(estate.chat.seen.length, heard);
});

test("a changed mode takes effect while it runs, both ways", async () => {
  await using estate = await openEstate({ configuration: (ports) => `mode: observe\n${configurationText(ports)}` });
  const assistant = await estate.svidFor("agent", "assistant");
  const status = async (): Promise<number> => (await estate.call(assistant, "/training-data/rows")).status;
  assert.equal(await status(), 200);
  const text = await readFile(estate.configuration, "utf8");
  for (const [mode, expected] of [
    ["enforce", 403],
    ["observe", 200],
  ] as const) {
    await writeFile(estate.configuration, text.replace("mode: observe", `mode: ${mode}`));
    await estate.cordon.control.watch.reload();
    const wanted = mode === "observe" ? 3 : 0;
    await until(() => estate.cordon.control.snapshots.current().observing.size === wanted, `the mode is ${mode}`);
    assert.equal(await status(), expected);
  }
});
