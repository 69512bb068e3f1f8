import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isInterpreter } from "./interpreters.ts";
import { isNodeName, registrationSchema } from "./registration-schema.ts";

const digest = "a".repeat(64);

for (const [what, registration, good] of [
  ["a user alone", { uid: 1000 }, false],
  ["nothing but a node", {}, false],
  ["Python of a user", { uid: 1000, path: "/usr/bin/python3" }, false],
  ["Node by its path and digest", { path: "/usr/local/bin/node", sha256: digest }, false],
  ["a loader by its path", { path: "/lib64/ld-linux-x86-64.so.2" }, false],
  ["Python in a unit", { path: "/usr/bin/python3", systemdUnit: "assistant.service" }, true],
  ["Python in a control group", { uid: 1000, cgroup: "/kubepods/pod1" }, true],
  ["Python in a container", { uid: 1000, container: "0123456789ab" }, true],
  ["a measured script", { uid: 1000, launch: { script: digest } }, true],
  ["a program by its path", { path: "/opt/assistant" }, true],
  ["a program by its digest", { sha256: digest }, true],
  ["a path that climbs", { path: "/opt/../tmp/x" }, false],
  ["a relative path", { path: "opt/x" }, false],
  ["a unit that is none", { systemdUnit: "assistant" }, false],
  ["a short container id", { container: "abc" }, false],
  ["an unknown selector", { sha256: digest, user: "root" }, false],
] as const)
  test(`${what} is ${good ? "a registration" : "refused"}`, () => {
    assert.equal(registrationSchema.safeParse({ nodes: ["node-a"], ...registration }).success, good);
  });

test("a registration names its nodes", () => {
  for (const nodes of [[], ["Node"], ["a b"], ["a..b"], ["-a"]])
    assert.equal(registrationSchema.safeParse({ nodes, sha256: digest }).success, false, JSON.stringify(nodes));
  assert.ok(registrationSchema.safeParse({ nodes: ["*", "ip-10-0-0-1.eu.compute.internal"], sha256: digest }).success);
});

test("interpreters are known by version and by other names too", () => {
  for (const path of [
    "/usr/bin/python3.11",
    "/usr/bin/node",
    "/bin/sh",
    "/usr/bin/php8.2",
    "/usr/bin/perl5.36.0",
    "/usr/bin/busybox",
  ])
    assert.ok(isInterpreter(path), path);
  for (const path of ["/opt/assistant", "/usr/bin/nodeagent", "/usr/sbin/nginx", "/opt/sherlock"])
    assert.ok(!isInterpreter(path), path);
});

test("a node's name is read in linear time, whatever it is", () => {
  fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => void isNodeName(text)));
  assert.equal(isNodeName(`${"a".repeat(200)}!`), false);
});
