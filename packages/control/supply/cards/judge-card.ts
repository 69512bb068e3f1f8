/**
 * Whether a card says what it must, in words of its own. In: a parsed card. Out: for each thing a card owes its reader
 * (training data, biases, intended use, evaluation, licence) where it is said, or that it is missing, or that only the
 * template speaks; and findings. It judges that something plausible is said, never that it is true.
 */
import { supplyFinding, type SupplyFinding } from "../finding.ts";
import { readLicence, type Licence } from "./licence.ts";
import type { Card, CardSection } from "./parse-card.ts";

export type CardKind = "model" | "dataset";

export const cardTopics = ["training-data", "bias", "intended-use", "evaluation", "licence"] as const;
export type CardTopic = (typeof cardTopics)[number];

export interface TopicVerdict {
  readonly topic: CardTopic;
  /** `template`: there is a heading, and under it only placeholders. */
  readonly state: "present" | "template" | "missing" | "implausible";
  /** Where it is said: a heading, or a field of the metadata. */
  readonly where?: string;
  readonly line?: number;
  readonly words?: string;
}

export interface CardVerdict {
  readonly kind: CardKind;
  readonly topics: readonly TopicVerdict[];
  readonly licences: readonly Licence[];
  readonly findings: readonly SupplyFinding[];
}

/** Headings under which a topic is treated; a card need not follow one template. */
const headings: Readonly<Record<Exclude<CardTopic, "licence">, RegExp>> = {
  "training-data": /\btrain(?:ing|ed)\b|\bpre-?train|\bdata ?sets?\b|\bsource data\b|\bdata collection\b|^data\b/i,
  bias: /\bbias(?:es)?\b|\blimitations?\b|\brisks?\b|\bfairness\b|\bethic|\bcaveats?\b|\bbroader implications\b|\bsafety\b/i,
  "intended-use": /\bintended\b|\buses?\b|\busage\b|\bapplications?\b|\bhow to use\b/i,
  evaluation: /\bevaluat|\bresults?\b|\bperformance\b|\bbenchmarks?\b|\bmetrics?\b|\bquantitative analys/i,
};
const notHeadings: Partial<Record<CardTopic, RegExp>> = {
  "training-data": /\bevaluation data\b|\btest(?:ing)? data\b|\bhyperparameters?\b/i,
  "intended-use": /\bout[- ]of[- ]scope\b|\benergy\b/i,
};

/** What a dataset's card does not owe. */
const datasetOwes: ReadonlySet<CardTopic> = new Set(["training-data", "bias", "intended-use", "licence"]);

