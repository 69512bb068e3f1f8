import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { verifyJwtSvid } from "@cordon/core/identity/jwt-svid";
import { parseSpiffeId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { toPem } from "@cordon/core/identity/tls";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import { revocationKey, revocationsFrom, type Revocation } from "./revocation.ts";
import { coded, day, estate, request, start, trustDomain, workload } from "./testing/estate.ts";

describe("an issued X.509-SVID", () => {
  it("verifies, names the workload, holds the requester's key and lives as long as said", async (context) => {
    const { open, trust, clock } = await estate(context);
    const authority = await open();
    const { privateKey, key } = await request();
    const issued = await authority.issueX509Svid({
      id: workload,
      key,
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1", "::1"],
    });
    const verified = verifyX509Svid(issued.chain, await trust(authority), clock.now);
    assert.equal(verified.id, workload);
    assert.equal(verified.fingerprint, issued.fingerprint);
    assert.equal(issued.notAfter, Math.floor(start / 1000) * 1000 + 3_600_000);
    assert.equal(verified.notAfter, issued.notAfter);
    assert.equal(
      issued.notBefore,
      Math.floor(start / 1000) * 1000 - 10_000,
      "backdated, so that verifiers need no leeway",
    );
    const leaf = new X509Certificate(issued.chain[0] ?? new Uint8Array());
    assert.ok(leaf.publicKey.equals(createPublicKey(privateKey)));
    assert.equal(leaf.serialNumber.length, 34);
    assert.equal(leaf.checkHost("localhost"), "localhost");
    assert.equal(leaf.checkIP("::1"), "::1");
    assert.equal(leaf.subject ?? "", "", "an empty subject: the id is its only name that means anything");
  });

  it("satisfies openssl, strictly, for server and client", async (context) => {
    const { folder, open } = await estate(context);
    if (spawnSync("openssl", ["version"]).status !== 0) return context.skip("openssl is not installed");
    // openssl judges by the machine's clock, so this one estate lives today.
    const authority = await open();
    const { key } = await request();
    const { chain } = await authority.issueX509Svid({ id: workload, key });
    const files = { leaf: chain.slice(0, 1), issuer: chain.slice(1), root: authority.bundle().x509Authorities };
    for (const [name, certificates] of Object.entries(files))
      await writeFile(join(folder, `${name}.pem`), certificates.map(toPem).join(""));
    for (const purpose of ["sslserver", "sslclient"]) {
      const options = ["-x509_strict", "-attime", String(Math.floor(start / 1000)), "-purpose", purpose];
      const verdict = spawnSync(
        "openssl",
        ["verify", ...options, "-CAfile", "root.pem", "-untrusted", "issuer.pem", "leaf.pem"],
        { cwd: folder },
      );
      assert.equal(verdict.status, 0, verdict.stderr.toString());
    }
  });

  it("is never issued for another trust domain, for the domain itself, or for names that are none", async (context) => {
    const { open } = await estate(context);
    const authority = await open();
    const { key } = await request();
    const attempt = (change: object) => authority.issueX509Svid({ id: workload, key, ...change });
    await assert.rejects(
      attempt({ id: parseSpiffeId("spiffe://shop.example/x") }),
      coded("SVID_INVALID", /own trust domain/),
    );
    await assert.rejects(
      attempt({ id: parseSpiffeId("spiffe://bank.example") }),
      coded("SVID_INVALID", /not a workload/),
    );
    for (const name of ["*.bank.example", "bank example", "", "a,URI:spiffe://x/y", "A.example", "x".repeat(254)])
      await assert.rejects(attempt({ dnsNames: [name] }), coded("SVID_INVALID", /DNS name/));
    for (const address of ["localhost", "1.2.3", "fe80::1%eth0"])
      await assert.rejects(attempt({ ipAddresses: [address] }), coded("SVID_INVALID", /IP address/));
    for (const ttlSeconds of [0, -1, 1.5, 86_401, Number.NaN])
      await assert.rejects(attempt({ ttlSeconds }), coded("SVID_INVALID", /lifetime/));
  });

  it("needs proof of the key: a request for somebody else's is refused", async (context) => {
    const { open } = await estate(context);
    const authority = await open();
    const csr = (await request()).key.csr;
    const body = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ""), "base64");
    body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
    await assert.rejects(
      authority.issueX509Svid({ id: workload, key: { csr: body } }),
      coded("SVID_INVALID", /does not verify/),
    );
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
    await assert.rejects(
      authority.issueX509Svid({ id: workload, key: { publicKey: weak } }),
      coded("SVID_INVALID", /1024 bits/),
    );
  });
});

