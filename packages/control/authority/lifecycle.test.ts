import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { verifyJwtSvid } from "@cordon/core/identity/jwt-svid";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Authority } from "./authority.ts";
import { authorityKey, type AuthorityState } from "./authority-state.ts";
import { openOwnIdentity } from "./own-identity.ts";
import { coded, day, estate, request, workload } from "./testing/estate.ts";

const hour = 3_600_000;

async function issue(authority: Authority) {
  return authority.issueX509Svid({ id: workload, key: (await request()).key });
}

/** The only authority of a kind in a state. */
async function only(authority: Authority, kind: "x509" | "issuers" | "jwt", state: string) {
  const found = (await authority.authorities())[kind].filter((one) => one.state === state);
  assert.equal(found.length, 1, `one ${kind} that is ${state}`);
  return found[0] as (typeof found)[number];
}

describe("a root that is replaced by hand", () => {
  it("is published beside its successor until the last SVID under it has expired, and then leaves by itself", async (context) => {
    const { open, trust, clock } = await estate(context);
    const authority = await open();
    const first = await only(authority, "x509", "active");
    await issue(authority);
    await authority.prepare("x509");
    const next = await only(authority, "x509", "prepared");
    assert.equal(authority.bundle().x509Authorities.length, 2, "published before it signs");
    const before = await issue(authority);
    await assert.rejects(authority.activate(next.id, { early: false }), coded("AUTHORITY_IN_USE", /may not know/));
    clock.now += 310_000; // one refresh
    await authority.activate(next.id, { early: false });
    assert.equal((await only(authority, "x509", "active")).id, next.id);
    const after = await issue(authority);
    for (const { chain } of [before, after])
      assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, workload);
    const issuer = new X509Certificate(after.chain[1] ?? new Uint8Array());
    assert.ok(issuer.verify(new X509Certificate(authority.bundle().x509Authorities[1] ?? new Uint8Array()).publicKey));

    const { signedUntil } = await only(authority, "x509", "old");
    assert.ok(signedUntil !== undefined && signedUntil >= before.notAfter, "no SVID under it outlives it");
    clock.now = before.notAfter;
    await authority.maintain();
    assert.equal(authority.bundle().x509Authorities.length, 2, "somebody may still stand on it");
    assert.equal(verifyX509Svid(before.chain, await trust(authority), clock.now).id, workload);
    clock.now = signedUntil + 61_000;
    await authority.maintain();
    assert.equal(authority.bundle().x509Authorities.length, 1);
    assert.ok((await authority.authorities()).x509.every(({ id }) => id !== first.id));
  });

  it("leaves at once when it never signed anything", async (context) => {
    const { open } = await estate(context);
    const authority = await open();
    await authority.prepare("x509");
    const { id } = await only(authority, "x509", "prepared");
    await authority.activate(id, { early: true });
    assert.equal(authority.bundle().x509Authorities.length, 2, "its issuer was made a minute ago at most");
    const old = await only(authority, "x509", "old");
    await authority.retire(old.id);
    assert.equal(authority.bundle().x509Authorities.length, 1);
  });

  it("cannot be retired under those who stand on it, nor while it signs", async (context) => {
    const { open } = await estate(context);
    const authority = await open();
    const first = await only(authority, "x509", "active");
    await issue(authority);
    await assert.rejects(authority.retire(first.id), coded("AUTHORITY_IN_USE", /signs now/));
    await authority.prepare("x509");
    await assert.rejects(authority.prepare("x509"), coded("AUTHORITY_IN_USE", /prepared already/));
    await authority.activate((await only(authority, "x509", "prepared")).id, { early: true });
    await assert.rejects(authority.retire(first.id), coded("AUTHORITY_IN_USE", /are valid until/));
    await assert.rejects(authority.taint("0123456789abcdef", { early: true }), coded("AUTHORITY_UNKNOWN", /list/));
  });
});

describe("a tainted authority", () => {
  it("signs nothing more, is named so that everything under it is replaced, and verifies until it is retired", async (context) => {
    const { open, trust, clock } = await estate(context);
    const authority = await open();
    const before = await issue(authority);
    const { id } = await only(authority, "x509", "active");
    await assert.rejects(authority.taint(id, { early: false }), coded("AUTHORITY_IN_USE", /signs now/));
    let told = 0;
    authority.onChange(() => told++);
    await authority.taint(id, { early: true });
    assert.ok(told > 0);
    const after = await issue(authority);
    const spki = (der: Uint8Array | undefined) =>
      createHash("sha256")
        .update(new X509Certificate(der ?? new Uint8Array()).publicKey.export({ type: "spki", format: "der" }))
        .digest("hex");
    assert.ok(authority.tainted().has(spki(before.chain[1])), "the issuer, by which holders know it");
    assert.ok(!authority.tainted().has(spki(after.chain[1])));
    assert.equal(verifyX509Svid(before.chain, await trust(authority), clock.now).id, workload, "overlap");
    await authority.retire(id);
    const known = await trust(authority);
    assert.throws(() => verifyX509Svid(before.chain, known, clock.now), coded("SVID_UNTRUSTED", /no authority/));
    assert.equal(verifyX509Svid(after.chain, known, clock.now).id, workload);
  });

  it("is replaced in every process that shares the state, which learn of it when they look", async (context) => {
    const { open } = await estate(context);
    const [one, two] = [await open(), await open()];
    await issue(two);
    const { id } = await only(one, "x509", "active");
    await one.taint(id, { early: true });
    await two.maintain();
    assert.deepEqual([...two.tainted()].sort(), [...one.tainted()].sort());
    assert.deepEqual((await issue(two)).chain[1], (await issue(one)).chain[1]);
  });

  it("makes the gateway's own identity renew at once", async (context) => {
    const { open, clock } = await estate(context);
    const authority = await open();
    const identity = await openOwnIdentity({
      authority,
      id: workload,
      dnsNames: [],
      ipAddresses: [],
      now: () => clock.now,
      onProblem: (error) => assert.fail(String(error)),
    });
    context.after(() => identity[Symbol.asyncDispose]());
    const before = identity.current();
    const rotated = new Promise((resolve) => identity.onRotate(resolve));
    await authority.taint((await only(authority, "x509", "active")).id, { early: true });
    await rotated;
    assert.notDeepEqual(identity.current().chain[1], before.chain[1]);
  });

  it("may be a token key: its tokens verify until it is retired, and new ones are signed by another", async (context) => {
    const { open, trust, clock } = await estate(context);
    const authority = await open();
    const token = async () => (await authority.issueJwtSvid({ id: workload, audience: "x" })).token;
    const verify = async (text: string) =>
      verifyJwtSvid(text, { ...(await trust(authority)), audience: "x", now: clock.now }).id;
    const before = await token();
    const { id } = await only(authority, "jwt", "active");
    await authority.taint(id, { early: true });
    const after = await token();
    assert.equal(await verify(before), workload);
    await authority.retire(id);
    await assert.rejects(verify(before), coded("SVID_UNTRUSTED", /does not publish/));
    assert.equal(await verify(after), workload);
  });
});

