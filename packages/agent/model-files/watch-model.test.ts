/** A served model's files are watched: whatever is done to them shows within a second, and nothing else does. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import {
  appendFile,
  chmod,
  link,
  mkdir,
  mkdtemp,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { FilesSeen } from "@cordon/core/contract/served-files";
import { contentDigest } from "@cordon/core/supply/content-digest";
import { openHasher, type Hasher } from "./hasher.ts";
import { listModel } from "./list-files.ts";
import { watchModel, type WatchModelOptions } from "./watch-model.ts";

const sha = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");
const boundMs = 1_000;

interface Rig {
  readonly folder: string;
  readonly model: string;
  readonly heard: FilesSeen[];
  /** Waits for a verdict; resolves with how long it took. */
  readonly until: (wanted: (seen: FilesSeen) => boolean, words: string, withinMs?: number) => Promise<number>;
}

async function rig(t: TestContext, over: Partial<WatchModelOptions> = {}, path = "model"): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-watch-"));
  const model = join(folder, "model");
  await mkdir(join(model, "sub"), { recursive: true });
  await writeFile(join(model, "weights.bin"), "good weights");
  await writeFile(join(model, "sub", "vocab.txt"), "a\nb\n");
  await writeFile(join(model, "model.sig"), "the signature covers the rest");
  const [hasher, quietHasher] = [openHasher(), openHasher()];
  const heard: FilesSeen[] = [];
  const watching = watchModel({
    path: join(folder, path),
    ...{ hasher, quietHasher, onSeen: (seen) => void heard.push(seen) },
    ...over,
  });
  t.after(async () => {
    await watching[Symbol.asyncDispose]();
    await Promise.all([hasher[Symbol.asyncDispose](), quietHasher[Symbol.asyncDispose]()]);
    await rm(folder, { recursive: true, force: true });
  });
  const until: Rig["until"] = async (wanted, words, withinMs = boundMs) => {
    const from = performance.now();
    for (;;) {
      const seen = watching.seen();
      if (seen !== undefined && wanted(seen)) return performance.now() - from;
      assert.ok(performance.now() - from < withinMs, `${words}: after ${withinMs} ms it is ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  await until((seen) => "digest" in seen || path !== "model", "it is measured at first");
  return { folder, model, heard, until };
}

function digestOf(weights: string | Buffer, more: Readonly<Record<string, string>> = {}): string {
  const files = { "weights.bin": sha(weights), "sub/vocab.txt": sha("a\nb\n") };
  const others = Object.entries(more).map(([path, text]) => [path, sha(text)] as const);
  return `sha256:${contentDigest([...Object.entries(files), ...others])}`;
}
const is =
  (digest: string) =>
  (seen: FilesSeen): boolean =>
    "digest" in seen && seen.digest === digest;
const isGood = is(digestOf("good weights"));

/** Each does something behind the watcher's back, and says how it must look then. */
const swaps: Readonly<Record<string, (rig: Rig) => Promise<(seen: FilesSeen) => boolean>>> = {
  "written in place, as long as before, its times put back": async ({ model }) => {
    const file = join(model, "weights.bin");
    const { atime, mtime } = await stat(file);
    const descriptor = openSync(file, "r+");
    writeSync(descriptor, "evil weights");
    closeSync(descriptor);
    await utimes(file, atime, mtime);
    return is(digestOf("evil weights"));
  },
  "another file moved into its place, with its times": async ({ folder, model }) => {
    const { atime, mtime } = await stat(join(model, "weights.bin"));
    await writeFile(join(folder, "other"), "evil weights");
    await utimes(join(folder, "other"), atime, mtime);
    await rename(join(folder, "other"), join(model, "weights.bin"));
    return is(digestOf("evil weights"));
  },
  "a hard link in its place": async ({ folder, model }) => {
    await writeFile(join(folder, "other"), "evil weights");
    await rm(join(model, "weights.bin"));
    await link(join(folder, "other"), join(model, "weights.bin"));
    return is(digestOf("evil weights"));
  },
  "a symbolic link in its place": async ({ folder, model }) => {
    await writeFile(join(folder, "other"), "good weights");
    await rm(join(model, "weights.bin"));
    await symlink(join(folder, "other"), join(model, "weights.bin"));
    return (seen) => "problem" in seen && seen.problem.includes("symbolic link");
  },
  removed: async ({ model }) => {
    await rm(join(model, "weights.bin"));
    return (seen) => !isGood(seen);
  },
  "a file added": async ({ model }) => {
    await writeFile(join(model, "sub", "extra.py"), "import os");
    return is(digestOf("good weights", { "sub/extra.py": "import os" }));
  },
  "a file renamed": async ({ model }) => {
    await rename(join(model, "weights.bin"), join(model, "a.bin"));
    return (seen) => "digest" in seen && !isGood(seen);
  },
  "the whole folder replaced": async ({ folder, model }) => {
    await rename(model, join(folder, "aside"));
    await mkdir(model);
    await writeFile(join(model, "weights.bin"), "evil weights");
    return is(`sha256:${contentDigest([["weights.bin", sha("evil weights")]])}`);
  },
  "the folder gone": async ({ folder, model }) => {
    await rename(model, join(folder, "aside"));
    return (seen) => "problem" in seen && seen.problem.includes("ENOENT");
  },
  "a pipe in its place": async ({ model }) => {
    await rm(join(model, "weights.bin"));
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [join(model, "weights.bin")]);
    return (seen) => "problem" in seen && seen.problem.includes("special file");
  },
  "half written, then whole": async ({ model }) => {
    await writeFile(join(model, "weights.bin"), "evil ");
    for (const part of ["wei", "ghts"]) await appendFile(join(model, "weights.bin"), part);
    return is(digestOf("evil weights"));
  },
};

for (const notices of [true, false])
  test(`every way to swap files shows within a second, kernel notices ${notices ? "on" : "off"}`, async (t) => {
    let slowest = 0;
    for (const [name, swap] of Object.entries(swaps))
      await t.test(name, async (each) => {
        const one = await rig(each, { notices });
        const expected = await swap(one);
        slowest = Math.max(slowest, await one.until(expected, name));
      });
    t.diagnostic(`slowest ${slowest.toFixed(0)} ms`);
  });

test("what returns is known again; a touch alone tells nobody anything", async (t) => {
  const { model, heard, until } = await rig(t);
  await writeFile(join(model, "weights.bin"), "evil weights");
  await until((seen) => !isGood(seen), "swapped");
  await writeFile(join(model, "weights.bin"), "good weights");
  await until(isGood, "returned");
  const before = heard.length;
  await utimes(join(model, "weights.bin"), new Date(), new Date());
  await chmod(join(model, "weights.bin"), 0o444);
  await writeFile(join(model, "model.sig"), "another signature is no change of the model");
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(heard.length, before, JSON.stringify(heard));
});

test("a path over a symbolic link is followed to where it leads now", async (t) => {
  const one = await rig(t, {}, "current");
  await symlink("model", join(one.folder, "current"));
  await one.until(isGood, "linked");
  await mkdir(join(one.folder, "evil"));
  await writeFile(join(one.folder, "evil", "weights.bin"), "evil weights");
  await symlink("evil", join(one.folder, "next"));
  await rename(join(one.folder, "next"), join(one.folder, "current"));
  await one.until((seen) => "digest" in seen && !isGood(seen), "linked elsewhere");
});

test("a large file is unknown within a second of its change, long before it is hashed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-watch-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "large.safetensors");
  const descriptor = openSync(path, "w");
  ftruncateSync(descriptor, 1024 ** 3); // sparse: it takes seconds to hash, and no disk
  t.after(() => closeSync(descriptor));
  const [hasher, quietHasher] = [openHasher(), openHasher()];
  const heard: FilesSeen[] = [];
  await using watching = watchModel({ path, hasher, quietHasher, onSeen: (seen) => void heard.push(seen) });
  t.after(() => Promise.all([hasher[Symbol.asyncDispose](), quietHasher[Symbol.asyncDispose]()]));
  const until = async (wanted: () => boolean, ms: number): Promise<number> => {
    const from = performance.now();
    while (!wanted()) {
      assert.ok(performance.now() - from < ms, JSON.stringify(watching.seen()));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return performance.now() - from;
  };
  const isDigest = (): boolean => "digest" in (watching.seen() ?? {});
  const hashed = await until(isDigest, 120_000);
  writeSync(descriptor, randomBytes(16), 0, 16, 1024 ** 2);
  const closed = await until(() => !isDigest(), boundMs);
  t.diagnostic(`hashed in ${hashed.toFixed(0)} ms, unknown ${closed.toFixed(0)} ms after the change`);
});

test("a write that leaves no trace is found when everything is hashed again", async (t) => {
  // As a write through a mapping on a file system that keeps no time for it: what the kernel says stays as it was.
  let frozen: Awaited<ReturnType<typeof listModel>> | undefined;
  const list = async (path: string) => (frozen ??= await listModel(path));
  const real = openHasher();
  t.after(() => real[Symbol.asyncDispose]());
  const hasher: Hasher = {
    async hash(path) {
      const { sha256 } = await real.hash(path);
      const [, dev = "", ino = "", , , ctimeNs = ""] =
        frozen?.files.find(({ absolute }) => absolute === path)?.identity.split("\0") ?? [];
      return { sha256, dev: BigInt(dev), ino: BigInt(ino), ctimeNs: BigInt(ctimeNs) };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const { model, until } = await rig(t, { rehashEveryMs: 300, list, hasher, quietHasher: hasher });
  await new Promise((resolve) => setTimeout(resolve, 150));
  await writeFile(join(model, "weights.bin"), "evil weights");
  await until(is(digestOf("evil weights")), "found by hashing", 3_000);
});

test("a file system that hangs, and a thread that dies, make the files unknown", async (t) => {
  let hangs = false;
  const list = (path: string): ReturnType<typeof listModel> => (hangs ? new Promise(() => undefined) : listModel(path));
  const one = await rig(t, { list });
  hangs = true;
  await one.until((seen) => "problem" in seen && seen.problem.includes("could not be looked at"), "it hangs", 4_000);

  const dead = {
    hash: () => Promise.reject(new Error("the thread that hashes ended")),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const other = await rig(t);
  const heard: FilesSeen[] = [];
  await using watching = watchModel({
    path: other.model,
    hasher: dead,
    quietHasher: dead,
    onSeen: (seen) => void heard.push(seen),
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.match(JSON.stringify(watching.seen()), /the thread that hashes ended/);
});
