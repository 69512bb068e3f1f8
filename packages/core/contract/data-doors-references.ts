/**
 * What takes two items to see of data doors, and of the tunnels beside them: data sets that are there and are data sets, and
 * raw tunnels to stores that hold more than one label. In: the items that could be read, and a way to find a component.
 * Out: problems by path.
 */
import type { PathProblem } from "./configuration-problems.ts";
import type { Listed, ReadableConfiguration } from "./configuration-references.ts";
import type { Configuration } from "./configuration.ts";
import type { PropertyPath } from "./located-yaml.ts";

type Component = Configuration["components"][number];
type Found = { readonly problems: PathProblem[] } | { readonly item: Component | undefined };

interface Finding {
  readonly component: (path: PropertyPath, reference: string, namespace: string) => Found;
  /** What is wrong with a SPIFFE peer. */
  readonly peer: (path: PropertyPath, peer: string, namespace: string) => PathProblem[];
}

const atValue = (path: PropertyPath, message: string): PathProblem => ({ path, at: "value", message });

export function dataDoorReferences(readable: ReadableConfiguration, find: Finding): PathProblem[] {
  return [
    ...readable.components.flatMap((listed) => holdsProblems(listed, find)),
    ...readable.dataDoors.flatMap(({ path, item }) => [
      ...item.databases.flatMap(({ resource }, index) =>
        datasetProblems([...path, "databases", index, "resource"], resource, item.namespace, find),
      ),
      ...(typeof item.authentication === "object" && "spiffe" in item.authentication
        ? find.peer([...path, "authentication", "spiffe"], item.authentication.spiffe, item.namespace)
        : []),
    ]),
    ...mixedTunnels(readable, find),
  ];
}

function datasetProblems(path: PropertyPath, reference: string, namespace: string, find: Finding): PathProblem[] {
  const found = find.component(path, reference, namespace);
  if ("problems" in found) return found.problems;
  const kind = found.item?.kind;
  if (kind === undefined || kind === "dataset") return [];
  return [atValue(path, `\`${reference}\` is of kind ${kind}; what lies behind a door is of kind dataset`)];
}

type S3Route = Extract<Configuration["routes"][number], { kind: "s3" }>;

/** What takes two fields to see of a route of kind `s3`. */
export function s3Problems(
  path: PropertyPath,
  route: S3Route,
  component: Finding["component"],
  upstreamHasCredential: boolean,
): PathProblem[] {
  const seen = new Set<string>();
  const problems = route.datasets.flatMap(({ bucket, prefix, resource }, index) => {
    const at = [...path, "datasets", index];
    const key = `${bucket}/${prefix}`;
    const twice = seen.has(key) ? [atValue(at, `\`${key}\` is named twice`)] : [];
    seen.add(key);
    const find = { component, peer: () => [] };
    return [...twice, ...datasetProblems([...at, "resource"], resource, route.namespace, find)];
  });
  if (!upstreamHasCredential) return problems;
  const words =
    "its upstream has a `credential`, which an S3 request cannot carry; use `accessKeyId` and `secretAccessKey`";
  return [...problems, atValue([...path, "upstream"], words)];
}

function holdsProblems({ path, item }: Listed<Component>, find: Finding): PathProblem[] {
  return item.holds.flatMap((reference, index) =>
    datasetProblems([...path, "holds", index], reference, item.namespace, find),
  );
}

/**
 * A tunnel's bytes are not seen, so whoever may open it reaches all that the store holds: that must be of one label, the one
 * that policy decides on. What lies behind one address is one store, by whatever names tunnels reach it.
 */
function mixedTunnels(readable: ReadableConfiguration, find: Finding): PathProblem[] {
  const stores = new Map<string, { readonly label: string; readonly name: string }>();
  return readable.tunnels.flatMap(({ path, item }): PathProblem[] => {
    const at = [...path, "resource"];
    const found = find.component(at, item.resource, item.namespace);
    if ("problems" in found || found.item === undefined) return [];
    const store = found.item;
    const held = [store, ...store.holds.flatMap((reference) => known(find, at, reference, store.namespace))];
    const first = stores.get(item.address) ?? { label: labelOf(store), name: store.name };
    stores.set(item.address, first);
    const other = held.find((component) => labelOf(component) !== first.label);
    if (other === undefined) return [];
    const remedy =
      "; reach it by a door (`dataDoors`, or a route of kind `s3`), which decides by data set, or split the store";
    const what = `\`${first.name}\` is ${first.label} and \`${other.name}\` ${labelOf(other)}`;
    return [atValue(at, `a raw tunnel reaches everything in the store, and ${what}${remedy}`)];
  });
}

function known(find: Finding, path: PropertyPath, reference: string, namespace: string): Component[] {
  const found = find.component(path, reference, namespace);
  return "problems" in found || found.item === undefined ? [] : [found.item];
}

function labelOf({ labels }: Component): string {
  return labels.sensitivity ?? "internal";
}
