import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import { openKeyVault } from "../keys/key-vault.ts";
import { openRootKey } from "../keys/root-key.ts";
import { openStateStore } from "../store/open-state-store.ts";
import { leafLifeMs, openInterceptionAuthority } from "./interception.ts";
import { day, start, trustDomain } from "./testing/estate.ts";

const read = (der: Uint8Array | undefined): X509Certificate => new X509Certificate(Buffer.from(der ?? []));

async function state(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-interception-"));
  const store = await openStateStore(`sqlite:${join(folder, "cordon.db")}`);
  context.after(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const clock = { now: start };
  const now = () => clock.now;
  const rootKey = await openRootKey({ file: "root.key" }, { stateFolder: folder });
  const open = (maxLeaves?: number) =>
    openInterceptionAuthority({
      ...{ store, vault: openKeyVault({ store, rootKey, now }), trustDomain, now },
      ...(maxLeaves === undefined ? {} : { maxLeaves }),
    });
  return { folder, store, clock, open };
}

test("a leaf is for one host, for a day, for servers, under the authority that clients are given", async (context) => {
  const { open, clock } = await state(context);
  const authority = open();
  const [root, ...more] = (await authority.certificates()).map(read);
  assert.equal(more.length, 0);
  for (const [host, name] of [
    ["api.partner.example", "DNS:api.partner.example"],
    ["192.0.2.1", "IP Address:192.0.2.1"],
    ["[2001:db8::1]", "IP Address:2001:DB8:0:0:0:0:0:1"],
  ] as const) {
    const { chain, key, notAfter } = await authority.leafFor(host);
    const leaf = read(chain[0]);
    assert.ok(root !== undefined && leaf.verify(root.publicKey) && leaf.checkIssued(root) && !leaf.ca);
    assert.deepEqual([leaf.subjectAltName, leaf.keyUsage], [name, ["1.3.6.1.5.5.7.3.1"]]);
    assert.ok(leaf.checkPrivateKey(key));
    assert.equal(notAfter, clock.now + leafLifeMs);
  }
  assert.ok(root?.ca === true && root.toString() === read((await authority.leafFor("a.example")).chain[1]).toString());
  assert.equal(await authority.leafFor("a.example"), await authority.leafFor("a.example"));
});

test("it is the same after a restart and in two processes, and its key is nowhere in the clear", async (context) => {
  const { open, folder } = await state(context);
  const [a, b] = [open(), open()];
  const [ofA, ofB] = await Promise.all([a.certificates(), b.certificates()]);
  assert.deepEqual(ofA, ofB);
  assert.deepEqual(await open().certificates(), ofA);
  for (const file of await readdir(folder)) {
    const bytes = await readFile(join(folder, file));
    assert.equal(bytes.includes("PRIVATE KEY"), false, file);
  }
});

test("it is no authority of SVIDs: what it certifies names no trust domain and is refused as one", async (context) => {
  const { open, clock } = await state(context);
  const authority = open();
  const { chain } = await authority.leafFor("api.partner.example");
  const bundle = { trustDomain, x509Authorities: await authority.certificates(), jwtAuthorities: [] };
  const trust = {
    bundles: new Map([[trustDomain, { ...bundle, sequence: 1, refreshHintSeconds: 60 }]]),
    revocations: { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() },
  };
  assert.throws(() => verifyX509Svid(chain, trust, clock.now), /SPIFFE|URI|identity/i); // even where a bundle held it
});

test("a successor is shown for a month before it signs, and the old one goes when it ends", async (context) => {
  const { open, clock } = await state(context);
  const authority = open();
  const [first] = await authority.certificates();
  clock.now += 645 * day;
  const shown = await authority.certificates();
  assert.equal(shown.length, 2);
  assert.deepEqual(shown[0], first);
  assert.deepEqual((await authority.leafFor("a.example")).chain[1], Buffer.from(first ?? []));
  clock.now += 31 * day;
  assert.deepEqual((await authority.leafFor("a.example")).chain[1], Buffer.from(shown[1] ?? []));
  clock.now += 60 * day;
  assert.deepEqual(await authority.certificates(), [shown[1]]);
});

test("a leaf is made anew at half of its life, and only so many are kept", async (context) => {
  const { open, clock } = await state(context);
  const authority = open(3);
  const first = await authority.leafFor("a.example");
  clock.now += leafLifeMs / 2;
  const second = await authority.leafFor("a.example");
  assert.notEqual(second, first);
  const third = await authority.leafFor("b.example");
  await authority.leafFor("c.example");
  assert.equal(await authority.leafFor("a.example"), second); // used just now: the other goes first
  await authority.leafFor("d.example");
  assert.equal(await authority.leafFor("a.example"), second);
  assert.notEqual(await authority.leafFor("b.example"), third);
});
