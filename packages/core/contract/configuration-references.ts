/**
 * What takes two fields to see: names that are unique, references that resolve, an upstream's URL and authentication
 * that fit each other, paths that two routes claim. In: the items that could be read (also when others could not). Out:
 * problems by path.
 */
import { isLoopbackHost, parseUpstreamUrl } from "./addresses.ts";
import type { PathProblem } from "./configuration-problems.ts";
import type { Configuration } from "./configuration.ts";
import { federationProblems, type FederationParts } from "./federation-references.ts";
import type { PropertyPath } from "./located-yaml.ts";
import { dataDoorReferences, s3Problems } from "./data-doors-references.ts";
import { oauthProblems, type OauthParts } from "./oauth-references.ts";
import { didYouMean } from "./nearest.ts";
import { policyName } from "./policy-name.ts";
import { segmentationProblems } from "./segmentation-references.ts";
import { isName } from "./vocabulary.ts";

type Component = Configuration["components"][number];
type Upstream = Configuration["upstreams"][number];
type Route = Configuration["routes"][number];
type Tunnel = Configuration["tunnels"][number];
type Door = Configuration["dataDoors"][number];
type Destination = NonNullable<Configuration["egress"]>["destinations"][number];
type Policy = Configuration["policies"][number];
type WindowItem = Configuration["windows"][number];
type Exception = Configuration["boundaries"]["exceptions"][number];
type GrantRule = Configuration["grants"][number];
type ModelTarget = Extract<Route, { models: unknown }>["models"][string];

export interface Listed<T> {
  readonly path: PropertyPath;
  readonly item: T;
}

/** Everything that could be read. Names of items that could not be read still count as known. */
export interface ReadableConfiguration {
  readonly trustDomain: string | undefined;
  readonly gatewayComponent: string | undefined;
  readonly components: readonly Listed<Component>[];
  readonly upstreams: readonly Listed<Upstream>[];
  readonly routes: readonly Listed<Route>[];
  readonly tunnels: readonly Listed<Tunnel>[];
  readonly dataDoors: readonly Listed<Door>[];
  readonly egress: readonly Listed<Destination>[];
  readonly policies: readonly Listed<Policy>[];
  readonly windows: readonly Listed<WindowItem>[];
  readonly exceptions: readonly Listed<Exception>[];
  readonly grants: readonly Listed<GrantRule>[];
  readonly consoleSettings: OauthParts["consoleSettings"];
  readonly issuers: OauthParts["issuers"];
  /** `undefined` when `federation` cannot be read. */
  readonly federated: FederationParts["federated"];
  /** `namespace/name` of unreadable components and upstreams; `undefined` when even their names are unreadable. */
  readonly unreadable: {
    readonly components: ReadonlySet<string> | undefined;
    readonly upstreams: ReadonlySet<string> | undefined;
  };
  readonly lineOf: (path: PropertyPath) => number;
}

/** Finds every problem between items. */
export function checkReferences(readable: ReadableConfiguration): PathProblem[] {
  const components = byName(readable.components);
  const upstreams = byName(readable.upstreams);
  const check: Check = { readable, components, upstreams };
  return [
    ...duplicateNames(readable.components, "component", readable.lineOf),
    ...duplicateNames(readable.upstreams, "upstream", readable.lineOf),
    ...duplicateNames(readable.routes, "route", readable.lineOf),
    ...duplicateNames([...readable.tunnels, ...readable.dataDoors], "tunnel or door", readable.lineOf),
    ...duplicateNames(readable.egress, "destination", readable.lineOf),
    ...duplicateNames(readable.windows, "window", readable.lineOf),
    ...duplicateNames(readable.exceptions, "exception", readable.lineOf),
    ...duplicateNames(readable.grants, "grant rule", readable.lineOf),
    ...readable.grants.flatMap(({ path, item }) => grantProblems(check, path, item)),
    ...duplicatePolicies(readable.policies, readable.lineOf),
    ...duplicatePaths(readable.routes, readable.lineOf),
    ...gatewayProblems(check),
    ...federationProblems(readable),
    ...oauthProblems(readable),
    ...readable.components.flatMap(({ path, item }) => componentProblems(path, item)),
    ...segmentationProblems(readable, (path, reference, within) => resolveComponent(check, path, reference, within)),
    ...readable.upstreams.flatMap(({ path, item }) => upstreamProblems(check, path, item)),
    ...readable.routes.flatMap(({ path, item }) => routeProblems(check, path, item)),
    ...readable.tunnels.flatMap(({ path, item }) =>
      componentReference(check, [...path, "resource"], item.resource, item.namespace),
    ),
    ...egressProblems(check),
    ...dataDoorReferences(readable, {
      component: (path, reference, within) => resolveComponent(check, path, reference, within),
      peer: (path, peer, within) => peerProblems(check, path, peer, within),
    }),
  ];
}

