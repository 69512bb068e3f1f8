/** Policy commands with and without the state: who is contained reaches nothing, and the commands say what they looked at. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as reach from "@cordon/cli/commands/policy/reach";
import * as status from "@cordon/cli/commands/status";
import { idOf, openEstate, type Estate } from "./estate.ts";
import { openPeopleEstate } from "./people-estate.ts";
import { administrator } from "./soft-people.ts";

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

test("what a person reaches is told by policies and the state: alone, through a workload, and after a compromise", async () => {
  await using people = await openPeopleEstate({
    policies: `@id("ada-reads") permit (principal == User::"default/user/ada", action == Action::"read", resource == Component::"default/dataset/training-data");`,
  });
  await administrator(people);
  const asked = (...args: string[]) =>
    call(reach, "--config", people.configuration, "--state", join(people.folder, "state"), ...args);
  const alone = await asked("--person", "ada");
  const [grant, read, ...rest] = alone.out.split("\n");
  assert.match(grant ?? "", /^ada {2}administer {2}default\/service\/gateway {2}\(by grant g-bootstrap, 20.* to 20/);
  assert.deepEqual([read, ...rest], ["ada  read  default/dataset/training-data  [default/ada-reads]", ""]);
  assert.equal((await asked("--person", "ada", "--through", "assistant")).out, "", "the assistant may not");
  assert.match((await asked("--person", "ada", "--radius")).out, /^If ada falls, 2 of \d+ other components/);
  const { reach: listed } = JSON.parse((await asked("--person", "ada", "--json")).out) as { reach: object[] };
  assert.equal(listed.length, 2);
  const nobody = await asked("--person", "eve");
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /there is no person `eve`/);
});
