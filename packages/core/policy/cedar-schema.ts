/**
 * The Cedar schema: which entities, attributes, actions and context a policy can speak of. In: the vocabulary, and
 * registered components. Out: the schema's text, entity ids, and entities as Cedar reads them.
 *
 * Principals are `Workload`s and `User`s. A user has a workload's attributes as well, so that a policy which does not say
 * what kind of principal it means can be read of both; `principal is User` opens the ones that only a person has.
 * Resources are one type, `Component`, rather than one for each kind: an engineer writes the same id that the registry,
 * the CLI and the ledger show, `resource.kind == "dataset"` reads like the registry, and a policy about "anything
 * restricted" needs no list of types. What per-kind types would have bought, that a misspelt kind is refused, the
 * linter gives back by holding literals against the closed sets below (see policy-lint.ts).
 */
import {
  actions,
  boundaries,
  componentKinds,
  integrities,
  isName,
  sensitivities,
  type Namespace,
} from "../contract/vocabulary.ts";
import { isCordonError } from "../errors.ts";
import {
  parseSpiffeId,
  partsOf,
  pathOf,
  trustDomainOf,
  userPartsOf,
  type SpiffeId,
  type TrustDomain,
} from "../identity/spiffe-id.ts";
import type { RequestContext } from "./decision.ts";
import { findingFactsType, findingsTypeText } from "./finding-facts.ts";
import type { User } from "./people.ts";
import { riskClosedSets, riskFields, riskTypesText } from "../risk/facts.ts";
import type { Component } from "./snapshot.ts";

/** A fact that a policy can read off a principal or a resource. */
export interface ComponentFact {
  /** Path as written in a policy after `principal.` or `resource.`. */
  readonly path: string;
  readonly type: "String" | "Long" | "Set<String>";
  /** The closed set of values, where there is one: a literal outside it is refused. */
  readonly values?: readonly string[];
  read(component: Component): string | number | readonly string[];
}

/** Everything that a policy can read off a component; the schema and the entities follow this table. */
export const componentFacts: readonly ComponentFact[] = [
  { path: "spiffeId", type: "String", read: (component) => component.id },
  { path: "trustDomain", type: "String", read: (component) => trustDomainOf(component.id) },
  { path: "namespace", type: "String", read: (component) => component.namespace },
  { path: "kind", type: "String", values: [...componentKinds, "user"], read: (component) => component.kind },
  { path: "name", type: "String", read: (component) => component.name },
  { path: "boundary", type: "String", values: boundaries, read: (component) => component.boundary },
  {
    path: "sensitivityRank",
    type: "Long",
    read: (component) => sensitivities.indexOf(component.labels.sensitivity),
  },
  { path: "modelDigest", type: "String", read: (component) => component.modelDigest ?? "" },
  { path: "labels.sensitivity", type: "String", values: sensitivities, read: ({ labels }) => labels.sensitivity },
  { path: "labels.categories", type: "Set<String>", read: ({ labels }) => labels.categories },
  { path: "labels.integrity", type: "String", values: integrities, read: ({ labels }) => labels.integrity },
];

/** The fields of `context`, with their Cedar types, closed sets, and what stands where a request has no such thing. */
export const contextFacts = {
  assurance: {
    type: "String",
    values: ["x509-svid", "jwt-svid", "passkey-session", "dpop-token", "bearer-token", "vouched"],
  },
  route: { type: "String" },
  method: { type: "String" },
  stream: { type: "Bool" },
  external: { type: "Bool" },
  rpc: { type: "String", absent: "" },
  tool: { type: "String", absent: "" },
  user: { type: "String", absent: "" },
  actor: { type: "String", absent: "" },
  granted: { type: "Bool", absent: false },
  client: { type: "String", absent: "" },
} as const satisfies Record<
  Exclude<keyof RequestContext, "findings" | "userGroups" | "claims">,
  { readonly type: "String" | "Bool"; readonly values?: readonly string[]; readonly absent?: string | boolean }
>;

/** Closed sets of what a policy reads below `context`, by path. */
export const contextClosedSets = riskClosedSets;

/** What policies read of a request that has no such facts. */
export const absentFacts = {
  rpc: contextFacts.rpc.absent,
  tool: contextFacts.tool.absent,
  user: contextFacts.user.absent,
  actor: contextFacts.actor.absent,
  granted: contextFacts.granted.absent,
  client: contextFacts.client.absent,
} as const;

const riskFieldsText = Object.entries(riskFields)
  .map(([name, type]) => `  ${name}: ${type},`)
  .join("\n");

/** The schema in Cedar's human-readable syntax; `cordon policy check --schema` prints it. */
export const cedarSchema: string = schemaText("{}");

/**
 * @param argumentsType the record of the arguments that policies read (argument-types.ts); each namespace's policies say
 *   themselves what they expect of a call
 */
