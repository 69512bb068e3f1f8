import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign, verify, createPublicKey } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { openStateStore } from "../store/open-state-store.ts";
import { openKeyVault, rewrapKeys, sealedKeyKind } from "./key-vault.ts";
import { openRootKey } from "./root-key.ts";

const team = "team-a" as Namespace;
const other = "team-b" as Namespace;
const now = () => Date.UTC(2026, 10, 23, 12);

async function open(context: TestContext) {
  const state = await mkdtemp(join(tmpdir(), "cordon-vault-"));
  const store = await openStateStore(`sqlite:${join(state, "cordon.db")}`);
  context.after(async () => {
    await store[Symbol.asyncDispose]();
    await rm(state, { recursive: true, force: true });
  });
  const rootKey = await openRootKey({ file: "root.key" }, { stateFolder: state });
  return { state, store, rootKey, vault: () => openKeyVault({ store, rootKey, now }) };
}

function hmac(key: Parameters<typeof createHmac>[1]): string {
  return createHmac("sha256", key).update("content").digest("hex");
}

describe("the key vault", () => {
  it("makes a key once and gives the same after a restart", async (context) => {
    const { vault } = await open(context);
    const first = await vault().logKey();
    const signature = sign(null, Buffer.from("head"), first);
    assert.equal(first.asymmetricKeyType, "ed25519");
    assert.ok(verify(null, Buffer.from("head"), createPublicKey(await vault().logKey()), signature));
    assert.equal(hmac(await vault().digestKey(team, "2026-11")), hmac(await vault().digestKey(team, "2026-11")));
    assert.equal(hmac(await vault().contentKey(team)), hmac(await vault().contentKey(team)));
  });

  it("lets one win where two processes make the same key at once", async (context) => {
    const { vault } = await open(context);
    const keys = await Promise.all(Array.from({ length: 8 }, () => vault().digestKey(team, "2026-11")));
    assert.equal(new Set(keys.map(hmac)).size, 1);
  });

  it("keeps namespaces, periods and purposes apart", async (context) => {
    const { vault } = await open(context);
    const keys = vault();
    const made = [
      await keys.digestKey(team, "2026-11"),
      await keys.digestKey(team, "2026-12"),
      await keys.digestKey(other, "2026-11"),
      await keys.contentKey(team),
      await keys.contentKey(other),
    ];
    assert.equal(new Set(made.map(hmac)).size, made.length);
  });

  it("stores nothing that the database file alone would reveal", async (context) => {
    const { state, store, vault } = await open(context);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await vault().signingKey("test", () => privateKey);
    const [stored] = await store.list(sealedKeyKind);
    const { d } = privateKey.export({ format: "jwk" });
    assert.ok(stored && typeof d === "string");
    const files = [JSON.stringify(stored.value), await readFile(join(state, "cordon.db"), "latin1")].join();
    const bytes = Buffer.from(d, "base64url");
    for (const form of [d, bytes.toString("base64"), bytes.toString("hex"), bytes.toString("latin1")])
      assert.equal(files.includes(form), false);
    const der = privateKey.export({ type: "pkcs8", format: "der" });
    assert.equal(files.includes(der.toString("base64").slice(0, 40)), false);
  });

  it("does not open under another root key, and says what to do", async (context) => {
    const { store, vault } = await open(context);
    await vault().logKey();
    const elsewhere = await mkdtemp(join(tmpdir(), "cordon-vault-"));
    context.after(() => rm(elsewhere, { recursive: true, force: true }));
    const stranger = openKeyVault({
      store,
      rootKey: await openRootKey({ file: "root.key" }, { stateFolder: elsewhere }),
      now,
    });
    await assert.rejects(
      stranger.logKey(),
      (error) => isCordonError(error, "KEY_SEALED") && /start with the root key/.test(error.message),
    );
  });

  it("refuses a sealed key that was moved to another name, or damaged", async (context) => {
    const { store, vault } = await open(context);
    await vault().digestKey(team, "2026-11");
    const [stored] = await store.list(sealedKeyKind);
    assert.ok(stored);
    const put = (name: string, value: unknown) =>
      store.transact("test", now(), (transaction) =>
        transaction.put({ kind: sealedKeyKind, namespace: other, name }, value, "system"),
      );
    await put("digest-2026-11", stored.value);
    await put("digest-2026-12", { version: 1, type: "secret", sealed: {} });
    for (const period of ["2026-11", "2026-12"])
      await assert.rejects(vault().digestKey(other, period), (error) => isCordonError(error, "STORE_CORRUPT"));
  });

  it("forgets a digest key for good, in every process that opens it anew, and no other", async (context) => {
    const { vault } = await open(context);
    const keys = vault();
    const kept = hmac(await keys.digestKey(team, "2026-12"));
    await keys.digestKey(team, "2026-11");
    await keys.forgetDigestKey(team, "2026-11");
    for (const someone of [keys, vault()]) {
      await assert.rejects(
        someone.digestKey(team, "2026-11"),
        (error) => isCordonError(error, "KEY_SEALED") && /destroyed/.test(error.message),
      );
      assert.equal(hmac(await someone.digestKey(team, "2026-12")), kept);
    }
  });

  it("tries again after a failure instead of remembering it", async (context) => {
    const { vault } = await open(context);
    const keys = vault();
    await assert.rejects(
      keys.signingKey("x", () => Promise.reject(new Error("no entropy"))),
      /no entropy/,
    );
    const { privateKey } = generateKeyPairSync("ed25519");
    assert.ok((await keys.signingKey("x", () => privateKey)).equals(privateKey));
  });
});

