/**
 * SPIFFE IDs: `spiffe://<trust domain>/<path>`, and Cordon's own layout of the path,
 * `/ns/<namespace>/<kind>/<name>`. In: text. Out: branded ids, or a `CordonError` that says what is wrong.
 *
 * Parsed by hand on purpose: the WHATWG URL parser normalises (dot segments, case, percent) what must be refused.
 */
import { CordonError } from "../errors.ts";
import { componentKinds, isName, type ComponentKind, type Namespace } from "../contract/vocabulary.ts";

/** A trust domain name. Only {@link parseTrustDomain} and {@link trustDomainOf} make one. */
export type TrustDomain = string & { readonly __brand: "TrustDomain" };

/** A whole SPIFFE ID. Only {@link parseSpiffeId} and {@link componentId} make one. */
export type SpiffeId = string & { readonly __brand: "SpiffeId" };

const scheme = "spiffe://";
const maxIdBytes = 2048;
const maxTrustDomainBytes = 255;
const trustDomainPattern = /^[a-z0-9._-]+$/;
const segmentPattern = /^[A-Za-z0-9._-]+$/;

/**
 * Parses a trust domain name.
 *
 * @throws {CordonError} `SPIFFE_ID_INVALID`
 * @see SPIFFE-ID, section 2.1. Upper case is refused rather than folded, as go-spiffe does.
 */
export function parseTrustDomain(text: string): TrustDomain {
  if (text.length === 0) throw invalid(text, "the trust domain is empty");
  if (text.length > maxTrustDomainBytes)
    throw invalid(text, `the trust domain is longer than ${maxTrustDomainBytes} bytes`);
  if (!trustDomainPattern.test(text))
    throw invalid(text, "a trust domain holds only lower-case letters, digits, dots, hyphens and underscores");
  return text as TrustDomain;
}

/**
 * Parses a SPIFFE ID strictly. A trust domain's own id (no path) is accepted; callers that need a workload check
 * {@link pathOf}.
 *
 * @throws {CordonError} `SPIFFE_ID_INVALID`
 * @see SPIFFE-ID, sections 2 and 2.2
 */
export function parseSpiffeId(text: string): SpiffeId {
  if (text.length > maxIdBytes) throw invalid(text.slice(0, 64), `a SPIFFE ID is at most ${maxIdBytes} bytes`);
  if (!text.startsWith(scheme)) throw invalid(text, "a SPIFFE ID starts with `spiffe://`");
  const slash = text.indexOf("/", scheme.length);
  parseTrustDomain(slash < 0 ? text.slice(scheme.length) : text.slice(scheme.length, slash));
  if (slash >= 0) {
    for (const segment of text.slice(slash + 1).split("/")) {
      if (segment === "") throw invalid(text, "a path segment is empty (no trailing or doubled slash)");
      if (segment === "." || segment === "..") throw invalid(text, "a path segment is `.` or `..`");
      if (!segmentPattern.test(segment))
        throw invalid(text, "a path segment holds only letters, digits, dots, hyphens and underscores");
    }
  }
  return text as SpiffeId;
}

/** The trust domain of an id. */
export function trustDomainOf(id: SpiffeId): TrustDomain {
  const slash = id.indexOf("/", scheme.length);
  return (slash < 0 ? id.slice(scheme.length) : id.slice(scheme.length, slash)) as TrustDomain;
}

/** The path of an id with its leading slash, or the empty string for a trust domain's own id. */
export function pathOf(id: SpiffeId): string {
  const slash = id.indexOf("/", scheme.length);
  return slash < 0 ? "" : id.slice(slash);
}

/** The id of a registered component: `spiffe://<trust domain>/ns/<namespace>/<kind>/<name>`. */
export function componentId(
  trustDomain: TrustDomain,
  namespace: Namespace,
  kind: ComponentKind,
  name: string,
): SpiffeId {
  return parseSpiffeId(`${scheme}${trustDomain}/ns/${namespace}/${kind}/${name}`);
}

/** The parts of a component's id, or `undefined` where the path has another layout (a mesh's `/ns/x/sa/y`, say). */
export function partsOf(id: SpiffeId):
  | {
      readonly trustDomain: TrustDomain;
      readonly namespace: Namespace;
      readonly kind: ComponentKind;
      readonly name: string;
    }
  | undefined {
  const parts = pathOf(id).split("/");
  const [, ns, namespace, kind, name] = parts;
  if (parts.length !== 5 || ns !== "ns" || namespace === undefined || name === undefined) return undefined;
  if (!isName(namespace) || !isName(name) || !(componentKinds as readonly string[]).includes(kind ?? ""))
    return undefined;
  return { trustDomain: trustDomainOf(id), namespace: namespace as Namespace, kind: kind as ComponentKind, name };
}

/** The id of a person: `spiffe://<trust domain>/ns/<namespace>/user/<name>`. No component has an id of this form. */
export function userId(trustDomain: TrustDomain, namespace: Namespace, name: string): SpiffeId {
  return parseSpiffeId(`${scheme}${trustDomain}/ns/${namespace}/user/${name}`);
}

/** Where a person's id says they belong, or `undefined` for any other id. */
export function userPartsOf(
  id: SpiffeId,
): { readonly trustDomain: TrustDomain; readonly namespace: Namespace; readonly name: string } | undefined {
  if (!id.includes("/user/")) return undefined; // asked of every caller, and most are workloads
  const parts = pathOf(id).split("/");
  const [, ns, namespace, kind, name] = parts;
  if (parts.length !== 5 || ns !== "ns" || kind !== "user" || namespace === undefined || name === undefined)
    return undefined;
  if (!isName(namespace) || !isName(name)) return undefined;
  return { trustDomain: trustDomainOf(id), namespace: namespace as Namespace, name };
}

function invalid(text: string, why: string): CordonError {
  return new CordonError("SPIFFE_ID_INVALID", `\`${text}\` is not a SPIFFE ID: ${why}`);
}
