/**
 * Name constraints (RFC 5280, section 4.2.1.10): which names an authority may vouch for. In: an authority's constraints
 * and a certificate below it. Out: the reason why a name there breaks them, or nothing.
 *
 * Fails closed: a name of a form that is constrained but cannot be compared here counts as a violation.
 */
import { openDer, readOid, tag } from "./der.ts";
import type { Certificate } from "./certificate.ts";
import { isEmptyName } from "./certificate.ts";
import type { GeneralName, NameConstraints } from "./general-name.ts";

/** Why `certificate` breaks `constraints`, in words; `undefined` when it keeps to them. */
export function breachOf(constraints: NameConstraints, certificate: Certificate): string | undefined {
  const names: GeneralName[] = [...(certificate.extensions.subjectAltName?.names ?? [])];
  if (!isEmptyName(certificate.subject)) names.push({ kind: "directory", value: certificate.subject });
  for (const name of names) {
    const permitted = constraints.permitted.filter((subtree) => sameForm(subtree, name));
    const excluded = constraints.excluded.filter((subtree) => sameForm(subtree, name));
    if (permitted.length + excluded.length === 0) continue;
    if (!isComparable(name)) return `${describe(name)} is constrained and cannot be compared`;
    if (excluded.some((subtree) => !isUsable(subtree) || isWithin(name, subtree)))
      return `${describe(name)} is excluded`;
    if (permitted.length > 0 && !permitted.some((subtree) => isUsable(subtree) && isWithin(name, subtree)))
      return `${describe(name)} is not among the permitted names`;
  }
  return undefined;
}

function sameForm(subtree: GeneralName, name: GeneralName): boolean {
  if (subtree.kind === "other" && name.kind === "other") return subtree.tag === name.tag;
  return subtree.kind === name.kind;
}

const dnsPattern = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i;
const hostPattern = /^[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?$/i;
const ipv4Pattern = /^\d+\.\d+\.\d+\.\d+$/;
const maxHostBytes = 255;

/** Whether this name has a form that {@link isWithin} can compare. */
function isComparable(name: GeneralName): boolean {
  switch (name.kind) {
    case "dns":
      return name.value.length <= maxHostBytes && dnsPattern.test(name.value);
    case "uri":
      return isHost(hostOf(name.value));
    case "email":
      return name.value.includes("@") && isHost(domainOfEmail(name.value));
    case "ip":
      return true;
    case "directory":
      return rdnKeys(name.value) !== undefined;
    case "other":
      return false;
  }
}

/** Whether this subtree has a form that {@link isWithin} can compare with; a leading period means everything below. */
function isUsable(subtree: GeneralName): boolean {
  switch (subtree.kind) {
    case "dns":
      return subtree.value === "" || isHost(withoutPeriod(subtree.value));
    case "uri":
      return isHost(withoutPeriod(subtree.value));
    case "email":
      return isHost(withoutPeriod(domainOfEmail(subtree.value)));
    case "ip":
      return isContiguousMask(subtree.value.subarray(subtree.value.length / 2));
    default:
      return isComparable(subtree);
  }
}

function isHost(text: string): boolean {
  return text.length <= maxHostBytes && hostPattern.test(text);
}

function withoutPeriod(text: string): string {
  return text.startsWith(".") ? text.slice(1) : text;
}

function isWithin(name: GeneralName, subtree: GeneralName): boolean {
  if (name.kind === "ip") return subtree.kind === "ip" && isInRange(name.value, subtree.value);
  if (name.kind === "directory") return subtree.kind === "directory" && isBelow(name.value, subtree.value);
  if (name.kind === "other" || subtree.kind !== name.kind) return false;
  const constraint = subtree.value.toLowerCase();
  switch (name.kind) {
    case "dns":
      return isDnsWithin(name.value.toLowerCase(), constraint);
    case "uri":
      return isHostWithin(hostOf(name.value).toLowerCase(), constraint);
    case "email":
      if (constraint.includes("@")) return name.value === subtree.value || name.value.toLowerCase() === constraint;
      return isHostWithin(domainOfEmail(name.value).toLowerCase(), constraint);
  }
}

/** DNS: the constraint itself, or anything with labels added on the left. A wildcard stands for its parent. */
function isDnsWithin(name: string, constraint: string): boolean {
  if (constraint === "") return true;
  const suffix = constraint.startsWith(".") ? constraint.slice(1) : constraint;
  const host = name.startsWith("*.") ? name.slice(2) : name;
  return (!constraint.startsWith(".") && host === suffix) || host.endsWith(`.${suffix}`);
}

/** URI and mail hosts: exactly the constraint, or, where it starts with a period, anything below it. */
function isHostWithin(host: string, constraint: string): boolean {
  return constraint.startsWith(".")
    ? host.length > constraint.length && host.endsWith(constraint)
    : host === constraint;
}

/** The host of a URI's authority part, or the empty string (which compares with nothing). */
function hostOf(uri: string): string {
  const scheme = uri.indexOf("://");
  if (scheme < 0) return ""; // no authority part, so no host to compare
  const rest = uri.slice(scheme + 3);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return ipv4Pattern.test(host) ? "" : host; // RFC 5280: an address is no host to constrain
}

function domainOfEmail(value: string): string {
  return value.slice(value.lastIndexOf("@") + 1);
}

function isInRange(address: Uint8Array, range: Uint8Array): boolean {
  if (range.length !== address.length * 2) return false;
  return address.every((byte, index) => ((byte ^ (range[index] ?? 0)) & (range[address.length + index] ?? 0xff)) === 0);
}

function isContiguousMask(mask: Uint8Array): boolean {
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}

/** Directory names: the constraint's RDNs are a prefix of the name's. */
function isBelow(name: Uint8Array, constraint: Uint8Array): boolean {
  const below = rdnKeys(name);
  const above = rdnKeys(constraint);
  if (below === undefined || above === undefined || above.length > below.length) return false;
  return above.every((key, index) => key === below[index]);
}

const textTags: ReadonlySet<number> = new Set([tag.utf8String, tag.printableString, tag.ia5String]);

/**
 * Each RDN as a comparable key: attribute type and value, text folded in case and inner space (RFC 5280, 7.1).
 * `undefined` where a value is in an encoding whose folding we do not do, or the name is malformed.
 */
function rdnKeys(name: Uint8Array): readonly string[] | undefined {
  try {
    const reader = openDer(name, tag.sequence, "name");
    const keys: string[] = [];
    while (!reader.done) {
      const set = openDer(reader.next().encoded, tag.set, "name");
      const parts: string[] = [];
      while (!set.done) {
        const attribute = openDer(set.next().encoded, tag.sequence, "name");
        const type = readOid(attribute.expect(tag.oid, "attribute type"), "name");
        const value = attribute.next();
        attribute.end();
        if (!textTags.has(value.tag)) return undefined;
        const text = Buffer.from(value.content).toString("utf8").normalize("NFKC").toLowerCase();
        parts.push(`${type}=${text.trim().replace(/\s+/g, " ")}`);
      }
      keys.push(JSON.stringify(parts.sort()));
    }
    return keys;
  } catch {
    return undefined; // not readable as a name: the caller treats it as incomparable, which refuses
  }
}

function describe(name: GeneralName): string {
  switch (name.kind) {
    case "ip":
      return `address ${Buffer.from(name.value).toString("hex")}`;
    case "directory":
      return "the subject or a directory name";
    case "other":
      return "a name of an unusual form";
    default:
      return `${name.kind} name \`${name.value}\``;
  }
}
