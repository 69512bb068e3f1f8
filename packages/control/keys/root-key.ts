/**
 * The root secret: the one key that seals all others. In: where it comes from. Out: a way to seal and open values under
 * it. Kept as a `KeyObject`; nothing of it is ever written but the file of the `file` source.
 */
import { createSecretKey, randomBytes, scrypt, timingSafeEqual, type KeyObject, type ScryptOptions } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, unlink, type FileHandle } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { promisify } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";
import { rootKeyIdOf, seal, unseal, type Sealed } from "./envelope.ts";

/** `keys.root` of the configuration, its passphrase already resolved from its reference. */
export type RootKeyConfig =
  | { readonly file: string }
  | { readonly passphrase: string }
  | { readonly systemdCredential: string };

export interface RootKey {
  /** Where the key came from, for `cordon status`; `file` protects against nobody who can read the state folder. */
  readonly sealedBy: "file" | "passphrase" | "systemd credential";
  /** @returns a JSON value */
  wrap(purpose: string, plaintext: Uint8Array): Sealed;
  /** @throws {CordonError} `KEY_SEALED` (another root key), `STORE_CORRUPT` (changed or moved) */
  unwrap(purpose: string, sealed: unknown): Buffer;
}

const keyBytes = 32;
const minPassphraseCharacters = 12;

/**
 * Opens the root key, making it on first use where the source is a file or a passphrase.
 *
 * @param stateFolder folder of the state; a relative `file` lies in it
 * @param environment where systemd says its credentials are
 * @throws {CordonError} `KEY_SEALED` with the remedy
 */
export async function openRootKey(
  config: RootKeyConfig,
  stateFolder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<RootKey> {
  if ("file" in config) {
    const path = isAbsolute(config.file) ? config.file : resolve(stateFolder, config.file);
    return rootKey("file", await openKeyFile(path));
  }
  if ("passphrase" in config) return rootKey("passphrase", await openPassphrase(config.passphrase, stateFolder));
  return rootKey("systemd credential", await openCredential(config.systemdCredential, environment));
}

function rootKey(sealedBy: RootKey["sealedBy"], key: KeyObject): RootKey {
  return {
    sealedBy,
    wrap: (purpose, plaintext) => seal(key, purpose, plaintext),
    unwrap: (purpose, sealed) => unseal(key, purpose, sealed),
  };
}

async function openKeyFile(path: string): Promise<KeyObject> {
  const found = (await readPrivateFile(path, keyBytes)) ?? (await createFile(path, randomBytes(keyBytes)));
  if (found.length !== keyBytes)
    throw staysSealed(
      `the root key file ${path} has ${found.length} bytes where it has ${keyBytes}; restore it from its backup`,
    );
  return asKey(found);
}

async function openCredential(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<KeyObject> {
  const folder = environment["CREDENTIALS_DIRECTORY"];
  if (folder === undefined || folder === "")
    throw staysSealed(
      `systemd passed no credentials to this process; add \`LoadCredentialEncrypted=${name}:...\` to the unit, or choose another keys.root`,
    );
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(name) || name === "." || name === "..")
    throw staysSealed(`\`${name}\` is not the name of a systemd credential`);
  const bytes = await readPrivateFile(join(folder, name), 4096);
  if (bytes === undefined)
    throw staysSealed(`systemd passed no credential named \`${name}\`; check LoadCredential in the unit`);
  if (bytes.length !== keyBytes)
    throw staysSealed(
      `the credential \`${name}\` has ${bytes.length} bytes where it has ${keyBytes}; make one with \`head -c 32 /dev/urandom\``,
    );
  return asKey(bytes);
}

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

const derivationFile = "root.kdf.json";

async function openPassphrase(passphrase: string, stateFolder: string): Promise<KeyObject> {
  const text = passphrase.normalize("NFKC");
  if (text.length < minPassphraseCharacters)
    throw staysSealed(`the passphrase is shorter than ${minPassphraseCharacters} characters; choose a longer one`);
  const path = join(stateFolder, derivationFile);
  const stored = (await readPrivateFile(path, 4096)) ?? (await createFile(path, await newDerivation(text)));
  const derivation = parseDerivation(path, stored);
  const key = await derive(text, derivation);
  if (!timingSafeEqual(Buffer.from(rootKeyIdOf(key)), Buffer.from(derivation.rootKeyId)))
    throw staysSealed("the passphrase is not the one that this state was made with; start with that one");
  return key;
}

async function newDerivation(passphrase: string): Promise<Buffer> {
  const parameters = {
    version: 1,
    algorithm: "scrypt",
    cost: 2 ** 17,
    blockSize: 8,
    parallelization: 1,
    salt: randomBytes(16).toString("base64"),
  } as const;
  const rootKeyId = rootKeyIdOf(await derive(passphrase, parameters));
  return Buffer.from(`${JSON.stringify({ ...parameters, rootKeyId }, undefined, 2)}\n`);
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
  return asKey(await deriveKey(passphrase, Buffer.from(salt, "base64"), keyBytes, options));
}

/** Reads a file that nobody else may read: a plain file, owned by us, without group or other permissions. */
async function readPrivateFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined;
    const why = hasCode(cause, "ELOOP") ? "it is a symbolic link; put the file itself there" : "it cannot be opened";
    throw new CordonError("KEY_SEALED", `${path} is refused: ${why}`, { cause });
  }
  try {
    // What was opened is judged, not the path: it cannot be swapped in between.
    const status = await file.stat();
    if (!status.isFile()) throw staysSealed(`${path} is refused: it is not a plain file`);
    if ((status.mode & 0o077) !== 0)
      throw staysSealed(
        `${path} is refused: others may read it (mode ${(status.mode & 0o777).toString(8)}); run \`chmod 600 ${path}\``,
      );
    const self = process.getuid?.();
    if (self !== undefined && self !== 0 && status.uid !== self && status.uid !== 0)
      throw staysSealed(`${path} is refused: it belongs to another user (uid ${status.uid})`);
    if (status.size > maxBytes)
      throw staysSealed(`${path} is refused: it has ${status.size} bytes, more than ${maxBytes}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Makes a 0600 file whole or not at all, durably; where another process was first, returns what that one wrote. */
async function createFile(path: string, content: Buffer): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(6).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause;
  } finally {
    await unlink(draft);
  }
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  const written = await readPrivateFile(path, 4096);
  if (written === undefined) throw staysSealed(`${path} vanished while it was being made; start again`);
  return written;
}

function asKey(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function staysSealed(why: string): CordonError {
  return new CordonError("KEY_SEALED", `the keys stay sealed: ${why}`);
}
