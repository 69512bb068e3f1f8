/**
 * Path validation (RFC 5280, section 6), with its path building. In: a leaf, whatever else the peer sent, the anchors of
 * one trust domain, and now. Out: the path from leaf to anchor, or the most telling reason why there is none.
 *
 * Work is bounded: at most {@link maxSignatureChecks} signatures whatever was sent, no certificate twice in a path.
 * Policies (6.1.3 d to f) are not processed: a critical policy extension is refused as not understood.
 */
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";
import { signatureAlgorithmOf, signatureStands } from "./algorithms.ts";
import { isEmptyName, isSelfIssued, publicKeyOf, type Certificate } from "./certificate.ts";
import { extendedKeyUsages, keyUsageBits } from "./extensions.ts";
import { breachOf } from "./name-constraints.ts";

/** Certificates from leaf to anchor, both included. */
export const maxPathLength = 8;
/** Signatures verified for one peer, whatever it sent. */
export const maxSignatureChecks = 24;

export interface PathOptions {
  readonly now: Instant;
  /** How far the two clocks may disagree, in milliseconds, in the peer's favour. */
  readonly clockSkewMs: number;
  /** A further rule for every authority in the path: throws to refuse it. */
  readonly authorityRule?: (authority: Certificate) => void;
  /** Whether an authority that confines itself to purposes may stand here; by default it must allow server and client. */
  readonly allowsPurposes?: (purposes: readonly string[]) => boolean;
  /** Certificates from leaf to anchor, both included; at most and by default {@link maxPathLength}. */
  readonly maxLength?: number;
}

interface Search {
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly options: PathOptions;
  readonly maxLength: number;
  signatureChecks: number;
  /** Of the ways that failed, the one that got furthest. */
  failure: { readonly depth: number; readonly error: CordonError } | undefined;
}

/**
 * Builds and validates a path from `leaf` to one of `anchors`.
 *
 * @returns leaf first, anchor last
 * @throws {CordonError} `SVID_UNTRUSTED`, or what `authorityRule` throws for the way that got furthest
 */
export function buildPath(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  anchors: readonly Certificate[],
  options: PathOptions,
): readonly Certificate[] {
  const maxLength = Math.min(options.maxLength ?? maxPathLength, maxPathLength);
  const search: Search = { intermediates, anchors, options, maxLength, signatureChecks: 0, failure: undefined };
  const path = extend([leaf], search);
  if (path !== undefined) return path;
  throw (
    search.failure?.error ?? untrusted("no authority of its trust domain issued it, directly or through what was sent")
  );
}

/** Tries to lengthen `path` by one authority, depth first, anchors before intermediates. */
function extend(path: readonly Certificate[], search: Search): readonly Certificate[] | undefined {
  const subject = path[path.length - 1];
  if (subject === undefined) return undefined;
  for (const anchor of search.anchors) {
    if (couldIssue(anchor, subject) && isAccepted(anchor, path, search)) return [...path, anchor];
  }
  for (const authority of search.intermediates) {
    if (path.length + 1 >= search.maxLength) break; // no room left for an anchor above it
    if (!couldIssue(authority, subject) || isRepeat(path, authority) || !isAccepted(authority, path, search)) continue;
    const whole = extend([...path, authority], search);
    if (whole !== undefined) return whole;
  }
  return undefined;
}

/** Names chain, and key identifiers do not contradict (they are hints, so absence is no objection). */
function couldIssue(authority: Certificate, subject: Certificate): boolean {
  if (Buffer.compare(authority.subject, subject.issuer) !== 0) return false;
  const wanted = subject.extensions.authorityKeyId;
  const offered = authority.extensions.subjectKeyId;
  return wanted === undefined || offered === undefined || wanted === offered;
}

/** RFC 4158, section 2.4.2: the same subject and key twice is a loop, whatever else differs. */
function isRepeat(path: readonly Certificate[], authority: Certificate): boolean {
  return path.some(
    (earlier) =>
      earlier.fingerprint === authority.fingerprint ||
      (earlier.keyFingerprint === authority.keyFingerprint && Buffer.compare(earlier.subject, authority.subject) === 0),
  );
}

function isAccepted(authority: Certificate, path: readonly Certificate[], search: Search): boolean {
  try {
    checkAuthority(authority, path, search.options);
    checkSignature(authority, path[path.length - 1], search);
    return true;
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    if (search.failure === undefined || path.length >= search.failure.depth)
      search.failure = { depth: path.length, error };
    return false;
  }
}

