/** Lock files of pnpm, yarn, Cargo and Go: each package once, with its exact version; what is from elsewhere is unread. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "@cordon/core/errors";
import type { PackagesRead } from "./package-found.ts";
import { readPackages } from "./read-packages.ts";

const read = (file: string, text: string): PackagesRead => readPackages(Buffer.from(text), file);
const names = ({ packages }: PackagesRead): string[] =>
  packages.map(({ ecosystem, name, version }) => `${ecosystem}:${name}@${version}`).toSorted();

test("pnpm-lock.yaml, of every version", () => {
  const wanted = ["npm:@babel/core@7.24.0", "npm:react-dom@18.2.0", "npm:semver@7.6.0"];
  const integrity = "{integrity: sha512-x}";
  const five = `lockfileVersion: 5.4
packages:
  /@babel/core/7.24.0:
    resolution: ${integrity}
  /react-dom/18.2.0_react@18.2.0:
    resolution: ${integrity}
  /semver/7.6.0:
    resolution: ${integrity}
  github.com/evil/evil/0123456:
    resolution: {tarball: https://codeload.example/evil/tar.gz/0123456}
    name: evil
    version: 1.0.0
`;
  const six = five
    .replace("5.4", "'6.0'")
    .replace("/@babel/core/7.24.0", "/@babel/core@7.24.0")
    .replace("/react-dom/18.2.0_react@18.2.0", "/react-dom@18.2.0(react@18.2.0)")
    .replace("/semver/7.6.0", "/semver@7.6.0");
  const nine = six
    .replace("'6.0'", "'9.0'")
    .replaceAll(/^ {2}\/(@?[a-z])/gm, "  $1")
    .replace("  @babel/core@7.24.0:", "  '@babel/core@7.24.0':");
  for (const text of [five, six, nine]) {
    const found = read("pnpm-lock.yaml", text);
    assert.deepEqual(names(found), wanted, text);
    assert.equal(found.unread.length, 1);
    assert.match(found.unread[0]?.words ?? "", /evil/);
  }
});

test("yarn.lock: classic, with aliases, Git and folders", () => {
  const found = read(
    "yarn.lock",
    `# yarn lockfile v1


"@babel/code-frame@^7.0.0", "@babel/code-frame@^7.12.11":
  version "7.24.0"
  resolved "https://registry.example/@babel/code-frame/-/code-frame-7.24.0.tgz#abc"
  dependencies:
    chalk "^2.0.0"
    version "^1.0.0"

lodash4@npm:lodash@^4.17.0:
  version "4.17.20"

evil@git+https://example.com/evil.git:
  version "1.0.0"

mine@file:../mine:
  version "0.0.1"

someone@user/repository#main:
  version "2.0.0"
`,
  );
  assert.deepEqual(names(found), ["npm:@babel/code-frame@7.24.0", "npm:lodash@4.17.20"]);
  assert.equal(found.unread.length, 3);
  assert.equal(found.packages[0]?.line, 4);
});

test("yarn.lock: Berry, with patches and workspaces", () => {
  const found = read(
    "yarn.lock",
    `__metadata:
  version: 8
"@types/node@npm:*, @types/node@npm:^20":
  version: 20.11.5
  resolution: "@types/node@npm:20.11.5"
"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."
"typescript@patch:typescript@npm%3A^5.0.0#optional!builtin<compat/typescript>":
  version: 5.3.3
  resolution: "typescript@patch:typescript@npm%3A5.3.3#optional!builtin<compat/typescript>::version=5.3.3"
"far@https://example.com/far.tgz":
  version: 1.0.0
  resolution: "far@https://example.com/far.tgz"
`,
  );
  assert.deepEqual(names(found), ["npm:@types/node@20.11.5", "npm:typescript@5.3.3"]);
  assert.deepEqual(
    found.unread.map(({ words }) => words.split(" ")[0]),
    ["far@https://example.com/far.tgz"],
  );
});

test("Cargo.lock and go.mod", () => {
  const cargo = read(
    "Cargo.lock",
    `version = 3
[[package]]
name = "serde"
version = "1.0.190"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "mine"
version = "0.1.0"
[[package]]
name = "fork"
version = "0.2.0"
source = "git+https://example.com/fork#abc"
`,
  );
  assert.deepEqual(names(cargo), ["crates.io:serde@1.0.190"]);
  assert.equal(cargo.unread.length, 1);
  const go = read(
    "go.mod",
    `module example.com/m
go 1.22
require golang.org/x/net v0.17.0
require (
	github.com/gin-gonic/gin v1.9.0 // indirect
	github.com/old/thing v2.0.0+incompatible
	example.com/local v1.0.0
)
replace github.com/old/thing => github.com/new/thing v2.1.0
replace (
	example.com/local v1.0.0 => ./local
)
`,
  );
  assert.deepEqual(names(go), [
    "Go:github.com/gin-gonic/gin@1.9.0",
    "Go:github.com/new/thing@2.1.0",
    "Go:golang.org/x/net@0.17.0",
  ]);
  assert.equal(go.unread.length, 1);
});

test("whatever the bytes are, the answer is packages or an error that names the file", () => {
  const files = ["pnpm-lock.yaml", "yarn.lock", "Cargo.lock", "go.mod"];
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.string({ maxLength: 400 }), (file, text) => {
      try {
        for (const { name } of read(file, text).packages) assert.notEqual(name, "");
      } catch (error) {
        assert.ok(isCordonError(error, "SUPPLY_INPUT_INVALID") && error.message.startsWith(file), String(error));
      }
    }),
    { numRuns: 500 },
  );
});
