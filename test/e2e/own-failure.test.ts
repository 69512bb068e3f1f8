/** Where Cordon itself fails, it says so: nothing is forwarded, the client is not blamed, and it is on record. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect } from "node:tls";
import { encodeTunnelMessage, tunnelProtocol } from "@cordon/core/contract/tunnel";
import { clientTlsOptions } from "@cordon/core/identity/tls";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { chatCall, openEstate, type Estate } from "./estate.ts";

/** Plants a bug: recording a decision throws what nobody expects, with something in it that nobody may read. */
function plantBug(estate: Estate): void {
  const { ledger } = estate.cordon;
  const append = ledger.append.bind(ledger);
  Object.assign(ledger, {
    append(entry: LedgerEntry) {
      if (entry.kind === "decision") throw new TypeError("cannot read `secret-prompt` of undefined");
      return append(entry);
    },
  });
}

test("a bug answers 500 `INTERNAL` in each API's shape, forwards nothing, and is in the log and the ledger", async () => {
  await using estate = await openEstate();
  const svid = await estate.svidFor("agent", "assistant");
  const ask = () => estate.call(svid, "/v1/chat/completions", chatCall({ model: "m", messages: [] }));
  assert.equal((await ask()).status, 200);
  plantBug(estate);

  const openai = await ask();
  assert.equal(openai.status, 500);
  assert.equal(openai.json().error.code, "INTERNAL");
  assert.equal(openai.json().error.type, "api_error");
  const id = String(openai.headers["cordon-request-id"]);
  assert.match(openai.json().error.message, new RegExp(`look for ${id} in its log`));
  const claude = await estate.call(
    svid,
    "/anthropic/v1/messages",
    chatCall({ model: "c", max_tokens: 1, messages: [] }),
  );
  assert.equal(claude.status, 500);
  assert.deepEqual([claude.json().error.type, claude.json().error.code], ["api_error", "INTERNAL"]);
  assert.doesNotMatch(openai.text + claude.text, /secret-prompt/);

  assert.equal(estate.chat.seen.length, 1, "only what was asked before the bug was forwarded");
  const logged = estate.log.filter((line) => line.startsWith("error interaction-failed: TypeError at "));
  assert.equal(logged.length, 2);
  const refused = (await estate.entries()).filter((entry) => entry.kind === "refusal");
  assert.deepEqual(new Set(refused.map(({ code }) => code)), new Set(["INTERNAL"]));
  assert.equal(
    refused.reduce((sum, { count }) => sum + count, 0),
    2,
  );
  assert.ok(refused.some(({ words, from }) => words.includes(id) && from === svid.id));
});

test("a bug while a tunnel opens tells its client `INTERNAL`, and dials nobody", async () => {
  const tunnel = `tunnels:\n  - { name: db, resource: training-data, address: "127.0.0.1:9" }\n`;
  await using estate = await openEstate({ more: tunnel });
  plantBug(estate);
  const svid = await estate.svidFor("pipeline", "trainer");
  const { hostname: host, port } = new URL(estate.cordon.gatewayUrl);
  const socket = connect({ ...clientTlsOptions(svid), host, port: Number(port), ALPNProtocols: [tunnelProtocol] });
  await once(socket, "secureConnect");
  socket.write(encodeTunnelMessage({ v: 1, tunnel: "default/db" }));
  const answer = String(Buffer.concat(await socket.toArray()));
  assert.match(answer, /"code":"INTERNAL"/);
  assert.doesNotMatch(answer, /secret-prompt/);
  assert.ok(estate.log.some((line) => line.startsWith("error interaction-failed: TypeError at ")));
  const codes = (await estate.entries()).flatMap((entry) => (entry.kind === "refusal" ? [entry.code] : []));
  assert.deepEqual(codes, ["INTERNAL"]);
});
