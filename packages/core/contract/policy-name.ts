/** The name under which a policy of the configuration is stored. */
import { isName } from "./vocabulary.ts";

/** Its `name`; or its file's name without the ending, made a name; or `inline`. */
export function policyName(policy: { readonly name?: string | undefined; readonly file?: string }): string {
  if (policy.name !== undefined) return policy.name;
  if (policy.file === undefined) return "inline";
  const stem = (policy.file.split(/[/\\]/).at(-1) ?? "").slice(0, 63).replace(/\.cedar$/, "");
  const name = stem
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return isName(name) ? name : "policy";
}