describe("a change of the root key", () => {
  const passphrase = "a long enough passphrase";

  it("keeps every key, seals it anew, and makes the old root key useless for what the store holds", async (context) => {
    const { state, store, vault } = await open(context);
    const log = await vault().logKey();
    const digest = hmac(await vault().digestKey(team, "2026-11"));
    await vault().digestKey(team, "2026-10");
    await vault().forgetDigestKey(team, "2026-10");

    const both = await openRootKey({ passphrase }, { stateFolder: state, also: [{ file: "root.key" }] });
    assert.equal(await rewrapKeys({ store, rootKey: both, now }), 2, "a forgotten key has nothing to seal");
    assert.equal(await rewrapKeys({ store, rootKey: both, now }), 0);

    const anew = openKeyVault({ store, rootKey: await openRootKey({ passphrase }, { stateFolder: state }), now });
    assert.ok((await anew.logKey()).equals(log));
    assert.equal(hmac(await anew.digestKey(team, "2026-11")), digest);
    await assert.rejects(anew.digestKey(team, "2026-10"), (error) => isCordonError(error, "KEY_SEALED"));
    await assert.rejects(vault().logKey(), (error) => isCordonError(error, "KEY_SEALED"));
    const old = await openRootKey({ file: "root.key" }, { stateFolder: state });
    const { rootKeyId } = old.wrap("x", Buffer.from("x"));
    const values = (await store.list(sealedKeyKind)).map(({ value }) => JSON.stringify(value)).join();
    assert.equal(values.includes(rootKeyId), false);
  });

  it("changes a passphrase for another, and refuses a mistyped one once that is done", async (context) => {
    const { state, store, vault } = await open(context);
    await vault().logKey();
    const steps = [
      { root: { passphrase }, also: [{ file: "root.key" }] },
      { root: { passphrase: `${passphrase} two` }, also: [{ passphrase }] },
    ] as const;
    for (const { root, also } of steps) {
      const rootKey = await openRootKey(root, { stateFolder: state, also: [...also] });
      assert.equal(await rewrapKeys({ store, rootKey, now }), 1);
    }
    const anew = await openRootKey({ passphrase: `${passphrase} two` }, { stateFolder: state });
    assert.ok(await openKeyVault({ store, rootKey: anew, now }).logKey());
    await assert.rejects(openRootKey({ passphrase: "some other passphrase" }, { stateFolder: state }), (error) =>
      isCordonError(error, "KEY_SEALED"),
    );
  });

  it("makes no root key for a mistyped or missing old one", async (context) => {
    const { state } = await open(context);
    const stateFolder = state;
    for (const also of [{ file: "gone.key" }, { passphrase: "was never in use" }])
      await assert.rejects(openRootKey({ file: "new.key" }, { stateFolder, also: [also] }), (error) =>
        isCordonError(error, "KEY_SEALED"),
      );
    const names = await readdir(state);
    assert.deepEqual(
      names.filter((name) => name.includes("kdf") || name === "gone.key" || name === "new.key"),
      [],
    );
  });

  it("moves all keys or none: a damaged one stops it", async (context) => {
    const { state, store, vault } = await open(context);
    await vault().logKey();
    await vault().digestKey(team, "2026-11");
    const stored = (await store.list(sealedKeyKind)).find(({ name }) => name.startsWith("digest"));
    const value = structuredClone(stored?.value) as { sealed: { content: string } };
    value.sealed.content = Buffer.alloc(64).toString("base64");
    await store.transact("test", now(), (transaction) =>
      transaction.put({ kind: sealedKeyKind, namespace: team, name: "digest-2026-11" }, value, "system"),
    );
    const both = await openRootKey({ passphrase }, { stateFolder: state, also: [{ file: "root.key" }] });
    await assert.rejects(rewrapKeys({ store, rootKey: both, now }), (error) => isCordonError(error, "STORE_CORRUPT"));
    assert.ok(await vault().logKey(), "the others are as they were");
  });
});
