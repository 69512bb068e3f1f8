/**
 * Somebody swaps the weights of a served model behind Cordon's back: the route closes within a second, the fallback answers,
 * live streams are cut, no identity is issued; and it opens again when the admitted bytes return. Without `modelFiles`, the
 * same swap goes unnoticed.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { controlClient } from "@cordon/agent/run/control-client";
import { startCordon } from "@cordon/cli/up/wire";
import { forgetSeen } from "@cordon/control/supply/served/served-files";
import { makeCsr } from "@cordon/core/identity/csr";
import { until, type Estate } from "./estate.ts";
import { ask, openGated, weights, type Gated } from "./gated-estate.ts";

const boundMs = 1_000;
const evil = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{ }")]);

async function openWatched(t: TestContext): Promise<Gated> {
  const gated = await openGated({ watched: true });
  t.after(() => gated[Symbol.asyncDispose]());
  gated.estate.chat.answer = (_seen, response) => response.end('{"from":"chat"}');
  gated.estate.spare.answer = (_seen, response) => response.end('{"from":"spare"}');
  await gated.admit();
  await answeredBy(gated.estate, "chat");
  return gated;
}

/** Asks until the answer is from there; how long that took, in milliseconds. */
async function answeredBy(estate: Estate, from: "chat" | "spare", withinMs = 5_000): Promise<number> {
  const began = performance.now();
  let text = "";
  while (performance.now() - began < withinMs) {
    ({ text } = await ask(estate, "brittle"));
    if (text === `{"from":"${from}"}`) return performance.now() - began;
  }
  return assert.fail(`after ${withinMs} ms it was still ${text}`);
}

test("a swap closes the route within a second, and its end opens it", async (t) => {
  const { estate, model } = await openWatched(t);
  const file = join(model, "model.safetensors");
  const other = `${model}-other`;
  await mkdir(other);
  await writeFile(join(other, "model.safetensors"), evil);
  const swaps: Readonly<Record<string, readonly [() => Promise<void>, () => Promise<void>]>> = {
    "written over": [() => writeFile(file, evil), () => writeFile(file, weights)],
    "moved into its place": [
      () => writeFile(`${file}.new`, evil).then(() => rename(`${file}.new`, file)),
      () => writeFile(`${model}-new`, weights).then(() => rename(`${model}-new`, file)),
    ],
    "a file put beside it": [() => writeFile(join(model, "extra.py"), ""), () => rm(join(model, "extra.py"))],
    removed: [() => rm(file), () => writeFile(file, weights)],
    "the folder a link to another": [
      () => rename(model, `${model}-aside`).then(() => symlink(other, model)),
      () => rm(model).then(() => rename(`${model}-aside`, model)),
    ],
  };
  for (const [name, [swap, undo]] of Object.entries(swaps)) {
    await swap();
    const closed = await answeredBy(estate, "spare", boundMs);
    const refused = await ask(estate, "m");
    assert.equal(refused.status, 403);
    assert.match(
      refused.text,
      /the model files that default\/endpoint\/chat serves are not known to be the admitted ones/,
    );
    await undo();
    const opened = await answeredBy(estate, "chat");
    t.diagnostic(
      `${name}: closed after ${closed.toFixed(0)} ms, open again ${opened.toFixed(0)} ms after it was undone`,
    );
  }
  const decisions = (await estate.entries()).flatMap((entry) => (entry.kind === "decision" ? [entry] : []));
  assert.ok(decisions.some(({ reasons }) => reasons[0]?.code === "model-changed"));
  const changes = (await estate.entries()).flatMap((entry) => (entry.kind === "change" ? [entry] : []));
  assert.ok(
    changes.some(({ actor, objects }) => actor === "system:model-files" && objects[0]?.kind === "served-files"),
  );
});

test("a swap cuts what is streaming, and its component gets no identity until it is undone", async (t) => {
  const { estate, model } = await openWatched(t);
  estate.chat.answer = (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write("data: tick\n\n"), 10);
    response.on("close", () => clearInterval(timer));
  };
  const { body } = await estate.agent(await estate.svidFor("agent", "assistant")).request({
    ...{ origin: estate.cordon.gatewayUrl, path: "/v1/chat/completions", method: "POST" },
    headers: { "content-type": "application/json" },
    body: '{"model":"m","stream":true}',
  });
  let [text, failed] = ["", false];
  body.on("data", (chunk: Buffer) => (text += chunk.toString()));
  body.on("error", () => (failed = true));
  await until(() => text.includes("tick"), "the stream began");
  const began = performance.now();
  await writeFile(join(model, "model.safetensors"), evil);
  await until(() => failed, "the stream was cut");
  assert.ok(performance.now() - began < boundMs, `cut after ${performance.now() - began} ms`);
  t.diagnostic(`cut after ${(performance.now() - began).toFixed(0)} ms`);
  await assert.rejects(issue(estate), /gets no identity: its model files are not the admitted ones/);
  await writeFile(join(model, "model.safetensors"), weights);
  estate.chat.answer = (_seen, response) => response.end('{"from":"chat"}');
  await answeredBy(estate, "chat");
  assert.match(await issue(estate), /endpoint\/chat$/);
});

test("what another Cordon on the same store forgets at its start is told again by whoever looks", async (t) => {
  const { estate } = await openWatched(t);
  await forgetSeen(estate.cordon.control.store, { actor: "another", now: Date.now() });
  await answeredBy(estate, "chat");
  const told = await estate.cordon.control.store.list("served-files");
  assert.equal(told.length, 1);
});

test("what was swapped while Cordon was down is refused from its first moment on", async (t) => {
  const { estate, model } = await openWatched(t);
  const options = {
    path: estate.configuration,
    env: { TEST_UPSTREAM_KEY: "k" },
    log: () => undefined,
    version: "test",
  };
  await estate.cordon[Symbol.asyncDispose]();
  await writeFile(join(model, "model.safetensors"), evil);
  await using again = await startCordon(options);
  const seen = () => [...(again.control.snapshots.current().servedFiles?.values() ?? [])].flat();
  assert.ok(seen().every((one) => !("digest" in one) || one.digest.length > 0));
  await until(() => seen().length > 0, "it was looked at");
  const [one] = seen();
  assert.ok(one !== undefined && "digest" in one);
  await writeFile(join(model, "model.safetensors"), weights);
  await until(() => seen().some((other) => "digest" in other && other.digest !== one.digest), "looked at again");
});

test("with the files not named, the swap goes unnoticed", async () => {
  await using gated = await openGated();
  gated.estate.chat.answer = (_seen, response) => response.end('{"from":"chat"}');
  await gated.admit();
  await writeFile(join(gated.model, "model.safetensors"), evil);
  await new Promise((resolve) => setTimeout(resolve, boundMs));
  assert.equal((await ask(gated.estate, "brittle")).text, '{"from":"chat"}');
});

async function issue(estate: Estate): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const csr = await makeCsr(privateKey);
  return (await controlClient(estate.cordon.socketPath).issueX509Svid({ component: "chat", csr })).id;
}
