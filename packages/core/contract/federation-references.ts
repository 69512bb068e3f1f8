/**
 * What takes the whole configuration to see of federation: that a component of another trust domain is of one that is
 * federated with, that no two components are one workload, that nobody federates with himself. In: the readable parts.
 * Out: problems by path.
 */
import { partsOf, parseSpiffeId, trustDomainOf } from "../identity/spiffe-id.ts";
import type { PathProblem } from "./configuration-problems.ts";
import type { Listed } from "./configuration-references.ts";
import type { Configuration } from "./configuration.ts";
import type { PropertyPath } from "./located-yaml.ts";

type Component = Configuration["components"][number];
type Federated = NonNullable<Configuration["federation"]>["trustDomains"][number];

export interface FederationParts {
  readonly trustDomain: string | undefined;
  readonly components: readonly Listed<Component>[];
  /** `undefined` when they cannot be read. */
  readonly federated: readonly Listed<Federated>[] | undefined;
  readonly lineOf: (path: PropertyPath) => number;
}

const atValue = (path: PropertyPath, message: string): PathProblem => ({ path, at: "value", message });

export function federationProblems({ trustDomain, components, federated, lineOf }: FederationParts): PathProblem[] {
  return [
    ...domainProblems(trustDomain, federated ?? [], lineOf),
    ...components.flatMap(({ path, item }) => idProblems([...path, "spiffeId"], item, trustDomain, federated)),
    ...duplicateIds(components, lineOf),
  ];
}

function domainProblems(
  trustDomain: string | undefined,
  federated: readonly Listed<Federated>[],
  lineOf: (path: PropertyPath) => number,
): PathProblem[] {
  const first = new Map<string, PropertyPath>();
  return federated.flatMap(({ path, item }) => {
    const at = [...path, "trustDomain"];
    if (item.trustDomain === trustDomain) return [atValue(at, "is our own; nothing is fetched for it")];
    const earlier = first.get(item.trustDomain);
    if (earlier === undefined) first.set(item.trustDomain, at);
    if (earlier !== undefined) return [atValue(at, `\`${item.trustDomain}\` is already on line ${lineOf(earlier)}`)];
    return bootstrapProblems(path, item, trustDomain, federated);
  });
}

/** An endpoint that proves itself by SVID is judged by a bundle that has to come from somewhere. */
function bootstrapProblems(
  path: PropertyPath,
  { trustDomain: served, profile }: Federated,
  own: string | undefined,
  federated: readonly Listed<Federated>[],
): PathProblem[] {
  if (typeof profile === "string" || !("https_spiffe" in profile)) return [];
  const { endpointId, bundleFile } = profile.https_spiffe;
  const at = [...path, "profile", "https_spiffe"];
  const domain = trustDomainOf(parseSpiffeId(endpointId));
  if (domain === served)
    return bundleFile === undefined
      ? [atValue(at, "the endpoint is of the trust domain that it serves; give its first bundle: `bundleFile`")]
      : [];
  if (bundleFile !== undefined)
    return [atValue([...at, "bundleFile"], `the endpoint is of \`${domain}\`: its bundle is that trust domain's own`)];
  const known = domain === own || federated.some(({ item }) => item.trustDomain === domain);
  return known ? [] : [atValue([...at, "endpointId"], `is of \`${domain}\`, which is not among \`trustDomains\``)];
}

function idProblems(
  path: PropertyPath,
  { spiffeId }: Component,
  trustDomain: string | undefined,
  federated: readonly Listed<Federated>[] | undefined,
): PathProblem[] {
  if (spiffeId === undefined || trustDomain === undefined) return [];
  const id = parseSpiffeId(spiffeId);
  const domain = trustDomainOf(id);
  if (domain === trustDomain)
    return partsOf(id) === undefined
      ? []
      : [atValue(path, "is what a component of ours is named by itself; leave `spiffeId` out, or use another path")];
  if (federated === undefined || federated.some(({ item }) => item.trustDomain === domain)) return [];
  return [atValue(path, `is of \`${domain}\`, which nothing here vouches for; add it to \`federation.trustDomains\``)];
}

function duplicateIds(components: readonly Listed<Component>[], lineOf: (path: PropertyPath) => number): PathProblem[] {
  const first = new Map<string, PropertyPath>();
  return components.flatMap(({ path, item }) => {
    if (item.spiffeId === undefined) return [];
    const earlier = first.get(item.spiffeId);
    if (earlier === undefined) first.set(item.spiffeId, path);
    if (earlier === undefined) return [];
    const where = `the component on line ${lineOf([...earlier, "name"])}`;
    return [atValue([...path, "spiffeId"], `is already ${where}; a workload is one component`)];
  });
}
