import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { leafHash } from "./merkle.ts";
import { formatVkey, openNote, parseVkey, signNote } from "./note.ts";

/** The example of Go's golang.org/x/mod/sumdb/note package, which the specification grew from. */
const goVkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const goText = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const goNote = `${goText}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const origin = "bank.example/gateway-1";
const { privateKey } = generateKeyPairSync("ed25519");
const vkey = formatVkey(origin, privateKey);
const verifier = parseVkey(vkey);
const isInvalid = (error: unknown) => isCordonError(error, "CHECKPOINT_INVALID");

test("a note that another implementation signed is verified, and its key written as that one writes it", () => {
  const theirs = parseVkey(goVkey);
  assert.equal(openNote(goNote, theirs), goText);
  assert.equal(formatVkey(theirs.name, theirs.publicKey), goVkey);
});

test("openssl verifies our signature over the text", (t) => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
  } catch {
    return t.skip("openssl is not installed");
  }
  const folder = mkdtempSync(join(tmpdir(), "cordon-note-"));
  try {
    const text = `${origin}\n3\n${Buffer.alloc(32).toString("base64")}\n`;
    const note = signNote(text, origin, privateKey);
    const signature = Buffer.from(note.trimEnd().split(" ").at(-1) ?? "", "base64").subarray(4);
    writeFileSync(join(folder, "text"), text);
    writeFileSync(join(folder, "signature"), signature);
    writeFileSync(join(folder, "key.pem"), verifier.publicKey.export({ type: "spki", format: "pem" }));
    const verify = () =>
      execFileSync(
        "openssl",
        ["pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "text", "-sigfile", "signature"],
        {
          cwd: folder,
          stdio: "pipe",
        },
      );
    verify();
    writeFileSync(join(folder, "text"), text.replace("3", "4"));
    assert.throws(verify, "openssl refuses the signature over another text");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("no byte of a note can be changed", () => {
  const note = Buffer.from(signNote("one\n\ntwo\n", origin, privateKey));
  for (let i = 0; i < note.length; i++)
    for (const mask of [0x01, 0x20, 0x80]) {
      const changed = Buffer.from(note);
      changed[i] = (changed[i] ?? 0) ^ mask;
      assert.throws(() => openNote(changed.toString("utf8"), verifier), isInvalid, `byte ${i}`);
    }
});

test("a note signed by another key of the same name, or under another name, is refused", () => {
  const other = generateKeyPairSync("ed25519").privateKey;
  assert.throws(() => openNote(signNote("text\n", origin, other), verifier), isInvalid);
  assert.throws(() => openNote(signNote("text\n", "bank.example/other", privateKey), verifier), isInvalid);
});

test("signatures of witnesses are passed over, but a bad one of ours is not made good by a good one", () => {
  const witness = generateKeyPairSync("ed25519").privateKey;
  const note = signNote("text\n", origin, privateKey);
  const witnessLine = signNote("text\n", "witness.example", witness).split("\n\n")[1] ?? "";
  assert.equal(openNote(note + witnessLine, verifier), "text\n");
  const badLine = signNote("other\n", origin, privateKey).split("\n\n")[1] ?? "";
  assert.throws(() => openNote(note + badLine, verifier), isInvalid);
});

test("what is no note is refused without a guess", () => {
  const note = signNote("text\n", origin, privateKey);
  for (const bad of [
    "",
    "\n",
    "text\n",
    "text\n\n",
    note.slice(0, -1),
    note.replace("\n\n", "\n"),
    `${note}\n`,
    note.replace("— ", "- "),
    note.replace("text", "te\u0001xt"),
    note.replace("text", "te\rxt"),
    note.replace(/\n$/, " more\n"),
    note + "— x y\n".repeat(100),
    `${"x".repeat(70_000)}\n\n${note.split("\n\n")[1] ?? ""}`,
  ])
    assert.throws(() => openNote(bad, verifier), isInvalid, JSON.stringify(bad.slice(0, 60)));
});

test("names and texts that would make an ambiguous note are not signed", () => {
  for (const name of ["", "a b", "a+b", "a\u00a0b"])
    assert.throws(() => signNote("text\n", name, privateKey), isInvalid);
  assert.throws(() => signNote("no newline", origin, privateKey), isInvalid);
  assert.throws(() => signNote("tab\there\n", origin, privateKey), isInvalid);
});

test("a public key with a wrong id, type, length or spelling is refused", () => {
  const [name = "", id = "", key = ""] = vkey.split(/\+(.{8})\+/);
  const raw = Buffer.from(key, "base64");
  const ecdsa = Buffer.from(raw);
  ecdsa[0] = 2;
  for (const bad of [
    "",
    name,
    `${name}+00000000+${key}`,
    `${name}x+${id}+${key}`,
    `${name}+${id}+${ecdsa.toString("base64")}`,
    `${name}+${id}+${raw.subarray(0, 32).toString("base64")}`,
    `${name}+${id}+${key}=`,
    ` ${vkey}`,
    `${vkey}+x`,
    `${"n".repeat(3_000)}+${id}+${key}`,
  ])
    assert.throws(() => parseVkey(bad), isInvalid, bad.slice(0, 80));
  assert.throws(() => formatVkey(origin, generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey), isInvalid);
});

test("a checkpoint says origin, size and root, and nothing else passes for one", () => {
  const root = leafHash(Buffer.from("x"));
  const note = signCheckpoint({ origin, size: 12, root }, privateKey);
  assert.match(note, /^bank\.example\/gateway-1\n12\n[A-Za-z0-9+/]{43}=\n\n— bank\.example\/gateway-1 /);
  assert.deepEqual(openCheckpoint(note, verifier), { origin, size: 12, root });
  const base64 = root.toString("base64");
  for (const text of [
    `${origin}\n012\n${base64}\n`,
    `${origin}\n-1\n${base64}\n`,
    `${origin}\n9007199254740993\n${base64}\n`,
    `${origin}\n12\n${base64.slice(4)}\n`,
    `${origin}\n12\n`,
    `${origin}\n12\n${base64}\n\nextension after an empty line\n`,
    `bank.example/other\n12\n${base64}\n`,
    `\n12\n${base64}\n`,
  ])
    assert.throws(() => openCheckpoint(signNote(text, origin, privateKey), verifier), isInvalid, text);
});