interface Check {
  readonly readable: ReadableConfiguration;
  readonly components: ReadonlyMap<string, Component>;
  readonly upstreams: ReadonlyMap<string, Upstream>;
}

/** One declaration for each host and port, of a component that lies outside. */
function egressProblems(check: Check): PathProblem[] {
  const seen = new Set<string>();
  return check.readable.egress.flatMap(({ path, item }): PathProblem[] => {
    const key = `${item.host}:${item.port}`;
    const twice = seen.has(key) ? [atValue([...path, "host"], `\`${key}\` is declared twice`)] : [];
    seen.add(key);
    if (item.intercept !== undefined && item.protocol === "any")
      twice.push(atValue([...path, "protocol"], "must be `tls` or `http` where there is `intercept`"));
    if (item.intercept === undefined && item.protocol === "http")
      twice.push(atValue([...path, "protocol"], "`http` needs `intercept`, which says what may be asked"));
    const at = [...path, "component"];
    const found = resolveComponent(check, at, item.component, item.namespace);
    if ("problems" in found) return [...twice, ...found.problems];
    if (found.item === undefined || found.item.kind === "external") return twice;
    const words = `\`${item.component}\` is of kind ${found.item.kind}; what egress leads to is of kind external`;
    return [...twice, atValue(at, words)];
  });
}

/** A namespace's rules speak of its own resources, as its policies do. */
function grantProblems(check: Check, path: PropertyPath, { namespace, resources }: GrantRule): PathProblem[] {
  return resources.flatMap((reference, index): PathProblem[] => {
    const at = [...path, "resources", index];
    if (qualify(reference, namespace).startsWith(`${namespace}/`))
      return componentReference(check, at, reference, namespace);
    const words = `a rule of namespace \`${namespace}\` grants on its own resources only: move it to the resource's namespace`;
    return [atValue(at, words)];
  });
}

const atValue = (path: PropertyPath, message: string): PathProblem => ({ path, at: "value", message });

/** `namespace/name` of a reference that stands in an item of the given namespace. */
export function qualify(reference: string, namespace: string): string {
  return reference.includes("/") ? reference : `${namespace}/${reference}`;
}

function byName<T extends { namespace: string; name: string }>(items: readonly Listed<T>[]): Map<string, T> {
  // The first of a name is the one that counts; the others are reported.
  return new Map(items.toReversed().map(({ item }) => [`${item.namespace}/${item.name}`, item]));
}

function duplicateNames(
  items: readonly Listed<{ namespace: string; name: string }>[],
  noun: string,
  lineOf: (path: PropertyPath) => number,
): PathProblem[] {
  const first = new Map<string, PropertyPath>();
  return items.flatMap(({ path, item }) => {
    const key = `${item.namespace}/${item.name}`;
    const earlier = first.get(key);
    if (!earlier) first.set(key, path);
    if (!earlier) return [];
    const where = `in namespace \`${item.namespace}\`, on line ${lineOf([...earlier, "name"])}`;
    return [atValue([...path, "name"], `there is already a ${noun} \`${item.name}\` ${where}`)];
  });
}

function duplicatePolicies(policies: readonly Listed<Policy>[], lineOf: (path: PropertyPath) => number): PathProblem[] {
  const named = policies.map(({ path, item }) => ({
    path: item.name === undefined ? path : [...path, "name"],
    item: { namespace: item.namespace, name: policyName(item) },
  }));
  const first = new Map<string, PropertyPath>();
  return named.flatMap(({ path, item }) => {
    const key = `${item.namespace}/${item.name}`;
    const earlier = first.get(key);
    if (!earlier) first.set(key, path);
    if (!earlier) return [];
    const where = `in namespace \`${item.namespace}\`, on line ${lineOf(earlier)}`;
    return [atValue(path, `there is already a policy named \`${item.name}\` ${where}; give one of them a \`name\``)];
  });
}

function duplicatePaths(routes: readonly Listed<Route>[], lineOf: (path: PropertyPath) => number): PathProblem[] {
  const first = new Map<string, Listed<Route>>();
  return routes.flatMap((route) => {
    const earlier = first.get(route.item.path);
    if (!earlier) first.set(route.item.path, route);
    if (!earlier) return [];
    const where = `the route \`${earlier.item.name}\` on line ${lineOf([...earlier.path, "path"])}`;
    return [atValue([...route.path, "path"], `\`${route.item.path}\` already belongs to ${where}`)];
  });
}

