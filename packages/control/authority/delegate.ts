/**
 * Certifies an authority that somebody else holds the key of: a mesh's, which then issues in our trust domain. In: a key,
 * a name and a lifetime. Out: its certificate with what leads to the root, and the state that remembers it.
 *
 * It is remembered because its root must stay published while it is valid, and because what it may name is confined:
 * `core/identity/x509-svid.ts` refuses a component's id from it. A holder of its key can name everything else in the
 * trust domain, until it is revoked (`cordon identity revoke --authority`).
 */
import { sha256Hex } from "@cordon/core/identity/certificate";
import type { Instant } from "@cordon/core/instant";
import { judgePublicKey } from "@cordon/core/identity/algorithms";
import { CordonError } from "@cordon/core/errors";
import { activeOf, fromBase64, toBase64, type AuthorityState } from "./authority-state.ts";
import { signUnder, type GenerationContext } from "./generations.ts";

export interface DelegationRequest {
  /** Whose it is, such as `istio-east`; lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Proves possession of the key. PEM or DER. */
  readonly csr: string | Uint8Array;
  readonly ttlSeconds: number;
}

export interface Delegation {
  readonly id: string;
  readonly keyFingerprint: string;
  /** DER: the new authority, then what stands between it and the root. */
  readonly chain: readonly Uint8Array[];
  /** DER of the root above it. */
  readonly root: Uint8Array;
  readonly notAfter: Instant;
}

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const maxTtlSeconds = 10 * 365 * 86_400;
const maxDelegated = 64;

/** @throws {CordonError} `SVID_INVALID`, `AUTHORITY_IN_USE` */
export async function delegate(
  state: AuthorityState,
  request: DelegationRequest & { readonly publicKeyInfo: Uint8Array },
  context: GenerationContext,
): Promise<{ readonly state: AuthorityState; readonly delegation: Delegation }> {
  const { name, ttlSeconds, publicKeyInfo } = request;
  if (!namePattern.test(name)) throw invalid(`\`${name}\` is not a name of lower-case letters, digits and hyphens`);
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 60 || ttlSeconds > maxTtlSeconds)
    throw invalid(`a lifetime of ${ttlSeconds} s is not between 60 s and ten years`);
  const verdict = judgePublicKey(publicKeyInfo);
  if ("refused" in verdict) throw invalid(verdict.refused);
  const keyFingerprint = sha256Hex(publicKeyInfo);
  if ([...state.issuers, ...state.roots].some((one) => one.keyFingerprint === keyFingerprint))
    throw invalid("the key is one of our own");
  if (state.delegated.length >= maxDelegated) throw invalid(`there are ${maxDelegated} already`);
  const root = activeOf(state.roots, context.now, context.revokedKeys);
  if (root === undefined) throw invalid("no root can sign now");
  const common = { name: `Cordon delegated ${name} ${keyFingerprint.slice(0, 8)}`, publicKeyInfo, pathLength: 0 };
  const { certificate, above, notBefore, notAfter } = await signUnder(root, { ...common, ttlSeconds }, context);
  const id = keyFingerprint.slice(0, 16);
  const remembered = {
    id,
    name,
    keyFingerprint,
    notBefore,
    notAfter,
    certificate: toBase64(certificate),
    root: root.keyFingerprint,
  };
  const delegated = [...state.delegated.filter((one) => one.id !== id), remembered];
  return {
    state: { ...state, delegated },
    delegation: { id, keyFingerprint, chain: [certificate, ...above], root: fromBase64(root.certificate), notAfter },
  };
}

function invalid(why: string): CordonError {
  return new CordonError("SVID_INVALID", `no authority is certified: ${why}`);
}