describe("an issued JWT-SVID", () => {
  it("verifies for its audience and no other, for five minutes and no longer", async (context) => {
    const { open, trust, clock } = await estate(context);
    const authority = await open();
    const { token, notAfter } = await authority.issueJwtSvid({ id: workload, audience: "gateway" });
    const known = await trust(authority);
    assert.equal(verifyJwtSvid(token, { ...known, audience: "gateway", now: clock.now }).id, workload);
    assert.equal(notAfter, Math.floor(start / 1000) * 1000 + 300_000);
    assert.throws(
      () => verifyJwtSvid(token, { ...known, audience: "other", now: clock.now }),
      coded("TOKEN_AUDIENCE", /someone else/),
    );
    assert.throws(
      () => verifyJwtSvid(token, { ...known, audience: "gateway", now: notAfter }),
      coded("TOKEN_EXPIRED", /expired/),
    );
  });

  it("is never issued for longer, or for nobody", async (context) => {
    const { open } = await estate(context);
    const authority = await open();
    for (const ttlSeconds of [301, 0, Number.NaN])
      await assert.rejects(
        authority.issueJwtSvid({ id: workload, audience: "x", ttlSeconds }),
        coded("TOKEN_INVALID", /lives 1 to 300/),
      );
    await assert.rejects(authority.issueJwtSvid({ id: workload, audience: "" }), coded("TOKEN_INVALID", /audience/));
  });
});

