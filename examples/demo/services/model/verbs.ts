/** The verbs that the demo's model obeys. In: words. Out: which kind of act they ask for, and where the verb ends. */

/** What an instruction asks for. */
export type Act = "find" | "send" | "create" | "use" | "reply" | "summarise" | "disregard";

/** Base forms; a verb may stand under several acts (`open a page`, `open a ticket`), the object then decides. */
const bases: Readonly<Record<Act, string>> = {
  find:
    "look up|look for|look at|look into|read out|read|fetch|get hold of|get|retrieve|load|open|pull up|pull|download|obtain|" +
    "access|query|list|show|display|check|find out|find|collect|gather|dump|export|extract|grab|inspect|consult|search|" +
    "browse|visit|request|acquire|copy|take|review|scan|enumerate|convert|go to|harvest|print|output|bring up|call up|walk through",
  send:
    "send|post|forward|transmit|upload|submit|deliver|share|relay|email|mail|push|report|exfiltrate|publish|ship|" +
    "hand over|pass on|pass|transfer|leak|dispatch|drop|notify|put|write|save|store|deposit|pipe|stream",
  create: "open|create|raise|file|log|register|make|lodge|start|record",
  use: "use|call|invoke|run|execute|trigger",
  reply: "reply|answer|respond|say|tell|state|write|output|print|inform|mention|repeat|recommend|advise|instruct",
  summarise: "summarise|summarize|condense|recap|outline|sum up|paraphrase",
  disregard: "ignore|disregard|forget|override|overrule|set aside|discard|skip|bypass|put aside|abandon|drop|cancel",
};

/** Forms that are not made by rule. */
const irregular: Readonly<Record<string, readonly string[]>> = {
  read: ["read"],
  get: ["got", "gotten"],
  find: ["found"],
  send: ["sent"],
  take: ["taken"],
  put: ["put"],
  write: ["written"],
  make: ["made"],
  tell: ["told"],
  say: ["said"],
  forget: ["forgotten"],
  bring: ["brought"],
  set: ["set"],
  hand: ["handed"],
};

export interface VerbMatch {
  readonly acts: readonly Act[];
  /** The base form. */
  readonly verb: string;
  /** What follows the verb. */
  readonly rest: string;
}

interface Form {
  readonly verb: string;
  readonly acts: Set<Act>;
}

const imperatives = new Map<string, Form>();
const gerunds = new Map<string, Form>();
const participles = new Map<string, Form>();
for (const [act, words] of Object.entries(bases) as [Act, string][])
  for (const verb of words.split("|")) {
    add(imperatives, verb, verb, act);
    for (const form of gerundsOf(verb)) add(gerunds, form, verb, act);
    for (const form of participlesOf(verb)) add(participles, form, verb, act);
  }

/** The imperative (`fetch the page`) that a clause begins with; a gerund (`fetching the page`) where one is expected. */
export function leadingVerb(clause: string, gerund: boolean): VerbMatch | undefined {
  return longestAt(imperatives, clause) ?? (gerund ? longestAt(gerunds, clause) : undefined);
}

/** The participle (`sent to ...`) that a clause begins with. */
export function leadingParticiple(clause: string): VerbMatch | undefined {
  return longestAt(participles, clause);
}

/** Every act that some verb of a text stands for: what a tool's description says that it does. */
export function actsIn(text: string): ReadonlySet<Act> {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  const found = new Set<Act>();
  for (const [at, word] of words.entries())
    for (const candidate of [word, `${word} ${words[at + 1] ?? ""}`, thirdPerson(word)])
      for (const act of imperatives.get(candidate)?.acts ?? []) found.add(act);
  return found;
}

function longestAt(forms: ReadonlyMap<string, Form>, clause: string): VerbMatch | undefined {
  const words = /^([a-z]+)(?:\s+([a-z]+))?(?:\s+([a-z]+))?/i.exec(clause);
  if (words === null) return undefined;
  for (let count = 3; count > 0; count--) {
    const taken = words.slice(1, count + 1);
    if (taken.some((word) => word === undefined)) continue;
    const form = forms.get(taken.join(" ").toLowerCase());
    if (form === undefined) continue;
    const pattern = new RegExp(`^${taken.join("\\s+")}(?![\\p{L}\\p{N}-])`, "u");
    const end = pattern.exec(clause)?.[0].length;
    if (end !== undefined) return { acts: [...form.acts], verb: form.verb, rest: clause.slice(end).trim() };
  }
  return undefined;
}

function add(forms: Map<string, Form>, form: string, verb: string, act: Act): void {
  const known = forms.get(form) ?? { verb, acts: new Set<Act>() };
  known.acts.add(act);
  forms.set(form, known);
}

function thirdPerson(word: string): string {
  if (word.endsWith("ches") || word.endsWith("shes")) return word.slice(0, -2);
  return word.endsWith("s") ? word.slice(0, -1) : word;
}

function gerundsOf(verb: string): readonly string[] {
  const [head = "", ...rest] = verb.split(" ");
  const tail = rest.map((word) => ` ${word}`).join("");
  const stem = head.endsWith("e") && !head.endsWith("ee") ? head.slice(0, -1) : head;
  return [`${stem}ing${tail}`, `${head}${head.at(-1) ?? ""}ing${tail}`];
}

function participlesOf(verb: string): readonly string[] {
  const [head = "", ...rest] = verb.split(" ");
  const tail = rest.map((word) => ` ${word}`).join("");
  const regular = head.endsWith("e")
    ? [`${head}d`]
    : head.endsWith("y")
      ? [`${head.slice(0, -1)}ied`]
      : [`${head}ed`, `${head}${head.at(-1) ?? ""}ed`];
  return [...(irregular[head] ?? []), ...regular].map((form) => form + tail);
}
