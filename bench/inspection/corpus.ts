/** The labelled texts, a sample of each source. In: the folder of data and a bound. Out: sources with their texts. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Source {
  readonly name: string;
  /** What it holds: an attack of some kind, `benign`, or `harmful_request` (asked plainly: no injection). */
  readonly label: string;
  readonly texts: readonly string[];
}

/** At most `most` texts of each source and label, evenly spread over it. */
export function readSources(folder: string, most: number): Source[] {
  const groups = new Map<string, { name: string; label: string; texts: string[] }>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".jsonl") && !/^(?:pii|secrets)_/.test(name)))
    for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
      if (line === "") continue;
      const { text, label, source } = JSON.parse(line) as { text: string; label: string; source: string };
      const key = `${source} ${label}`;
      const group = groups.get(key) ?? { name: source, label, texts: [] };
      group.texts.push(text);
      groups.set(key, group);
    }
  return [...groups.values()].map(({ name, label, texts }) => {
    const step = Math.max(1, texts.length / most);
    const sampled = Array.from({ length: Math.min(most, texts.length) }, (_, at) => texts[Math.floor(at * step)] ?? "");
    return { name, label, texts: sampled };
  });
}
