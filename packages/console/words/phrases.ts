/**
 * Sentences from the control plane, made for the screen. In: words with `names in backquotes` and whole SPIFFE IDs. Out:
 * parts: plain words, and names to be set as such. The words themselves are not changed where they matter: whole ids stay
 * in the title and in the entry.
 */
import { componentName, shortName } from "./names.ts";

export interface Phrase {
  readonly text: string;
  readonly name: boolean;
}

export function phrases(words: string): Phrase[] {
  return words
    .split(/(`[^`]*`|spiffe:\/\/[A-Za-z0-9._~/-]*[A-Za-z0-9_~])/)
    .filter((part) => part !== "")
    .map((part) => {
      if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) return { text: part.slice(1, -1), name: true };
      if (!part.startsWith("spiffe://")) return { text: part, name: false };
      const { kind } = componentName(part);
      return { text: kind === "" ? part : `${kind} ${shortName(part)}`, name: true };
    });
}
