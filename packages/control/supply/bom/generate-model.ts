/**
 * A BOM of a model. In: a model's folder or file, and what the operator says of its provenance. Out: the model with its
 * card, every file with its digest, datasets, ancestors, libraries, training as a workflow. Digests and shapes are
 * measured here; the card's and the operator's words are carried over as claims.
 */
import { basename, relative } from "node:path";
import { readCard, type CardReport } from "../cards/read-card.ts";
import { readLicence } from "../cards/licence.ts";
import { defaultIgnorePaths, enumerateModel, type ModelFiles } from "../integrity/enumerate-files.ts";
import { makeManifest, rootDigest, type Resource } from "../integrity/manifest.ts";
import { assemble, type BomParts, type GenerateOptions } from "./assemble.ts";
import { property, some, type Bom, type Component, type License, type ModelCard } from "./cyclonedx.ts";
import { datasetComponents, trainingFormula } from "./lineage.ts";
import { readModelFacts, type ModelFacts } from "./model-facts.ts";
import type { Provenance } from "./provenance.ts";

/** Makes the BOM of one model. @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` */
export async function generateModelBom(path: string, options: GenerateOptions): Promise<Bom> {
  return assemble(await modelParts(path, options), options);
}

/** The parts of one model; a repository's BOM holds them for every model in it. */
export async function modelParts(
  path: string,
  options: GenerateOptions,
): Promise<BomParts & { readonly files: readonly string[] }> {
  const { provenance } = options;
  const model = await enumerateModel(path, { ignore: defaultIgnorePaths });
  const { resources } = await makeManifest(
    model.files,
    { method: "files", hash_type: "sha256", allow_symlinks: false },
    options.onBytes,
  );
  const facts = await readModelFacts(path, model.files);
  const card = model.kind === "folder" ? await readCard(path) : undefined;
  const name = provenance?.model?.name ?? model.name;
  const ref = `model:${name}`;
  const datasets = datasetComponents(card, provenance);
  const libraries = facts.libraries.map(({ name: library, version }): Component => ({
    type: "framework",
    "bom-ref": `pkg:pypi/${library}${version === undefined ? "" : `@${version}`}`,
    name: library,
    ...(version === undefined ? {} : { version }),
    purl: `pkg:pypi/${library}${version === undefined ? "" : `@${version}`}`,
  }));
  const ancestors = ancestorsOf(facts, card, provenance);
  const formula = trainingFormula(ref, datasets, provenance);
  return {
    subject: modelComponent({ ref, name, resources, facts, card, provenance, datasets, ancestors, model }),
    phase: "post-build",
    components: [...datasets, ...libraries],
    dependencies: [{ ref, dependsOn: [...datasets, ...libraries].flatMap((part) => part["bom-ref"] ?? []) }],
    ...some("formulation", formula === undefined ? [] : [formula]),
    files: model.files.map(({ absolute }) => relative(process.cwd(), absolute)),
  };
}

interface ModelSources {
  readonly ref: string;
  readonly name: string;
  readonly resources: readonly Resource[];
  readonly facts: ModelFacts;
  readonly card: CardReport | undefined;
  readonly provenance: Provenance | undefined;
  readonly datasets: readonly Component[];
  readonly ancestors: readonly Component[];
  readonly model: ModelFiles;
}

function modelComponent(sources: ModelSources): Component {
  const { ref, name, resources, facts, card, provenance, ancestors, model } = sources;
  const told = provenance?.model;
  const [only] = resources;
  const digest = resources.length === 1 && only !== undefined ? only.digest : rootDigest(resources);
  const identifier = told?.identifier;
  return {
    type: "machine-learning-model",
    "bom-ref": ref,
    ...(told?.producer === undefined ? {} : { manufacturer: { name: told.producer } }),
    name,
    ...(told?.version === undefined ? {} : { version: told.version }),
    ...optional("description", told?.description ?? descriptionOf(card)),
    hashes: [{ alg: "SHA-256", content: digest }],
    ...some("licenses", licencesOf(card, told?.licence)),
    ...(identifier?.startsWith("pkg:") === true ? { purl: identifier } : {}),
    ...(ancestors.length === 0 ? {} : { pedigree: { ancestors } }),
    ...some("externalReferences", [
      ...(identifier === undefined || identifier.startsWith("pkg:") ? [] : [{ type: "distribution", url: identifier }]),
      ...(card === undefined
        ? []
        : [{ type: "model-card", url: card.file, hashes: [{ alg: "SHA-256" as const, content: card.digest }] }]),
    ]),
    ...some("components", model.kind === "file" ? [] : resources.map((resource) => fileComponent(ref, resource))),
    ...(told?.released === undefined ? {} : { releaseNotes: { type: "major", timestamp: asInstant(told.released) } }),
    modelCard: modelCard(sources),
    properties: [
      ...property("model:rootDigest", `sha256:${rootDigest(resources)}`),
      ...property(
        "model:hashScope",
        resources.length === 1 ? "file" : "OpenSSF Model Signing v1.0 root digest over all files",
      ),
      ...property("model:parameters", facts.parameters),
      ...facts.tensorTypes.flatMap((type) => property("model:tensorType", type)),
      ...(facts.remoteCode ? property("model:remoteCode", true) : []),
      ...(told === undefined
        ? []
        : property("model:told", "version, producer, description and times are the operator's claims")),
    ],
  };
}

