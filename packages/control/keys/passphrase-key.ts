/**
 * Root keys derived from passphrases. In: a passphrase and the state folder, which holds how each was derived. Out: the
 * key. Changing the passphrase leaves both derivations in the folder, so that either opens what it sealed.
 */
import { createSecretKey, randomBytes, scrypt, timingSafeEqual, type KeyObject, type ScryptOptions } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";
import { rootKeyIdOf } from "./envelope.ts";
import { createPrivateFile, readPrivateFile, staysSealed } from "./private-file.ts";

const keyBytes = 32;
const minPassphraseCharacters = 12;

const deriveKey = promisify(scrypt) as (
  passphrase: string,
  salt: Uint8Array,
  bytes: number,
  options: ScryptOptions,
) => Promise<Buffer>;

/** How the key is derived, and a check that tells a wrong passphrase at once. Not secret; useless without the passphrase. */
const derivationSchema = z.strictObject({
  version: z.literal(1),
  algorithm: z.literal("scrypt"),
  // Bounds keep a changed file from making the derivation weak, or endless.
  cost: z.union([z.literal(2 ** 15), z.literal(2 ** 16), z.literal(2 ** 17), z.literal(2 ** 18)]),
  blockSize: z.literal(8),
  parallelization: z.literal(1),
  salt: z.string().regex(/^[A-Za-z0-9+/]{22}==$/),
  rootKeyId: z.string().regex(/^[0-9a-f]{16}$/),
});
type Derivation = z.infer<typeof derivationSchema>;

/** The first one that a state folder had keeps this name; those of later passphrases carry their key's id. */
const firstFile = "root.kdf.json";
const laterFile = /^root\.kdf\.[0-9a-f]{16}\.json$/;
/** A derivation takes a third of a second, so a folder full of files must not become a way to keep Cordon from starting. */
const maxDerivations = 16;

/**
 * The key that a passphrase stands for in this state folder.
 *
 * @param make what to do with a passphrase that the folder does not know: `first` makes a key only in a folder that has
 * none yet, `another` makes one beside those that are there, `never` refuses
 * @throws {CordonError} `KEY_SEALED` with the remedy
 */
export async function openPassphrase(
  passphrase: string,
  stateFolder: string,
  make: "first" | "another" | "never",
): Promise<KeyObject> {
  const text = passphrase.normalize("NFKC");
  if (text.length < minPassphraseCharacters)
    throw staysSealed(`the passphrase is shorter than ${minPassphraseCharacters} characters; choose a longer one`);
  const known = await derivationsIn(stateFolder);
  for (const path of known) {
    const key = await deriveFrom(path, text);
    if (key !== undefined) return key;
  }
  if (make === "never" || (make === "first" && known.length > 0))
    throw staysSealed(
      "the passphrase is not the one that this state was made with; start with that one, or, to change it, name that " +
        "one under `keys.also`",
    );
  const { content, rootKeyId } = await newDerivation(text);
  const path = join(stateFolder, known.length === 0 ? firstFile : `root.kdf.${rootKeyId}.json`);
  await createPrivateFile(path, content);
  // Another process may have been first, with a salt of its own: its file is the one that stands.
  const key = await deriveFrom(path, text);
  if (key === undefined) throw staysSealed(`another process made ${path} with another passphrase; start again`);
  return key;
}

async function derivationsIn(stateFolder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(stateFolder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const found = names.filter((name) => name === firstFile || laterFile.test(name)).toSorted();
  if (found.length > maxDerivations)
    throw staysSealed(`${stateFolder} holds ${found.length} key derivations; remove those of passphrases out of use`);
  return found.map((name) => join(stateFolder, name));
}

async function deriveFrom(path: string, passphrase: string): Promise<KeyObject | undefined> {
  const stored = await readPrivateFile(path, 4096);
  if (stored === undefined) return undefined;
  const derivation = parseDerivation(path, stored);
  const key = await derive(passphrase, derivation);
  return timingSafeEqual(Buffer.from(rootKeyIdOf(key)), Buffer.from(derivation.rootKeyId)) ? key : undefined;
}

async function newDerivation(passphrase: string): Promise<{ content: Buffer; rootKeyId: string }> {
  const parameters = {
    version: 1,
    algorithm: "scrypt",
    cost: 2 ** 17,
    blockSize: 8,
    parallelization: 1,
    salt: randomBytes(16).toString("base64"),
  } as const;
  const rootKeyId = rootKeyIdOf(await derive(passphrase, parameters));
  return { content: Buffer.from(`${JSON.stringify({ ...parameters, rootKeyId }, undefined, 2)}\n`), rootKeyId };
}

function parseDerivation(path: string, bytes: Uint8Array): Derivation {
  try {
    return derivationSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new CordonError("KEY_SEALED", `${path} is not readable as key derivation; restore it from its backup`, {
      cause,
    });
  }
}

async function derive(passphrase: string, { cost, blockSize, parallelization, salt }: Omit<Derivation, "rootKeyId">) {
  const memory = 128 * cost * blockSize;
  const options = { N: cost, r: blockSize, p: parallelization, maxmem: memory * 2 };
  return createSecretKey(await deriveKey(passphrase, Buffer.from(salt, "base64"), keyBytes, options));
}
