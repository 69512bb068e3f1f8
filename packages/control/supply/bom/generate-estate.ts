/**
 * A BOM of a running estate. In: a configuration (`cordon.yaml`), as it is or as the registry exports it. Out: its models
 * and datasets as components, everything that answers as services with their boundary, upstreams with whether they leave
 * the trust domain, and the routes as dependencies. Secrets and credentials are never read.
 */
import type { Configuration } from "@cordon/core/contract/configuration";
import { assemble, type GenerateOptions } from "./assemble.ts";
import { property, some, type Bom, type Component, type Dependency, type Property, type Service } from "./cyclonedx.ts";

type RegisteredComponent = Configuration["components"][number];

/** Makes the BOM of an estate. */
export function generateEstateBom(configuration: Configuration, options: GenerateOptions): Bom {
  const { components, upstreams, routes, trustDomain } = configuration;
  const estate: Component = {
    type: "platform",
    "bom-ref": "estate",
    name: options.provenance?.system?.name ?? trustDomain,
    ...(options.provenance?.system?.version === undefined ? {} : { version: options.provenance.system.version }),
  };
  const parts = components.filter(({ kind }) => kind === "model" || kind === "dataset").map(asComponent);
  const services = components.filter(({ kind }) => kind !== "model" && kind !== "dataset").map(asService);
  const dependencies: Dependency[] = [
    { ref: "estate", dependsOn: [...parts, ...services].flatMap((part) => part["bom-ref"] ?? []) },
    ...routes.flatMap(routeEdges),
  ];
  return assemble(
    {
      subject: estate,
      phase: "operations",
      components: parts,
      services: [...services, ...upstreams.map(asUpstream)],
      dependencies,
    },
    options,
  );
}

const componentRef = (namespace: string, name: string): string => `component:${namespace}/${name}`;
const upstreamRef = (namespace: string, name: string): string => `upstream:${namespace}/${name}`;

function asComponent({
  name,
  namespace,
  kind,
  boundary,
  labels,
  description,
  modelDigest,
}: RegisteredComponent): Component {
  return {
    type: kind === "model" ? "machine-learning-model" : "data",
    "bom-ref": componentRef(namespace, name),
    group: namespace,
    name,
    ...(description === "" ? {} : { description }),
    ...(modelDigest === undefined
      ? {}
      : { hashes: [{ alg: "SHA-256" as const, content: modelDigest.slice("sha256:".length) }] }),
    ...(kind === "dataset"
      ? {
          data: [
            {
              type: "dataset" as const,
              name,
              classification: labels.sensitivity ?? "internal",
              ...some("sensitiveData", labels.categories),
            },
          ],
        }
      : {}),
    properties: labelProperties(boundary, labels),
  };
}

function asService({
  name,
  namespace,
  kind,
  boundary,
  labels,
  description,
  modelDigest,
}: RegisteredComponent): Service {
  return {
    "bom-ref": componentRef(namespace, name),
    group: namespace,
    name,
    ...(description === "" ? {} : { description }),
    authenticated: kind !== "external",
    "x-trust-boundary": kind === "external",
    trustZone: boundary,
    data: [{ flow: "bi-directional", classification: labels.sensitivity ?? "internal", name: "what passes" }],
    properties: [
      ...property("component:kind", kind),
      ...property("model:rootDigest", modelDigest),
      ...labelProperties(boundary, labels),
    ],
  };
}

function labelProperties(boundary: string, labels: RegisteredComponent["labels"]): Property[] {
  return [
    ...property("component:boundary", boundary),
    ...property("component:integrity", labels.integrity),
    ...labels.categories.flatMap((category) => property("component:category", category)),
  ];
}

function asUpstream({ name, namespace, url, external, authentication }: Configuration["upstreams"][number]): Service {
  return {
    "bom-ref": upstreamRef(namespace, name),
    group: namespace,
    name,
    endpoints: [url],
    authenticated: authentication !== "loopback",
    "x-trust-boundary": external,
    properties: property(
      "upstream:authentication",
      typeof authentication === "string" ? authentication : Object.keys(authentication)[0],
    ),
  };
}

function routeEdges(route: Configuration["routes"][number]): Dependency[] {
  const edge = (component: string, upstream: string): Dependency => ({
    ref: componentRef(...qualified(component, route.namespace)),
    dependsOn: [upstreamRef(...qualified(upstream, route.namespace))],
  });
  if (route.kind === "mcp") return [edge(route.resource, route.upstream)];
  if (route.kind === "http")
    return [route, ...(route.fallback === undefined ? [] : [route.fallback])].map((to) =>
      edge(to.resource, to.upstream),
    );
  if (route.kind === "s3") return route.datasets.map(({ resource }) => edge(resource, route.upstream));
  return Object.values(route.models).map((target) => edge(target.component, target.upstream));
}

function qualified(reference: string, namespace: string): [string, string] {
  const slash = reference.indexOf("/");
  return slash < 0 ? [namespace, reference] : [reference.slice(0, slash), reference.slice(slash + 1)];
}
