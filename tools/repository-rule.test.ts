import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { plantFiles } from "./planted.ts";
import { checkRepository } from "./repository-rule.ts";

/** Made here, so that this file holds nothing that looks like what it tests for. */
function secrets(): Record<string, string> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const part = (length: number): string => "Ab1".repeat(length).slice(0, length);
  return {
    "a private key": pem,
    "a private key in a string": JSON.stringify(pem),
    "a private JWK": JSON.stringify(privateKey.export({ format: "jwk" })),
    "an AWS access key": `AKIA${"ABCD1234".repeat(2)}`,
    "a GitHub token": `ghp_${part(36)}`,
    "an npm token": `npm_${part(36)}`,
    "a model provider's key": `key: sk-proj-${part(48)}`,
    "a signed token": `eyJ${part(30)}.eyJ${part(30)}.${part(43)}`,
    "a home folder": `cd ${["", "home", "alice", "cordon"].join("/")}`,
    "a folder of a build machine": `"${["", "Users", "bob"].join("/")}"`,
  };
}

for (const [what, text] of Object.entries(secrets())) {
  test(`refuses: ${what}`, (t) => {
    const [violation] = checkRepository(plantFiles(t, { "docs/a.md": `first line\n${text}\n` }));
    assert.equal(violation?.file, "docs/a.md");
    assert.equal(violation.line, 2);
  });
}

for (const name of ["tls/server.key", "a.p12", ".env", ".env.local", "id_ed25519"]) {
  test(`refuses a file called ${name}`, (t) => {
    assert.equal(checkRepository(plantFiles(t, { [name]: "x\n" })).length, 1);
  });
}

test("refuses a registry host in npm's files", (t) => {
  const host = ["https:", "", "registry.example"].join("/");
  const root = plantFiles(t, {
    ".npmrc": `registry=${host}/\n`,
    "package-lock.json": `{"resolved": "${host}/a.tgz"}\n`,
  });
  assert.deepEqual(
    checkRepository(root)
      .map(({ file }) => file)
      .toSorted(),
    [".npmrc", "package-lock.json"],
  );
});

test("permits what only resembles a secret or a machine's path", (t) => {
  const root = plantFiles(t, {
    "a.ts":
      'const pem = "-----BEGIN PRIVATE KEY-----\\n" + body;\n' +
      'route("/training-data"); route("/v1/home/x"); get("https://host.example/home/alice");\n' +
      'const id = "spiffe://bank.example/ns/default/agent/assistant"; const key = "sk-test";\n',
    "package-lock.json": '{"funding": {"url": "https://github.com/sponsors/x"}}\n',
  });
  assert.deepEqual(checkRepository(root), []);
});

test("permits a line that says that it is an example", (t) => {
  const token = `ghp_${"Ab1".repeat(12)}`;
  const root = plantFiles(t, { "a.md": `${token} <!-- cordon-check: example -->\n` });
  assert.deepEqual(checkRepository(root), []);
});

test("reads tracked and new files, and none that git ignores", (t) => {
  const token = `ghp_${"Ab1".repeat(12)}\n`;
  const root = plantFiles(t, {
    ".gitignore": "state/\n",
    "state/root.txt": token,
    "new.txt": token,
    "tracked.txt": token,
  });
  for (const args of [
    ["init", "-q"],
    ["add", "tracked.txt", ".gitignore"],
  ]) {
    assert.equal(spawnSync("git", ["-C", root, ...args]).status, 0);
  }
  assert.deepEqual(
    checkRepository(root).map(({ file }) => file),
    ["new.txt", "tracked.txt"],
  );
});

test("fails when it finds no file to check", (t) => {
  assert.match(checkRepository(plantFiles(t, {}))[0]?.message ?? "", /checked nothing/);
});
