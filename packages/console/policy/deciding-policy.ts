/**
 * The text of the policy that decided. In: policy sources as the control plane has them, and a decision's reason. Out:
 * that one policy's text, and where it comes from.
 */
import type { PoliciesResponse } from "@cordon/core/contract/console-api";

export interface DecidingPolicy {
  readonly text: string;
  /** File or object that holds it. */
  readonly origin: string;
}

/** The policy with this `@id` in this namespace; undefined where there is none now (it may have been withdrawn since). */
export function decidingPolicy(
  sources: PoliciesResponse["policies"],
  namespace: string,
  id: string,
): DecidingPolicy | undefined {
  for (const source of sources) {
    if (source.namespace !== namespace) continue;
    const text = statements(source.text).find((each) => idOf(each) === id);
    if (text !== undefined) return { text, origin: source.origin };
  }
  return undefined;
}

/** The policies of a source, with the comments that stand before each. Strings and comments may hold a `;`. */
export function statements(source: string): string[] {
  const found: string[] = [];
  let start = 0;
  for (let at = 0; at < source.length; at++) {
    const character = source.charAt(at);
    if (character === '"') at = endOfString(source, at);
    else if (source.startsWith("//", at)) at = endOfLine(source, at);
    else if (character === ";") {
      found.push(source.slice(start, at + 1).trim());
      start = at + 1;
    }
  }
  return found;
}

/** What `@id("...")` says, outside comments. */
function idOf(statement: string): string | undefined {
  for (let at = 0; at < statement.length; at++) {
    if (statement.startsWith("//", at)) at = endOfLine(statement, at);
    else if (statement.charAt(at) === '"') at = endOfString(statement, at);
    else if (statement.startsWith("@id", at)) {
      const quoted = /^@id\s*\(\s*("(?:[^"\\]|\\.)*")/.exec(statement.slice(at))?.[1];
      if (quoted !== undefined) return quoted.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
    }
  }
  return undefined;
}

function endOfString(text: string, at: number): number {
  for (let next = at + 1; next < text.length; next++) {
    if (text.charAt(next) === "\\") next++;
    else if (text.charAt(next) === '"') return next;
  }
  return text.length;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
