/**
 * `cordon.yaml`. In: its text and the name to call it in messages. Out: a `Configuration` with every default filled in,
 * or one `CONFIG_INVALID` error that carries every problem found, each with file, line and column.
 *
 * Pure: policy files and secrets are read elsewhere, relative to the file's folder.
 */
import { z } from "zod";
import { configurationInvalid, describeIssues } from "./configuration-problems.ts";
import type { ConfigurationProblem, PathProblem } from "./configuration-problems.ts";
import { checkReferences, type Listed } from "./configuration-references.ts";
import { componentSchema } from "./component-schema.ts";
import { grantRuleSchema } from "./people-schema.ts";
import { configurationSchema, policySchema, routeSchema, upstreamSchema } from "./configuration-schema.ts";
import { egressDestinationSchema } from "./egress-schema.ts";
import { dataDoorSchema } from "./data-doors-schema.ts";
import { tunnelSchema } from "./tunnels-schema.ts";
import { federationSchema } from "./federation-schema.ts";
import { tokenIssuerSchema } from "./oauth-schema.ts";
import { locate, readYaml, type LocatedNode, type LocatedYaml, type PropertyPath } from "./located-yaml.ts";
import { secretRemedy, secretShape } from "./secret-shapes.ts";
import { exceptionSchema, windowSchema } from "./segmentation-schema.ts";

/** A whole, valid configuration. */
export type Configuration = DeepReadonly<z.output<typeof configurationSchema>>;
export type SignalsSettings = NonNullable<Configuration["signals"]>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/**
 * Parses the text of a `cordon.yaml`.
 *
 * @param origin the file's name, for messages
 * @throws {CordonError} `CONFIG_INVALID`; `problemsOf(error)` lists the problems
 */
export function parseConfiguration(text: string, origin: string): Configuration {
  const yaml = readYaml(text);
  if (!yaml.root) throw configurationInvalid(origin, placeProblems(yaml, origin, []));
  const parsed = configurationSchema.safeParse(yaml.root.value);
  const problems: PathProblem[] = [
    ...(parsed.success ? [] : describeIssues(parsed.error.issues, configurationSchema, yaml.root)),
    ...(yaml.root.value instanceof Object && !Array.isArray(yaml.root.value)
      ? checkReferences(readableParts(yaml, yaml.root))
      : []),
    ...pastedSecrets(yaml.root, []),
  ];
  const placed = placeProblems(yaml, origin, problems);
  if (!parsed.success || placed.length > 0) throw configurationInvalid(origin, placed);
  return parsed.data;
}

/** The schema for editors (JSON Schema 2020-12). It knows fields, types and ranges, not what takes two fields to see. */
export function configurationJsonSchema(): z.core.JSONSchema.BaseSchema {
  const schema = z.toJSONSchema(configurationSchema, { io: "input", unrepresentable: "throw" });
  return { ...schema, title: "Cordon configuration" };
}

/** The items that can be read, so that one broken item does not hide what is wrong between the others. */
function readableParts(yaml: LocatedYaml, root: LocatedNode): Parameters<typeof checkReferences>[0] {
  const fields = root.children ?? new Map<string, LocatedNode>();
  const trustDomain = fields.get("trustDomain")?.value;
  const gateway = configurationSchema.shape.gateway.safeParse(fields.get("gateway")?.value);
  const components = readItems(fields.get("components"), "components", componentSchema);
  const upstreams = readItems(fields.get("upstreams"), "upstreams", upstreamSchema);
  return {
    trustDomain: typeof trustDomain === "string" ? trustDomain : undefined,
    gatewayComponent: gateway.success ? gateway.data.component : undefined,
    components: components.items,
    upstreams: upstreams.items,
    routes: readItems(fields.get("routes"), "routes", routeSchema).items,
    tunnels: readItems(fields.get("tunnels"), "tunnels", tunnelSchema).items,
    dataDoors: readItems(fields.get("dataDoors"), "dataDoors", dataDoorSchema).items,
    egress: readDestinations(fields.get("egress")),
    policies: readItems(fields.get("policies"), "policies", policySchema).items,
    windows: readItems(fields.get("windows"), "windows", windowSchema).items,
    grants: readItems(fields.get("grants"), "grants", grantRuleSchema).items,
    exceptions: readExceptions(fields.get("boundaries")),
    consoleSettings: readConsole(fields.get("console")),
    issuers: readIssuers(fields.get("oauth")),
    federated: readFederated(fields.get("federation")),
    unreadable: { components: components.unreadable, upstreams: upstreams.unreadable },
    lineOf: (path) => yaml.positionOf(locate(root, path).node.offset).line,
  };
}