describe("the authority", () => {
  it("is the same after a restart, and for two that start at once", async (context) => {
    const { open, trust, clock } = await estate(context);
    const [one, two] = await Promise.all([open(), open()]);
    await Promise.all([one.maintain(), two.maintain()]);
    const { key } = await request();
    const issued = await one.issueX509Svid({ id: workload, key });
    for (const authority of [two, await open()]) {
      assert.deepEqual(authority.bundle(), one.bundle());
      assert.equal(verifyX509Svid(issued.chain, await trust(authority), clock.now).id, workload);
    }
  });

  it("publishes its bundle as an object, so that gateways learn of every change", async (context) => {
    const { store, open } = await estate(context);
    const authority = await open();
    const [object] = await store.list("bundle");
    assert.ok(object);
    assert.equal(object.name, "bank.example");
    assert.equal((object.value as { sequence: number }).sequence, authority.bundle().sequence);
  });

  it("refuses a state that belongs to another trust domain", async (context) => {
    const { open } = await estate(context);
    await open();
    await assert.rejects(open(parseTrustDomain("shop.example")), coded("CONFIG_INVALID", /authority of bank\.example/));
  });

  it("issues nothing to a revoked workload or key, until that is lifted", async (context) => {
    const { open, revoke, store, clock } = await estate(context);
    const authority = await open();
    const { key } = await request();
    const { keyFingerprint } = await (async () => {
      const issued = await authority.issueX509Svid({ id: workload, key });
      return verifyX509Svid(
        issued.chain,
        { bundles: new Map([[trustDomain, authority.bundle()]]), revocations: revocationsFrom([]) },
        clock.now,
      );
    })();
    assert.ok(keyFingerprint);
    const common = { reason: "test", at: start };
    const byKey: Revocation = { type: "key", sha256: keyFingerprint, ...common };
    await revoke(byKey);
    await assert.rejects(authority.issueX509Svid({ id: workload, key }), coded("SVID_REVOKED", /key/));
    await authority.issueX509Svid({ id: workload, key: (await request()).key });
    await revoke({ type: "workload", id: workload, ...common });
    await assert.rejects(
      authority.issueX509Svid({ id: workload, key: (await request()).key }),
      coded("SVID_REVOKED", /no identity/),
    );
    await assert.rejects(authority.issueJwtSvid({ id: workload, audience: "x" }), coded("SVID_REVOKED", /no identity/));
    await store.transact("test", start, async (transaction) => {
      await transaction.delete(revocationKey({ type: "workload", id: workload, ...common }), "api");
      await transaction.delete(revocationKey(byKey), "api");
    });
    assert.ok(await authority.issueX509Svid({ id: workload, key }));
  });

  it("takes a new issuer before half of the old one's life is gone, and what the old one signed keeps verifying", async (context) => {
    const { open, trust, clock } = await estate(context, { issuerTtlSeconds: 4 * 86_400, maxSvidTtlSeconds: 86_400 });
    const authority = await open();
    const before = await authority.issueX509Svid({ id: workload, key: (await request()).key, ttlSeconds: 86_400 });
    clock.now += 2 * day - 3_600_000;
    const middle = await authority.issueX509Svid({ id: workload, key: (await request()).key, ttlSeconds: 86_400 });
    assert.deepEqual(middle.chain[1], before.chain[1], "not before it is due");
    clock.now += 7_200_000;
    const after = await authority.issueX509Svid({ id: workload, key: (await request()).key });
    assert.notDeepEqual(after.chain[1], before.chain[1]);
    assert.equal(verifyX509Svid(middle.chain, await trust(authority), clock.now).id, workload);
    assert.equal(verifyX509Svid(after.chain, await trust(authority), clock.now).id, workload);
  });

  it("publishes a new token key long before it signs, and the old one until its last token has expired", async (context) => {
    const { open, trust, clock } = await estate(context, { tokenKeyTtlSeconds: 10 * 86_400 });
    const authority = await open();
    const kidOf = async () => {
      const { token } = await authority.issueJwtSvid({ id: workload, audience: "x" });
      assert.equal(verifyJwtSvid(token, { ...(await trust(authority)), audience: "x", now: clock.now }).id, workload);
      return (JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { kid: string }).kid;
    };
    const first = await kidOf();
    clock.now += 5 * day + 60_000;
    assert.equal(await kidOf(), first, "published, not yet signing");
    assert.equal(authority.bundle().jwtAuthorities.length, 2);
    const { sequence } = authority.bundle();
    clock.now += 1_199_000;
    assert.equal(await kidOf(), first, "still");
    clock.now += 2_000;
    const second = await kidOf();
    assert.notEqual(second, first);
    assert.equal(authority.bundle().sequence, sequence, "the old one's last token is valid");
    clock.now += 700_000;
    await authority.maintain();
    assert.ok(authority.bundle().sequence > sequence);
    assert.equal(
      authority.bundle().jwtAuthorities.some(({ kid }) => kid === first),
      false,
    );
    assert.equal(
      authority.bundle().jwtAuthorities.some(({ kid }) => kid === second),
      true,
    );
  });

  it("keeps both roots while one follows the other, and survives having slept through everything", async (context) => {
    const { open, trust, clock } = await estate(context, { rootTtlSeconds: 100 * 86_400 });
    const authority = await open();
    clock.now += 50 * day - 3_600_000;
    const before = await authority.issueX509Svid({ id: workload, key: (await request()).key, ttlSeconds: 86_400 });
    const [oldRoot] = authority.bundle().x509Authorities;
    clock.now += 7_200_000;
    const early = await authority.issueX509Svid({ id: workload, key: (await request()).key });
    assert.equal(authority.bundle().x509Authorities.length, 2);
    for (const { chain } of [before, early])
      assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, workload);
    clock.now += 20 * day;
    const late = await authority.issueX509Svid({ id: workload, key: (await request()).key });
    const issuer = new X509Certificate(late.chain[1] ?? new Uint8Array());
    assert.equal(
      issuer.verify(new X509Certificate(oldRoot ?? new Uint8Array()).publicKey),
      false,
      "the new root signs by now",
    );
    assert.equal(verifyX509Svid(late.chain, await trust(authority), clock.now).id, workload);
    clock.now += 1000 * day;
    const last = await authority.issueX509Svid({ id: workload, key: (await request()).key });
    assert.equal(verifyX509Svid(last.chain, await trust(authority), clock.now).id, workload);
  });

  it("refuses settings that would cut its own SVIDs short", async (context) => {
    const { open } = await estate(context, { issuerTtlSeconds: 86_400 });
    await assert.rejects(open(), coded("CONFIG_INVALID", /half as long/));
    const { open: openLong } = await estate(context, { jwtTtlSeconds: 301 });
    await assert.rejects(openLong(), coded("CONFIG_INVALID", /at most 300/));
  });
});
