/** Policy commands with and without the state: who is contained reaches nothing, and the commands say what they looked at. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as reach from "@cordon/cli/commands/policy/reach";
import * as status from "@cordon/cli/commands/status";
import { idOf, openEstate, type Estate } from "./estate.ts";

let estate: Estate;
before(async () => (estate = await openEstate()));
after(() => estate[Symbol.asyncDispose]());

async function call(command: typeof reach | typeof status, ...args: string[]) {
  let [out, err] = ["", ""];
  const code = await command.run(args, { stdout: (text) => (out += text), stderr: (text) => (err += text) });
  return { code, out, err };
}

test("reach with the state knows who is isolated; without it, it says what it did not look at", async () => {
  const { store } = estate.cordon.control;
  const key = { kind: "isolation", namespace: "default" as never, name: "assistant" };
  const value = { component: idOf("agent", "assistant"), reason: "exfiltration", since: Date.now() };
  await store.transact("test", Date.now(), (transaction) => transaction.put(key, value, "api"));
  const offline = await call(reach, "--config", estate.configuration);
  assert.match(offline.out, /default\/agent\/assistant {2}infer {2}default\/endpoint\/chat/);
  assert.match(offline.err, /isolations, grants and people were not looked at/);
  const known = await call(reach, "--config", estate.configuration, "--state", join(estate.folder, "state"));
  assert.doesNotMatch(known.out, /assistant/);
  assert.match(known.out, /default\/agent\/rival {2}infer/);
  assert.doesNotMatch(known.err, /not looked at/);
  const none = await call(reach, "--config", estate.configuration, "--state", join(estate.folder, "nothing"));
  assert.equal(none.code, 2);
  assert.match(none.err, /there is no state in/);
});

test("status takes a configuration, as doctor does", async () => {
  const { out } = await call(status, "--config", estate.configuration);
  assert.match(out, /^Cordon test in test\.example/);
});
