/**
 * The same BOM as SPDX 3.0.1 (JSON-LD) with its AI and dataset profiles. In: a BOM made here. Out: one `@graph` with an
 * element for each component and the relationships between them. SPDX has no fields for services and trust boundaries;
 * they become packages with a comment. The form follows the specification's own samples; nothing here validates it.
 */
import type { Bom, Component, License, Service } from "./cyclonedx.ts";

type Element = Record<string, unknown>;

const context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
const creation = "_:creationinfo";

/** Converts. `base` is the namespace of ids; the BOM's serial number makes it unique. */
export function toSpdx(bom: Bom): object {
  const base = `https://spdx.org/spdxdocs/${encodeURIComponent(bom.serialNumber)}`;
  const id = (ref: string): string => `${base}#${encodeURIComponent(ref)}`;
  const subject = bom.metadata.component;
  const components = [...(subject === undefined ? [] : [subject]), ...bom.components].flatMap(withParts);
  const agent = agentOf(bom, id);
  const licences = new Map<string, Element>();
  const elements = [
    ...components.map((component) => componentElement(component, id)),
    ...(bom.services ?? []).map((service) => serviceElement(service, id)),
  ];
  const relationships = [
    ...components.flatMap((component) => licenceLinks(component, id, licences)),
    ...components.flatMap((component) => modelLinks(component, id)),
    ...bom.dependencies.flatMap(({ ref, dependsOn = [] }) =>
      dependsOn.length === 0 ? [] : [relationship(id, "dependsOn", ref, dependsOn.map(id))],
    ),
  ];
  return {
    "@context": context,
    "@graph": [
      {
        type: "CreationInfo",
        "@id": creation,
        specVersion: "3.0.1",
        created: seconds(bom.metadata.timestamp),
        createdBy: [agent["spdxId"]],
        createdUsing: [id("tool")],
      },
      agent,
      { type: "Tool", spdxId: id("tool"), creationInfo: creation, name: "cordon" },
      {
        type: "SpdxDocument",
        spdxId: id("document"),
        creationInfo: creation,
        profileConformance: ["core", "software", "ai", "dataset", "simpleLicensing"],
        rootElement: [id(subject?.["bom-ref"] ?? "subject")],
        element: [...elements, ...licences.values(), ...relationships].map((element) => element["spdxId"]),
      },
      ...elements,
      ...licences.values(),
      ...relationships,
    ],
  };
}

function withParts(component: Component): Component[] {
  return [component, ...(component.components ?? []).flatMap(withParts)];
}

function agentOf(bom: Bom, id: (ref: string) => string): Element {
  const [author] = bom.metadata.authors ?? [];
  const name = author?.name ?? bom.metadata.manufacturer?.name;
  return {
    type: name === undefined ? "SoftwareAgent" : author === undefined ? "Organization" : "Person",
    spdxId: id("author"),
    creationInfo: creation,
    name: name ?? "cordon",
  };
}

const purposes: Readonly<Record<string, string>> = {
  library: "library",
  framework: "framework",
  application: "application",
  platform: "platform",
  container: "container",
  device: "device",
};

function componentElement(component: Component, id: (ref: string) => string): Element {
  const common = {
    spdxId: id(component["bom-ref"] ?? component.name),
    creationInfo: creation,
    name: component.name,
    ...(component.description === undefined ? {} : { description: component.description }),
    ...(component.hashes === undefined
      ? {}
      : {
          verifiedUsing: component.hashes.map(({ content }) => ({
            type: "Hash",
            algorithm: "sha256",
            hashValue: content,
          })),
        }),
    ...(component.purl === undefined
      ? {}
      : {
          externalIdentifier: [
            { type: "ExternalIdentifier", externalIdentifierType: "packageUrl", identifier: component.purl },
          ],
        }),
  };
  if (component.type === "file") return { type: "software_File", ...common, software_fileKind: "file" };
  const versioned = component.version === undefined ? {} : { software_packageVersion: component.version };
  if (component.type === "machine-learning-model")
    return {
      type: "ai_AIPackage",
      ...common,
      ...versioned,
      software_primaryPurpose: "model",
      ...modelFields(component),
    };
  if (component.type === "data")
    return {
      type: "dataset_DatasetPackage",
      ...common,
      ...versioned,
      software_primaryPurpose: "data",
      ...datasetFields(component),
    };
  return {
    type: "software_Package",
    ...common,
    ...versioned,
    software_primaryPurpose: purposes[component.type] ?? "other",
  };
}

