/**
 * A foreign BOM as far as scoring and comparing read it. In: a valid CycloneDX document of any version. Out: its
 * components (nested ones too), services and fields, loosely typed: every field may be missing.
 */
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import { firstIssue } from "../signatures/bundle.ts";

const property = z.looseObject({ name: z.string(), value: z.string().optional() });
const named = z.looseObject({ name: z.string().optional() });
const hash = z.looseObject({ alg: z.string(), content: z.string() });
const reference = z.looseObject({ type: z.string(), url: z.string().optional() });
const license = z.looseObject({
  license: z.looseObject({ id: z.string().optional(), name: z.string().optional() }).optional(),
  expression: z.string().optional(),
});
const dataset = z.looseObject({
  ref: z.string().optional(),
  type: z.string().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  classification: z.string().optional(),
  sensitiveData: z.array(z.string()).optional(),
  contents: z.looseObject({}).optional(),
  governance: z.looseObject({}).optional(),
});
const modelCard = z.looseObject({
  modelParameters: z
    .looseObject({
      approach: z.looseObject({ type: z.string().optional() }).optional(),
      task: z.string().optional(),
      architectureFamily: z.string().optional(),
      modelArchitecture: z.string().optional(),
      datasets: z.array(dataset).optional(),
      inputs: z.array(z.looseObject({})).optional(),
      outputs: z.array(z.looseObject({})).optional(),
    })
    .optional(),
  quantitativeAnalysis: z
    .looseObject({ performanceMetrics: z.array(z.looseObject({ type: z.string().optional() })).optional() })
    .optional(),
  considerations: z.looseObject({ useCases: z.array(z.unknown()).optional() }).optional(),
  properties: z.array(property).optional(),
});

const componentFields = {
  type: z.string().optional(),
  "bom-ref": z.string().optional(),
  group: z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
  description: z.string().optional(),
  publisher: z.string().optional(),
  author: z.string().optional(),
  authors: z.array(named).optional(),
  supplier: named.optional(),
  manufacturer: named.optional(),
  purl: z.string().optional(),
  cpe: z.string().optional(),
  swid: z.looseObject({}).optional(),
  hashes: z.array(hash).optional(),
  licenses: z.array(license).optional(),
  externalReferences: z.array(reference).optional(),
  pedigree: z.looseObject({}).optional(),
  releaseNotes: z.looseObject({ timestamp: z.string().optional() }).optional(),
  modelCard: modelCard.optional(),
  data: z.array(dataset).optional(),
  properties: z.array(property).optional(),
};

type ComponentFields = z.infer<z.ZodObject<typeof componentFields>>;
export type AnyComponent = ComponentFields & { readonly components?: readonly AnyComponent[] | undefined };

const component: z.ZodType<AnyComponent> = z.lazy(() =>
  z.looseObject({ ...componentFields, components: z.array(component).optional() }),
);

const service = z.looseObject({
  "bom-ref": z.string().optional(),
  group: z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
  endpoints: z.array(z.string()).optional(),
  "x-trust-boundary": z.boolean().optional(),
  data: z.array(z.looseObject({})).optional(),
});

const bomSchema = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.string(),
  serialNumber: z.string().optional(),
  version: z.number().optional(),
  signature: z.looseObject({}).optional(),
  metadata: z
    .looseObject({
      timestamp: z.string().optional(),
      lifecycles: z.array(z.looseObject({})).optional(),
      tools: z
        .union([
          z.array(z.looseObject({ name: z.string().optional(), version: z.string().optional() })),
          z.looseObject({ components: z.array(component).optional(), services: z.array(service).optional() }),
        ])
        .optional(),
      authors: z.array(named).optional(),
      supplier: named.optional(),
      manufacturer: named.optional(),
      manufacture: named.optional(),
      component: component.optional(),
      properties: z.array(property).optional(),
    })
    .optional(),
  components: z.array(component).optional(),
  services: z.array(service).optional(),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })).optional(),
  externalReferences: z.array(reference).optional(),
  vulnerabilities: z.array(z.looseObject({ id: z.string().optional() })).optional(),
  formulation: z.array(z.looseObject({})).optional(),
  declarations: z.looseObject({}).optional(),
  definitions: z.looseObject({ standards: z.array(z.looseObject({})).optional() }).optional(),
  properties: z.array(property).optional(),
});

export type AnyBom = z.infer<typeof bomSchema>;
export type AnyService = z.infer<typeof service>;
export type AnyDataset = z.infer<typeof dataset>;

const maxDepth = 64;

/** Views a document that `validateBom` found valid. @throws {CordonError} `SUPPLY_INPUT_INVALID` */
export function viewBom(tree: unknown, file: string): AnyBom {
  const parsed = bomSchema.safeParse(tree);
  if (!parsed.success) throw new CordonError("SUPPLY_INPUT_INVALID", `${file}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

/** Every component, the subject first, nested ones after the one that holds them. */
export function allComponents(bom: AnyBom): AnyComponent[] {
  const list: AnyComponent[] = [];
  const visit = (components: readonly AnyComponent[], depth: number): void => {
    if (depth > maxDepth) return;
    for (const each of components) {
      list.push(each);
      visit(each.components ?? [], depth + 1);
    }
  };
  const subject = bom.metadata?.component;
  visit(subject === undefined ? [] : [subject], 0);
  visit(bom.components ?? [], 0);
  return list;
}

/** Value of the first property of a name, or whose name starts with it where it ends with `:`. */
export function propertyOf(
  properties: readonly { readonly name: string; readonly value?: string | undefined }[] | undefined,
  name: string,
): string | undefined {
  const found = (properties ?? []).find((each) =>
    name.endsWith(":") ? each.name.startsWith(name) : each.name === name,
  );
  return found === undefined ? undefined : (found.value ?? "");
}
