/**
 * The G7's minimum elements that are asked of every model and every dataset (see `g7-elements.ts`). In: one of them. Out:
 * where each element is stated.
 */
import { propertyOf, type AnyComponent } from "./bom-view.ts";
import { any, first, hasReference, inputsOf, producerOf, when, type PartElement } from "./g7-elements.ts";
import type { DatasetView } from "./score-bom.ts";

export const modelElements: readonly PartElement<AnyComponent>[] = [
  { id: "model-name", words: "Model name", find: ({ name }) => when(name, "name") },
  {
    id: "model-identifier",
    words: "Model identifier",
    find: ({ purl, cpe, swid, externalReferences }) =>
      any(
        when(purl, "purl"),
        when(cpe, "cpe"),
        when(swid, "swid"),
        hasReference(externalReferences, "distribution", "vcs", "website"),
      ),
  },
  { id: "model-version", words: "Model version", find: ({ version }) => when(version, "version") },
  {
    id: "model-timestamp",
    words: "Model timestamp",
    find: ({ releaseNotes, properties }) =>
      any(
        when(releaseNotes?.timestamp, "releaseNotes.timestamp"),
        when(propertyOf(properties, "cordon:model:released"), "properties"),
      ),
  },
  { id: "model-producer", words: "Model producer", find: producerOf },
  {
    id: "model-description",
    words: "Model description",
    review: true,
    find: ({ description }) => when(description, "description"),
  },
  { id: "model-hash-value", words: "Model hash value", find: ({ hashes }) => when(first(hashes)?.content, "hashes") },
  {
    id: "model-hash-algorithm",
    words: "Model hash algorithm",
    find: ({ hashes }) => when(first(hashes)?.alg, "hashes"),
  },
  {
    id: "model-properties",
    words: "Model properties",
    find: ({ modelCard }) => {
      const { task, architectureFamily: family, modelArchitecture: architecture } = modelCard?.modelParameters ?? {};
      return when(task ?? family ?? architecture, "modelCard.modelParameters");
    },
  },
  { id: "model-input-output-properties", words: "Model input/output properties", find: inputsOf },
  {
    id: "model-training-properties",
    words: "Model training properties",
    review: true,
    find: ({ modelCard }, { formulation }) =>
      any(
        when(modelCard?.modelParameters?.approach?.type, "modelCard.modelParameters.approach"),
        when(propertyOf(modelCard?.properties, "cordon:training:"), "modelCard.properties"),
        when(first(formulation), "formulation"),
      ),
  },
  { id: "model-license", words: "Model license", find: ({ licenses }) => when(first(licenses), "licenses") },
  {
    id: "model-external-references",
    words: "Model external references",
    find: ({ externalReferences }) => when(first(externalReferences), "externalReferences"),
  },
];

export const datasetElements: readonly PartElement<DatasetView>[] = [
  { id: "dataset-name", words: "Dataset name", find: ({ name }) => when(name, "name") },
  {
    id: "dataset-description",
    words: "Dataset description",
    review: true,
    find: ({ description }) => when(description, "description"),
  },
  {
    id: "dataset-content",
    words: "Dataset content",
    find: ({ contents, properties }) =>
      any(when(contents, "data.contents"), when(propertyOf(properties, "cordon:dataset:content"), "properties")),
  },
  {
    id: "dataset-identifier",
    words: "Dataset identifier",
    find: ({ component, url }) =>
      any(
        when(component?.purl, "purl"),
        when(url, "data.contents.url"),
        hasReference(component?.externalReferences, "distribution", "source-distribution", "website", "vcs"),
      ),
  },
  {
    id: "dataset-hash",
    words: "Dataset hash",
    find: ({ component }) => when(first(component?.hashes)?.content, "hashes"),
  },
  {
    id: "dataset-provenance",
    words: "Dataset provenance",
    review: true,
    find: ({ component, governance, properties }) =>
      any(
        when(propertyOf(properties, "cordon:dataset:provenance"), "properties"),
        when(component?.pedigree, "pedigree"),
        when(governance, "data.governance"),
        hasReference(component?.externalReferences, "source-distribution"),
      ),
  },
  {
    id: "dataset-statistical-properties",
    words: "Dataset statistical properties",
    review: true,
    find: ({ properties }) => when(propertyOf(properties, "cordon:dataset:statistics"), "properties"),
  },
  {
    id: "dataset-sensitivity",
    words: "Dataset sensitivity",
    find: ({ classification, sensitive }) =>
      any(when(classification, "data.classification"), when(sensitive, "data.sensitiveData")),
  },
  {
    id: "dataset-dependency-relationship",
    words: "Dataset dependency relationship",
    find: ({ linked }) => when(linked, "modelCard.modelParameters.datasets or dependencies"),
  },
  {
    id: "dataset-license",
    words: "Dataset license",
    find: ({ component }) => when(first(component?.licenses), "licenses"),
  },
];
