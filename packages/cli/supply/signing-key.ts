/** The key that a command signs with. In: a PEM file or a `pkcs11:` URI, and the file of its passphrase. Out: the key, open. */
import { openSigningKey, type SigningKey } from "@cordon/control/keys/provider/key-provider";
import { readInput } from "./report.ts";
import { usage } from "./trust-options.ts";

/** @throws {CordonError} `SUPPLY_INPUT_INVALID`, `SUPPLY_INPUT_UNREADABLE`, `KEY_SEALED`, `USAGE` */
export async function readSigningKey(reference: string, passphraseFile: string | undefined): Promise<SigningKey> {
  if (passphraseFile !== undefined && reference.startsWith("pkcs11:"))
    throw usage("--passphrase-file opens PEM files; the PIN's file is named in the URI, as pin-source");
  const passphrase =
    passphraseFile === undefined ? undefined : (await readInput(passphraseFile, 4096)).toString().replace(/\r?\n$/, "");
  return await openSigningKey(reference, { readFile: readInput, ...(passphrase === undefined ? {} : { passphrase }) });
}
