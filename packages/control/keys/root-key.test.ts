import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { isCordonError, type ErrorCode } from "@cordon/core/errors";
import fc from "fast-check";
import type { Sealed } from "./envelope.ts";
import { openRootKey } from "./root-key.ts";

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "cordon-keys-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function coded(code: ErrorCode, words: RegExp) {
  return (error: unknown) => {
    assert.ok(isCordonError(error), `threw ${String(error)}`);
    assert.match(error.message, words);
    assert.equal(error.code, code);
    return true;
  };
}

const secret = Buffer.from("a private key");

describe("a root key in a file", () => {
  it("is made once, private, and opens after a restart what it sealed before", async (context) => {
    const state = await folder(context);
    const sealed = (await openRootKey({ file: "root.key" }, { stateFolder: state })).wrap("log", secret);
    const status = await stat(join(state, "root.key"));
    assert.equal(status.mode & 0o777, 0o600);
    assert.equal(status.size, 32);
    const again = await openRootKey({ file: "root.key" }, { stateFolder: state });
    assert.deepEqual(again.unwrap("log", JSON.parse(JSON.stringify(sealed))), secret);
    assert.equal(again.sealedBy, "file");
  });

  it("is the same for two processes that start at once", async (context) => {
    const state = await folder(context);
    const [one, two] = await Promise.all([
      openRootKey({ file: "root.key" }, { stateFolder: state }),
      openRootKey({ file: "root.key" }, { stateFolder: state }),
    ]);
    assert.deepEqual(two.unwrap("x", one.wrap("x", secret)), secret);
  });

  it("is refused when others may read it, when it is a link, a folder or of another size", async (context) => {
    const state = await folder(context);
    const path = join(state, "root.key");
    await openRootKey({ file: path }, { stateFolder: state });
    for (const mode of [0o640, 0o604, 0o666]) {
      await chmod(path, mode);
      await assert.rejects(openRootKey({ file: path }, { stateFolder: state }), coded("KEY_SEALED", /chmod 600/));
    }
    await chmod(path, 0o600);
    await symlink(path, join(state, "link"));
    await assert.rejects(openRootKey({ file: "link" }, { stateFolder: state }), coded("KEY_SEALED", /symbolic link/));
    await mkdir(join(state, "folder"));
    await assert.rejects(
      openRootKey({ file: "folder" }, { stateFolder: state }),
      coded("KEY_SEALED", /not a plain file/),
    );
    await writeFile(join(state, "short"), "x", { mode: 0o600 });
    await assert.rejects(openRootKey({ file: "short" }, { stateFolder: state }), coded("KEY_SEALED", /1 bytes/));
    await writeFile(join(state, "long"), Buffer.alloc(33), { mode: 0o600 });
    await assert.rejects(openRootKey({ file: "long" }, { stateFolder: state }), coded("KEY_SEALED", /33 bytes/));
  });
});

describe("a root key from a passphrase", () => {
  it("opens with the same passphrase, and says so at once with another", async (context) => {
    const state = await folder(context);
    const sealed = (await openRootKey({ passphrase: "correct horse battery" }, { stateFolder: state })).wrap(
      "log",
      secret,
    );
    const again = await openRootKey({ passphrase: "correct horse battery" }, { stateFolder: state });
    assert.deepEqual(again.unwrap("log", sealed), secret);
    assert.equal(again.sealedBy, "passphrase");
    await assert.rejects(
      openRootKey({ passphrase: "wrong horse battery" }, { stateFolder: state }),
      coded("KEY_SEALED", /not the one/),
    );
    const stored = await readFile(join(state, "root.kdf.json"), "utf8");
    assert.doesNotMatch(stored, /correct/);
  });

  it("is refused when it is short, or when its parameters were weakened", async (context) => {
    const state = await folder(context);
    await assert.rejects(
      openRootKey({ passphrase: "short" }, { stateFolder: state }),
      coded("KEY_SEALED", /shorter than 12/),
    );
    await openRootKey({ passphrase: "correct horse battery" }, { stateFolder: state });
    const path = join(state, "root.kdf.json");
    const parameters = JSON.parse(await readFile(path, "utf8")) as object;
    await writeFile(path, JSON.stringify({ ...parameters, cost: 2 }), { mode: 0o600 });
    await assert.rejects(
      openRootKey({ passphrase: "correct horse battery" }, { stateFolder: state }),
      coded("KEY_SEALED", /not readable/),
    );
  });
});

