/**
 * C2SP signed notes with Ed25519, and the one-line text form of their public keys ("vkey"). In: text and keys. Out: a
 * note that anyone can check with the vkey alone, or the text of one that was checked.
 *
 * @see https://c2sp.org/signed-note
 */
import { createPublicKey, hash, sign, verify, type KeyObject } from "node:crypto";
import { CordonError } from "../errors.ts";

/** A public key that verifies notes. */
export interface NoteVerifier {
  readonly name: string;
  /** The first four bytes of SHA-256(name || 0x0A || 0x01 || public key). */
  readonly keyId: Buffer;
  readonly publicKey: KeyObject;
}

const ed25519 = 0x01;
const keyIdBytes = 4;
const signatureBytes = 64;
const publicKeyBytes = 32;
/** A checkpoint with a few dozen witness signatures is far below this. */
export const maxNoteBytes = 65_536;
const maxSignatures = 64;
const maxVkeyLength = 2_048;
const namePattern = /^[^\s+]+$/u;
const vkeyPattern = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u;

/**
 * The text form of a public key: `<name>+<key id in hex>+<base64 of 0x01 and the key>`.
 *
 * @param key an Ed25519 key, public or private
 */
export function formatVkey(name: string, key: KeyObject): string {
  const raw = rawPublicKey(key);
  return `${name}+${keyIdOf(name, raw).toString("hex")}+${Buffer.concat([Buffer.of(ed25519), raw]).toString("base64")}`;
}

/**
 * Parses a vkey and checks that its id belongs to its key.
 *
 * @throws {CordonError} `CHECKPOINT_INVALID`
 */
export function parseVkey(text: string): NoteVerifier {
  const [, name = "", id = "", encoded = ""] = vkeyPattern.exec(text.length <= maxVkeyLength ? text : "") ?? [];
  const bytes = decodeBase64(encoded);
  if (name === "" || bytes === undefined)
    throw invalid("this is not a public key of a log: it looks like `bank.example/gateway-1+1234abcd+ATur...`");
  if (bytes.length !== 1 + publicKeyBytes || bytes[0] !== ed25519)
    throw invalid(`the log key \`${name}\` is not an Ed25519 key (type 0x01)`);
  const raw = bytes.subarray(1);
  const keyId = keyIdOf(name, raw);
  if (keyId.toString("hex") !== id)
    throw invalid(`the log key \`${name}\` has an id that does not belong to it: mistyped?`);
  const publicKey = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") },
    format: "jwk",
  });
  return { name, keyId, publicKey };
}

/** Signs a text, which must end in a newline, under a key name. */
export function signNote(text: string, name: string, privateKey: KeyObject): string {
  if (!text.endsWith("\n") || hasControls(text))
    throw invalid("the text of a note ends in a newline and holds no control characters");
  if (!namePattern.test(name)) throw invalid(`\`${name}\` cannot name a log: spaces and plus signs are not allowed`);
  const signature = sign(null, Buffer.from(text), privateKey);
  const line = Buffer.concat([keyIdOf(name, rawPublicKey(privateKey)), signature]).toString("base64");
  return `${text}\n— ${name} ${line}\n`;
}

/**
 * The text of a note, once its signature by `verifier` has been checked. Signatures by other keys (witnesses) are
 * passed over, as the specification asks.
 *
 * @throws {CordonError} `CHECKPOINT_INVALID`
 */
export function openNote(note: string, verifier: NoteVerifier): string {
  const { text, signatures } = splitNote(note);
  const known = signatures.filter((each) => each.name === verifier.name && each.keyId.equals(verifier.keyId));
  if (known.length === 0)
    throw invalid(
      `it is signed by ${signatures.map((each) => `\`${each.name}\` (${each.keyId.toString("hex")})`).join(", ")}, ` +
        `not by \`${verifier.name}\` (${verifier.keyId.toString("hex")})`,
    );
  for (const { signature } of known) {
    if (signature.length !== signatureBytes || !verify(null, Buffer.from(text), verifier.publicKey, signature))
      throw invalid(`the signature by \`${verifier.name}\` does not fit the text: one of them was changed`);
  }
  return text;
}

interface NoteSignature {
  readonly name: string;
  readonly keyId: Buffer;
  readonly signature: Buffer;
}

function splitNote(note: string): { readonly text: string; readonly signatures: NoteSignature[] } {
  if (note.length > maxNoteBytes) throw invalid(`a note is at most ${maxNoteBytes} bytes`);
  if (hasControls(note)) throw invalid("it holds control characters");
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw invalid("it has no signature block behind an empty line");
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > maxSignatures) throw invalid(`it has more than ${maxSignatures} signatures`);
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name = "", encoded = "", ...more] = line.split(" ");
  const bytes = decodeBase64(encoded);
  if (dash !== "—" || more.length > 0 || !namePattern.test(name) || bytes === undefined || bytes.length <= keyIdBytes)
    throw invalid("a signature line is not of the form `— <name> <base64>`");
  return { name, keyId: bytes.subarray(0, keyIdBytes), signature: bytes.subarray(keyIdBytes) };
}

/** Standard base64, of one spelling only: what does not encode back to itself is refused. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function hasControls(text: string): boolean {
  // Everything below U+0020 but the newline.
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}

function keyIdOf(name: string, raw: Uint8Array): Buffer {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519), raw]);
  return hash("sha256", input, "buffer").subarray(0, keyIdBytes);
}

function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  if (publicKey.asymmetricKeyType !== "ed25519") throw invalid("a log key must be an Ed25519 key");
  return Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
}

function invalid(words: string): CordonError {
  return new CordonError("CHECKPOINT_INVALID", words);
}
