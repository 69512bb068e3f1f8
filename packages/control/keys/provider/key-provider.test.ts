/** Keys in files and in a security module sign alike; a wrong reference says what is wrong. */
import assert from "node:assert/strict";
import { generateKeyPairSync, verify, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSigningKey, type KeyEffects } from "./key-provider.ts";
import { loadPkcs11Module } from "./pkcs11-module.ts";
import { parsePkcs11Uri } from "./pkcs11-uri.ts";
import { modulePath, noSoftHsm, openSoftHsm, type SoftHsm } from "./testing/soft-hsm.ts";

const skip = noSoftHsm;
const effects: KeyEffects = { readFile: (path) => readFile(path) };
const pairs = {
  p256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  p384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  p521: generateKeyPairSync("ec", { namedCurve: "P-521" }),
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
} as const;
let hsm: SoftHsm | undefined;
let folder = "";
let uri: SoftHsm["uri"];

before(async () => {
  if (skip !== false) return;
  hsm = await openSoftHsm(mapValues(pairs));
  ({ folder, uri } = hsm);
});
after(() => hsm?.[Symbol.asyncDispose]());

function mapValues(made: Readonly<Record<string, { readonly privateKey: KeyObject }>>): Record<string, KeyObject> {
  return Object.fromEntries(Object.entries(made).map(([name, { privateKey }]) => [name, privateKey]));
}

test("a key in a security module signs as the same key in a file does, for every kind and hash", { skip }, async () => {
  for (const [name, { publicKey }] of Object.entries(pairs) as [string, { publicKey: KeyObject }][])
    for (const reference of [uri(name), join(folder, `${name}.pem`)]) {
      await using key = await openSigningKey(reference, effects);
      assert.ok(key.publicKey.equals(publicKey));
      for (const hash of ["sha256", "sha384", "sha512"] as const)
        for (const dsaEncoding of ["der", "ieee-p1363"] as const) {
          const message = Buffer.from(`${name} ${hash}`);
          const signature = await key.sign(message, { hash, dsaEncoding });
          assert.ok(
            verify(hash, message, { key: publicKey, dsaEncoding }, signature),
            `${name} ${hash} ${dsaEncoding}`,
          );
        }
    }
});

test("a hundred signatures at once come out whole, each its own", { skip }, async () => {
  await using key = await openSigningKey(uri("p256"), effects);
  const messages = Array.from({ length: 100 }, (_, at) => Buffer.from(`message ${at}`));
  const signatures = await Promise.all(messages.map((message) => key.sign(message, { hash: "sha256" })));
  for (const [at, message] of messages.entries())
    assert.ok(verify("sha256", message, pairs.p256.publicKey, signatures[at] ?? Buffer.alloc(0)));
});

test("a session that the token ended is opened again, logged in", { skip }, async () => {
  await using key = await openSigningKey(uri("p256"), effects);
  const module = await loadPkcs11Module(modulePath);
  // The last session's end logs everybody out: sessions are numbered from 1.
  for (let session = 1; session < 64; session++) await module.closeSession(session).catch(() => undefined);
  const signature = await key.sign(Buffer.from("again"), { hash: "sha256" });
  assert.ok(verify("sha256", Buffer.from("again"), pairs.p256.publicKey, signature));
});

test("what cannot be used says why, and never shows the PIN", { skip }, async () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    [uri("nobody"), /no such private key is there/],
    [uri("p256", { token: "other" }), /no such token/],
    [uri("p256", { pin: "wrong-pin" }), /the PIN is wrong/],
    [uri("p256").replace("libsofthsm2", "libnothing"), /is no PKCS#11 module/],
    [uri("p256").replace(modulePath, "/usr/lib/x86_64-linux-gnu/libc.so.6"), /is no PKCS#11 module/],
    [uri("p256").replace(/&pin.*/, ""), /no such private key is there \(private keys show after a login/],
  ];
  for (const [reference, words] of refusals)
    await assert.rejects(openSigningKey(reference, effects), (error: Error) => {
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /1234|4321/);
      return true;
    });
});

test("a URI is read by RFC 7512, and refused where it is careless", () => {
  const read = parsePkcs11Uri(
    "pkcs11:token=The%20Software%20PKCS%2311;object=my-key;type=private;id=%69%00%f0?module-path=/m.so&pin-source=file:/run/pin",
  );
  assert.deepEqual(read, {
    token: "The Software PKCS#11",
    object: "my-key",
    id: Buffer.from("6900f0", "hex"),
    modulePath: "/m.so",
    pinSource: "/run/pin",
  });
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["pkcs11:token=t;object=k?module-path=/m.so&pin-value=1234", /does not belong into a URI/],
    ["pkcs11:token=t;object=k?module-path=m.so", /absolute path/],
    ["pkcs11:token=t;object=k", /absolute path/],
    ["pkcs11:token=t?module-path=/m.so", /name the key/],
    ["pkcs11:object=k?module-path=/m.so", /name the token/],
    ["pkcs11:token=t;token=u;object=k?module-path=/m.so", /second of its name/],
    ["pkcs11:token=t;object=k;x-y=1?module-path=/m.so", /not known here/],
    ["pkcs11:token=t;object=%6?module-path=/m.so", /two hex digits/],
    ["pkcs11:token=t;object=k;type=cert?module-path=/m.so", /only private keys sign/],
    ["pkcs11:token=t;object=k?module-path=/m.so&pin-source=|/bin/pin", /commands are not run/],
  ];
  for (const [text, words] of wrong) assert.throws(() => parsePkcs11Uri(text), words);
});
