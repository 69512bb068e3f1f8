/**
 * Our own training texts, written by hand for this classifier: attacks of many kinds and languages, documents with and
 * without an order to the machine that reads them, and honest texts full of attacks' words. In: the JSON Lines beside this
 * file (see `gather.ts`). Out: rows of the family `own`.
 */
import { readFileSync } from "node:fs";
import type { Row } from "../rows.ts";

const attackLabels = ["injection", "jailbreak", "extraction", "exfiltration", "indirect_injection"] as const;
const honestLabels = ["benign", "harmful_request"] as const;
type OwnLabel = (typeof attackLabels)[number] | (typeof honestLabels)[number];

export interface OwnRow {
  readonly text: string;
  readonly label: OwnLabel;
  readonly lang: string;
  readonly role: "user" | "untrusted";
}

export function isOwnLabel(label: unknown): label is OwnLabel {
  return [...attackLabels, ...honestLabels].some((each) => each === label);
}

/** Much of it is subtle on purpose: at full weight its attacks would drown what is plain. */
const weights = [0.5, 0.35] as const;

export function readCorpus(): Row[] {
  return ["attacks", "indirect", "benign"].flatMap((part) =>
    readFileSync(new URL(`${part}.jsonl`, import.meta.url), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line, at): Row => {
        const { text, label, role } = JSON.parse(line) as OwnRow;
        const attack = attackLabels.some((each) => each === label) ? 1 : 0;
        return {
          id: `own-${part}-${at}`,
          text,
          attack,
          label,
          source: `own_${part}`,
          family: "own",
          weight: weights[attack],
          role,
        };
      }),
  );
}
