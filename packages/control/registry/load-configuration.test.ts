import { execFileSync } from "node:child_process";
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfiguration } from "./load-configuration.ts";
import { estate, temporaryFolder } from "./test-registry.ts";

test("reads the policies relative to the file, whatever the working folder", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "policies"));
  await writeFile(join(folder.path, "policies/default.cedar"), "permit all");
  await writeFile(join(folder.path, "cordon.yaml"), estate);
  const loaded = await loadConfiguration(join(folder.path, "cordon.yaml"));
  assert.equal(loaded.policyTexts.get("policies/default.cedar"), "permit all");
  assert.equal(loaded.folder, folder.path);
  await writeFile(join(folder.path, "policies/default.cedar"), "permit some");
  assert.notEqual((await loadConfiguration(join(folder.path, "cordon.yaml"))).digest, loaded.digest);
});

test("refuses files that are missing, folders, endless, too long or not UTF-8", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "cordon.yaml");
  const refused = (words: RegExp, at = path) =>
    assert.rejects(loadConfiguration(at), { code: "CONFIG_UNREADABLE", message: words });
  await refused(/there is no such file/);
  await refused(/it is not a plain file/, folder.path);
  await refused(/it is not a plain file/, "/dev/zero");
  const pipe = join(folder.path, "pipe");
  execFileSync("mkfifo", [pipe]);
  await refused(/it is not a plain file/, pipe);
  await writeFile(path, Buffer.of(0x61, 0xff));
  await refused(/is not UTF-8 text/);
  await writeFile(path, Buffer.alloc(4 * 1024 * 1024 + 1, "#"));
  await refused(/is longer than/);
  await writeFile(path, estate);
  await refused(/policies\/default\.cedar, a policy file that cordon\.yaml names: there is no such file/);
  await mkdir(join(folder.path, "policies"));
  await writeFile(join(folder.path, "policies/default.cedar"), "x".repeat(256 * 1024 + 1));
  await refused(/default\.cedar, a policy file that cordon\.yaml names, is longer than/);
});
