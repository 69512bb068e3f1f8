import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { checkServerFinal, endPointBinding, proveScram, scramVerifier, startScram } from "./scram.ts";

const nonce = "rOprNGfwEbeRWgbNEkqO";
const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

/** RFC 7677 section 3 names the user in its first message, and PostgreSQL does not: the example's own header is put in. */
test("the example of RFC 7677 comes out", async () => {
  const start = {
    ...startScram(["SCRAM-SHA-256"], { tls: false, binding: undefined, nonce }),
    bare: `n=user,r=${nonce}`,
  };
  const proof = await proveScram(start, "pencil", serverFirst);
  assert.equal(
    proof.final,
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  checkServerFinal("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", proof);
  assert.throws(() => checkServerFinal("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", proof), /does not know/);
  assert.throws(() => checkServerFinal("e=other-error", proof), /does not know/);
});

test("the channel is bound where it can be, and a server that hides the offer is told that it could have been", () => {
  const binding = Buffer.alloc(32, 7);
  const both = ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];
  assert.match(startScram(both, { tls: true, binding, nonce }).first, /^p=tls-server-end-point,,n=,r=/);
  assert.match(startScram(["SCRAM-SHA-256"], { tls: true, binding, nonce }).first, /^y,,/);
  assert.match(startScram(["SCRAM-SHA-256"], { tls: false, binding: undefined, nonce }).first, /^n,,/);
  assert.throws(() => startScram(["PLAIN"], { tls: true, binding, nonce }), /it offers PLAIN/);
});

for (const [what, first, words] of [
  ["a nonce that is not ours", serverFirst.replace("rOprNG", "XOprNG"), /does not go on from ours/],
  ["our nonce alone", `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, /does not go on from ours/],
  ["so few iterations that a listener could guess", serverFirst.replace("4096", "1"), /asks for 1 iterations/],
  ["so many that it holds us", serverFirst.replace("4096", "99999999"), /asks for 99999999/],
  ["an extension that must be understood", `m=x,${serverFirst}`, /is not one/],
] as const)
  test(`a server that answers with ${what} is refused`, async () => {
    const start = startScram(["SCRAM-SHA-256"], { tls: false, binding: undefined, nonce });
    await assert.rejects(proveScram(start, "pencil", first), words);
  });

test("a certificate binds by its signature's hash, SHA-256 at least", () => {
  const der = Buffer.from("certificate");
  const by = (hash: string) => createHash(hash).update(der).digest("hex");
  for (const [algorithm, hash] of [
    ["ecdsa-with-SHA256", "sha256"],
    ["sha384WithRSAEncryption", "sha384"],
    ["sha1WithRSAEncryption", "sha256"],
    ["md5WithRSAEncryption", "sha256"],
  ] as const)
    assert.equal(endPointBinding(der, algorithm)?.toString("hex"), by(hash), algorithm);
  assert.equal(endPointBinding(der, "ED25519"), undefined);
});

test("a verifier is what PostgreSQL keeps, and holds no password", async () => {
  const verifier = await scramVerifier("pencil", Buffer.alloc(16, 1));
  assert.match(verifier, /^SCRAM-SHA-256\$4096:[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$/);
  assert.ok(!verifier.includes("pencil"));
});
