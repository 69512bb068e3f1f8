/**
 * GeneralName and GeneralSubtree (RFC 5280, 4.2.1.6 and 4.2.1.10): the names in a subject alternative name and in name
 * constraints. In: DER. Out: typed names. Always from the bytes, never from a library's text rendering, which can be
 * forged with commas and quotes (CVE-2021-44532).
 */
import { malformed, openDer, readAscii, tag, type DerElement, type DerReader } from "./der.ts";

export type GeneralName =
  | { readonly kind: "uri" | "dns" | "email"; readonly value: string }
  | { readonly kind: "ip"; readonly value: Uint8Array }
  | { readonly kind: "directory"; readonly value: Uint8Array }
  | { readonly kind: "other"; readonly tag: number };

const context = { email: 0x81, dns: 0x82, directory: 0xa4, uri: 0x86, ip: 0x87 } as const;
const otherTags: ReadonlySet<number> = new Set([0xa0, 0xa3, 0xa5, 0x88]);

/** More names than any SVID needs; bounds the work of constraints (names x subtrees). */
const maxNames = 128;

/** Reads a SEQUENCE OF GeneralName with at least one. Addresses here are 4 or 16 bytes. */
export function readGeneralNames(bytes: Uint8Array, what: string): readonly GeneralName[] {
  const reader = openDer(bytes, tag.sequence, what);
  const names: GeneralName[] = [];
  while (!reader.done) {
    if (names.length >= maxNames) throw malformed(what, `it holds more than ${maxNames} names`);
    const name = readGeneralName(reader.next(), what);
    if (name.kind === "ip" && name.value.length !== 4 && name.value.length !== 16)
      throw malformed(what, "an address is neither IPv4 nor IPv6");
    names.push(name);
  }
  if (names.length === 0) throw malformed(what, "it is empty");
  return names;
}

/** The permitted and excluded subtrees of a name constraint. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** Reads NameConstraints. Minimum and maximum must be left at their defaults, as RFC 5280 requires. */
export function readNameConstraints(bytes: Uint8Array): NameConstraints {
  const what = "name constraints extension";
  const reader = openDer(bytes, tag.sequence, what);
  const permitted = readSubtrees(reader.optional(0xa0), what);
  const excluded = readSubtrees(reader.optional(0xa1), what);
  reader.end();
  if (permitted.length + excluded.length === 0) throw malformed(what, "it constrains nothing");
  return { permitted, excluded };
}

function readSubtrees(element: DerElement | undefined, what: string): readonly GeneralName[] {
  if (element === undefined) return [];
  const subtrees: GeneralName[] = [];
  const list: DerReader = openDer(retag(element), tag.sequence, what);
  while (!list.done) {
    if (subtrees.length >= maxNames) throw malformed(what, `it holds more than ${maxNames} subtrees`);
    const subtree = openDer(list.next().encoded, tag.sequence, what);
    const name = readGeneralName(subtree.next(), what);
    subtree.end(); // minimum or maximum present: no profile uses them, and we would ignore them
    if (name.kind === "ip" && name.value.length !== 8 && name.value.length !== 32)
      throw malformed(what, "an address range is neither IPv4 nor IPv6");
    subtrees.push(name);
  }
  if (subtrees.length === 0) throw malformed(what, "a list of subtrees is empty");
  return subtrees;
}

/** The element as a plain SEQUENCE: context tags here are IMPLICIT. */
function retag(element: DerElement): Uint8Array {
  const copy = Uint8Array.from(element.encoded);
  copy[0] = tag.sequence;
  return copy;
}

function readGeneralName(element: DerElement, what: string): GeneralName {
  switch (element.tag) {
    case context.uri:
      return { kind: "uri", value: readAscii(element.content, what) };
    case context.dns:
      return { kind: "dns", value: readAscii(element.content, what) };
    case context.email:
      return { kind: "email", value: readAscii(element.content, what) };
    case context.ip:
      return { kind: "ip", value: element.content };
    case context.directory:
      openDer(element.content, tag.sequence, what);
      return { kind: "directory", value: element.content };
    default:
      if (!otherTags.has(element.tag)) throw malformed(what, `a name has an unknown type (tag ${element.tag})`);
      return { kind: "other", tag: element.tag };
  }
}
