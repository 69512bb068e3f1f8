/**
 * A map of bundles, `{"trust_domains": {"partner.example": {"keys": [...]}}}`, as gRPC (A87) and Envoy read it. In: JSON.
 * Out: one bundle a trust domain, or `SVID_UNTRUSTED`. A name that stands twice refuses the whole: `JSON.parse` would
 * keep the last, and whoever could add a line could so replace another domain's roots.
 */
import { isJsonObject, parseStrictJson } from "../contract/strict-json.ts";
import { CordonError } from "../errors.ts";
import type { TrustBundle } from "../policy/snapshot.ts";
import { parseBundle } from "./bundle.ts";
import { parseTrustDomain, type TrustDomain } from "./spiffe-id.ts";

const maxMapBytes = 8 * 1024 * 1024;
const maxTrustDomains = 256;

/** @throws {CordonError} `SVID_UNTRUSTED`, `SPIFFE_ID_INVALID` */
export function parseBundleMap(bytes: Uint8Array): ReadonlyMap<TrustDomain, TrustBundle> {
  if (bytes.length > maxMapBytes) throw refuse(`it is longer than ${maxMapBytes} bytes`);
  let document;
  try {
    document = parseStrictJson(bytes, { depth: 10, names: 65_536 });
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  const domains = isJsonObject(document) ? document["trust_domains"] : undefined;
  if (!isJsonObject(domains)) throw refuse("it has no `trust_domains`");
  const names = Object.keys(domains);
  if (names.length > maxTrustDomains) throw refuse(`it has more than ${maxTrustDomains} trust domains`);
  return new Map(
    names.map((name) => {
      const trustDomain = parseTrustDomain(name);
      return [trustDomain, parseBundle(trustDomain, Buffer.from(JSON.stringify(domains[name])))];
    }),
  );
}

/** The bundle of one trust domain, from its own document or from a map. */
export function parseBundleOrMap(trustDomain: TrustDomain, bytes: Uint8Array): TrustBundle {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"trust_domains"'))
    return parseBundle(trustDomain, bytes);
  const found = parseBundleMap(bytes).get(trustDomain);
  if (found === undefined) throw refuse(`it has no bundle of ${trustDomain}`);
  return found;
}

function refuse(why: string, cause?: unknown): CordonError {
  return new CordonError("SVID_UNTRUSTED", `the map of bundles is refused: ${why}`, { cause });
}
