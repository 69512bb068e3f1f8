/** What operators' tools see of a running Cordon. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationText, openEstate } from "./estate.ts";

test("`operations.listen` answers liveness and readiness; without it nothing listens", async () => {
  await using estate = await openEstate({
    configuration: (ports) => `operations: { listen: "127.0.0.1:0" }\n${configurationText(ports)}`,
  });
  const url = estate.cordon.operationsUrl ?? "";
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const ready = await fetch(`${url}/readyz`);
  assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, problems: [] }]);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  await estate.cordon.ledger[Symbol.asyncDispose]();
  const unready = await fetch(`${url}/readyz`);
  assert.equal(unready.status, 503);
  assert.match(await unready.text(), /ledger is closed/);
  assert.equal((await fetch(`${url}/healthz`)).status, 200, "a restart would mend nothing");

  await using quiet = await openEstate();
  assert.equal(quiet.cordon.operationsUrl, undefined);
});
