/**
 * Statements that a vulnerability does not apply. In: OpenVEX or CycloneDX VEX documents that the operator trusts. Out:
 * for a package and the names of a vulnerability, what they say. A `not_affected` without a reason does not count, and
 * nothing here clears malware.
 */
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import { normalName } from "./affected.ts";
import { bomLink } from "./inputs/cyclonedx.ts";
import { readPurl } from "./inputs/purl.ts";
import { compareSemanticTexts, ecosystemName, versionOrder } from "./version-order.ts";

export type VexStatus = "not_affected" | "fixed" | "affected" | "under_investigation";

export interface VexStatement {
  /** Names of the vulnerability, aliases included. */
  readonly vulnerabilities: readonly string[];
  /** Purls of the products and their parts; a purl without a version is about every version. */
  readonly products: readonly string[];
  readonly status: VexStatus;
  /** Why, in the document's words. */
  readonly reason: string | undefined;
  /** When it was said, for the newest to win. */
  readonly at: number;
  readonly file: string;
}

const openVexSchema = z.looseObject({
  "@context": z.string().startsWith("https://openvex.dev/ns"),
  timestamp: z.string().optional(),
  statements: z
    .array(
      z.looseObject({
        vulnerability: z.union([
          z.string(),
          z.looseObject({
            name: z.string().optional(),
            "@id": z.string().optional(),
            aliases: z.array(z.string()).optional(),
          }),
        ]),
        timestamp: z.string().optional(),
        products: z.array(z.union([z.string(), productSchema()])).optional(),
        status: z.enum(["not_affected", "fixed", "affected", "under_investigation"]),
        justification: z.string().optional(),
        impact_statement: z.string().optional(),
      }),
    )
    .max(100_000),
});

function productSchema() {
  const part = z.looseObject({
    "@id": z.string().optional(),
    identifiers: z.record(z.string(), z.string()).optional(),
  });
  return part.extend({ subcomponents: z.array(part).optional() });
}

const cycloneSchema = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  serialNumber: z.string().optional(),
  version: z.number().optional(),
  metadata: z.looseObject({ timestamp: z.string().optional() }).optional(),
  components: z.array(z.looseObject({ "bom-ref": z.string().optional(), purl: z.string().optional() })).optional(),
  vulnerabilities: z
    .array(
      z.looseObject({
        id: z.string().optional(),
        references: z.array(z.looseObject({ id: z.string().optional() })).optional(),
        updated: z.string().optional(),
        analysis: z
          .looseObject({
            state: z.string().optional(),
            justification: z.string().optional(),
            detail: z.string().optional(),
          })
          .optional(),
        affects: z.array(z.looseObject({ ref: z.string() })).optional(),
      }),
    )
    .max(100_000),
});

/**
 * Reads a VEX document.
 *
 * @param refs purls of the judged BOMs' components by BOM-Link, for references into them
 * @throws {CordonError} `SUPPLY_INPUT_INVALID`
 */
export function parseVex(
  text: string,
  file: string,
  refs: ReadonlyMap<string, string> = new Map(),
): readonly VexStatement[] {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const openVex = openVexSchema.safeParse(tree);
  if (openVex.success) return readOpenVex(openVex.data, file);
  const cyclone = cycloneSchema.safeParse(tree);
  if (cyclone.success) return readCyclone(cyclone.data, file, refs);
  throw new CordonError(
    "SUPPLY_INPUT_INVALID",
    `${file} is neither OpenVEX nor a CycloneDX document with vulnerabilities`,
  );
}

function readOpenVex(document: z.infer<typeof openVexSchema>, file: string): VexStatement[] {
  return document.statements.map((statement): VexStatement => {
    const { vulnerability, products = [], status, justification, impact_statement: impact } = statement;
    const names =
      typeof vulnerability === "string"
        ? [vulnerability]
        : [vulnerability.name, vulnerability["@id"], ...(vulnerability.aliases ?? [])];
    return {
      vulnerabilities: names.filter((name) => name !== undefined),
      products: products.flatMap(purlsOf),
      status,
      reason: justification ?? impact,
      at: timeOf(statement.timestamp ?? document.timestamp),
      file,
    };
  });
}

