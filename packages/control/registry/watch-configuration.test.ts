import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfiguration, type LoadedConfiguration } from "./load-configuration.ts";
import { estate, temporaryFolder } from "./test-registry.ts";
import { watchConfiguration, type ConfigurationWatch } from "./watch-configuration.ts";

interface Watched {
  readonly watch: ConfigurationWatch;
  readonly applied: LoadedConfiguration[];
  readonly problems: string[];
  readonly write: (text: string) => Promise<void>;
}

async function setUp(
  folder: string,
  lookEveryMs = 60_000,
  apply?: () => Promise<void>,
  settleMs = 5,
): Promise<Watched> {
  const path = join(folder, "cordon.yaml");
  await mkdir(join(folder, "policies"), { recursive: true });
  await writeFile(join(folder, "policies/default.cedar"), "permit all");
  await writeFile(path, estate);
  const applied: LoadedConfiguration[] = [];
  const problems: string[] = [];
  const watch = watchConfiguration({
    path,
    initial: await loadConfiguration(path),
    apply: apply ?? (async (loaded) => void applied.push(loaded)),
    onProblem: (error) => void problems.push((error as Error).message),
    settleMs,
    lookEveryMs,
  });
  return { watch, applied, problems, write: (text) => writeFile(path, text) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const changed = estate.replace("limitSeconds: 30", "limitSeconds: 20");

test("a changed file is applied once, whole", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied, problems, write } = await setUp(folder.path);
  await using _ = watch;
  await write(changed);
  await until(() => applied.length > 0);
  assert.equal(applied[0]?.configuration.staleness.limitSeconds, 20);
  assert.equal(await watch.reload(), false, "nothing further to apply");
  assert.equal(applied.length, 1);
  assert.deepEqual(problems, []);
});

test("sees a file that an editor replaces, twice in a row", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied } = await setUp(folder.path);
  await using _ = watch;
  for (const [index, limit] of [10, 11].entries()) {
    await writeFile(join(folder.path, "new"), estate.replace("limitSeconds: 30", `limitSeconds: ${limit}`));
    await rename(join(folder.path, "new"), join(folder.path, "cordon.yaml"));
    await until(() => applied.length > index);
    assert.equal(applied[index]?.configuration.staleness.limitSeconds, limit);
  }
});

test("sees a link that is swapped, as Kubernetes does", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied } = await setUp(folder.path);
  await using _ = watch;
  await mkdir(join(folder.path, "v2"));
  await writeFile(join(folder.path, "v2/cordon.yaml"), changed);
  await symlink("v2/cordon.yaml", join(folder.path, "link"));
  await rename(join(folder.path, "link"), join(folder.path, "cordon.yaml"));
  await until(() => applied.length > 0);
});

test("sees a changed policy file", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied } = await setUp(folder.path);
  await using _ = watch;
  await writeFile(join(folder.path, "policies/default.cedar"), "permit less");
  await until(() => applied.length > 0);
  assert.equal(applied[0]?.policyTexts.get("policies/default.cedar"), "permit less");
});

test("the slow look finds what the system did not report", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied, write } = await setUp(folder.path, 5);
  await using _ = watch;
  await write(changed);
  await until(() => applied.length > 0);
});

test("an invalid file is reported once and not applied; the mended one is", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied, problems, write } = await setUp(folder.path, 5);
  await using _ = watch;
  await write(estate.replace("limitSeconds: 30", "limitSeconds: 0"));
  await until(() => problems.length > 0);
  assert.match(problems[0] ?? "", /cordon\.yaml:3:\d+ `limitSeconds` must be at least 1/);
  await assert.rejects(watch.reload(), { code: "CONFIG_INVALID" });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(problems.length, 1);
  assert.equal(applied.length, 0);
  await write(changed);
  await until(() => applied.length > 0);
});

test("a file that is gone is reported; what is in force stays", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied, problems } = await setUp(folder.path);
  await using _ = watch;
  await rm(join(folder.path, "cordon.yaml"));
  await until(() => problems.length > 0);
  assert.match(problems[0] ?? "", /there is no such file/);
  assert.equal(applied.length, 0);
});

test("a change that needs a restart is refused whole, also what could have been applied", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied, write } = await setUp(folder.path);
  await using _ = watch;
  await write(changed.replace("components:", "gateway: { listen: '127.0.0.1:9999' }\ncomponents:"));
  await assert.rejects(watch.reload(), {
    code: "CONFIG_INVALID",
    message: /`gateway` cannot change while Cordon runs/,
  });
  assert.equal(applied.length, 0);
});

test("what cannot be applied is tried again at the next reload", async () => {
  await using folder = await temporaryFolder();
  let refusals = 0;
  const { watch, write } = await setUp(folder.path, 60_000, async () => {
    refusals += 1;
    throw new Error("the store is away");
  });
  await using _ = watch;
  await write(changed);
  await assert.rejects(watch.reload(), /the store is away/);
  const before = refusals;
  await assert.rejects(watch.reload(), /the store is away/);
  assert.ok(refusals > before);
});

test("reloads one at a time", async () => {
  await using folder = await temporaryFolder();
  let running = 0;
  let most = 0;
  const { watch, write } = await setUp(folder.path, 60_000, async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
  });
  await using _ = watch;
  await write(changed);
  const reloads = await Promise.all([watch.reload(), watch.reload(), watch.reload()]);
  assert.ok(reloads.filter(Boolean).length <= 1);
  assert.equal(most, 1);
});

test("a file that is empty while it is being written is not taken for what it will be", async () => {
  await using folder = await temporaryFolder();
  const { watch, applied, problems } = await setUp(folder.path, 10, undefined, 300);
  await using _ = watch;
  const policy = join(folder.path, "policies/default.cedar");
  const halves = ["", "permit", "permit less"];
  for (const text of halves) {
    await writeFile(policy, text);
    await new Promise((resolve) => setTimeout(resolve, 60)); // looked at several times meanwhile
  }
  await until(() => applied.length > 0);
  assert.deepEqual(
    applied.map(({ policyTexts }) => [...policyTexts.values()]),
    [["permit less"]],
  );
  assert.deepEqual(problems, []);
});