function gatewayProblems(check: Check): PathProblem[] {
  const reference = check.readable.gatewayComponent;
  if (reference === undefined) return [];
  const path = ["gateway", "component"];
  const found = resolveComponent(check, path, reference, "default");
  if ("problems" in found) {
    const remedy = "; register `{ name: gateway, kind: service, boundary: api }`, or name another service";
    return found.problems.map((problem) => ({
      ...problem,
      message: `the gateway itself: ${problem.message}${remedy}`,
    }));
  }
  if (found.item && found.item.kind !== "service")
    return [atValue(path, `\`${reference}\` is of kind ${found.item.kind}; the gateway's component is a service`)];
  if (found.item?.spiffeId !== undefined)
    return [atValue(path, `\`${reference}\` has a \`spiffeId\`; the gateway's own identity is of this trust domain`)];
  return [];
}

function componentProblems(path: PropertyPath, component: Component): PathProblem[] {
  if (component.modelFiles !== undefined && component.modelDigest === undefined)
    return [atValue([...path, "modelFiles"], "say which model it must be: `modelDigest`, from `cordon model digest`")];
  if (component.kind !== "dataset" || component.labels.sensitivity !== undefined) return [];
  return [atValue([...path, "labels"], `a dataset must say how sensitive it is: \`labels: { sensitivity: ... }\``)];
}

function upstreamProblems(check: Check, path: PropertyPath, upstream: Upstream): PathProblem[] {
  const problems: PathProblem[] = [];
  const parsed = parseUpstreamUrl(upstream.url);
  if ("problem" in parsed) return problems;
  const plain = parsed.ok.protocol === "http:";
  const loopback = isLoopbackHost(parsed.ok.hostname);
  const byPosition = upstream.authentication === "loopback";
  if (plain && !loopback)
    problems.push(atValue([...path, "url"], "`http:` is only for upstreams on this machine's loopback; use `https:`"));
  if (plain && loopback && !byPosition)
    problems.push(atValue([...path, "authentication"], "an `http:` upstream proves nothing; only `loopback` fits it"));
  if (!plain && byPosition)
    problems.push(
      atValue(
        [...path, "authentication"],
        "`loopback` is for `http:` on loopback; here use `webpki` or `{ spiffe: COMPONENT }`",
      ),
    );
  if (typeof upstream.authentication === "object" && "spiffe" in upstream.authentication) {
    const at = [...path, "authentication", "spiffe"];
    problems.push(...peerProblems(check, at, upstream.authentication.spiffe, upstream.namespace));
  }
  return problems;
}

function peerProblems(check: Check, path: PropertyPath, peer: string, namespace: string): PathProblem[] {
  const reference = peerReference(peer, check.readable.trustDomain);
  if (typeof reference !== "string") return [atValue(path, reference.problem)];
  const found = resolveComponent(check, path, reference, namespace);
  if ("problems" in found) return found.problems;
  const { item } = found;
  if (item && peer.startsWith("spiffe://") && !peer.endsWith(`/${item.kind}/${item.name}`))
    return [atValue(path, `\`${item.name}\` is a ${item.kind}; its id is \`.../${item.kind}/${item.name}\``)];
  return [];
}

/** The `name` or `namespace/name` that an upstream's `spiffe` peer stands for. */
export function peerReference(peer: string, trustDomain: string | undefined): string | { readonly problem: string } {
  if (!peer.startsWith("spiffe://")) {
    const parts = peer.split("/");
    if (parts.length <= 2 && parts.every(isName)) return peer;
    return { problem: "must be the name of a component, `namespace/name`, or a whole SPIFFE ID" };
  }
  const match = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/[a-z]+\/([^/]+)$/.exec(peer);
  const [, domain, namespace = "", name = ""] = match ?? [];
  if (!match || !isName(namespace) || !isName(name))
    return { problem: "must be a component's SPIFFE ID: `spiffe://TRUST-DOMAIN/ns/NAMESPACE/KIND/NAME`" };
  if (trustDomain !== undefined && domain !== trustDomain)
    return { problem: `is of another trust domain than \`${trustDomain}\`, which nothing here vouches for` };
  return `${namespace}/${name}`;
}