function modelCard({ facts, card, provenance, datasets }: ModelSources): ModelCard {
  const told = provenance?.model;
  const task = told?.task ?? card?.metadata.pipeline_tag ?? undefined;
  const [architecture] = facts.architectures;
  const limitations = told?.limitations ?? [];
  const useCases = provenance?.system?.intendedUse ?? [];
  const training = Object.entries(provenance?.training?.configuration ?? {});
  return {
    modelParameters: {
      ...(told?.approach === undefined ? {} : { approach: { type: told.approach } }),
      ...optional("task", task),
      ...optional("architectureFamily", facts.family),
      ...optional("modelArchitecture", architecture),
      ...some(
        "datasets",
        datasets.flatMap((dataset) => (dataset["bom-ref"] === undefined ? [] : [{ ref: dataset["bom-ref"] }])),
      ),
      ...some(
        "inputs",
        (told?.inputs ?? []).map((format) => ({ format })),
      ),
      ...some(
        "outputs",
        (told?.outputs ?? []).map((format) => ({ format })),
      ),
    },
    ...performanceOf(card, provenance),
    ...(limitations.length + useCases.length === 0
      ? {}
      : { considerations: { ...some("useCases", useCases), ...some("technicalLimitations", limitations) } }),
    ...some("properties", [
      ...Object.entries(facts.configuration).flatMap(([key, value]) => property(`model:config:${key}`, value)),
      ...training.flatMap(([key, value]) => property(`training:${key}`, value)),
      ...property("training:preprocessing", provenance?.training?.preprocessing),
    ]),
  };
}

function performanceOf(
  card: CardReport | undefined,
  provenance: Provenance | undefined,
): Pick<ModelCard, "quantitativeAnalysis"> {
  const claimed = (card?.metadata["model-index"] ?? [])
    .flatMap(({ results }) => results ?? [])
    .flatMap(({ dataset, metrics }) =>
      metrics.map(({ type, value }) => ({ type, value: String(value).slice(0, 200), slice: String(dataset.name) })),
    );
  const told = (provenance?.metrics?.operational ?? []).map(({ name, value, slice }) => ({
    type: name,
    value: String(value),
    ...(slice === undefined ? {} : { slice }),
  }));
  const performanceMetrics = [...claimed, ...told].slice(0, 1000);
  return performanceMetrics.length === 0 ? {} : { quantitativeAnalysis: { performanceMetrics } };
}

function ancestorsOf(facts: ModelFacts, card: CardReport | undefined, provenance: Provenance | undefined): Component[] {
  const base = card?.metadata.base_model;
  const names = [
    ...(typeof base === "string" ? [base] : (base ?? [])),
    ...(facts.baseModel === undefined ? [] : [facts.baseModel]),
  ];
  const told = (provenance?.lineage ?? []).map(({ name, version, identifier }): Component => ({
    type: "machine-learning-model",
    name,
    ...(version === undefined ? {} : { version }),
    ...(identifier?.startsWith("pkg:") === true ? { purl: identifier } : {}),
  }));
  return [
    ...told,
    ...[...new Set(names)].map((name): Component => ({ type: "machine-learning-model", name: name.slice(0, 500) })),
  ];
}

/** SPDX ids where the licence has one; the operator's word first. */
export function licencesOf(card: CardReport | undefined, told: string | undefined): License[] {
  const licences = told === undefined ? (card?.licences ?? []) : [readLicence(told, told)];
  return licences.flatMap((licence): License[] => {
    if (licence.kind === "spdx") return [{ license: { id: licence.id } }];
    if (licence.kind === "named") return [{ license: { name: licence.name, ...optional("url", licence.link) } }];
    // An expression stands alone in CycloneDX.
    return licence.kind === "expression" && licences.length === 1 ? [{ expression: licence.expression }] : [];
  });
}

function descriptionOf(card: CardReport | undefined): string | undefined {
  return card === undefined ? undefined : `See the model card (${basename(card.file)})`;
}

function fileComponent(ref: string, { name, digest }: Resource): Component {
  return { type: "file", "bom-ref": `${ref}/${name}`, name, hashes: [{ alg: "SHA-256", content: digest }] };
}

/** A date alone counts from its start, in UTC. */
export function asInstant(time: string): string {
  return new Date(time).toISOString();
}

/** `{ name: value }` when there is a value. */
export function optional<Name extends string>(
  name: Name,
  value: string | null | undefined,
): { readonly [key in Name]?: string } {
  return (value === undefined || value === null || value === "" ? {} : { [name]: value }) as {
    readonly [key in Name]?: string;
  };
}
