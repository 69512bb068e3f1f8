/** The texts of `bench/inspection/unseen`, which must never be trained on. In: nothing. Out: them. */
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../../bench/inspection/unseen/", import.meta.url);

export function readUnseenTexts(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(new URL(name, folder), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { text: string }).text);
}
