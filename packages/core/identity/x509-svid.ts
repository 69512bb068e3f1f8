/**
 * X.509-SVID verification: who a peer is, by the chain it presented. In: the raw chain, the bundles of all trust domains
 * we know, what was revoked, and now. Out: the verified identity, or a `CordonError` saying which rule it breaks.
 *
 * This is the only judge of peers. TLS proves that the peer holds the leaf's key; it does not prove who the leaf is:
 * Node pools every authority it is given, so that domain B's authority can vouch for a name in domain A. Here a path is
 * built against the bundle of the id's own trust domain and nothing else.
 *
 * @see SPIFFE X.509-SVID, sections 2 to 5; RFC 5280, section 6
 */
import { CordonError, isCordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";
import type { Revocations, TrustBundle } from "../policy/snapshot.ts";
import { isEmptyName, parseCertificate, sha256Hex, type Certificate } from "./certificate.ts";
import { extendedKeyUsages, keyUsageBits } from "./extensions.ts";
import { buildPath, checkUnderstood, validityProblem } from "./path.ts";
import { revocationOf, twinFingerprint } from "./revocation.ts";
import {
  parseSpiffeId,
  partsOf,
  pathOf,
  trustDomainOf,
  userPartsOf,
  type SpiffeId,
  type TrustDomain,
} from "./spiffe-id.ts";
import type { VerifiedSvid } from "./svid.ts";

/** Certificates that a peer may send: a leaf and what links it to an anchor. */
export const maxPresentedCertificates = 8;

/** What identities are judged by: part of every snapshot. */
export interface IdentityTrust {
  readonly bundles: ReadonlyMap<TrustDomain, TrustBundle>;
  readonly revocations: Revocations;
}

export interface X509SvidOptions {
  /** How far the peer's issuer's clock may disagree, in milliseconds. Default 0: issuers backdate by 10 s instead. */
  readonly clockSkewMs?: number;
}

/** A presented chain that has the form of an X.509-SVID. Nothing about it is trusted yet. */
export interface PresentedSvid {
  readonly id: SpiffeId;
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
}

/**
 * Verifies the chain that a peer presented.
 *
 * @param chain DER certificates, leaf first, as {@link import("./peer-chain.ts").peerChain} gives them
 * @returns the identity; `notAfter` is the earliest end of any certificate in the path
 * @throws {CordonError} `CERTIFICATE_MALFORMED`, `SPIFFE_ID_INVALID`, `SVID_INVALID`, `SVID_UNTRUSTED`, `SVID_EXPIRED`,
 *   `SVID_NOT_YET_VALID`, `SVID_REVOKED`
 * @example
 *   const peer = verifyX509Svid(peerChain(socket), snapshot, Date.now());
 */
export function verifyX509Svid(
  chain: readonly Uint8Array[],
  trust: IdentityTrust,
  now: Instant,
  options: X509SvidOptions = {},
): VerifiedSvid {
  const { id, leaf, intermediates } = readX509Svid(chain, trust); // 1. the form: what X.509-SVID asks of leaf and chain
  const time = { now, clockSkewMs: options.clockSkewMs ?? 0 };
  checkValidity(id, leaf, time); // 2. the time
  const trustDomain = trustDomainOf(id);
  const path = buildPath(leaf, intermediates, anchorsOf(trust, trustDomain, id), {
    ...time,
    authorityRule: (authority) => checkAuthority(authority, id, trust), // 3. the path
  });
  remember(trust, trustDomain, path);
  const verified: VerifiedSvid = {
    id,
    fingerprint: leaf.fingerprint,
    ...twinFingerprint(leaf, path[1] ?? leaf),
    keyFingerprint: leaf.keyFingerprint,
    authorities: path.slice(1).flatMap((authority) => [authority.keyFingerprint, authority.fingerprint]),
    notAfter: path.reduce((end, certificate) => Math.min(end, certificate.notAfter), Number.POSITIVE_INFINITY),
  };
  const revoked = revocationOf(verified, trust.revocations); // 4. what was withdrawn
  if (revoked !== undefined) throw new CordonError("SVID_REVOKED", `the SVID of ${id} is revoked: ${revoked}`);
  return verified;
}

/**
 * Reads a chain and holds it to the form of an X.509-SVID; judges neither trust nor time.
 *
 * @param trust only saves work: authorities that were proven under its bundles are not parsed again
 * @throws {CordonError} `CERTIFICATE_MALFORMED`, `SPIFFE_ID_INVALID`, `SVID_INVALID`
 * @see X.509-SVID, sections 2, 3, 4 and 5.2
 */
export function readX509Svid(chain: readonly Uint8Array[], trust?: IdentityTrust): PresentedSvid {
  if (chain.length > maxPresentedCertificates)
    throw invalid(`the peer sent ${chain.length} certificates, where ${maxPresentedCertificates} are allowed`);
  const [first, ...others] = chain;
  if (first === undefined) throw invalid("the chain is empty");
  const leaf = parseCertificate(first);
  const id = readLeafId(leaf);
  checkLeaf(id, leaf);
  const bundle = trust?.bundles.get(trustDomainOf(id));
  const known = bundle && provenAuthorities.get(bundle);
  const intermediates = others.map((der) => known?.get(sha256Hex(der)) ?? parseCertificate(der));
  for (const authority of intermediates) checkSigningForm(id, authority);
  return { id, leaf, intermediates };
}

/** The one URI name of a leaf (section 2), which must name a workload (3.1). */
function readLeafId(leaf: Certificate): SpiffeId {
  const uris = urisOf(leaf);
  const [uri] = uris;
  if (uri === undefined) throw invalid("the certificate has no URI name, so it names no workload");
  if (uris.length > 1) throw invalid(`the certificate has ${uris.length} URI names, where an SVID has exactly one`);
  const id = parseSpiffeId(uri);
  if (pathOf(id) === "") throw invalid(`\`${id}\` names a trust domain, not a workload`);
  return id;
}

function checkLeaf(id: SpiffeId, leaf: Certificate): void {
  const { basicConstraints, keyUsage, extendedKeyUsage, subjectAltName, nameConstraints } = leaf.extensions;
  const refuse = (why: string) => invalid(`the certificate of ${id} is not an SVID: ${why}`);
  if (leaf.extensions.unknownCritical.length > 0) {
    const [oid] = leaf.extensions.unknownCritical;
    throw refuse(`it has a critical extension that is not understood (${oid})`);
  }
  if (basicConstraints?.ca === true) throw refuse("it is an authority (CA:TRUE), which may not authenticate");
  if (keyUsage === undefined) throw refuse("it has no key usage");
  if ((keyUsage.bits & keyUsageBits.digitalSignature) === 0) throw refuse("its key usage lacks digitalSignature");
  if ((keyUsage.bits & keyUsageBits.keyCertSign) !== 0) throw refuse("its key usage has keyCertSign");
  if ((keyUsage.bits & keyUsageBits.cRLSign) !== 0) throw refuse("its key usage has cRLSign");
  if (extendedKeyUsage !== undefined) {
    for (const purpose of ["serverAuth", "clientAuth"] as const)
      if (!extendedKeyUsage.includes(extendedKeyUsages[purpose]))
        throw refuse(`its extended key usage lacks ${purpose}`);
  }
  if (nameConstraints !== undefined) throw refuse("it has name constraints, which only an authority may have");
  if (isEmptyName(leaf.subject) && subjectAltName?.critical !== true)
    throw refuse("its subject is empty, so its alternative name must be critical");
  if (leaf.keyRefused !== undefined) throw refuse(leaf.keyRefused);
}

/** What a presented authority must be, used in the path or not (section 3.2). */
function checkSigningForm(id: SpiffeId, authority: Certificate): void {
  const { basicConstraints, keyUsage } = authority.extensions;
  if (basicConstraints?.ca !== true)
    throw invalid(`the chain of ${id} holds a second certificate that is no authority`);
  if (keyUsage === undefined || (keyUsage.bits & keyUsageBits.keyCertSign) === 0)
    throw invalid(`the chain of ${id} holds an authority whose key usage lacks keyCertSign`);
  checkUnderstoodForm(id, authority);
}

function checkUnderstoodForm(id: SpiffeId, authority: Certificate): void {
  try {
    checkUnderstood(authority, "an authority in the chain");
  } catch (cause) {
    throw isCordonError(cause) ? invalid(`the chain of ${id} is refused: ${cause.message}`) : cause;
  }
}

function checkValidity(id: SpiffeId, leaf: Certificate, time: { now: Instant; clockSkewMs: number }): void {
  const why = validityProblem(leaf, time);
  if (why === undefined) return;
  const early = time.now < leaf.notBefore;
  throw new CordonError(early ? "SVID_NOT_YET_VALID" : "SVID_EXPIRED", `the SVID of ${id} ${why}`);
}

/** What SPIFFE and revocation ask of each authority in the path, beyond RFC 5280. */
function checkAuthority(authority: Certificate, id: SpiffeId, { bundles, revocations }: IdentityTrust): void {
  const trustDomain = trustDomainOf(id);
  const uris = urisOf(authority);
  const [uri] = uris;
  if (uris.length > 1) throw untrusted("an authority in its path has more than one URI name");
  if (uri !== undefined && uri !== `spiffe://${trustDomain}`)
    throw untrusted(`an authority in its path is named \`${uri}\`, not \`spiffe://${trustDomain}\``);
  if (revocations.keys.has(authority.keyFingerprint) || revocations.certificates.has(authority.fingerprint))
    throw new CordonError(
      "SVID_REVOKED",
      `the SVID is revoked: the authority with key ${authority.keyFingerprint} in its path was withdrawn`,
    );
  // An authority that a mesh holds speaks for the mesh's workloads; our components and people are named by our own
  // issuers alone.
  const isOurs = partsOf(id) !== undefined || userPartsOf(id) !== undefined;
  if (bundles.get(trustDomain)?.delegated?.includes(authority.keyFingerprint) === true && isOurs)
    throw untrusted(`${id} is a registered component's or a person's, and another system's authority issued it`);
}

/**
 * Issuers already seen in a valid path, by fingerprint, for as long as the bundle lives: thousands of workloads share a
 * few, and parsing and verifying them costs as much as the leaf. Only what proved itself is kept, so that strangers
 * cannot fill it.
 */
const provenAuthorities = new WeakMap<TrustBundle, Map<string, Certificate>>();
const maxProvenAuthorities = 64;

function remember(trust: IdentityTrust, trustDomain: TrustDomain, path: readonly Certificate[]): void {
  const bundle = trust.bundles.get(trustDomain);
  if (bundle === undefined) return;
  let proven = provenAuthorities.get(bundle);
  if (proven === undefined) provenAuthorities.set(bundle, (proven = new Map()));
  for (const authority of path.slice(1, -1)) {
    if (proven.has(authority.fingerprint)) continue;
    if (proven.size >= maxProvenAuthorities) proven.clear();
    // A copy of the bytes: what the caller handed in may be a view on a buffer that is used again.
    proven.set(authority.fingerprint, parseCertificate(Uint8Array.from(authority.der)));
  }
}

/** Certificates' SHA-256 of the anchors of one trust domain; empty where it is not known. */
export function anchorFingerprints(bundle: TrustBundle): ReadonlySet<string> {
  let fingerprints = knownAnchors.get(bundle);
  if (fingerprints === undefined)
    knownAnchors.set(bundle, (fingerprints = new Set(bundle.x509Authorities.map((der) => sha256Hex(der)))));
  return fingerprints;
}

const knownAnchors = new WeakMap<TrustBundle, ReadonlySet<string>>();
const parsedAnchors = new WeakMap<TrustBundle, readonly Certificate[]>();

/** The parsed authorities of one trust domain; bundles are immutable, so each is parsed once. */
function anchorsOf(trust: IdentityTrust, trustDomain: TrustDomain, id: SpiffeId): readonly Certificate[] {
  const bundle = trust.bundles.get(trustDomain);
  if (bundle === undefined) throw untrusted(`${id} is of a trust domain that is not known here`);
  if (bundle.trustDomain !== trustDomain)
    throw untrusted(`the bundle filed under ${trustDomain} belongs to ${bundle.trustDomain}`);
  if (bundle.x509Authorities.length === 0)
    throw untrusted(`the trust domain ${trustDomain} has withdrawn its authorities`);
  let anchors = parsedAnchors.get(bundle);
  if (anchors === undefined) {
    anchors = bundle.x509Authorities.map((der) => parseCertificate(der));
    parsedAnchors.set(bundle, anchors);
  }
  return anchors;
}

function urisOf(certificate: Certificate): readonly string[] {
  const names = certificate.extensions.subjectAltName?.names ?? [];
  return names.flatMap((name) => (name.kind === "uri" ? [name.value] : []));
}

function invalid(why: string): CordonError {
  return new CordonError("SVID_INVALID", why);
}

function untrusted(why: string): CordonError {
  return new CordonError("SVID_UNTRUSTED", `the SVID is not trusted: ${why}`);
}
