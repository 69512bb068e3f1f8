/**
 * How complete an AI BOM is. In: a valid BOM. Out: every G7 minimum element with its state: present, partly (for some of
 * the models or datasets), absent, and whether a person has to read it; shares by cluster and in total. It counts what is
 * said, and cannot know whether it is true.
 */
import { supplyFinding, type SupplyFinding } from "../finding.ts";
import { allComponents, type AnyBom, type AnyComponent, type AnyDataset } from "./bom-view.ts";
import {
  infrastructureElements,
  kpiElements,
  metadataElements,
  securityElements,
  systemElements,
  type BomElement,
  type PartElement,
} from "./g7-elements.ts";
import { datasetElements, modelElements } from "./g7-parts.ts";

/** A dataset, whether it is a component, data of one, or written inside a model card. */
export interface DatasetView {
  readonly name: string | undefined;
  readonly component: AnyComponent | undefined;
  readonly description: string | undefined;
  readonly contents: unknown;
  readonly url: string | undefined;
  readonly governance: unknown;
  readonly classification: string | undefined;
  readonly sensitive: string | undefined;
  readonly properties: AnyComponent["properties"];
  /** Some model refers to it. */
  readonly linked: boolean;
}

export interface ElementScore {
  readonly id: string;
  readonly words: string;
  readonly state: "present" | "partly" | "absent";
  /** 0 to 1. */
  readonly share: number;
  /** The field that holds it, where one does. */
  readonly where?: string;
  /** Free text or a claim, which a person has to read. */
  readonly review: boolean;
}

export interface ClusterScore {
  readonly cluster: string;
  readonly elements: readonly ElementScore[];
  /** 0 to 1. */
  readonly share: number;
}

export interface BomScore {
  readonly standard: "G7 SBOM for AI - Minimum Elements (2026-05-12)";
  readonly clusters: readonly ClusterScore[];
  /** Share of the 50 elements, 0 to 1. */
  readonly share: number;
  readonly models: number;
  readonly datasets: number;
  readonly findings: readonly SupplyFinding[];
}

/** Scores a BOM. */
export function scoreBom(bom: AnyBom): BomScore {
  const components = allComponents(bom);
  const models = components.filter(({ type }) => type === "machine-learning-model");
  const datasets = datasetsOf(bom, components);
  const whole = (elements: readonly BomElement[]): ElementScore[] =>
    elements.map(({ id, words, find, review = false }) => element(id, words, review, [find(bom, components)]));
  const each = <Part>(elements: readonly PartElement<Part>[], parts: readonly Part[]): ElementScore[] =>
    elements.map(({ id, words, find, review = false }) =>
      element(
        id,
        words,
        review,
        parts.map((part) => find(part, bom)),
      ),
    );
  const clusters = [
    cluster("Metadata", whole(metadataElements)),
    cluster("System level properties", whole(systemElements)),
    cluster("Models", each(modelElements, models)),
    cluster("Dataset properties", each(datasetElements, datasets)),
    cluster("Infrastructure", whole(infrastructureElements)),
    cluster("Security properties", whole(securityElements)),
    cluster("Key performance indicators", whole(kpiElements)),
  ];
  const elements = clusters.flatMap((entry) => entry.elements);
  return {
    standard: "G7 SBOM for AI - Minimum Elements (2026-05-12)",
    clusters,
    share: average(elements.map(({ share }) => share)),
    models: models.length,
    datasets: datasets.length,
    findings: clusters.flatMap(findingsOf),
  };
}

function element(id: string, words: string, review: boolean, found: readonly (string | undefined)[]): ElementScore {
  const share = found.length === 0 ? 0 : found.filter((where) => where !== undefined).length / found.length;
  const where = found.find((each) => each !== undefined);
  return {
    id,
    words,
    state: share === 1 ? "present" : share > 0 ? "partly" : "absent",
    share,
    ...(where === undefined ? {} : { where }),
    review: review && share > 0,
  };
}

function cluster(name: string, elements: readonly ElementScore[]): ClusterScore {
  return { cluster: name, elements, share: average(elements.map(({ share }) => share)) };
}

function average(shares: readonly number[]): number {
  return shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function findingsOf({ cluster: name, elements }: ClusterScore): SupplyFinding[] {
  return elements
    .filter(({ state }) => state !== "present")
    .map(({ id, words, state }) =>
      supplyFinding(
        `bom/${id}`,
        "low",
        state === "absent" ? `${name}: ${words} is not stated` : `${name}: ${words} is stated for some only`,
      ),
    );
}

function datasetsOf(bom: AnyBom, components: readonly AnyComponent[]): DatasetView[] {
  const cards = components.flatMap(({ modelCard }) => modelCard?.modelParameters?.datasets ?? []);
  const linked = new Set([
    ...cards.flatMap(({ ref }) => ref ?? []),
    ...(bom.dependencies ?? []).flatMap(({ dependsOn }) => dependsOn ?? []),
  ]);
  const asComponents = components
    .filter(({ type, data }) => type === "data" || (data ?? []).some((entry) => entry.type === "dataset"))
    .map((component) =>
      view(
        component.data?.find(({ type }) => type === "dataset") ?? {},
        component,
        linked.has(component["bom-ref"] ?? ""),
      ),
    );
  const inline = cards.filter(({ ref }) => ref === undefined).map((entry) => view(entry, undefined, true));
  return [...asComponents, ...inline];
}

function view(entry: AnyDataset, component: AnyComponent | undefined, linked: boolean): DatasetView {
  const url = entry.contents?.["url"];
  return {
    name: entry.name ?? component?.name,
    component,
    description: entry.description ?? component?.description,
    contents: entry.contents,
    url: typeof url === "string" ? url : undefined,
    governance: entry.governance,
    classification: entry.classification,
    sensitive: entry.sensitiveData?.[0],
    properties: component?.properties,
    linked,
  };
}