function readConsole(at: LocatedNode | undefined): Parameters<typeof checkReferences>[0]["consoleSettings"] {
  const parsed = configurationSchema.shape.console.safeParse(at?.value);
  return parsed.success ? parsed.data : undefined;
}

function readIssuers(oauth: LocatedNode | undefined): Parameters<typeof checkReferences>[0]["issuers"] {
  const { items } = readItems(oauth?.children?.get("issuers"), "issuers", tokenIssuerSchema);
  return items.map(({ path, item }) => ({ path: ["oauth", ...path], item }));
}

function readFederated(federation: LocatedNode | undefined): Parameters<typeof checkReferences>[0]["federated"] {
  if (federation === undefined) return [];
  const parsed = federationSchema.safeParse(federation.value);
  if (!parsed.success) return undefined;
  return parsed.data.trustDomains.map((item, index) => ({ path: ["federation", "trustDomains", index], item }));
}

function readItems<S extends z.ZodType>(
  list: LocatedNode | undefined,
  field: string,
  schema: S,
): { readonly items: Listed<z.output<S>>[]; readonly unreadable: Set<string> | undefined } {
  const items: Listed<z.output<S>>[] = [];
  if (!list) return { items, unreadable: new Set() };
  if (!Array.isArray(list.value)) return { items, unreadable: undefined };
  let unreadable: Set<string> | undefined = new Set();
  for (const [index, value] of (list.value as unknown[]).entries()) {
    const parsed = schema.safeParse(value);
    const { name, namespace = "default" } = (value ?? {}) as { name?: unknown; namespace?: unknown };
    if (parsed.success) items.push({ path: [field, index], item: parsed.data });
    else if (typeof name === "string" && typeof namespace === "string") unreadable?.add(`${namespace}/${name}`);
    else unreadable = undefined;
  }
  return { items, unreadable };
}

function readExceptions(boundaries: LocatedNode | undefined): Listed<z.output<typeof exceptionSchema>>[] {
  const { items } = readItems(boundaries?.children?.get("exceptions"), "exceptions", exceptionSchema);
  return items.map(({ path, item }) => ({ path: ["boundaries", ...path], item }));
}

function readDestinations(egress: LocatedNode | undefined): Listed<z.output<typeof egressDestinationSchema>>[] {
  const { items } = readItems(egress?.children?.get("destinations"), "destinations", egressDestinationSchema);
  return items.map(({ path, item }) => ({ path: ["egress", ...path], item }));
}

function pastedSecrets(node: LocatedNode, path: PropertyPath): PathProblem[] {
  if (node.children) return [...node.children].flatMap(([step, child]) => pastedSecrets(child, [...path, step]));
  const shape = typeof node.value === "string" ? secretShape(node.value) : undefined;
  if (shape === undefined) return [];
  return [{ path, at: "value", message: `this looks like ${shape}; ${secretRemedy}`, holdsSecret: true }];
}

function placeProblems(yaml: LocatedYaml, origin: string, problems: readonly PathProblem[]): ConfigurationProblem[] {
  const placed = new Map<string, ConfigurationProblem>();
  const add = (offset: number, message: string, holdsSecret: boolean): void => {
    const position = yaml.positionOf(offset);
    const key = `${position.line}:${position.column} ${message}`;
    placed.set(key, { file: origin, ...position, message, ...(holdsSecret ? { holdsSecret } : {}) });
  };
  for (const { offset, message } of yaml.problems) add(offset, message, false);
  for (const { path, at, message, holdsSecret } of yaml.root ? problems : []) {
    const { node, exact } = locate(yaml.root as LocatedNode, path);
    add(at === "key" && exact ? (node.keyOffset ?? node.offset) : node.offset, message, holdsSecret === true);
  }
  return [...placed.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
}
