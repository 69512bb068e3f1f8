import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("the container and the service unit start Cordon with the flags that `cordon up` starts itself with", async () => {
  const { nodeFlags } = (await import(new URL("../bin/runtime-flags.js", import.meta.url).href)) as {
    nodeFlags: readonly string[];
  };
  const unit = /^ExecStart=\S+\/bin\/node (.*) \S+\/cordon\.js up/m.exec(read("deploy/cordon.service"))?.[1];
  assert.deepEqual(unit?.split(" "), nodeFlags);
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(read("deploy/Containerfile"))?.[1] ?? "[]";
  assert.deepEqual((JSON.parse(entry) as string[]).slice(1, -1), nodeFlags);
});