describe("a root key from systemd", () => {
  it("is read from the folder that systemd names", async (context) => {
    const state = await folder(context);
    await writeFile(join(state, "cordon"), Buffer.alloc(32, 7), { mode: 0o400 });
    const environment = { CREDENTIALS_DIRECTORY: state };
    const root = await openRootKey({ systemdCredential: "cordon" }, { stateFolder: state, environment: environment });
    assert.deepEqual(root.unwrap("x", root.wrap("x", secret)), secret);
    assert.equal(root.sealedBy, "systemd credential");
  });

  it("is refused when systemd passed none, or its name is a path", async (context) => {
    const state = await folder(context);
    await assert.rejects(
      openRootKey({ systemdCredential: "cordon" }, { stateFolder: state, environment: {} }),
      coded("KEY_SEALED", /LoadCredential/),
    );
    const environment = { CREDENTIALS_DIRECTORY: state };
    await assert.rejects(
      openRootKey({ systemdCredential: "none" }, { stateFolder: state, environment: environment }),
      coded("KEY_SEALED", /no credential named/),
    );
    for (const name of ["..", "../etc/passwd", "a/b"])
      await assert.rejects(
        openRootKey({ systemdCredential: name }, { stateFolder: state, environment: environment }),
        coded("KEY_SEALED", /not the name/),
      );
  });
});

describe("a sealed value", () => {
  it("opens under its own purpose and root key only, and is never the same twice", async (context) => {
    const [here, there] = [await folder(context), await folder(context)];
    const [root, other] = [
      await openRootKey({ file: "root.key" }, { stateFolder: here }),
      await openRootKey({ file: "root.key" }, { stateFolder: there }),
    ];
    const sealed = root.wrap("default/log", secret);
    assert.throws(() => root.unwrap("default/authority", sealed), coded("STORE_CORRUPT", /changed or moved/));
    assert.throws(() => other.unwrap("default/log", sealed), coded("KEY_SEALED", /another root key/));
    const second = root.wrap("default/log", secret);
    assert.notEqual(second.content, sealed.content);
    assert.notEqual(second.dataKey, sealed.dataKey);
    assert.doesNotMatch(JSON.stringify(sealed), new RegExp(secret.toString("base64").slice(0, 12)));
  });

  it("does not open once anything in it was changed, or two were mixed", async (context) => {
    const root = await openRootKey({ file: "root.key" }, { stateFolder: await folder(context) });
    const sealed = root.wrap("log", secret);
    const other = root.wrap("log", Buffer.from("another key"));
    assert.throws(() => root.unwrap("log", { ...sealed, content: other.content }), coded("STORE_CORRUPT", /content/));
    assert.throws(() => root.unwrap("log", { ...sealed, dataKey: other.dataKey }), coded("STORE_CORRUPT", /content/));
    for (const value of [undefined, null, {}, { ...sealed, version: 2 }, { ...sealed, extra: 1 }])
      assert.throws(() => root.unwrap("log", value), coded("STORE_CORRUPT", /not a sealed value/));
    const change = fc.record({
      field: fc.constantFrom("dataKey", "content"),
      position: fc.nat(),
      flip: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(change, ({ field, position, flip }) => {
        const bytes = Buffer.from(sealed[field as keyof Sealed] as string, "base64");
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const changed = { ...sealed, [field]: bytes.toString("base64") };
        assert.throws(() => root.unwrap("log", changed), coded("STORE_CORRUPT", /does not open/));
      }),
    );
  });
});
