/**
 * CycloneDX 1.7, as much of it as is written here. In: nothing. Out: types of a bill of materials with models, datasets,
 * services and hardware (ECMA-424). Every property is the specification's own; `cordon:` properties hold what it has no
 * field for.
 */

export const specVersion = "1.7";

export interface Bom {
  readonly $schema: string;
  readonly bomFormat: "CycloneDX";
  readonly specVersion: typeof specVersion;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: Metadata;
  readonly components: readonly Component[];
  readonly services?: readonly Service[];
  readonly externalReferences?: readonly ExternalReference[];
  readonly dependencies: readonly Dependency[];
  readonly compositions?: readonly { readonly aggregate: string; readonly assemblies?: readonly string[] }[];
  readonly formulation?: readonly Formula[];
  readonly properties?: readonly Property[];
}

export interface Metadata {
  readonly timestamp: string;
  readonly lifecycles: readonly { readonly phase: string }[];
  readonly tools: { readonly components: readonly Component[] };
  readonly authors?: readonly { readonly name: string }[];
  readonly manufacturer?: Organization;
  readonly component?: Component;
  readonly properties?: readonly Property[];
}

export interface Organization {
  readonly name: string;
}

export type ComponentType =
  | "application"
  | "framework"
  | "library"
  | "container"
  | "platform"
  | "device"
  | "file"
  | "machine-learning-model"
  | "data";

export interface Component {
  readonly type: ComponentType;
  readonly "bom-ref"?: string;
  readonly manufacturer?: Organization;
  readonly supplier?: Organization;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly hashes?: readonly Hash[];
  readonly licenses?: readonly License[];
  readonly purl?: string;
  readonly pedigree?: { readonly ancestors?: readonly Component[]; readonly notes?: string };
  readonly externalReferences?: readonly ExternalReference[];
  readonly components?: readonly Component[];
  readonly releaseNotes?: { readonly type: string; readonly timestamp: string };
  readonly modelCard?: ModelCard;
  readonly data?: readonly ComponentData[];
  readonly properties?: readonly Property[];
}

export interface Hash {
  readonly alg: "SHA-256";
  readonly content: string;
}

export type License =
  | { readonly license: { readonly id: string } | { readonly name: string; readonly url?: string } }
  | { readonly expression: string };

export interface ExternalReference {
  readonly type: string;
  readonly url: string;
  readonly comment?: string;
  readonly hashes?: readonly Hash[];
}

export interface ModelCard {
  readonly modelParameters?: {
    readonly approach?: { readonly type: string };
    readonly task?: string;
    readonly architectureFamily?: string;
    readonly modelArchitecture?: string;
    readonly datasets?: readonly { readonly ref: string }[];
    readonly inputs?: readonly { readonly format: string }[];
    readonly outputs?: readonly { readonly format: string }[];
  };
  readonly quantitativeAnalysis?: {
    readonly performanceMetrics: readonly { readonly type: string; readonly value: string; readonly slice?: string }[];
  };
  readonly considerations?: {
    readonly useCases?: readonly string[];
    readonly technicalLimitations?: readonly string[];
    readonly ethicalConsiderations?: readonly { readonly name: string }[];
  };
  readonly properties?: readonly Property[];
}

export interface ComponentData {
  readonly type: "dataset";
  readonly name?: string;
  readonly contents?: { readonly url?: string; readonly properties?: readonly Property[] };
  readonly classification?: string;
  readonly sensitiveData?: readonly string[];
  readonly description?: string;
  readonly governance?: { readonly owners: readonly { readonly organization: Organization }[] };
}

export interface Service {
  readonly "bom-ref"?: string;
  readonly provider?: Organization;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly endpoints?: readonly string[];
  readonly authenticated?: boolean;
  readonly "x-trust-boundary"?: boolean;
  readonly trustZone?: string;
  readonly data?: readonly { readonly flow: string; readonly classification: string; readonly name?: string }[];
  readonly properties?: readonly Property[];
}

export interface Dependency {
  readonly ref: string;
  readonly dependsOn?: readonly string[];
}

export interface Formula {
  readonly "bom-ref": string;
  readonly workflows: readonly Workflow[];
}

export interface Workflow {
  readonly "bom-ref": string;
  readonly uid: string;
  readonly name: string;
  readonly description?: string;
  readonly taskTypes: readonly string[];
  readonly inputs?: readonly WorkflowInput[];
  readonly outputs?: readonly { readonly type: string; readonly resource: { readonly ref: string } }[];
  readonly timeEnd?: string;
  readonly properties?: readonly Property[];
}

export type WorkflowInput =
  | { readonly resource: { readonly ref: string } }
  | { readonly parameters: readonly { readonly name: string; readonly value: string }[] };

export interface Property {
  readonly name: string;
  readonly value: string;
}

/** A property, or nothing where there is no value. */
export function property(name: string, value: string | number | boolean | undefined): readonly Property[] {
  return value === undefined || value === "" ? [] : [{ name: `cordon:${name}`, value: String(value) }];
}

/** `{ name: list }` when the list holds something: CycloneDX has empty lists mean "none", which is a claim. */
export function some<Name extends string, Item>(
  name: Name,
  list: readonly Item[],
): { readonly [key in Name]?: readonly Item[] } {
  return (list.length === 0 ? {} : { [name]: list }) as { readonly [key in Name]?: readonly Item[] };
}
