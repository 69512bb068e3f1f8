/**
 * Packages that a CycloneDX BOM names. In: the BOM's text (JSON). Out: every component with a purl, nested ones too; a
 * component of a library's kind without a purl is unread.
 */
import { z } from "zod";
import { maxPackages, type PackageFound, type PackagesRead } from "./package-found.ts";
import { readPurl } from "./purl.ts";

interface Component {
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly purl?: string | undefined;
  readonly "bom-ref"?: string | undefined;
  readonly components?: readonly Component[] | undefined;
}

const componentSchema: z.ZodType<Component> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    name: z.string().optional(),
    version: z.string().optional(),
    purl: z.string().optional(),
    "bom-ref": z.string().optional(),
    components: z.array(componentSchema).optional(),
  }),
);

const bomSchema = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  serialNumber: z.string().optional(),
  version: z.number().optional(),
  metadata: z.looseObject({ component: componentSchema.optional() }).optional(),
  components: z.array(componentSchema).optional(),
});

const maxDepth = 64;

/** Reads a BOM. @throws whatever the parser or the schema says is wrong */
export function readBomPackages(text: string, file: string): PackagesRead {
  const bom = bomSchema.parse(JSON.parse(text));
  const packages: PackageFound[] = [];
  const unread: { words: string }[] = [];
  const partOf = productNames(bom);
  const visit = (components: readonly Component[], depth: number): void => {
    if (depth > maxDepth) throw new Error(`it nests deeper than ${maxDepth} components`);
    for (const component of components) {
      const { type, name = "", version, purl, components: inner, "bom-ref": ref } = component;
      if (packages.length >= maxPackages) throw new Error(`it lists more than ${maxPackages} packages`);
      const parts = purl === undefined ? undefined : readPurl(purl);
      if (parts !== undefined && purl !== undefined)
        packages.push({
          ...parts,
          version: parts.version ?? version,
          file,
          purl,
          ...(partOf.length === 0 ? {} : { partOf }),
          ...(ref === undefined || bom.serialNumber === undefined
            ? {}
            : { bomLink: bomLink(bom.serialNumber, bom.version ?? 1, ref) }),
        });
      else if (purl !== undefined) unread.push({ words: `${name} has a malformed purl` });
      else if (type === "library" || type === "framework") unread.push({ words: `${name} has no purl` });
      visit(inner ?? [], depth + 1);
    }
  };
  visit(bom.components ?? [], 0);
  return { packages, unread };
}

/** How a component is named from another document (CycloneDX BOM-Link). */
export function bomLink(serialNumber: string, version: number, ref: string): string {
  return `urn:cdx:${serialNumber.replace(/^urn:uuid:/, "").toLowerCase()}/${version}#${encodeURIComponent(ref)}`;
}

function productNames({ serialNumber, version = 1, metadata }: z.infer<typeof bomSchema>): string[] {
  const { purl, "bom-ref": ref } = metadata?.component ?? {};
  return [
    ...(purl === undefined ? [] : [purl]),
    ...(serialNumber === undefined || ref === undefined ? [] : [bomLink(serialNumber, version, ref)]),
  ];
}
