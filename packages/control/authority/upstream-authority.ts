/**
 * An authority above ours: the company's own root, under which our issuers stand. In: what the configuration names. Out:
 * the roots to publish and a way to have an issuer signed, or `CONFIG_INVALID` with what is wrong and where.
 *
 * Its certificates are PEM files, its key one more, or in a security module (`pkcs11:`). The files are read again whenever
 * the authority is maintained, so that an upstream that was renewed is followed without a restart. A module is asked when
 * a certificate is new and when an issuer is to be signed, and no session stays open in between.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";
import { parseCertificate, type Certificate } from "@cordon/core/identity/certificate";
import { buildPath } from "@cordon/core/identity/path";
import type { Instant } from "@cordon/core/instant";
import { openSigningKey, signingKeyOf, type SigningKey } from "../keys/provider/key-provider.ts";
import { buildAuthority, type AuthorityRequest } from "./certificates.ts";

export interface UpstreamAuthority {
  /** All roots to publish. */
  readonly roots: readonly Certificate[];
  /** The one that it signs under. */
  readonly root: Certificate;
  /** DER of what stands between an issuer of ours and {@link root}, nearest first. */
  readonly above: readonly Uint8Array[];
  /** The earliest end of the signing certificate and all above it. */
  readonly notAfter: Instant;
  sign(request: AuthorityRequest): Promise<Uint8Array>;
}

export interface UpstreamFiles {
  /** PEM: the signing certificate, then the ones above it, the root itself left out or not. */
  readonly certFile: string;
  /** Its private key, P-256, P-384 or RSA: a PEM file, or a `pkcs11:` URI (RFC 7512). */
  readonly key: string;
  /** PEM: the roots. Absent: the last of `certFile`, which must then be self-signed. */
  readonly bundleFile?: string;
}

/** How often the files are read again. */
const reloadMs = 30_000;

/**
 * Follows the files. The first reading must succeed; after one that fails the last good one stands, and is reported.
 *
 * @throws {CordonError} `CONFIG_INVALID`, at first
 */
export async function followUpstream(
  files: UpstreamFiles,
  now: () => Instant,
  onProblem: (error: unknown) => void,
): Promise<() => Promise<UpstreamAuthority>> {
  const verified = new Set<string>();
  let held = await loadUpstream(files, now(), verified);
  let readAt = now();
  return async () => {
    if (Math.abs(now() - readAt) < reloadMs) return held;
    readAt = now();
    try {
      held = await loadUpstream(files, now(), verified);
    } catch (error) {
      onProblem(error);
    }
    return held;
  };
}

const maxFileBytes = 256 * 1024;
const maxCertificates = 16;

/**
 * @param verified fingerprints of certificates that a module's key was held against before
 * @throws {CordonError} `CONFIG_INVALID`
 */
export async function loadUpstream(
  files: UpstreamFiles,
  now: Instant,
  verified: Set<string> = new Set(),
): Promise<UpstreamAuthority> {
  const chain = await readCertificates(files.certFile);
  const roots = files.bundleFile === undefined ? chain.slice(-1) : await readCertificates(files.bundleFile);
  const [signing] = chain;
  if (signing === undefined || roots.length === 0) throw invalid(files.certFile, "it holds no certificate");
  const open = await keyOpener(files.key);
  const openFor = async (): Promise<SigningKey> => {
    const key = await open();
    if (key.publicKey.export({ type: "spki", format: "der" }).equals(Buffer.from(signing.publicKeyInfo))) return key;
    await key[Symbol.asyncDispose]();
    throw invalid(key.where, `it is not the key of the first certificate of ${files.certFile}`);
  };
  if (!isModule(files.key) || !verified.has(signing.fingerprint)) {
    await (await openFor())[Symbol.asyncDispose]();
    verified.add(signing.fingerprint);
  }
  const path = pathOf(signing, chain.slice(1), roots, files, now);
  const root = path[path.length - 1] ?? signing;
  return {
    roots,
    root,
    above: path.slice(0, -1).map(({ der }) => der),
    notAfter: path.reduce((end, one) => Math.min(end, one.notAfter), Number.POSITIVE_INFINITY),
    sign: async (request) => {
      await using key = await openFor();
      return await buildAuthority(request, { certificate: signing.der, key });
    },
  };
}

function isModule(reference: string): boolean {
  return reference.startsWith("pkcs11:");
}

/** A file's key is held, so that the last good one stands when the file breaks; a module's is opened each time. */
async function keyOpener(reference: string): Promise<() => Promise<SigningKey>> {
  if (isModule(reference))
    return async () => {
      const key = await openModuleKey(reference);
      const refused = refusedKind(key.publicKey);
      if (refused === undefined) return key;
      await key[Symbol.asyncDispose]();
      throw invalid(key.where, refused);
    };
  const key = signingKeyOf(await readKey(reference), reference);
  return () => Promise.resolve(key);
}

async function openModuleKey(reference: string): Promise<SigningKey> {
  try {
    return await openSigningKey(reference, { readFile: (path) => readFile(path) });
  } catch (cause) {
    throw invalid("its key", (cause as Error).message, cause);
  }
}

function refusedKind(key: KeyObject): string | undefined {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === "rsa" || curve === "prime256v1" || curve === "secp384r1") return undefined;
  return "its key is none of P-256, P-384 and RSA";
}

/** From the signing certificate to its root; alone where it is the root itself. */
function pathOf(
  signing: Certificate,
  others: readonly Certificate[],
  roots: readonly Certificate[],
  files: UpstreamFiles,
  now: Instant,
): readonly Certificate[] {
  if (signing.extensions.basicConstraints?.ca !== true)
    throw invalid(files.certFile, "its first certificate is no authority (basic constraints: CA:TRUE)");
  if (signing.extensions.basicConstraints.pathLength === 0)
    throw invalid(files.certFile, "its first certificate allows no authority below it (path length 0)");
  if (roots.some(({ fingerprint }) => fingerprint === signing.fingerprint)) return [signing];
  try {
    return buildPath(signing, others, roots, { now, clockSkewMs: 0 });
  } catch (cause) {
    throw invalid(files.certFile, `it does not lead to a root: ${(cause as Error).message}`, cause);
  }
}

async function readCertificates(file: string): Promise<readonly Certificate[]> {
  const text = await readText(file);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > maxCertificates) throw invalid(file, `it holds more than ${maxCertificates} certificates`);
  return blocks.map((block) => {
    const der = new Uint8Array(Buffer.from(block.replace(/-----[A-Z ]+-----/g, ""), "base64"));
    try {
      const certificate = parseCertificate(der);
      if (certificate.keyRefused === undefined) return certificate;
      throw invalid(file, certificate.keyRefused);
    } catch (cause) {
      throw invalid(file, (cause as Error).message, cause);
    }
  });
}

async function readKey(file: string): Promise<KeyObject> {
  const text = await readText(file);
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (cause) {
    throw invalid(file, "it is not an unencrypted private key in PEM", cause);
  }
  const refused = refusedKind(key);
  if (refused !== undefined) throw invalid(file, refused);
  return key;
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length <= maxFileBytes) return bytes.toString("latin1");
  } catch (cause) {
    throw invalid(file, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
  throw invalid(file, `it is longer than ${maxFileBytes} bytes`);
}

function invalid(file: string, why: string, cause?: unknown): CordonError {
  return new CordonError("CONFIG_INVALID", `identity.upstreamAuthority: ${file} cannot be used: ${why}`, { cause });
}
