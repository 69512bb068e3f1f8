/** What operators' tools see of a running Cordon. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCordon } from "@cordon/cli/up/wire";
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

test("a secret's file is looked for from the configuration's folder, wherever Cordon is started", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-secret-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "passphrase"), "correct horse battery staple\n", { mode: 0o600 });
  await writeFile(join(folder, "url"), "sqlite:elsewhere.db\n", { mode: 0o600 });
  const path = join(folder, "cordon.yaml");
  await writeFile(
    path,
    [
      "version: 1\ntrustDomain: test.example\nconsole: { enabled: false }",
      "components: [{ name: gateway, kind: service, boundary: api }]",
      "keys: { root: { passphrase: { file: ./passphrase } } }\nstore: { url: { file: ./url } }",
    ].join("\n"),
  );
  const cordon = cleanup.use(
    await startCordon({ path, env: {}, version: "test", listen: "127.0.0.1:0", log: () => undefined }),
  );
  assert.equal(cordon.control.sealedBy, "passphrase");
  assert.ok(existsSync(join(folder, "state", "elsewhere.db")));
});