/** Sentences that the templates of Hugging Face bring along. */
const templateWords: readonly RegExp[] = [
  /\[?(?:optional, )?more information needed\]?\.?/gi,
  /\{\{[^{}]{0,500}\}\}/g,
  /users \(both direct and downstream\) should be made aware of the risks, biases,? and (?:technical )?limitations of the (?:model|dataset)\.?( more information (?:is )?needed for further recommendations\.)?/gi,
  /carbon emissions can be estimated using [^\n]{0,300}/gi,
  /\b(?:todo|tbd|tba|fixme|n\/a|coming soon|to be (?:added|completed|determined)|lorem ipsum)\b[^\n]{0,200}/gi,
  /\*\*[^*\n]{1,80}:?\*\*:?(?=\s*(?:\n|$|\[))/g,
];

/** Judges a card. */
export function judgeCard(card: Card, file: string): CardVerdict {
  const kind = kindOf(card);
  const { verdict: licence, licences } = judgeLicence(card);
  const owed = cardTopics.filter((topic) => kind === "model" || datasetOwes.has(topic));
  const topics = owed.map((topic) => (topic === "licence" ? licence : judgeTopic(topic, card)));
  const findings = [
    ...judgeFormat(card, file),
    ...topics.filter(({ state }) => state !== "present").map((verdict) => topicFinding(verdict, file)),
  ];
  return { kind, topics, licences, findings };
}

function kindOf({ metadata }: Card): CardKind {
  const { task_categories: tasks, size_categories: sizes, pretty_name: pretty } = metadata;
  const isDataset = [tasks, sizes, pretty].some((field) => field !== undefined && field !== null);
  return isDataset && (metadata.pipeline_tag ?? metadata.library_name ?? undefined) === undefined ? "dataset" : "model";
}

function judgeFormat({ format, problem }: Card, file: string): SupplyFinding[] {
  if (format === "valid") return [];
  const message =
    format === "invalid"
      ? `the card's metadata is broken: ${problem ?? ""}`
      : "the card has no metadata in YAML front matter, so no program can read its licence and datasets";
  return [
    supplyFinding(
      `card/${format === "invalid" ? "metadata-invalid" : "no-metadata"}`,
      format === "invalid" ? "high" : "low",
      message,
      { subject: file, line: 1 },
    ),
  ];
}

function judgeTopic(topic: Exclude<CardTopic, "licence">, card: Card): TopicVerdict {
  const fromMetadata = metadataSays(topic, card);
  if (fromMetadata !== undefined) return { topic, state: "present", where: fromMetadata };
  let empty: CardSection | undefined;
  for (const [index, section] of card.sections.entries()) {
    if (section.level === 0 || !headings[topic].test(section.title) || notHeadings[topic]?.test(section.title) === true)
      continue;
    if (saysSomething(subtree(card.sections, index)))
      return { topic, state: "present", where: section.title.slice(0, 100), line: section.line };
    empty ??= section;
  }
  if (empty === undefined) return { topic, state: "missing" };
  return { topic, state: "template", where: empty.title.slice(0, 100), line: empty.line };
}

/** Machine-readable fields that answer a topic by themselves. */
function metadataSays(topic: CardTopic, { metadata }: Card): string | undefined {
  const datasets = metadata.datasets;
  if (topic === "training-data" && (typeof datasets === "string" ? datasets !== "" : (datasets ?? []).length > 0))
    return "metadata `datasets`";
  const results = (metadata["model-index"] ?? []).flatMap(({ results: list }) => list ?? []);
  return topic === "evaluation" && results.length > 0 ? "metadata `model-index`" : undefined;
}

/** The text of a section and of all below it. */
function subtree(sections: readonly CardSection[], index: number): string {
  const top = sections[index];
  if (top === undefined) return "";
  const texts = [top.text];
  for (const section of sections.slice(index + 1)) {
    if (section.level <= top.level) break;
    texts.push(section.text);
  }
  return texts.join("\n");
}

/** At least five words that the template does not bring along. */
function saysSomething(text: string): boolean {
  let own = text.slice(0, 200_000);
  for (const pattern of templateWords) own = own.replace(pattern, " ");
  return (
    (own.match(/\p{L}{2,}/gu) ?? []).length >= 5 || (own.match(/[\p{Script=Han}\p{Script=Thai}]/gu) ?? []).length >= 10
  );
}

function judgeLicence(card: Card): { readonly verdict: TopicVerdict; readonly licences: readonly Licence[] } {
  const { license, license_name: name, license_link: link } = card.metadata;
  const stated = typeof license === "string" ? [license] : (license ?? []);
  if (stated.length > 0) {
    const licences = stated.map((each) => readLicence(each, name, link));
    const bad = licences.find((each) => each.kind === "implausible");
    const where = "metadata `license`";
    return bad === undefined
      ? { verdict: { topic: "licence", state: "present", where }, licences }
      : { verdict: { topic: "licence", state: "implausible", where, words: bad.why }, licences };
  }
  const section = card.sections.find(({ title, level }) => level > 0 && /\blicen[cs]e\b|\blicensing\b/i.test(title));
  if (section === undefined) return { verdict: { topic: "licence", state: "missing" }, licences: [] };
  const place = { where: section.title.slice(0, 100), line: section.line };
  return {
    verdict: {
      topic: "licence",
      state: /\p{L}{2,}/u.test(stripTemplate(section.text)) ? "present" : "template",
      ...place,
    },
    licences: [],
  };
}

function stripTemplate(text: string): string {
  return templateWords.reduce((own, pattern) => own.replace(pattern, " "), text.slice(0, 200_000));
}

const topicWords: Readonly<Record<CardTopic, string>> = {
  "training-data": "what it was trained on",
  bias: "its biases, risks and limitations",
  "intended-use": "what it is meant for",
  evaluation: "how it was evaluated",
  licence: "its licence",
};

function topicFinding({ topic, state, where, line, words }: TopicVerdict, file: string): SupplyFinding {
  const message =
    state === "implausible"
      ? `the card's ${topic} is not plausible: ${words ?? ""}`
      : state === "template"
        ? `under "${where ?? ""}" the card holds only its template: it does not say ${topicWords[topic]}`
        : `the card does not say ${topicWords[topic]}`;
  return supplyFinding(`card/${topic}`, "medium", message, { subject: file, line });
}
