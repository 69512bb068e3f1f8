/**
 * Which of a parameter's choices the words name. In: texts, most important first. Out: a function that picks one choice a
 * parameter, and none twice.
 */
import { wordsOf } from "./retrieval.ts";
import type { ToolProperty } from "./tool-choice.ts";

export function chooser(texts: readonly string[]): (key: string, property: ToolProperty) => unknown {
  const read = texts.map((text) => wordsOf(text).map(singular));
  const taken = new Set<unknown>();
  return (key, property) => {
    for (const words of read) {
      const choice = chosen(
        key,
        (property.enum ?? []).filter((option) => !taken.has(option)),
        words,
      );
      if (choice === undefined) continue;
      taken.add(choice);
      return choice;
    }
    return undefined;
  };
}

/** The one behind the parameter's own name ("from USD"), else the first that is named. */
function chosen(key: string, options: readonly unknown[], words: readonly string[]): unknown {
  const placed = options
    .map((option) => ({ option, at: placeOf(wordsOf(String(option)).map(singular), words) }))
    .filter(({ at }) => at >= 0)
    .toSorted((left, right) => left.at - right.at);
  const behindName = placed.find(({ at }) => words[at - 1] === key.toLowerCase());
  return (behindName ?? placed[0])?.option;
}

function placeOf(sought: readonly string[], words: readonly string[]): number {
  return words.findIndex((_, at) => sought.every((word, offset) => words[at + offset] === word));
}

function singular(word: string): string {
  return word.length > 3 ? word.replace(/s$/, "") : word;
}
