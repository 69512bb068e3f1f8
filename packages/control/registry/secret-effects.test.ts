import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { resolveSecret } from "@cordon/core/contract/secret-reference";
import { secretEffects } from "./secret-effects.ts";
import { temporaryFolder } from "./test-registry.ts";

const effects = secretEffects({ KEY: "from the environment" });

test("reads secrets from the environment, a file and a program", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "key");
  await writeFile(file, "from a file\n", { mode: 0o600 });
  assert.equal(await resolveSecret({ env: "KEY" }, effects), "from the environment");
  assert.equal(await resolveSecret({ file }, effects), "from a file");
  const program = [process.execPath, "-e", "console.log('from a program')"];
  assert.equal(await resolveSecret({ exec: program }, effects), "from a program");
});

test("refuses a file that everybody may read, until that is put right", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "key");
  await writeFile(file, "secret");
  await chmod(file, 0o644);
  await assert.rejects(resolveSecret({ file }, effects), { code: "SECRET_UNAVAILABLE", message: /chmod o-rw/ });
  await chmod(file, 0o600);
  assert.equal(await resolveSecret({ file }, effects), "secret");
});

test("runs no shell: an argument is an argument", async () => {
  const program = [process.execPath, "-e", "console.log(process.argv[1])", "$(id); `id` && id"];
  assert.equal(await resolveSecret({ exec: program }, effects), "$(id); `id` && id");
});

test("refuses a program that fails, is missing, or prints without end, and repeats nothing of what it said", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[process.execPath, "-e", "console.log('hush'); console.error('hush'); process.exit(3)"], /running it failed/],
    [["/nonexistent/program"], /running it failed \(ENOENT\)/],
    [[process.execPath, "-e", "for (;;) require('fs').writeSync(1, 'hush'.repeat(1000))"], /running it failed/],
  ];
  for (const [exec, words] of cases)
    await assert.rejects(resolveSecret({ exec }, effects), (error: Error) => {
      assert.match(error.message, words);
      return (
        !`${error.message}${error.stack}${String(error.cause)}`.includes("'hush'.repeat") &&
        !error.message.includes("hush")
      );
    });
});

test("a program that does not end is killed", async () => {
  const command = [process.execPath, "-e", "setInterval(() => {}, 1000)"];
  await assert.rejects(effects.exec(command, { timeoutMs: 50, maxBytes: 100 }), { code: "ETIMEDOUT" });
});

test("refuses what is not a plain file, without waiting for it", async () => {
  await assert.rejects(resolveSecret({ file: "/dev/zero" }, effects), {
    code: "SECRET_UNAVAILABLE",
    message: /ENOTFILE/,
  });
});
