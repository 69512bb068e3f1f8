/**
 * The minimum elements of the G7's "Software Bill of Materials for AI" (G7 Cybersecurity Working Group, 12 May 2026), and
 * where each is found in CycloneDX. In: a BOM. Out: for each of the 50 elements what is there. The paper is voluntary and
 * comes on top of the minimum elements for software; names are its own, the mapping is ours.
 */
import { propertyOf, type AnyBom, type AnyComponent } from "./bom-view.ts";

/** What an element found: the field that holds it. */
export type Found = string | undefined;

export interface BomElement {
  readonly id: string;
  readonly words: string;
  readonly find: (bom: AnyBom, components: readonly AnyComponent[]) => Found;
  /** Free text or a claim: a person has to read it. */
  readonly review?: boolean;
}

export interface PartElement<Part> {
  readonly id: string;
  readonly words: string;
  readonly find: (part: Part, bom: AnyBom) => Found;
  readonly review?: boolean;
}

export const when = (condition: unknown, where: string): Found =>
  condition === undefined || condition === null || condition === false || condition === "" || condition === 0
    ? undefined
    : where;
export const any = (...found: readonly Found[]): Found => found.find((each) => each !== undefined);
export const first = <Item>(list: readonly Item[] | undefined): Item | undefined => list?.[0];
export const hasReference = (
  list: readonly { readonly type: string }[] | undefined,
  ...types: readonly string[]
): Found =>
  when(
    (list ?? []).some(({ type }) => types.includes(type)),
    `externalReferences (${types.join(", ")})`,
  );

function toolOf(
  bom: AnyBom,
): { readonly name?: string | undefined; readonly version?: string | undefined } | undefined {
  const tools = bom.metadata?.tools;
  return Array.isArray(tools) ? first(tools) : (first(tools?.components) ?? first(tools?.services));
}

export function producerOf(component: AnyComponent | undefined): Found {
  return any(
    when(component?.manufacturer?.name, "manufacturer"),
    when(component?.supplier?.name, "supplier"),
    when(component?.publisher, "publisher"),
    when(component?.author ?? first(component?.authors)?.name, "author"),
  );
}

export const metadataElements: readonly BomElement[] = [
  {
    id: "sbom-author",
    words: "SBOM author",
    find: ({ metadata }) =>
      any(
        when(first(metadata?.authors)?.name, "metadata.authors"),
        when(metadata?.manufacturer?.name ?? metadata?.manufacture?.name, "metadata.manufacturer"),
        when(metadata?.supplier?.name, "metadata.supplier"),
      ),
  },
  { id: "sbom-version", words: "SBOM version", find: ({ version }) => when(version, "version") },
  { id: "sbom-data-format-name", words: "SBOM data format name", find: () => "bomFormat" },
  { id: "sbom-data-format-version", words: "SBOM data format version", find: () => "specVersion" },
  {
    id: "sbom-author-signature",
    words: "SBOM author signature",
    review: true,
    find: ({ signature, externalReferences }) =>
      any(when(signature, "signature"), hasReference(externalReferences, "digital-signature", "electronic-signature")),
  },
  { id: "sbom-tool-name", words: "SBOM tool name", find: (bom) => when(toolOf(bom)?.name, "metadata.tools") },
  { id: "sbom-tool-version", words: "SBOM tool version", find: (bom) => when(toolOf(bom)?.version, "metadata.tools") },
  {
    id: "sbom-generation-context",
    words: "SBOM generation context",
    find: ({ metadata }) => when(first(metadata?.lifecycles), "metadata.lifecycles"),
  },
  {
    id: "sbom-timestamp",
    words: "SBOM timestamp",
    find: ({ metadata }) => when(metadata?.timestamp, "metadata.timestamp"),
  },
  {
    id: "sbom-dependency-relationship",
    words: "SBOM dependency relationship",
    find: ({ dependencies }) =>
      when(
        (dependencies ?? []).some(({ dependsOn }) => (dependsOn ?? []).length > 0),
        "dependencies",
      ),
  },
];

const systemProperty = (bom: AnyBom, name: string): Found =>
  when(propertyOf(bom.metadata?.properties, `cordon:system:${name}`), `metadata.properties cordon:system:${name}`);

