/**
 * The digest of one call's exact arguments: what an approval of that call is bound to. In: what is called, as JSON text. Out:
 * `sha256:` and hex of its canonical form: names sorted, no spaces. Numbers stay as they are written: read as doubles, two
 * amounts that differ in the seventeenth digit would be one, and the approval of one good for the other.
 */
import { createHash } from "node:crypto";
import { parseStrictJsonText } from "../contract/strict-json.ts";
import type { AccessRequest } from "./decision.ts";
import { actsForAnother } from "./people.ts";

class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** @throws {CordonError} when the text is not JSON that no two parsers read in the same way */
export function callDigest(text: string): string {
  return `sha256:${createHash("sha256").update(canonicalCall(text)).digest("hex")}`;
}

/**
 * The form that is digested, and that whoever approves reads.
 *
 * @param pick the part of the tree that is meant; default all of it
 */
export function canonicalCall(text: string, pick: (tree: unknown) => unknown = (tree) => tree): string {
  parseStrictJsonText(text);
  // The third argument of a reviver holds the source of a primitive (ECMAScript, JSON.parse source text access).
  const reviver = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" ? new WrittenNumber(context?.source ?? String(value)) : value;
  return canonical(pick(JSON.parse(text, reviver)));
}

/** For whom a call is made and by which program, where that is not whoever makes it: an approval is bound to that too. */
export function callBehalf(request: Pick<AccessRequest, "principal" | "user">): Readonly<Record<string, string>> {
  const { user } = request;
  if (user === undefined) return {};
  return {
    ...(actsForAnother(request) ? { for: user.id } : {}),
    ...(user.client === undefined ? {} : { client: user.client }),
  };
}

function canonical(tree: unknown): string {
  if (tree instanceof WrittenNumber) return tree.text;
  if (Array.isArray(tree)) return `[${tree.map(canonical).join(",")}]`;
  if (typeof tree !== "object" || tree === null) return JSON.stringify(tree);
  const fields = Object.entries(tree).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`).join(",")}}`;
}
