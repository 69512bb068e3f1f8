/** A model serves only while its digest is admitted: requests, live streams, fallbacks, SVIDs, restarts. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { controlClient } from "@cordon/agent/run/control-client";
import { run as withdrawCommand } from "@cordon/cli/commands/model/withdraw";
import { startCordon } from "@cordon/cli/up/wire";
import { makeCsr } from "@cordon/core/identity/csr";
import { chatCall, until, type Estate } from "./estate.ts";
import { ask, modelDigest, openGated } from "./gated-estate.ts";

const silent = { stdout: () => undefined, stderr: () => undefined };

/** As an agent asks on this machine for the endpoint's own identity. */
async function issue(estate: Estate): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const csr = await makeCsr(privateKey);
  return (await controlClient(estate.cordon.socketPath).issueX509Svid({ component: "chat", csr })).id;
}

test("a model is refused until admitted; withdrawal cuts its stream, gives it no SVID, and is recorded", async () => {
  await using gated = await openGated();
  const { estate } = gated;
  const refused = await ask(estate, "m");
  assert.equal(refused.status, 403);
  assert.match(refused.text, /is not admitted \(nobody admitted it\): admit it with `cordon model admit/);
  assert.equal(estate.chat.seen.length, 0, "not a byte went to it");
  await assert.rejects(issue(estate), /gets no identity: its model .*nobody admitted it/);
  assert.equal(await gated.admit("other"), 2, "a key that may not admit");
  assert.equal((await ask(estate, "m")).status, 403);

  await gated.admit();
  assert.equal((await ask(estate, "m")).status, 200);
  assert.match(await issue(estate), /endpoint\/chat$/);

  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await estate.agent(await estate.svidFor("agent", "assistant")).request({
    origin: estate.cordon.gatewayUrl,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  let [text, failed] = ["", false];
  body.on("data", (chunk: Buffer) => (text += chunk.toString()));
  body.on("error", () => (failed = true));
  await until(() => text.includes("tick"), "the stream began");
  assert.equal(await gated.withdraw(), 0);
  await until(() => failed, "the stream was cut, and does not look whole");
  assert.match((await ask(estate, "m")).text, /its admission was withdrawn: new malware record/);
  await assert.rejects(issue(estate), /its admission was withdrawn: new malware record/);
  await assert.rejects(gated.withdraw(), /nothing to withdraw/);

  const entries = await estate.entries();
  const cut = entries.find((entry) => entry.kind === "outcome" && entry.end === "cut");
  assert.ok(cut?.kind === "outcome" && cut.why?.code === "model-not-admitted");
  const changes = entries.flatMap((entry) => (entry.kind === "change" ? [entry] : []));
  const admissions = changes.filter(({ objects }) => objects.some(({ kind }) => kind === "admission"));
  assert.ok(admissions.some(({ actor }) => actor === "local-administrator"));
});

test("the fallback answers for a model that is not admitted; the ledger holds both decisions", async () => {
  await using gated = await openGated();
  const { estate } = gated;
  estate.spare.answer = (_seen, response) => response.end('{"from":"spare"}');
  const answered = await ask(estate, "brittle");
  assert.equal(answered.text, '{"from":"spare"}');
  assert.equal(estate.chat.seen.length, 0);
  await gated.admit();
  assert.equal((await ask(estate, "brittle")).text, "{}", "admitted, it answers itself");
  await gated.withdraw();
  await until(() => estate.cordon.control.snapshots.current().admissions?.get(modelDigest) !== undefined, "in force");
  assert.equal((await ask(estate, "brittle")).text, '{"from":"spare"}');
  const rival = await estate.call(
    await estate.svidFor("agent", "rival"),
    "/v1/chat/completions",
    chatCall({ model: "brittle" }),
  );
  assert.equal(rival.status, 403, "the fallback is decided for itself: it opens nothing");
  const decisions = (await estate.entries()).flatMap((entry) => (entry.kind === "decision" ? [entry] : []));
  const [first, second] = decisions;
  assert.deepEqual([first?.effect, first?.reasons[0]?.code], ["deny", "model-not-admitted"]);
  assert.deepEqual([second?.effect, second?.again, second?.id], ["allow", 2, first?.id]);
});

test("a route that only observes does not soften it", async () => {
  await using gated = await openGated();
  const { estate } = gated;
  await writeFile(estate.configuration, `${await readFile(estate.configuration, "utf8")}mode: observe\n`);
  await estate.cordon.control.watch.reload();
  await until(() => estate.cordon.control.snapshots.current().observing.size > 0, "the routes observe");
  assert.match((await ask(estate, "m")).text, /is not admitted/);
});

test("admission and withdrawal survive a restart", async () => {
  await using gated = await openGated();
  const { estate } = gated;
  await gated.admit();
  const options = {
    path: estate.configuration,
    env: { TEST_UPSTREAM_KEY: "k" },
    log: () => undefined,
    version: "test",
  };
  const standing = async (): Promise<unknown> => {
    await using cordon = await startCordon(options);
    return cordon.control.snapshots.current().admissions?.get(modelDigest);
  };
  await estate.cordon[Symbol.asyncDispose]();
  assert.ok("validUntil" in ((await standing()) as object));
  {
    await using again = await startCordon(options);
    const args = ["--component", "chat", "--reason", "rot", "--socket", again.socketPath];
    assert.equal(await withdrawCommand(args, silent), 0);
  }
  assert.deepEqual(await standing(), { refused: "its admission was withdrawn: rot" });
});
