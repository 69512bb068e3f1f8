/**
 * Base64 of a text is nothing drawn at random; it is a secret all the same where the text is one: `user:password` as the basic scheme,
 * registries and npm write it, and what a Secret of Kubernetes holds. In: a word of base64 and what stands before it. Out: a score,
 * 0 where it is none.
 */
import type { Context } from "./context.ts";
import { isEncodedText, isPlaceholder } from "./value.ts";

/** How far before a value its manifest says what it is. */
const manifestReach = 480;
const login = /^[\w.@+-]{1,64}:([\x21-\x7e]{4,128})$/;

export function encodedScore(value: string, text: string, start: number, context: () => Context | undefined): number {
  if (value.length < 8 || value.length > 512 || !isEncodedText(value)) return 0;
  const decoded = atob(value.replace(/={1,2}$/, ""));
  const password = login.exec(decoded)?.[1];
  if (password !== undefined && !password.startsWith("//") && !isPlaceholder(password)) {
    const found = context();
    return found !== undefined && (found.strong || found.weak) && !found.open && found.joined ? 0.75 : 0;
  }
  return isKept(text, start) && !isPlaceholder(decoded.trim()) ? 0.6 : 0;
}

/** A line of a Secret's data: `name: ` and the value, below `kind: Secret`. */
function isKept(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - manifestReach), start);
  if (!/\n[ \t]{1,8}["']?[\w.-]{1,64}["']?: ?["']?$/.test(before)) return false;
  const kind = before.lastIndexOf("kind: Secret");
  return kind >= 0 && /^kind: Secret\s/.test(before.slice(kind)) && !/\n---|\nkind:/.test(before.slice(kind + 12));
}
