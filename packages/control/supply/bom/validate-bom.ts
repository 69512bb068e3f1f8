/**
 * Whether a document is a valid CycloneDX BOM. In: the bytes. Out: its version and every way in which it breaks the
 * official schema of that version (1.2 to 1.7, strict), or in which two parsers would read it differently. The schemas
 * lie in the CycloneDX library; nothing is fetched. XML is not read, and that is an answer of its own.
 */
import { Version } from "@cyclonedx/cyclonedx-library/Spec";
import { JsonStrictValidator } from "@cyclonedx/cyclonedx-library/Validation";
import { isCordonError } from "@cordon/core/errors";
import { isJsonObject, parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";

/** The BOM of a large estate has some tens of megabytes. */
export const maxBomBytes = 128 * 1024 * 1024;

const jsonLimits = { depth: 128, names: 5_000_000 };
const maxErrors = 50;

export type BomValidity =
  | { readonly verdict: "valid"; readonly specVersion: string }
  | { readonly verdict: "invalid"; readonly specVersion: string | undefined; readonly errors: readonly string[] }
  /** Nothing is said about it. */
  | { readonly verdict: "unsupported"; readonly why: string };

const versions: ReadonlyMap<string, Version> = new Map(
  [Version.v1dot7, Version.v1dot6, Version.v1dot5, Version.v1dot4, Version.v1dot3, Version.v1dot2].map((version) => [
    version,
    version,
  ]),
);

const validators = new Map<Version, JsonStrictValidator>();

/** Validates. Never throws for what the bytes are. */
export async function validateBom(bytes: Uint8Array): Promise<BomValidity> {
  if (bytes.length > maxBomBytes) return { verdict: "unsupported", why: `it is longer than ${maxBomBytes} bytes` };
  const first = firstCharacter(bytes);
  if (first === "<") return { verdict: "unsupported", why: "it is XML; only the JSON form is validated here" };
  let tree: JsonValue;
  try {
    tree = parseStrictJson(bytes, jsonLimits);
  } catch (error) {
    if (!isCordonError(error)) throw error;
    return { verdict: "invalid", specVersion: undefined, errors: [error.message] };
  }
  return validateTree(tree, bytes);
}

async function validateTree(tree: JsonValue, bytes: Uint8Array): Promise<BomValidity> {
  if (isJsonObject(tree) && typeof tree["@context"] === "string")
    return { verdict: "unsupported", why: "it is SPDX 3 or OpenVEX (JSON-LD), not CycloneDX" };
  if (isJsonObject(tree) && typeof tree["spdxVersion"] === "string")
    return { verdict: "unsupported", why: "it is SPDX 2, not CycloneDX" };
  const stated = isJsonObject(tree) ? tree["specVersion"] : undefined;
  const version = typeof stated === "string" ? versions.get(stated) : undefined;
  if (version === undefined) {
    const known = [...versions.keys()].toReversed().join(", ");
    const future = typeof stated === "string" && /^(?:1\.(?:[89]|\d\d)|[2-9]\.\d+)$/.test(stated);
    return future
      ? { verdict: "unsupported", why: `specVersion ${stated} is newer than ${known}` }
      : { verdict: "invalid", specVersion: undefined, errors: [`specVersion must be one of ${known}`] };
  }
  let validator = validators.get(version);
  if (validator === undefined) validators.set(version, (validator = new JsonStrictValidator(version)));
  const found: unknown = await validator.validate(Buffer.from(bytes).toString("utf8"));
  if (found === null) return { verdict: "valid", specVersion: version };
  return { verdict: "invalid", specVersion: version, errors: describeErrors(found) };
}

/** What ajv found: place and words. */
function describeErrors(found: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(found) ? found : [found];
  const lines = list.slice(0, maxErrors).map((entry) => {
    const { instancePath = "", message = "it does not fit" } = entry as { instancePath?: string; message?: string };
    return `${instancePath === "" ? "/" : instancePath}: ${message}`;
  });
  return [...new Set(lines)];
}

function firstCharacter(bytes: Uint8Array): string {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let at = start;
  while (at < bytes.length && [0x20, 0x09, 0x0a, 0x0d].includes(bytes[at] ?? 0)) at++;
  return String.fromCharCode(bytes[at] ?? 0);
}