export function schemaText(argumentsType: string): string {
  const labels = componentFacts.filter((fact) => fact.path.startsWith("labels."));
  const direct = componentFacts.filter((fact) => !fact.path.includes("."));
  const shape = [
    ...direct.map((fact) => `  ${fact.path}: ${fact.type},`),
    "  labels: {",
    ...labels.map((fact) => `    ${fact.path.slice("labels.".length)}: ${fact.type},`),
    "  },",
  ].join("\n");
  return [
    '// Namespaces hold workloads and components: `resource in Namespace::"default"`.',
    "entity Namespace;",
    "",
    '// Who asks: `principal == Workload::"default/agent/assistant"`.',
    `entity Workload in [Namespace] = {\n${shape}\n};`,
    "",
    '// Or a person: `principal == User::"default/user/mei"`; their kind is "user", their boundary and model "".',
    `entity User in [Namespace] = {\n${shape}\n  displayName: String,\n  groups: Set<String>,\n};`,
    "",
    "// What a person works on.",
    "entity Device in [Namespace];",
    "",
    '// What is asked for: `resource == Component::"default/dataset/training-data"`.',
    `entity Component in [Namespace] = {\n${shape}\n};`,
    "",
    "// What inspection found: the highest score of each category, 0 to 100; 0 is nothing.",
    findingsTypeText,
    "",
    riskTypesText,
    "",
    "// The facts of a request. `arguments` is what each policy reads of a call's arguments: it says itself of which types.",
    `type Context = {\n${Object.entries(contextFacts)
      .map(([name, fact]) => `  ${name}: ${fact.type},`)
      .join(
        "\n",
      )}\n  userGroups: Set<String>,\n  claims: Set<String>,\n  windows: Set<String>,\n  arguments: ${argumentsType},\n  findings: ${findingFactsType},\n${riskFieldsText}\n};`,
    "",
    `action ${actions.map((action) => `"${action}"`).join(", ")}`,
    "  appliesTo { principal: [Workload, User], resource: [Component], context: Context };",
    "",
  ].join("\n");
}

/** An entity's id in policies, for `Workload::"..."` and `Component::"..."`. */
export type EntityId = string & { readonly __brand: "EntityId" };

/**
 * The id by which policies name a workload or component: `namespace/kind/name` within our own trust domain, the whole
 * SPIFFE ID for any other trust domain or layout. Made from the SPIFFE ID alone, so two ids never share one.
 */
export function entityIdOf(id: SpiffeId, trustDomain: TrustDomain): EntityId {
  const user = userPartsOf(id);
  if (user?.trustDomain === trustDomain) return `${user.namespace}/user/${user.name}` as EntityId;
  const parts = partsOf(id);
  if (parts === undefined || parts.trustDomain !== trustDomain) return id as string as EntityId;
  return `${parts.namespace}/${parts.kind}/${parts.name}` as EntityId;
}

/**
 * Why `text` can never be the id of a workload or component, in words with the remedy; `undefined` when it can be.
 * An id that names nothing would make a policy silently never match.
 */
export function refuseEntityId(text: string, trustDomain: TrustDomain, type = "Component"): string | undefined {
  if (!text.startsWith("spiffe://")) {
    const [namespace, kind, name, ...rest] = text.split("/");
    if (type === "User") {
      const isOne = rest.length === 0 && kind === "user" && isName(namespace ?? "") && isName(name ?? "");
      return isOne ? undefined : "a person's id is `namespace/user/name`, such as `default/user/mei`";
    }
    if (rest.length === 0 && namespace !== undefined && name !== undefined && isName(namespace) && isName(name)) {
      if ((componentKinds as readonly string[]).includes(kind ?? "")) return undefined;
      return `\`${kind}\` is not a kind; one of ${componentKinds.join(", ")}`;
    }
    return "an id is `namespace/kind/name`, such as `default/agent/assistant`, or a whole SPIFFE ID of another trust domain";
  }
  try {
    const id = parseSpiffeId(text);
    const short = entityIdOf(id, trustDomain);
    if (short !== text) return `within trust domain \`${trustDomain}\` write \`${short}\``;
    return pathOf(id) === "" ? "this names a trust domain, not a workload; use `principal.trustDomain`" : undefined;
  } catch (error) {
    if (isCordonError(error)) return error.message;
    throw error;
  }
}

/** The namespace that an entity id shows, or `undefined` when only the registry knows it (whole SPIFFE IDs). */
export function namespaceOfEntityId(id: string): Namespace | undefined {
  return id.startsWith("spiffe://") ? undefined : (id.slice(0, id.indexOf("/")) as Namespace);
}

/** An entity in Cedar's JSON form. */
export interface CedarEntity {
  uid: { type: string; id: string };
  attrs: Record<string, string | number | string[] | Record<string, string | string[]>>;
  parents: { type: string; id: string }[];
}

/** A person as Cedar reads them: a workload's attributes, empty where a person has no such thing, and a person's own. */
export function cedarUser(user: User, trustDomain: TrustDomain): CedarEntity {
  return {
    uid: { type: "User", id: entityIdOf(user.id, trustDomain) },
    attrs: {
      spiffeId: user.id,
      trustDomain: trustDomainOf(user.id),
      namespace: user.namespace,
      kind: "user",
      name: user.name,
      boundary: "",
      sensitivityRank: 0,
      modelDigest: "",
      labels: { sensitivity: "public", categories: [], integrity: "untrusted" },
      displayName: user.displayName,
      groups: [...user.groups],
    },
    parents: [{ type: "Namespace", id: user.namespace }],
  };
}

/** A component as Cedar reads it, in the role of principal (`Workload`) or resource (`Component`). */
export function cedarEntity(
  type: "Workload" | "Component",
  component: Component,
  trustDomain: TrustDomain,
): CedarEntity {
  const attrs: CedarEntity["attrs"] = {};
  const labels: Record<string, string | string[]> = {};
  for (const fact of componentFacts) {
    const value = fact.read(component);
    const plain = typeof value === "object" ? [...value] : value;
    if (!fact.path.startsWith("labels.")) attrs[fact.path] = plain;
    else if (typeof plain !== "number") labels[fact.path.slice("labels.".length)] = plain;
  }
  attrs["labels"] = labels;
  return {
    uid: { type, id: entityIdOf(component.id, trustDomain) },
    attrs,
    parents: [{ type: "Namespace", id: component.namespace }],
  };
}
