/** The API of a running Cordon's console, asked as a paired browser asks it. */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { controlClient } from "@cordon/agent/run/control-client";
import { commands } from "@cordon/cli/commands/table";
import {
  estateResponse,
  liveEvent,
  overviewResponse,
  pairResponse,
  policiesResponse,
  signatureHeader,
  signedText,
  verifyEvent,
  type VerifyEvent,
} from "@cordon/core/contract/console-api";
import { parseVkey } from "@cordon/core/ledger/note";
import { openReceipt } from "@cordon/core/ledger/receipt";
import { chatCall, openEstate, until, type Estate } from "./estate.ts";

const consoleAt = (listen: string) => ({ console: `{ listen: "${listen}" }` });

interface Browser {
  readonly keyId: string;
  fetch(target: string, method?: string): Promise<Response>;
}

/** Pairs as a browser does, with the code that `cordon console pair` prints. */
async function pair(estate: Estate): Promise<Browser> {
  const { code, url } = await controlClient(estate.cordon.socketPath).newPairingCode();
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x, y } = publicKey.export({ format: "jwk" });
  const answer = await fetch(`${url}/v1/pair`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ code, publicKey: { kty: "EC", crv: "P-256", x, y }, label: "the test's browser" }),
  });
  const { keyId } = pairResponse.parse(await answer.json());
  return {
    keyId,
    fetch: (target, method = "GET") => {
      const [timestampMs, nonce] = [Date.now(), randomBytes(16).toString("base64url")];
      const bodySha256 = createHash("sha256").digest("hex");
      const text = signedText({ method, host: new URL(url).host, target, timestampMs, nonce, bodySha256 });
      const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
      const header = `${keyId} ${timestampMs} ${nonce} ${signature.toString("base64url")}`;
      return fetch(url + target, { method, headers: { [signatureHeader]: header } });
    },
  };
}

async function verdictOf(browser: Browser): Promise<Extract<VerifyEvent, { type: "verdict" }>> {
  const text = await (await browser.fetch("/v1/ledger/verify", "POST")).text();
  const events = text
    .trim()
    .split("\n")
    .map((line) => verifyEvent.parse(JSON.parse(line)));
  const last = events.at(-1);
  assert.equal(last?.type, "verdict");
  return last;
}

async function infer(estate: Estate): Promise<void> {
  const svid = await estate.svidFor("agent", "assistant");
  await estate.call(svid, "/v1/chat/completions", chatCall({ model: "m", messages: [] }));
}

async function deny(estate: Estate): Promise<void> {
  const answer = await estate.call(await estate.svidFor("agent", "assistant"), "/training-data/x");
  assert.equal(answer.status, 403);
}

test("a paired browser sees what is in force, the estate with its flows, and the policies", async () => {
  await using estate = await openEstate();
  const browser = await pair(estate);
  await infer(estate);
  await deny(estate);
  const overview = overviewResponse.parse(await (await browser.fetch("/v1/overview")).json());
  assert.deepEqual([overview.trustDomain, overview.mode, overview.problems], ["test.example", "enforce", []]);
  assert.equal(overview.gateway.url, estate.cordon.gatewayUrl);
  const seen = estateResponse.parse(await (await browser.fetch("/v1/estate")).json());
  assert.equal(seen.components.length, 8);
  assert.equal(seen.components.find(({ name }) => name === "training-data")?.sensitivity, "restricted");
  assert.deepEqual(seen.routes.map(({ path }) => path).toSorted(), ["/anthropic", "/training-data", "/v1"]);
  const flow = (resource: string) => seen.flows.find((each) => each.resource.endsWith(resource));
  assert.deepEqual([flow("/chat")?.allowed, flow("/chat")?.denied], [1, 0]);
  assert.deepEqual([flow("/training-data")?.allowed, flow("/training-data")?.denied], [0, 1]);
  const { policies } = policiesResponse.parse(await (await browser.fetch("/v1/policies")).json());
  assert.match(policies[0]?.text ?? "", /assistant-infers/);
});

test("decisions arrive while the browser watches, each with the index under which the ledger has it", async () => {
  await using estate = await openEstate();
  const browser = await pair(estate);
  const response = await browser.fetch("/v1/events");
  const reader = (response.body ?? assert.fail()).pipeThrough(new TextDecoderStream()).getReader();
  await deny(estate);
  let text = "";
  let found: { index: number; entry: Record<string, unknown> } | undefined;
  while (found === undefined) {
    const { value, done } = await reader.read();
    assert.equal(done, false);
    text += value;
    for (const line of text.split("\n").slice(0, -1)) {
      const event = liveEvent.parse(JSON.parse(line));
      if (event.type === "entry" && event.entry["kind"] === "decision") found = event;
    }
  }
  await reader.cancel();
  assert.equal(found.entry["effect"], "deny");
  const receipt = await (await browser.fetch(`/v1/ledger/receipt/${found.index}`)).text();
  const vkey = (await readFile(join(estate.cordon.ledgerFolder, "log.vkey"), "utf8")).trim();
  assert.equal(openReceipt(receipt, parseVkey(vkey)).index, found.index);
});

/** A bundle of entries below the checkpoint. */
async function bundleFile(estate: Estate): Promise<string> {
  const folder = join(estate.cordon.ledgerFolder, "tile", "entries");
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const file = names.find((entry) => entry.isFile()) ?? assert.fail("there is no bundle");
  return join(file.parentPath, file.name);
}