/** Everything that RFC 5280 asks of an authority, given the certificates below it (leaf first). */
function checkAuthority(authority: Certificate, below: readonly Certificate[], options: PathOptions): void {
  const { basicConstraints, keyUsage, extendedKeyUsage, nameConstraints } = authority.extensions;
  checkUnderstood(authority, "an authority in its path");
  if (basicConstraints?.ca !== true || !basicConstraints.critical)
    throw untrusted("a certificate in its path is no authority (basic constraints: critical, CA:TRUE)");
  if (keyUsage === undefined || (keyUsage.bits & keyUsageBits.keyCertSign) === 0)
    throw untrusted("an authority in its path may not sign certificates (key usage without keyCertSign)");
  if (extendedKeyUsage !== undefined && !(options.allowsPurposes ?? allowsBothSides)(extendedKeyUsage))
    throw untrusted("an authority in its path is confined to other purposes by its extended key usage");
  if (isEmptyName(authority.subject)) throw untrusted("an authority in its path has no name");
  const why = validityProblem(authority, options);
  if (why !== undefined) throw untrusted(`an authority in its path ${why}`);
  // 6.1.4 l, m: self-issued certificates between leaf and anchor do not count.
  const counted = below.slice(1).filter((certificate) => !isSelfIssued(certificate)).length;
  if (basicConstraints.pathLength !== undefined && counted > basicConstraints.pathLength)
    throw untrusted(`an authority in its path allows ${basicConstraints.pathLength} below it, and has ${counted}`);
  if (nameConstraints !== undefined) checkNames(nameConstraints, below);
  options.authorityRule?.(authority);
}

function checkNames(
  constraints: NonNullable<Certificate["extensions"]["nameConstraints"]>,
  below: readonly Certificate[],
): void {
  if (!constraints.critical) throw untrusted("an authority in its path has name constraints that are not critical");
  for (const [index, certificate] of below.entries()) {
    if (index > 0 && isSelfIssued(certificate)) continue; // 6.1.3 b
    const breach = breachOf(constraints, certificate);
    if (breach !== undefined) throw untrusted(`it breaks an authority's name constraints: ${breach}`);
  }
}

/**
 * The authority under whose key a certificate's signature was last found to stand. Objects are immutable and the fact is
 * eternal, so this saves a signature wherever the caller keeps its parsed authorities; time, names and revocation are
 * judged afresh each time.
 */
const stoodUnder = new WeakMap<Certificate, Certificate>();

function checkSignature(authority: Certificate, subject: Certificate | undefined, search: Search): void {
  if (subject === undefined) throw untrusted("there is nothing to verify");
  if (stoodUnder.get(subject) === authority) return;
  if (++search.signatureChecks > maxSignatureChecks)
    throw untrusted(`finding its path takes more than ${maxSignatureChecks} signatures`);
  if (authority.keyRefused !== undefined) throw untrusted(`an authority cannot be used: ${authority.keyRefused}`);
  const algorithm = signatureAlgorithmOf(subject.signatureAlgorithm);
  if (algorithm === undefined)
    throw untrusted("it, or an authority in its path, is signed with an algorithm that is not allowed");
  if (!signatureStands(algorithm, subject.signed, publicKeyOf(authority), subject.signature))
    throw untrusted("a signature in its path does not verify under the authority it names");
  stoodUnder.set(subject, authority);
}

/** Refuses what every certificate must not have: critical extensions that nothing here understands. */
export function checkUnderstood(certificate: Certificate, who: string): void {
  const [oid] = certificate.extensions.unknownCritical;
  if (oid !== undefined) throw untrusted(`${who} has a critical extension that is not understood (${oid})`);
}

/** Why a certificate is not valid now, in words. Both ends are included (RFC 5280, section 4.1.2.5). */
export function validityProblem(
  certificate: Certificate,
  { now, clockSkewMs }: Pick<PathOptions, "now" | "clockSkewMs">,
): string | undefined {
  if (!Number.isFinite(now)) return "cannot be placed in time: the clock gives no time";
  if (now + clockSkewMs < certificate.notBefore)
    return `is not valid before ${new Date(certificate.notBefore).toISOString()} (it is ${new Date(now).toISOString()})`;
  if (now - clockSkewMs > certificate.notAfter)
    return `expired at ${new Date(certificate.notAfter).toISOString()} (it is ${new Date(now).toISOString()})`;
  return undefined;
}

/** True when an extended key usage lets a certificate be server and client, as X.509-SVID 4.4 requires. */
export function allowsBothSides(purposes: readonly string[]): boolean {
  return (
    purposes.includes(extendedKeyUsages.any) ||
    (purposes.includes(extendedKeyUsages.serverAuth) && purposes.includes(extendedKeyUsages.clientAuth))
  );
}

function untrusted(why: string): CordonError {
  return new CordonError("SVID_UNTRUSTED", `the certificate is not trusted: ${why}`);
}
