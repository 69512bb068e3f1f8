/**
 * The root secret: the one key that seals all others. In: where it comes from. Out: a way to seal and open values under
 * it. Kept as a `KeyObject`; nothing of it is ever written but the file of the `file` source.
 */
import { createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { isAbsolute, join, resolve } from "node:path";
import { reseal, rootKeyIdOf, seal, unseal, type Sealed } from "./envelope.ts";
import { openPassphrase } from "./passphrase-key.ts";
import { createPrivateFile, readPrivateFile, staysSealed } from "./private-file.ts";

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
  /**
   * The same value sealed under the root key in use, where one of the others sealed it; `undefined` where there is
   * nothing to do. Its content is not touched, only the key around it.
   *
   * @throws {CordonError} as {@link unwrap}
   */
  rewrap(purpose: string, sealed: Sealed): Sealed | undefined;
}

const keyBytes = 32;

export interface RootKeyPlace {
  /** Folder of the state; a relative `file` lies in it. */
  readonly stateFolder: string;
  /** Where systemd says its credentials are. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `keys.also`: root keys that open what they sealed, and seal nothing more. */
  readonly also?: readonly RootKeyConfig[];
}

/**
 * Opens the root key, making it on first use where the source is a file or a passphrase. The others must be there.
 *
 * @throws {CordonError} `KEY_SEALED` with the remedy
 */
export async function openRootKey(
  config: RootKeyConfig,
  { stateFolder, environment = process.env, also = [] }: RootKeyPlace,
): Promise<RootKey> {
  // The others first: where one of them is wrong, nothing new is made.
  const others: KeyObject[] = [];
  for (const each of also) others.push(await openKey(each, stateFolder, environment, "never"));
  const current = await openKey(config, stateFolder, environment, also.length > 0 ? "another" : "first");
  const byId = new Map([...others, current].map((key) => [rootKeyIdOf(key), key]));
  const keyOf = (sealed: unknown): KeyObject =>
    byId.get((sealed as Partial<Sealed> | null)?.rootKeyId ?? "") ?? current;
  return {
    sealedBy: sourceOf(config),
    wrap: (purpose, plaintext) => seal(current, purpose, plaintext),
    unwrap: (purpose, sealed) => unseal(keyOf(sealed), purpose, sealed),
    rewrap: (purpose, sealed) => {
      const from = keyOf(sealed);
      return from === current ? undefined : reseal(from, current, purpose, sealed);
    },
  };
}

function sourceOf(config: RootKeyConfig): RootKey["sealedBy"] {
  if ("file" in config) return "file";
  return "passphrase" in config ? "passphrase" : "systemd credential";
}

async function openKey(
  config: RootKeyConfig,
  stateFolder: string,
  environment: Readonly<Record<string, string | undefined>>,
  make: "first" | "another" | "never",
): Promise<KeyObject> {
  if ("passphrase" in config) return openPassphrase(config.passphrase, stateFolder, make);
  if ("systemdCredential" in config) return openCredential(config.systemdCredential, environment);
  return openKeyFile(isAbsolute(config.file) ? config.file : resolve(stateFolder, config.file), make !== "never");
}

async function openKeyFile(path: string, make: boolean): Promise<KeyObject> {
  const there = await readPrivateFile(path, keyBytes);
  if (there === undefined && !make)
    throw staysSealed(`\`keys.also\` names ${path}, which is not there; restore it, or take it out of \`keys.also\``);
  const found = there ?? (await createPrivateFile(path, randomBytes(keyBytes)));
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

function asKey(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