function routeProblems(check: Check, path: PropertyPath, route: Route): PathProblem[] {
  if (route.kind === "http" || route.kind === "mcp") {
    return [
      ...componentReference(check, [...path, "resource"], route.resource, route.namespace),
      ...upstreamReference(check, [...path, "upstream"], route.upstream, route.namespace),
      ...(route.kind === "http" && route.fallback !== undefined ? httpFallbackProblems(check, path, route) : []),
    ];
  }
  if (route.kind === "s3") {
    const find = (at: PropertyPath, reference: string, within: string) =>
      resolveComponent(check, at, reference, within);
    const credential = check.upstreams.get(qualify(route.upstream, route.namespace))?.credential;
    return [
      ...s3Problems(path, route, find, credential !== undefined),
      ...upstreamReference(check, [...path, "upstream"], route.upstream, route.namespace),
    ];
  }
  const models = Object.entries(route.models);
  return models.flatMap(([name, target]) => {
    const at = [...path, "models", name];
    return [
      ...modelComponent(check, [...at, "component"], target.component, route.namespace),
      ...upstreamReference(check, [...at, "upstream"], target.upstream, route.namespace),
      ...fallbackProblems(at, name, target, new Map(models)),
    ];
  });
}

function httpFallbackProblems(
  check: Check,
  path: PropertyPath,
  route: Extract<Route, { kind: "http" }>,
): PathProblem[] {
  const { fallback, namespace, resource } = route;
  if (fallback === undefined) return [];
  const at = [...path, "fallback"];
  if (fallback.resource === resource)
    return [atValue([...at, "resource"], `\`${resource}\` cannot stand in for itself; name another component`)];
  return [
    ...componentReference(check, [...at, "resource"], fallback.resource, namespace),
    ...upstreamReference(check, [...at, "upstream"], fallback.upstream, namespace),
  ];
}

function modelComponent(check: Check, path: PropertyPath, reference: string, namespace: string): PathProblem[] {
  const found = resolveComponent(check, path, reference, namespace);
  if ("problems" in found) return found.problems;
  const kind = found.item?.kind;
  if (kind === undefined || kind === "model" || kind === "endpoint" || kind === "external") return [];
  return [atValue(path, `\`${reference}\` is of kind ${kind}; a model is of kind model, endpoint or external`)];
}

function fallbackProblems(
  path: PropertyPath,
  name: string,
  target: ModelTarget,
  models: ReadonlyMap<string, ModelTarget>,
): PathProblem[] {
  if (target.fallback === undefined) return [];
  const at = [...path, "fallback"];
  if (!models.has(target.fallback)) {
    const meant = didYouMean(target.fallback, models.keys());
    return [atValue(at, `there is no model \`${target.fallback}\` on this route${meant}`)];
  }
  const seen = [name];
  let next: string | undefined = target.fallback;
  while (next !== undefined && !seen.includes(next)) {
    seen.push(next);
    next = models.get(next)?.fallback;
  }
  // Reported once a circle, by the member whose name sorts first.
  if (next !== name || seen.some((member) => member < name)) return [];
  return [atValue(at, `the fallbacks run in a circle: ${[...seen, name].map((one) => `\`${one}\``).join(" -> ")}`)];
}

function componentReference(check: Check, path: PropertyPath, reference: string, namespace: string): PathProblem[] {
  const found = resolveComponent(check, path, reference, namespace);
  return "problems" in found ? found.problems : [];
}

function resolveComponent(
  check: Check,
  path: PropertyPath,
  reference: string,
  namespace: string,
): { readonly item: Component | undefined } | { readonly problems: PathProblem[] } {
  const key = qualify(reference, namespace);
  const item = check.components.get(key);
  const { components: unreadable } = check.readable.unreadable;
  if (item || !unreadable || unreadable.has(key)) return { item };
  return { problems: [atValue(path, unresolved("component", reference, namespace, check.components.keys()))] };
}

function upstreamReference(check: Check, path: PropertyPath, reference: string, namespace: string): PathProblem[] {
  const key = qualify(reference, namespace);
  const { upstreams: unreadable } = check.readable.unreadable;
  if (check.upstreams.has(key) || !unreadable || unreadable.has(key)) return [];
  return [atValue(path, unresolved("upstream", reference, namespace, check.upstreams.keys()))];
}

function unresolved(noun: string, reference: string, namespace: string, known: Iterable<string>): string {
  const names = [...known].map((key) => (key.startsWith(`${namespace}/`) ? key.slice(namespace.length + 1) : key));
  const elsewhere = names.find((name) => name.endsWith(`/${reference}`));
  const meant = elsewhere === undefined ? didYouMean(reference, names) : `; did you mean \`${elsewhere}\`?`;
  const where = reference.includes("/") ? "" : ` in namespace \`${namespace}\``;
  return `there is no ${noun} \`${reference}\`${where}${meant}`;
}