type Product = string | z.infer<ReturnType<typeof productSchema>>;

/** The product where no part of it is named, and the parts where they are. */
function purlsOf(product: Product): string[] {
  if (typeof product === "string") return [product];
  const own = [product["@id"], product.identifiers?.["purl"]];
  const parts = (product.subcomponents ?? []).flatMap((part) => [part["@id"], part.identifiers?.["purl"]]);
  const named = parts.length > 0 ? parts : own;
  return named.filter((purl) => purl !== undefined);
}

const analysisStates: Readonly<Record<string, VexStatus>> = {
  not_affected: "not_affected",
  false_positive: "not_affected",
  resolved: "fixed",
  resolved_with_pedigree: "fixed",
  exploitable: "affected",
  in_triage: "under_investigation",
};

function readCyclone(
  document: z.infer<typeof cycloneSchema>,
  file: string,
  refs: ReadonlyMap<string, string>,
): VexStatement[] {
  const own = new Map(
    (document.components ?? []).flatMap(({ "bom-ref": ref, purl }) =>
      ref === undefined || purl === undefined ? [] : [[ref, purl] as const],
    ),
  );
  const [serial, version] = [document.serialNumber, document.version ?? 1];
  const resolve = (ref: string): string => {
    if (!ref.startsWith("urn:cdx:")) return own.get(ref) ?? ref;
    // A BOM-Link names a component of one document, by that document's serial number and version.
    const hash = ref.indexOf("#");
    const local = decodeURIComponentSafely(ref.slice(hash + 1));
    const link = `${ref.slice(0, hash).toLowerCase()}#${encodeURIComponent(local)}`;
    const isOwn = serial !== undefined && link === bomLink(serial, version, local);
    return (isOwn ? own.get(local) : undefined) ?? refs.get(link) ?? link;
  };
  return document.vulnerabilities.flatMap((vulnerability): VexStatement[] => {
    const { id, references = [], analysis, affects = [], updated } = vulnerability;
    const status = Object.hasOwn(analysisStates, analysis?.state ?? "")
      ? analysisStates[analysis?.state ?? ""]
      : undefined;
    if (status === undefined) return [];
    return [
      {
        vulnerabilities: [id, ...references.map((reference) => reference.id)].filter((name) => name !== undefined),
        products: affects.map(({ ref }) => resolve(ref)),
        status,
        reason: analysis?.justification ?? analysis?.detail ?? (status === "fixed" ? analysis?.state : undefined),
        at: timeOf(updated ?? document.metadata?.timestamp),
        file,
      },
    ];
  });
}

export interface VexSubject {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string | undefined;
  /** Products that it is a part of. */
  readonly partOf?: readonly string[] | undefined;
}

/** The newest statement about this package and one of these names; `undefined` when nobody says anything. */
export function findStatement(
  statements: readonly VexStatement[],
  subject: VexSubject,
  vulnerabilityNames: ReadonlySet<string>,
): VexStatement | undefined {
  return statements
    .filter(
      ({ vulnerabilities, products }) =>
        vulnerabilities.some((name) => vulnerabilityNames.has(name)) &&
        products.some((product) => isProduct(product, subject)),
    )
    .toSorted((a, b) => b.at - a.at)[0];
}

function isProduct(product: string, subject: VexSubject): boolean {
  if (product === subject.purl || subject.partOf?.includes(product) === true) return true;
  const parts = readPurl(product);
  if (parts?.ecosystem === undefined || ecosystemName(parts.ecosystem) !== ecosystemName(subject.ecosystem))
    return false;
  if (normalName(parts.ecosystem, parts.name) !== normalName(subject.ecosystem, subject.name)) return false;
  if (parts.version === undefined) return true;
  const compare = versionOrder(subject.ecosystem)?.compare ?? compareSemanticTexts;
  return parts.version === subject.version || compare(parts.version, subject.version) === 0;
}

function timeOf(text: string | undefined): number {
  const at = Date.parse(text ?? "");
  return Number.isFinite(at) ? at : 0;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