export const systemElements: readonly BomElement[] = [
  {
    id: "system-name",
    words: "System name",
    find: ({ metadata }) => when(metadata?.component?.name, "metadata.component.name"),
  },
  {
    id: "system-components",
    words: "System components",
    find: ({ components, services, metadata }) =>
      any(
        when(first(components), "components"),
        when(first(services), "services"),
        when(first(metadata?.component?.components), "metadata.component.components"),
      ),
  },
  {
    id: "system-producer",
    words: "System producer",
    find: ({ metadata }) =>
      any(
        producerOf(metadata?.component),
        when(metadata?.manufacturer?.name ?? metadata?.supplier?.name, "metadata.manufacturer"),
      ),
  },
  {
    id: "system-version",
    words: "System version",
    find: ({ metadata }) => when(metadata?.component?.version, "metadata.component.version"),
  },
  {
    id: "system-timestamp",
    words: "System timestamp",
    find: (bom) =>
      any(
        when(bom.metadata?.component?.releaseNotes?.timestamp, "metadata.component.releaseNotes"),
        systemProperty(bom, "released"),
      ),
  },
  {
    id: "system-data-flow",
    words: "System data flow",
    review: true,
    find: (bom) =>
      any(
        when(
          (bom.services ?? []).some(({ data }) => (data ?? []).length > 0),
          "services.data",
        ),
        systemProperty(bom, "dataFlow"),
      ),
  },
  {
    id: "system-data-usage",
    words: "System data usage",
    review: true,
    find: (bom) => systemProperty(bom, "dataUsage"),
  },
  {
    id: "system-input-output-properties",
    words: "System input/output properties",
    review: true,
    find: (bom, components) =>
      any(
        systemProperty(bom, "inputsAndOutputs"),
        first(components.map(inputsOf).filter((found) => found !== undefined)),
      ),
  },
  {
    id: "system-intended-application-area",
    words: "Intended application area",
    review: true,
    find: (bom, components) =>
      any(
        systemProperty(bom, "intendedUse"),
        when(
          components.some(({ modelCard }) => (modelCard?.considerations?.useCases ?? []).length > 0),
          "modelCard.considerations.useCases",
        ),
      ),
  },
];

export function inputsOf({ modelCard }: AnyComponent): Found {
  const { inputs = [], outputs = [] } = modelCard?.modelParameters ?? {};
  return when(inputs.length > 0 && outputs.length > 0, "modelCard.modelParameters.inputs, outputs");
}

export const infrastructureElements: readonly BomElement[] = [
  {
    id: "infrastructure-software",
    words: "Infrastructure software",
    find: (_, components) =>
      when(
        components.some(({ type }) => ["library", "framework", "container", "operating-system"].includes(type ?? "")),
        "components (library, framework, container, operating-system)",
      ),
  },
  {
    id: "infrastructure-hardware",
    words: "Infrastructure hardware",
    find: (_, components) =>
      when(
        components.some(({ type }) => ["device", "device-driver", "firmware"].includes(type ?? "")),
        "components (device, device-driver, firmware)",
      ),
  },
];

export const securityElements: readonly BomElement[] = [
  {
    id: "security-controls",
    words: "Security controls",
    review: true,
    find: ({ properties, declarations }) =>
      any(when(propertyOf(properties, "cordon:security:control"), "properties"), when(declarations, "declarations")),
  },
  {
    id: "security-compliance",
    words: "Security compliance",
    review: true,
    find: ({ properties, definitions, externalReferences }) =>
      any(
        when(propertyOf(properties, "cordon:security:compliance"), "properties"),
        when(first(definitions?.standards), "definitions.standards"),
        hasReference(externalReferences, "certification-report", "attestation"),
      ),
  },
  {
    id: "cybersecurity-policy",
    words: "Cybersecurity policy information",
    find: ({ externalReferences }, components) =>
      any(
        hasReference(externalReferences, "security-contact", "rfc-9116"),
        first(
          components
            .map((each) => hasReference(each.externalReferences, "security-contact", "rfc-9116"))
            .filter((found) => found !== undefined),
        ),
      ),
  },
  {
    id: "vulnerability-referencing",
    words: "Vulnerability referencing",
    find: ({ vulnerabilities, externalReferences }) =>
      any(
        when(first(vulnerabilities), "vulnerabilities"),
        hasReference(externalReferences, "vulnerability-assertion", "exploitability-statement", "advisories"),
      ),
  },
];

export const kpiElements: readonly BomElement[] = [
  {
    id: "security-metrics",
    words: "Security metrics",
    review: true,
    find: ({ properties }, components) =>
      any(
        when(propertyOf(properties, "cordon:kpi:security:"), "properties"),
        when(
          components.some(({ modelCard }) =>
            (modelCard?.quantitativeAnalysis?.performanceMetrics ?? []).some(({ type }) =>
              /robust|adversarial|attack|leak/i.test(type ?? ""),
            ),
          ),
          "modelCard.quantitativeAnalysis",
        ),
      ),
  },
  {
    id: "operational-performance-kpis",
    words: "Operational performance KPIs",
    find: ({ properties }, components) =>
      any(
        when(
          components.some(({ modelCard }) => (modelCard?.quantitativeAnalysis?.performanceMetrics ?? []).length > 0),
          "modelCard.quantitativeAnalysis",
        ),
        when(propertyOf(properties, "cordon:kpi:operational:"), "properties"),
      ),
  },
];