function modelFields({ modelCard, releaseNotes }: Component): Element {
  const {
    modelParameters: parameters,
    considerations,
    quantitativeAnalysis: analysis,
    properties = [],
  } = modelCard ?? {};
  const types = [parameters?.approach?.type, parameters?.architectureFamily, parameters?.modelArchitecture].filter(
    (type) => type !== undefined,
  );
  const settings = properties.map(({ name, value }) => ({
    type: "DictionaryEntry",
    key: name.replace(/^cordon:/, ""),
    value,
  }));
  const metrics = (analysis?.performanceMetrics ?? []).map(({ type, value }) => ({
    type: "DictionaryEntry",
    key: type,
    value,
  }));
  return {
    ...(types.length === 0 ? {} : { ai_typeOfModel: types }),
    ...(parameters?.task === undefined ? {} : { ai_domain: [parameters.task] }),
    ...(settings.length === 0 ? {} : { ai_hyperparameter: settings }),
    ...(metrics.length === 0 ? {} : { ai_metric: metrics }),
    ...(considerations?.technicalLimitations === undefined
      ? {}
      : { ai_limitation: considerations.technicalLimitations.join("\n") }),
    ...(considerations?.useCases === undefined
      ? {}
      : { ai_informationAboutApplication: considerations.useCases.join("\n") }),
    ...(releaseNotes === undefined ? {} : { releaseTime: seconds(releaseNotes.timestamp) }),
  };
}

const confidentiality: Readonly<Record<string, string>> = {
  public: "clear",
  internal: "green",
  confidential: "amber",
  restricted: "red",
};

function datasetFields({ data = [], properties = [] }: Component): Element {
  const [entry] = data;
  const told = (name: string): string | undefined =>
    properties.find((property) => property.name === `cordon:dataset:${name}`)?.value;
  const level = confidentiality[entry?.classification ?? ""];
  const [collected, statistics] = [told("provenance"), told("statistics")];
  return {
    dataset_datasetType: ["other"],
    ...(level === undefined ? {} : { dataset_confidentialityLevel: level }),
    ...((entry?.sensitiveData ?? []).length === 0 ? {} : { dataset_hasSensitivePersonalInformation: "yes" }),
    ...(collected === undefined ? {} : { dataset_dataCollectionProcess: collected }),
    ...(statistics === undefined ? {} : { dataset_datasetNoise: statistics }),
  };
}

function serviceElement(service: Service, id: (ref: string) => string): Element {
  const leaves = service["x-trust-boundary"] === true ? "outside the trust domain" : "inside the trust domain";
  return {
    type: "software_Package",
    spdxId: id(service["bom-ref"] ?? service.name),
    creationInfo: creation,
    name: service.name,
    software_primaryPurpose: "other",
    comment: `a service ${leaves}${service.trustZone === undefined ? "" : `, boundary ${service.trustZone}`}`,
  };
}

function licenceLinks(component: Component, id: (ref: string) => string, licences: Map<string, Element>): Element[] {
  return (component.licenses ?? []).map((entry) => {
    const expression = expressionOf(entry);
    const ref = `licence:${expression}`;
    licences.set(ref, {
      type: "simplelicensing_LicenseExpression",
      spdxId: id(ref),
      creationInfo: creation,
      simplelicensing_licenseExpression: expression,
    });
    return relationship(id, "hasDeclaredLicense", component["bom-ref"] ?? component.name, [id(ref)]);
  });
}

/** What is no SPDX licence becomes a reference of its own (`LicenseRef-`). */
function expressionOf(entry: License): string {
  if ("expression" in entry) return entry.expression;
  return "id" in entry.license ? entry.license.id : `LicenseRef-${entry.license.name.replace(/[^A-Za-z0-9.-]+/g, "-")}`;
}

function modelLinks(component: Component, id: (ref: string) => string): Element[] {
  const ref = component["bom-ref"] ?? component.name;
  const datasets = component.modelCard?.modelParameters?.datasets ?? [];
  const parts = component.components ?? [];
  return [
    ...(datasets.length === 0
      ? []
      : [
          relationship(
            id,
            "trainedOn",
            ref,
            datasets.map((dataset) => id(dataset.ref)),
          ),
        ]),
    ...(parts.length === 0
      ? []
      : [
          relationship(
            id,
            "contains",
            ref,
            parts.map((part) => id(part["bom-ref"] ?? part.name)),
          ),
        ]),
  ];
}

function relationship(id: (ref: string) => string, type: string, from: string, to: readonly string[]): Element {
  return {
    type: "Relationship",
    spdxId: id(`${type}:${from}:${to.length}:${to[0] ?? ""}`),
    creationInfo: creation,
    relationshipType: type,
    from: id(from),
    to,
  };
}

/** SPDX wants whole seconds. */
function seconds(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