test("verifying the live ledger agrees with the checkpoint copies, and finds one flipped byte", async () => {
  await using estate = await openEstate();
  const browser = await pair(estate);
  await infer(estate);
  await until(() => estate.cordon.ledger.health.checkpointSize >= estate.cordon.ledger.size, "everything is signed");
  const clean = await verdictOf(browser);
  assert.deepEqual([clean.ok, clean.findings], [true, []]);
  assert.equal(clean.size, estate.cordon.ledger.health.checkpointSize);
  assert.ok((clean.copies ?? []).length > 0 && clean.copies?.every(({ agrees }) => agrees));
  assert.match(clean.checkpoint, /^test\.example\/gateway-/);

  const file = await bundleFile(estate);
  const bytes = await readFile(file);
  const middle = bytes.length >> 1;
  bytes.writeUInt8((bytes[middle] ?? 0) ^ 1, middle);
  await writeFile(file, bytes);
  const tampered = await verdictOf(browser);
  assert.equal(tampered.ok, false);
  assert.ok(tampered.findings.some(({ code }) => code === "LEDGER_CORRUPT"));
});

test("a checkpoint copy that is of another history is found, and one that was damaged", async () => {
  await using estate = await openEstate();
  const browser = await pair(estate);
  await until(() => estate.cordon.ledger.health.checkpointSize > 0, "a checkpoint is signed");
  const folder = join(estate.folder, "checkpoints");
  await until(() => estate.cordon.ledger.health.failingSinks.length === 0, "copies are written");
  const [name = ""] = await readdir(folder);
  await writeFile(join(folder, name.replace(/[^.]+\.checkpoint$/, "1999-01-01T00.checkpoint")), "not a checkpoint\n");
  const verdict = await verdictOf(browser);
  assert.equal(verdict.ok, false);
  assert.deepEqual([...new Set(verdict.findings.map(({ code }) => code))], ["CHECKPOINT_INVALID"]);
});

test("after a restart the browser is still paired and sees what was before; a revoked one is out", async () => {
  await using estate = await openEstate();
  const browser = await pair(estate);
  const socket = controlClient(estate.cordon.socketPath);
  const { keys } = await socket.consoleKeys();
  assert.deepEqual(
    keys.map(({ id, label }) => [id, label]),
    [[browser.keyId, "the test's browser"]],
  );
  assert.equal((await browser.fetch("/v1/overview")).status, 200);
  const { key } = await socket.revokeConsoleKey(browser.keyId);
  assert.equal(key.id, browser.keyId);
  assert.equal((await browser.fetch("/v1/overview")).status, 401);
  await assert.rejects(socket.revokeConsoleKey(browser.keyId), { code: "COMPONENT_UNKNOWN" });
  const changes = (await estate.entries()).filter((entry) => entry.kind === "change");
  const about = changes.flatMap(({ objects }) => objects).filter(({ name }) => name === browser.keyId);
  assert.deepEqual([...new Set(about.map(({ op }) => op))], ["put", "delete"]);
});

test("the terminal pairs, lists and unpairs", async (t: TestContext) => {
  await using estate = await openEstate();
  const cordon = async (name: string, ...args: readonly string[]): Promise<{ code: number; text: string }> => {
    let text = "";
    const { run } = (await commands[name]?.load()) ?? assert.fail(name);
    const io = { stdout: (more: string) => void (text += more), stderr: (more: string) => void (text += more) };
    return { code: await run([...args, "--socket", estate.cordon.socketPath], io), text };
  };
  assert.match((await cordon("console keys")).text, /No browser is paired/);
  const printed = await cordon("console pair");
  assert.match(printed.text, /^open {2}http:\/\/localhost:\d+\ncode {2}[0-9A-Z]{5}-[0-9A-Z]{5} /);
  const browser = await pair(estate);
  assert.match((await cordon("console keys")).text, new RegExp(`${browser.keyId} .*the test's browser`));
  assert.match((await cordon("console revoke", browser.keyId)).text, /^unpaired: /);
  await assert.rejects(cordon("console revoke", browser.keyId), { code: "COMPONENT_UNKNOWN" });
  await assert.rejects(cordon("console revoke"), { code: "USAGE" });
  t.diagnostic(printed.text.split("\n")[0] ?? "");
});

test("a taken port leaves the gateway working, and says that there is no console", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  const { port } = squatter.address() as AddressInfo;
  try {
    await using estate = await openEstate(consoleAt(`127.0.0.1:${port}`));
    assert.equal(estate.cordon.console.server, undefined);
    assert.match(estate.cordon.console.why ?? "", /another program has it/);
    await deny(estate);
    await assert.rejects(controlClient(estate.cordon.socketPath).newPairingCode(), /serves no console/);
  } finally {
    squatter.close();
  }
});

test("a program on the other loopback address keeps the console from opening: browsers would find it first", async (t) => {
  const squatter = createServer().listen(0, "::1");
  const listening = await new Promise<boolean>((resolve) => {
    squatter.once("listening", () => resolve(true));
    squatter.once("error", () => resolve(false));
  });
  if (!listening) return t.skip("this machine has no IPv6 loopback");
  const { port } = squatter.address() as AddressInfo;
  try {
    await using estate = await openEstate(consoleAt(`127.0.0.1:${port}`));
    assert.match(estate.cordon.console.why ?? "", /\[::1\].*another program has it/);
  } finally {
    squatter.close();
  }
});

test("switched off, nothing listens and nothing is tapped", async () => {
  await using estate = await openEstate({ console: "{ enabled: false }" });
  assert.deepEqual([estate.cordon.console.server, estate.cordon.console.why], [undefined, undefined]);
  await assert.rejects(controlClient(estate.cordon.socketPath).consoleKeys(), /console.enabled/);
});

test("an address that others reach is refused without a certificate, with the remedy", async () => {
  await assert.rejects(openEstate(consoleAt("0.0.0.0:0")), {
    code: "CONFIG_INVALID",
    message: /console\.tls.*console\.origin/s,
  });
});
