/**
 * Honest texts from Debian packages, as `build.ts` wrote them. In: its file. Out: rows of the family `honest`, which no test
 * leaves out: none of them is one of the labelled sources.
 */
import { readFileSync } from "node:fs";
import type { Row } from "../rows.ts";

/** Much of it is short, and one package is much like itself. */
const weight = 0.6;

export function readHonest(file: string): Row[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Row => {
      const { id, text, source } = JSON.parse(line) as { id: string; text: string; source: string };
      return { id, text, attack: 0, label: "benign", source, family: "honest", weight };
    });
}
