/**
 * From parts to a BOM. In: components, services, edges, what the operator says of provenance, now. Out: one CycloneDX 1.7
 * document in a fixed order. Every generator ends here, so that all documents have the same metadata.
 */
import type { Instant } from "@cordon/core/instant";
import {
  property,
  some,
  specVersion,
  type Bom,
  type Component,
  type Dependency,
  type ExternalReference,
  type Formula,
  type Property,
  type Service,
} from "./cyclonedx.ts";
import type { Provenance } from "./provenance.ts";

export interface GenerateOptions {
  readonly now: Instant;
  /** UUID of the document. */
  readonly serial: string;
  readonly toolVersion: string;
  readonly provenance?: Provenance;
  readonly onBytes?: (bytes: number) => void;
}

export interface BomParts {
  /** What the BOM is about. */
  readonly subject: Component;
  /** Where in the life of the subject the BOM was made. */
  readonly phase: "pre-build" | "post-build" | "operations";
  readonly components: readonly Component[];
  readonly services?: readonly Service[];
  readonly dependencies: readonly Dependency[];
  readonly formulation?: readonly Formula[];
  readonly properties?: readonly Property[];
}

/** Puts a document together. */
export function assemble(parts: BomParts, { now, serial, toolVersion, provenance }: GenerateOptions): Bom {
  const { subject } = parts;
  const infrastructure = infrastructureParts(provenance);
  const components = dedupe([...parts.components, ...infrastructure.components]);
  const services = [...(parts.services ?? []), ...infrastructure.services];
  const subjectRef = subject["bom-ref"] ?? "subject";
  const dependencies = mergeDependencies([
    ...parts.dependencies,
    {
      ref: subjectRef,
      dependsOn: [...infrastructure.components, ...infrastructure.services].flatMap((part) => part["bom-ref"] ?? []),
    },
    ...[...components, ...services].flatMap((part) =>
      part["bom-ref"] === undefined ? [] : [{ ref: part["bom-ref"] }],
    ),
  ]);
  const producer = provenance?.system?.producer ?? provenance?.model?.producer;
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.7.schema.json",
    bomFormat: "CycloneDX",
    specVersion,
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: {
      timestamp: new Date(now).toISOString(),
      lifecycles: [{ phase: parts.phase }],
      tools: { components: [{ type: "application", name: "cordon", version: toolVersion }] },
      ...(provenance?.author === undefined ? {} : { authors: [{ name: provenance.author }] }),
      ...(producer === undefined ? {} : { manufacturer: { name: producer } }),
      component: { ...subject, "bom-ref": subjectRef },
      ...some("properties", systemProperties(provenance)),
    },
    components,
    ...some("services", services),
    ...some("externalReferences", policyReferences(provenance)),
    dependencies,
    compositions: [{ aggregate: "incomplete", assemblies: [subjectRef] }],
    ...some("formulation", parts.formulation ?? []),
    ...some("properties", [...(parts.properties ?? []), ...securityProperties(provenance)]),
  };
}

function systemProperties(provenance: Provenance | undefined): Property[] {
  const system = provenance?.system;
  return [
    ...property("system:released", system?.released),
    ...property("system:dataFlow", system?.dataFlow),
    ...property("system:dataUsage", system?.dataUsage),
    ...property("system:inputsAndOutputs", system?.inputsAndOutputs),
    ...(system?.intendedUse ?? []).flatMap((use) => property("system:intendedUse", use)),
  ];
}

function securityProperties(provenance: Provenance | undefined): Property[] {
  const { security, metrics } = provenance ?? {};
  return [
    ...(security?.controls ?? []).flatMap((control) => property("security:control", control)),
    ...(security?.compliance ?? []).flatMap((standard) => property("security:compliance", standard)),
    ...(metrics?.security ?? []).flatMap(({ name, value }) => property(`kpi:security:${name}`, value)),
    ...(metrics?.operational ?? []).flatMap(({ name, value }) => property(`kpi:operational:${name}`, value)),
  ];
}

function policyReferences(provenance: Provenance | undefined): ExternalReference[] {
  const policy = provenance?.security?.policy;
  return policy === undefined ? [] : [{ type: "security-contact", url: policy }];
}

function infrastructureParts(provenance: Provenance | undefined): { components: Component[]; services: Service[] } {
  const { hardware = [], software = [], cloud = [] } = provenance?.infrastructure ?? {};
  return {
    components: [
      ...hardware.map(({ name, vendor, count }, index): Component => ({
        type: "device",
        "bom-ref": `hardware-${index + 1}`,
        ...(vendor === undefined ? {} : { manufacturer: { name: vendor } }),
        name,
        ...some("properties", property("hardware:count", count)),
      })),
      ...software.map(({ name, version, purl }): Component => ({
        type: "library",
        "bom-ref": purl ?? `software:${name}@${version ?? ""}`,
        name,
        ...(version === undefined ? {} : { version }),
        ...(purl === undefined ? {} : { purl }),
      })),
    ],
    services: cloud.map(({ name, provider, region, url }, index): Service => ({
      "bom-ref": `cloud-${index + 1}`,
      provider: { name: provider },
      name,
      ...(url === undefined ? {} : { endpoints: [url] }),
      "x-trust-boundary": true,
      ...some("properties", property("cloud:region", region)),
    })),
  };
}

/** One component a `bom-ref`: the schema wants them unique. */
function dedupe(components: readonly Component[]): Component[] {
  const seen = new Map<string, Component>();
  for (const component of components) {
    const ref = component["bom-ref"] ?? `${component.type}:${component.name}@${component.version ?? ""}`;
    if (!seen.has(ref)) seen.set(ref, { ...component, "bom-ref": ref });
  }
  return [...seen.values()];
}

/** One entry a reference, its edges sorted and unique. */
function mergeDependencies(list: readonly Dependency[]): Dependency[] {
  const merged = new Map<string, Set<string>>();
  for (const { ref, dependsOn = [] } of list) {
    const edges = merged.get(ref) ?? new Set<string>();
    for (const edge of dependsOn) edges.add(edge);
    merged.set(ref, edges);
  }
  return [...merged].map(([ref, edges]) => ({ ref, ...some("dependsOn", [...edges].toSorted()) }));
}
