/**
 * Where a model's knowledge comes from. In: the datasets that a card names and the operator describes, and how the model
 * was trained. Out: dataset components with source, digest, licence and sensitivity, and training as a workflow from
 * datasets and configuration to the model (CycloneDX formulation).
 */
import { readLicence } from "../cards/licence.ts";
import type { CardReport } from "../cards/read-card.ts";
import { property, some, type Component, type Formula, type License, type WorkflowInput } from "./cyclonedx.ts";
import type { DatasetFacts, Provenance } from "./provenance.ts";

/** Datasets of a model, the operator's descriptions first; one that only the card names has its name only. */
export function datasetComponents(card: CardReport | undefined, provenance: Provenance | undefined): Component[] {
  const told = (provenance?.datasets ?? []).map(describeDataset);
  const known = new Set(told.map(({ name }) => name));
  const named = card?.metadata.datasets;
  const names = typeof named === "string" ? [named] : (named ?? []).filter((name) => typeof name === "string");
  const fromCard = [...new Set(names)]
    .filter((name) => !known.has(name))
    .map((name): Component => ({
      type: "data",
      "bom-ref": `dataset:${name}`,
      name,
      data: [{ type: "dataset", name }],
      properties: property("dataset:source", "named by the model card only"),
    }));
  return [...told, ...fromCard];
}

function describeDataset(facts: DatasetFacts): Component {
  const { name, version, source, identifier, digest, licence, description, content, owner, sensitivity } = facts;
  return {
    type: "data",
    "bom-ref": `dataset:${name}${version === undefined ? "" : `@${version}`}`,
    name,
    ...(version === undefined ? {} : { version }),
    ...(description === undefined ? {} : { description }),
    ...(digest === undefined ? {} : { hashes: [{ alg: "SHA-256" as const, content: digest.slice("sha256:".length) }] }),
    ...some("licenses", licence === undefined ? [] : licenceEntries(licence)),
    ...(identifier?.startsWith("pkg:") === true ? { purl: identifier } : {}),
    ...some("externalReferences", [
      ...(source === undefined ? [] : [{ type: "source-distribution", url: source }]),
      ...(identifier === undefined || identifier.startsWith("pkg:") ? [] : [{ type: "distribution", url: identifier }]),
    ]),
    data: [
      {
        type: "dataset",
        name,
        ...(content === undefined ? {} : { contents: { properties: property("dataset:content", content) } }),
        ...(sensitivity === undefined ? {} : { classification: sensitivity }),
        ...some("sensitiveData", facts.categories ?? []),
        ...(description === undefined ? {} : { description }),
        ...(owner === undefined ? {} : { governance: { owners: [{ organization: { name: owner } }] } }),
      },
    ],
    properties: [
      ...property("dataset:use", facts.use),
      ...property("dataset:provenance", facts.provenance),
      ...property("dataset:statistics", facts.statistics),
    ],
  };
}

function licenceEntries(stated: string): License[] {
  const licence = readLicence(stated, stated);
  if (licence.kind === "spdx") return [{ license: { id: licence.id } }];
  if (licence.kind === "expression") return [{ expression: licence.expression }];
  return [{ license: { name: stated } }];
}

/** Training as a workflow; `undefined` where nobody says anything about it. */
export function trainingFormula(
  modelRef: string,
  datasets: readonly Component[],
  provenance: Provenance | undefined,
): Formula | undefined {
  const training = provenance?.training;
  if (training === undefined) return undefined;
  const parameters = Object.entries(training.configuration ?? {}).map(([name, value]) => ({
    name,
    value: String(value),
  }));
  const inputs: WorkflowInput[] = [
    ...datasets.flatMap((dataset) =>
      dataset["bom-ref"] === undefined ? [] : [{ resource: { ref: dataset["bom-ref"] } }],
    ),
    ...(parameters.length === 0 ? [] : [{ parameters }]),
  ];
  return {
    "bom-ref": `${modelRef}/formula`,
    workflows: [
      {
        "bom-ref": `${modelRef}/training`,
        uid: `${modelRef}/training`,
        name: "training",
        ...(training.preprocessing === undefined ? {} : { description: training.preprocessing }),
        taskTypes: ["build"],
        ...some("inputs", inputs),
        outputs: [{ type: "artifact", resource: { ref: modelRef } }],
        ...(training.finished === undefined ? {} : { timeEnd: new Date(training.finished).toISOString() }),
        ...some("properties", [
          ...property("training:by", training.by),
          ...property("training:pipeline", training.pipeline),
        ]),
      },
    ],
  };
}
