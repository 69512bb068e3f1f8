import assert from "node:assert/strict";
import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openRig } from "./testing/rig.ts";

test("pages and API answers carry the policy that lets no foreign or inline script run, and no one frame them", async (t) => {
  const rig = await openRig(t);
  for (const path of ["/", "/live", "/assets/main-abc123.js", "/no.png", "/v1/overview"]) {
    const { headers } = await rig.call(path);
    const policy = String(headers["content-security-policy"]);
    const directives = new Map(policy.split("; ").map((each) => [each.split(" ")[0], each] as const));
    assert.equal(directives.get("default-src"), "default-src 'self'", path);
    assert.equal(directives.get("script-src"), "script-src 'self'", path);
    assert.equal(directives.get("frame-ancestors"), "frame-ancestors 'none'", path);
    assert.equal(directives.get("object-src"), "object-src 'none'", path);
    assert.doesNotMatch(policy, /unsafe-eval|https?:|\*/, path);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
    assert.equal(headers["set-cookie"], undefined);
  }
});

test("hashed assets may be kept for good, everything else is asked for again", async (t) => {
  const rig = await openRig(t);
  const cacheOf = async (path: string) => (await rig.call(path)).headers["cache-control"];
  assert.match(String(await cacheOf("/assets/main-abc123.js")), /immutable/);
  assert.equal(await cacheOf("/"), "no-cache");
  assert.equal(await cacheOf("/assets/none-0.js"), "no-store");
  assert.equal(await cacheOf("/v1/overview"), "no-store");
});

test("a path of the browser's own is the program; a file that is missing is missing", async (t) => {
  const rig = await openRig(t);
  const page = await rig.call("/ledger");
  assert.deepEqual([page.status, page.headers["content-type"]], [200, "text/html; charset=utf-8"]);
  assert.equal((await rig.call("/assets/other.js")).status, 404);
  const script = await rig.call("/assets/main-abc123.js?v=1");
  assert.deepEqual([script.status, script.headers["content-type"]], [200, "text/javascript; charset=utf-8"]);
});

test("nothing outside the folder is served, by no spelling and through no link", async (t) => {
  const rig = await openRig(t);
  await writeFile(join(rig.pages, "..", "secret.txt"), "secret");
  await writeFile(join(rig.pages, ".env"), "secret");
  await symlink(join(rig.pages, "..", "secret.txt"), join(rig.pages, "link.txt"));
  const paths = [
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/..\\secret.txt",
    "//secret.txt",
    "/.env",
    "/link.txt",
    "/assets/..",
    `/${"a".repeat(600)}.txt`,
    "/secret.txt\0.png".replaceAll("\0", "%00"),
  ];
  for (const path of paths) {
    const answer = await rig.call(path);
    assert.equal(answer.status, 404, path);
    assert.doesNotMatch(answer.text, /secret/, path);
  }
  await writeFile(join(rig.pages, "plain.txt"), "secret");
  assert.equal((await rig.call("/plain.txt")).text, "secret", "a file in the folder is served");
});

test("pages are read with GET and HEAD only", async (t) => {
  const rig = await openRig(t);
  assert.equal((await rig.call("/", { method: "POST" })).status, 405);
  const head = await rig.call("/", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("where the pages are not built, the answer says how to build them", async (t) => {
  const rig = await openRig(t);
  await rm(rig.pages, { recursive: true });
  const answer = await rig.call("/");
  assert.equal(answer.status, 503);
  assert.match(answer.text, /npm run build:console/);
  assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
});
