/**
 * Policies that are tried before they are enforced: `@mode("observe")` on a forbid. In: a policy's annotations. Out: whether it
 * is only observed. Such a forbid refuses nothing; the decision says that it would have.
 */
export function isObserved(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.["mode"] === "observe";
}

/** What is wrong with the annotation, in words that begin with its name. */
export function modeProblem(
  annotations: Readonly<Record<string, string>>,
  effect: "permit" | "forbid",
): string | undefined {
  const { mode } = annotations;
  if (mode === undefined) return undefined;
  if (mode !== "observe" && mode !== "enforce") return "`@mode` is `observe` or `enforce`";
  if (mode === "observe" && effect === "permit")
    return '`@mode("observe")` is for forbids: a permit that is only observed permits nothing. Leave it out, and try it with `cordon policy replay`';
  return undefined;
}
