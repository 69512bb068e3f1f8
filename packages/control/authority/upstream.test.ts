/** Issuing under an authority that openssl made, and certifying others' authorities; openssl judges both. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { makeCsr } from "@cordon/core/identity/csr";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { toPem } from "@cordon/core/identity/tls";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import { noSoftHsm, openSoftHsm } from "../keys/provider/testing/soft-hsm.ts";
import type { Authority } from "./authority.ts";
import { buildLeaf } from "./certificates.ts";
import { coded, day, estate, request, start, trustDomain, workload } from "./testing/estate.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not installed";

function openssl(folder: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, `openssl ${args.join(" ")}\n${stderr}`);
  return stdout;
}

const keys = {
  "P-256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "P-384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
  RSA: ["-newkey", "rsa:2048"],
} as const;

/** A root and an intermediate, with names in PrintableString, as the test's clock has it. */
async function company(folder: string, kind: keyof typeof keys = "P-256", name = "Company") {
  const config = `
[req]
distinguished_name = dn
string_mask = pkix
prompt = no
[dn]
O = ${name}
CN = ${name} Root
[dn2]
O = ${name}
CN = ${name} Issuing
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
  const p = name.toLowerCase();
  await writeFile(join(folder, `${p}.cnf`), config);
  const common = ["-nodes", "-config", `${p}.cnf`, ...keys[kind]];
  openssl(
    folder,
    "req",
    "-x509",
    "-days",
    "3650",
    "-extensions",
    "root",
    ...common,
    ...["-keyout", `${p}-root.key`, "-out", `${p}-root.pem`],
  );
  await writeFile(join(folder, `${p}2.cnf`), config.replace("distinguished_name = dn\n", "distinguished_name = dn2\n"));
  openssl(
    folder,
    "req",
    "-new",
    "-nodes",
    "-config",
    `${p}2.cnf`,
    ...keys[kind],
    "-keyout",
    `${p}.key`,
    "-out",
    `${p}.csr`,
  );
  openssl(
    folder,
    "x509",
    "-req",
    "-in",
    `${p}.csr`,
    "-CA",
    `${p}-root.pem`,
    "-CAkey",
    `${p}-root.key`,
    "-CAcreateserial",
    "-days",
    "1825",
    ...["-extfile", `${p}.cnf`, "-extensions", "intermediate", "-out", `${p}.pem`],
  );
  const place = (file: string): string => join(folder, file);
  return {
    certFile: place(`${p}.pem`),
    key: place(`${p}.key`),
    bundleFile: place(`${p}-root.pem`),
    rootKeyFile: place(`${p}-root.key`),
  };
}

async function verifiesByOpenssl(
  folder: string,
  chain: readonly Uint8Array[],
  rootFile: string,
  now: number,
): Promise<void> {
  await writeFile(join(folder, "leaf.pem"), toPem(chain[0] ?? new Uint8Array()));
  await writeFile(join(folder, "above.pem"), chain.slice(1).map(toPem).join(""));
  const verdict = openssl(
    folder,
    "verify",
    "-x509_strict",
    "-attime",
    String(Math.floor(now / 1000)),
    "-purpose",
    "sslserver",
    "-CAfile",
    rootFile,
    "-untrusted",
    "above.pem",
    "leaf.pem",
  );
  assert.match(verdict, /OK/);
}

const issue = async (authority: Authority) => authority.issueX509Svid({ id: workload, key: (await request()).key });

/** An estate whose clock is the machine's, since openssl makes certificates and judges by that. */
async function estateToday(context: TestContext) {
  const made = await estate(context);
  made.clock.now = Date.now() + 60_000; // what openssl makes a moment later is valid by then
  return made;
}

describe("an authority under an upstream one", { skip }, () => {
  for (const kind of ["P-256", "P-384", "RSA"] as const)
    it(`issues chains that lead to the company's root (${kind}), by our own judgement and by openssl's`, async (context) => {
      const { folder, open, trust, clock } = await estateToday(context);
      const upstream = await company(folder, kind);
      const authority = await open(trustDomain, { upstream });
      const { chain } = await issue(authority);
      assert.equal(chain.length, 3, "leaf, our issuer, the company's intermediate");
      assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, workload);
      await verifiesByOpenssl(folder, chain, upstream.bundleFile, clock.now);
    });

  it("may stand right under the root, and ends no later than what is above it", async (context) => {
    const { folder, open, trust, clock } = await estateToday(context);
    const { bundleFile, rootKeyFile } = await company(folder);
    const authority = await open(trustDomain, { upstream: { certFile: bundleFile, key: rootKeyFile } });
    const { chain } = await issue(authority);
    assert.equal(chain.length, 2);
    assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, workload);
  });

  it("is moved to and from without an SVID that fails: both roots are published while either is needed", async (context) => {
    const { folder, open, trust, clock } = await estateToday(context);
    const upstream = await company(folder);
    const own = await open();
    const held = [await issue(own)];
    const under = await open(trustDomain, { upstream });
    held.push(await issue(under));
    assert.equal(under.bundle().x509Authorities.length, 2, "the company's root is published first");
    assert.equal(held[1]?.chain.length, 2, "and signs later");
    clock.now += 1_300_000;
    held.push(await issue(under));
    assert.equal(held[2]?.chain.length, 3);
    for (const { chain } of held) assert.equal(verifyX509Svid(chain, await trust(under), clock.now).id, workload);
    clock.now += 3_600_000 * 3;
    await under.maintain();
    assert.equal(under.bundle().x509Authorities.length, 1, "our own root has left, with nothing under it");
    const late = await issue(under);
    const back = await open();
    assert.equal(verifyX509Svid((await issue(back)).chain, await trust(back), clock.now).id, workload);
    clock.now += 1_300_000;
    assert.equal((await issue(back)).chain.length, 2);
    assert.equal(verifyX509Svid(late.chain, await trust(back), clock.now).id, workload);
  });

  it("that is renewed under another root is followed without a restart", async (context) => {
    const { folder, open, trust, clock } = await estateToday(context);
    const first = await company(folder);
    const authority = await open(trustDomain, { upstream: first });
    const before = await issue(authority);
    const second = await company(folder, "P-384", "Successor");
    for (const file of ["certFile", "key", "bundleFile"] as const)
      await writeFile(first[file], await readFile(second[file]));
    clock.now += 31_000;
    await authority.maintain();
    assert.equal(authority.bundle().x509Authorities.length, 2);
    clock.now += 1_300_000;
    const after = await issue(authority);
    for (const { chain } of [before, after])
      assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, workload);
    await verifiesByOpenssl(folder, after.chain, first.bundleFile, clock.now);
  });

  it("goes on under the last good files when they cannot be read, and says so", async (context) => {
    const { folder, open, clock } = await estateToday(context);
    const upstream = await company(folder);
    const problems: unknown[] = [];
    const authority = await open(trustDomain, { upstream, onProblem: (error) => problems.push(error) });
    await writeFile(upstream.certFile, "rubbish");
    clock.now += 31_000;
    assert.equal((await issue(authority)).chain.length, 3);
    assert.equal(problems.length, 1);
    await assert.rejects(open(trustDomain, { upstream }), coded("CONFIG_INVALID", /company\.pem/));
  });

  it("is refused with what is wrong: another's key, a leaf, a root that does not fit", async (context) => {
    const { folder, open } = await estateToday(context);
    const upstream = await company(folder);
    const other = await company(folder, "P-256", "Other");
    const attempt = (change: object) => open(trustDomain, { upstream: { ...upstream, ...change } });
    await assert.rejects(attempt({ key: other.key }), coded("CONFIG_INVALID", /not the key of/));
    await assert.rejects(attempt({ bundleFile: other.bundleFile }), coded("CONFIG_INVALID", /does not lead to a root/));
    await assert.rejects(attempt({ key: upstream.certFile }), coded("CONFIG_INVALID", /private key/));
    await assert.rejects(attempt({ certFile: join(folder, "nowhere") }), coded("CONFIG_INVALID", /ENOENT/));
  });
});

describe("an authority under one whose key lies in a security module", { skip: noSoftHsm }, () => {
  it("has its issuers signed there, follows a new key, and says what is wrong", async (context) => {
    const { folder, open, trust, clock } = await estateToday(context);
    const made = { old: await company(folder, "P-384"), next: await company(folder, "RSA", "Next") };
    const held = { old: await privateKeyOf(made.old.key), next: await privateKeyOf(made.next.key) };
    await using hsm = await openSoftHsm(held);
    const upstream = { ...made.old, key: hsm.uri("old") };
    const problems: unknown[] = [];
    const authority = await open(trustDomain, { upstream, onProblem: (error) => problems.push(error) });
    const { chain } = await issue(authority);
    assert.equal(chain.length, 3);
    assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, workload);
    await verifiesByOpenssl(folder, chain, upstream.bundleFile, clock.now);

    // The certificate is replaced, the URI still names the old key: what stood goes on, loudly.
    for (const file of ["certFile", "bundleFile"] as const)
      await writeFile(made.old[file], await readFile(made.next[file]));
    clock.now += 31_000;
    assert.equal((await issue(authority)).chain.length, 3);
    assert.equal(problems.length, 1);

    const attempt = (key: string) => open(trustDomain, { upstream: { ...made.next, key } });
    await assert.rejects(attempt(hsm.uri("old")), coded("CONFIG_INVALID", /not the key of/));
    await assert.rejects(attempt(hsm.uri("nobody")), coded("CONFIG_INVALID", /no such private key/));
    await assert.rejects(attempt(hsm.uri("next", { pin: "wrong-pin" })), coded("CONFIG_INVALID", /PIN is wrong/));
  });
});

async function privateKeyOf(file: string): Promise<KeyObject> {
  return createPrivateKey(await readFile(file));
}

describe("an authority that a mesh holds", { skip }, () => {
  const meshWorkload = parseSpiffeId("spiffe://bank.example/ns/payments/sa/ledger");

  async function mesh(authority: Authority) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const made = await authority.delegate({
      name: "istio-east",
      csr: await makeCsr(privateKey),
      ttlSeconds: 30 * 86_400,
    });
    const leafOf = async (id: typeof workload, now: number) => {
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const names = { dnsNames: [], ipAddresses: [] };
      const life = { notBefore: now - 10_000, notAfter: now + 3_600_000 };
      const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
      const signer = { key: privateKey, certificate: made.chain[0] ?? new Uint8Array() };
      return [await buildLeaf({ id, publicKeyInfo, ...names, ...life }, signer), ...made.chain];
    };
    return { made, leafOf };
  }

  it("issues for its own workloads, which verify here and by openssl", async (context) => {
    const { folder, open, trust, clock } = await estateToday(context);
    const authority = await open();
    const { made, leafOf } = await mesh(authority);
    const chain = await leafOf(meshWorkload, clock.now);
    assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, meshWorkload);
    await writeFile(join(folder, "root.pem"), toPem(made.root));
    await verifiesByOpenssl(folder, chain, "root.pem", clock.now);
  });

  it("cannot name a component of ours: that attack would succeed without the rule", async (context) => {
    const { open, trust, clock } = await estate(context);
    const authority = await open();
    const { leafOf } = await mesh(authority);
    const forged = await leafOf(workload, clock.now);
    const known = await trust(authority);
    assert.throws(() => verifyX509Svid(forged, known, clock.now), coded("SVID_UNTRUSTED", /another system's/));
    const { delegated: _rule, ...without } = authority.bundle();
    const open2 = { ...known, bundles: new Map([[trustDomain, without]]) };
    assert.equal(verifyX509Svid(forged, open2, clock.now).id, workload);
  });

  it("keeps its root published while it is valid, and falls when it is revoked", async (context) => {
    const { open, trust, clock, revoke } = await estate(context);
    const authority = await open();
    const { made, leafOf } = await mesh(authority);
    await authority.prepare("x509");
    const next = (await authority.authorities()).x509.find(({ state }) => state === "prepared");
    await authority.activate(next?.id ?? "", { early: true });
    clock.now = start + 20 * day;
    await authority.maintain();
    const chain = await leafOf(meshWorkload, clock.now);
    assert.equal(verifyX509Svid(chain, await trust(authority), clock.now).id, meshWorkload);
    await revoke({ type: "authority", sha256: made.keyFingerprint, reason: "mesh retired", at: clock.now });
    await authority.maintain();
    const known = await trust(authority);
    assert.throws(() => verifyX509Svid(chain, known, clock.now), coded("SVID_REVOKED", /withdrawn/));
    assert.equal(known.bundles.get(trustDomain)?.x509Authorities.length, 1, "nothing needs the old root now");
  });
});