describe("a revoked authority", () => {
  it("leaves the bundle and is replaced at once, without anybody preparing anything", async (context) => {
    const { open, trust, clock, revoke } = await estate(context);
    const authority = await open();
    const before = await issue(authority);
    const root = await only(authority, "x509", "active");
    await revoke({ type: "authority", sha256: root.keyFingerprint, reason: "stolen", at: clock.now });
    const after = await issue(authority);
    const known = await trust(authority);
    assert.equal(verifyX509Svid(after.chain, known, clock.now).id, workload);
    assert.equal(known.bundles.values().next().value?.x509Authorities.length, 1);
    assert.throws(() => verifyX509Svid(before.chain, known, clock.now), /revoked|no authority/);
  });

  it("may be an issuer: the root stays, and another issuer signs", async (context) => {
    const { open, trust, clock, revoke } = await estate(context);
    const authority = await open();
    const before = await issue(authority);
    const { sequence } = authority.bundle();
    const issuer = await only(authority, "issuers", "active");
    await revoke({ type: "authority", sha256: issuer.keyFingerprint, reason: "stolen", at: clock.now });
    const after = await issue(authority);
    const known = await trust(authority);
    assert.equal(authority.bundle().sequence, sequence);
    assert.equal(verifyX509Svid(after.chain, known, clock.now).id, workload);
    assert.throws(() => verifyX509Svid(before.chain, known, clock.now), coded("SVID_REVOKED", /withdrawn/));
  });
});

describe("an authority that slept", () => {
  it("past the end of all its keys goes on by itself, and so does an identity of its process", async (context) => {
    const { open, trust, clock } = await estate(context);
    const authority = await open();
    const identity = await openOwnIdentity({
      authority,
      id: workload,
      dnsNames: [],
      ipAddresses: [],
      now: () => clock.now,
      onProblem: (error) => assert.fail(String(error)),
    });
    context.after(() => identity[Symbol.asyncDispose]());
    clock.now += 4000 * day;
    const rotated = new Promise((resolve) => identity.onRotate(resolve));
    await authority.maintain(); // by the clock of `wire.ts`
    await rotated;
    const { chain, notAfter } = identity.current();
    assert.ok(notAfter > clock.now);
    assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, workload);
    assert.equal(verifyX509Svid((await issue(authority)).chain, await trust(authority), clock.now).id, workload);
  });
});

describe("the authority's state", () => {
  it("of version 1 is taken over with its keys", async (context) => {
    const { open, store, trust, clock } = await estate(context);
    const authority = await open();
    const issued = await issue(authority);
    const stored = await store.get(authorityKey);
    assert.ok(stored);
    const { delegated: _delegated, ...state } = stored.value as AuthorityState;
    const bare = (one: object, keep: readonly string[]) =>
      Object.fromEntries(Object.entries(one).filter(([name]) => keep.includes(name)));
    const common = ["purpose", "notBefore", "notAfter", "activeFrom"];
    const old = {
      ...state,
      version: 1,
      roots: state.roots.map((one) => bare(one, [...common, "certificate"])),
      issuers: state.issuers.map((one) => bare(one, [...common, "certificate"])),
      tokenKeys: state.tokenKeys.map((one) => bare(one, [...common, "kid", "jwk"])),
    };
    await store.transact("test", clock.now, (transaction) => transaction.put(authorityKey, old, "system"));
    clock.now += hour / 2;
    const again = await open();
    assert.deepEqual(again.bundle().x509Authorities, authority.bundle().x509Authorities);
    assert.deepEqual((await issue(again)).chain[1], issued.chain[1]);
    assert.equal(verifyX509Svid(issued.chain, await trust(again), clock.now).id, workload);
  });

  it("that nobody can read stops the authority, rather than start a new one", async (context) => {
    const { open, store, clock } = await estate(context);
    await open();
    await store.transact("test", clock.now, (transaction) => transaction.put(authorityKey, { version: 9 }, "system"));
    await assert.rejects(open(), (error) => isCordonError(error, "STORE_CORRUPT"));
  });
});
