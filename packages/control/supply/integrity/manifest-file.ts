/**
 * The hash manifest of a model that nobody signed, as a file. In: a manifest. Out: its text, and back: the statement of
 * OMS v1.0 without its envelope, so that the same bytes can be signed later.
 */
import { CordonError, isCordonError } from "@cordon/core/errors";
import { parseStatement, predicateType, statementType, type SignedManifest } from "../signatures/statement.ts";
import { rootDigest, type Manifest } from "./manifest.ts";

/** The text of a manifest file. */
export function manifestText(name: string, manifest: Manifest): string {
  const subject = [{ name, digest: { sha256: rootDigest(manifest.resources) } }];
  return `${JSON.stringify({ _type: statementType, subject, predicateType, predicate: manifest }, undefined, 2)}\n`;
}

/**
 * Reads a manifest file.
 *
 * @param expectedRoot the root digest that was kept elsewhere, lower-case hex
 * @throws {CordonError} `SUPPLY_INPUT_INVALID`
 */
export function parseManifestFile(bytes: Uint8Array, file: string, expectedRoot?: string): SignedManifest {
  try {
    const manifest = parseStatement(bytes, { legacy: false });
    if (expectedRoot !== undefined && expectedRoot !== manifest.rootDigest)
      throw new CordonError(
        "SUPPLY_INPUT_INVALID",
        `${file} has the root digest ${manifest.rootDigest}, and ${expectedRoot} is expected: it was replaced`,
      );
    return manifest;
  } catch (cause) {
    if (!isCordonError(cause, "SIGNATURE_INVALID")) throw cause;
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is no manifest: ${cause.message}`, { cause });
  }
}
