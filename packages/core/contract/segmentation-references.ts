/**
 * What takes two items to see of boundaries: purposes that fit their kind, models that endpoints serve, parties of
 * exceptions. In: the items that could be read, and a way to find a component. Out: problems by path.
 */
import type { PathProblem } from "./configuration-problems.ts";
import type { Listed, ReadableConfiguration } from "./configuration-references.ts";
import type { Configuration } from "./configuration.ts";
import type { PropertyPath } from "./located-yaml.ts";

type Component = Configuration["components"][number];

/** Finds a component that an item of a namespace names; `item` is missing where it could not be read. */
type Resolve = (
  path: PropertyPath,
  reference: string,
  namespace: string,
) => { readonly problems: PathProblem[] } | { readonly item: Component | undefined };

export function segmentationProblems(readable: ReadableConfiguration, resolve: Resolve): PathProblem[] {
  return [
    ...readable.components.flatMap((listed) => [...purposeProblems(listed), ...servesProblems(listed, resolve)]),
    ...readable.exceptions.flatMap(({ path, item }) =>
      (["principal", "resource"] as const).flatMap((party) => {
        const found = resolve([...path, party], item[party], item.namespace);
        return "problems" in found ? found.problems : [];
      }),
    ),
  ];
}

function purposeProblems({ path, item }: Listed<Component>): PathProblem[] {
  if (item.purpose === undefined || item.kind === "dataset") return [];
  return [
    { path: [...path, "purpose"], at: "value", message: `only a dataset has a purpose; this is of kind ${item.kind}` },
  ];
}

function servesProblems({ path, item }: Listed<Component>, resolve: Resolve): PathProblem[] {
  if (item.serves.length > 0 && item.kind !== "endpoint")
    return [
      {
        path: [...path, "serves"],
        at: "value",
        message: `only an endpoint serves models; this is of kind ${item.kind}`,
      },
    ];
  return item.serves.flatMap((reference, index): PathProblem[] => {
    const at = [...path, "serves", index];
    const found = resolve(at, reference, item.namespace);
    if ("problems" in found) return found.problems;
    if (found.item === undefined || found.item.kind === "model") return [];
    return [
      {
        path: at,
        at: "value",
        message: `\`${reference}\` is of kind ${found.item.kind}; an endpoint serves components of kind model`,
      },
    ];
  });
}
