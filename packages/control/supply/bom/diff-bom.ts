/**
 * What changed between two BOMs. In: two valid documents. Out: components and services that came, went, or changed in
 * version, digest, licence, producer or trust boundary; vulnerabilities that came and went. A model whose digest changed
 * while its version did not is called out: that is what a swap looks like.
 */
import { supplyFinding, type SupplyFinding } from "../finding.ts";
import { readPurl } from "../vulnerabilities/inputs/purl.ts";
import { allComponents, type AnyBom, type AnyComponent, type AnyService } from "./bom-view.ts";

export interface BomChange {
  readonly kind: "added" | "removed" | "changed";
  /** What it is: `library`, `machine-learning-model`, `service`, `vulnerability`. */
  readonly what: string;
  readonly name: string;
  readonly fields: readonly { readonly field: string; readonly from?: string; readonly to?: string }[];
}

export interface BomDiff {
  readonly changes: readonly BomChange[];
  readonly findings: readonly SupplyFinding[];
}

type Facts = Readonly<Record<string, string | undefined>>;

interface Entry {
  readonly what: string;
  readonly name: string;
  readonly facts: Facts;
}

/** Compares `before` with `after`. */
export function diffBoms(before: AnyBom, after: AnyBom): BomDiff {
  const [old, fresh] = [entriesOf(before), entriesOf(after)];
  const changes: BomChange[] = [];
  for (const [key, entry] of fresh) {
    const earlier = old.get(key);
    if (earlier === undefined)
      changes.push({ kind: "added", what: entry.what, name: entry.name, fields: listed(entry.facts, "to") });
    else {
      const fields = changedFields(earlier.facts, entry.facts);
      if (fields.length > 0) changes.push({ kind: "changed", what: entry.what, name: entry.name, fields });
    }
  }
  for (const [key, entry] of old)
    if (!fresh.has(key))
      changes.push({ kind: "removed", what: entry.what, name: entry.name, fields: listed(entry.facts, "from") });
  const order = (change: BomChange): string => `${change.what} ${change.name} ${change.kind}`;
  const sorted = changes.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  return { changes: sorted, findings: sorted.flatMap(judgeChange) };
}

/** Entries by what stays the same when something is updated: name and group, without version. */
function entriesOf(bom: AnyBom): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const add = (entry: Entry): void => {
    const base = `${entry.what}\u0000${entry.name}`;
    // The same package in two versions is two entries.
    let key = base;
    for (let copy = 2; entries.has(key); copy++) key = `${base}\u0000${copy}`;
    entries.set(key, entry);
  };
  for (const component of allComponents(bom)) add(componentEntry(component));
  for (const service of bom.services ?? []) add(serviceEntry(service));
  for (const { id } of bom.vulnerabilities ?? [])
    if (id !== undefined) add({ what: "vulnerability", name: id, facts: {} });
  return entries;
}

function componentEntry(component: AnyComponent): Entry {
  const { type = "component", group, name, version, purl, hashes, licenses } = component;
  const parts = purl === undefined ? undefined : readPurl(purl);
  const full =
    parts === undefined ? [group, name].filter((part) => part !== undefined && part !== "").join("/") : parts.name;
  return {
    what: type,
    name: full,
    facts: {
      version,
      digest:
        (hashes ?? [])
          .map(({ alg, content }) => `${alg}:${content}`)
          .toSorted()
          .join(" ") || undefined,
      licence:
        (licenses ?? []).map((entry) => entry.expression ?? entry.license?.id ?? entry.license?.name ?? "").join(" ") ||
        undefined,
      producer: component.manufacturer?.name ?? component.supplier?.name ?? component.publisher,
    },
  };
}

function serviceEntry(service: AnyService): Entry {
  return {
    what: "service",
    name: [service.group, service.name].filter((part) => part !== undefined && part !== "").join("/"),
    facts: {
      version: service.version,
      endpoints: (service.endpoints ?? []).toSorted().join(" ") || undefined,
      "leaves the trust domain":
        service["x-trust-boundary"] === undefined ? undefined : String(service["x-trust-boundary"]),
    },
  };
}

function changedFields(before: Facts, after: Facts): BomChange["fields"] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) => {
    const [from, to] = [before[field], after[field]];
    return from === to ? [] : [{ field, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
  });
}

function listed(facts: Facts, side: "from" | "to"): BomChange["fields"] {
  return Object.entries(facts).flatMap(([field, value]) => (value === undefined ? [] : [{ field, [side]: value }]));
}

function judgeChange(change: BomChange): SupplyFinding[] {
  const changed = new Set(change.fields.map(({ field }) => field));
  const place = { subject: change.name };
  if (change.kind === "changed" && changed.has("digest") && !changed.has("version"))
    return [
      supplyFinding(
        "bom/swapped",
        change.what === "machine-learning-model" ? "high" : "medium",
        `${change.what} ${change.name} has other contents under the same version`,
        place,
      ),
    ];
  if (change.kind === "changed" && changed.has("licence"))
    return [supplyFinding("bom/licence-changed", "medium", `${change.what} ${change.name} changed its licence`, place)];
  if (change.kind === "added" && change.what === "vulnerability")
    return [supplyFinding("bom/new-vulnerability", "medium", `${change.name} is new`, place)];
  return [];
}

/** The changes as a Markdown table, for a pull request. */
export function diffMarkdown({ changes }: BomDiff): string {
  if (changes.length === 0) return "No component changed.\n";
  const rows = changes.map(({ kind, what, name, fields }) => {
    const words = fields.map(
      ({ field, from, to }) => `${field}: ${[from, to].map((value) => cell(value ?? "none")).join(" → ")}`,
    );
    const shown =
      kind === "changed" ? words : fields.map(({ field, from, to }) => `${field}: ${cell(to ?? from ?? "")}`);
    return `| ${kind} | ${cell(what)} | ${cell(name)} | ${shown.join("<br>")} |`;
  });
  return `| | what | name | details |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}

/** A stranger's text in a table: one line, no markup of its own. */
function cell(text: string): string {
  const plain = text.length > 100 ? `${text.slice(0, 99)}…` : text;
  return plain.replace(/\p{Cc}/gu, " ").replace(/[\\|`<>[\]*_!&]/g, (mark) => `\\${mark}`);
}
