/**
 * Finds what a text tells its reader to do. In: any text of the context: a system prompt, a question, a document, a tool's
 * result. Out: its instructions in order. A small grammar of English: imperatives behind any number of lead-ins ("please",
 * "you must", "your task is to", "step 2:"), passives ("the rows must be sent to"), prohibitions ("never"), conditions
 * ("if the customer asks ..."). Who wrote the text is not asked: that is what makes the model one that can be hijacked.
 */
import { leadingParticiple, leadingVerb, type Act } from "./verbs.ts";

export interface Instruction {
  readonly acts: readonly Act[];
  readonly verb: string;
  /** What to do it to: the words behind the verb (in front of it, in a passive). */
  readonly object: string;
  /** The words as they stand in the text, to leave them out of a quotation. */
  readonly sentence: string;
  readonly forbidden: boolean;
  /** Holds only where this does. */
  readonly condition: string | undefined;
}

/** More of a text is not read for instructions. */
const maxCharacters = 40_000;
const maxLeadIns = 12;

const actors =
  "(?:you|we|(?:the |every |any |this |all )?(?:\\p{L}+ )?(?:assistants?|models?|ais?|agents?|bots?|systems?|readers?)|whoever reads this|staff)";
const obligations =
  "(?:must|should|shall|will|can|may|are to|is to|needs? to|(?:have|has) to|ought to|(?:are|is) (?:now |hereby )?(?:required|asked|instructed|expected|advised|requested|directed|told|authori[sz]ed|allowed|permitted|obliged) to)";

/** What may stand before a verb without changing what is asked. */
const leadIns: readonly RegExp[] = [
  /^(?:please|kindly|now|then|next|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|also|instead|afterwards?|immediately|and|but|so|just|simply|always|okay|ok|hey|hi|hello|quietly|silently|automatically|carefully|at once|in addition|after that|as a next step|from now on|additionally|for this|to do so|to begin|to start)\b\s*[,:]?\s*/i,
  /^(?:step\s+)?\d{1,2}\s*[.):-]\s*/i,
  /^[-*•>"'“”‘’([{#=~|`]+\s*/,
  new RegExp(
    `^${actors}\\s+(?:also |now |then )?${obligations}(?:\\s+(?:also|first|always|now|then|immediately))?\\s+`,
    "iu",
  ),
  /^(?:(?:i|we)(?: now)? (?:need|want|would like|'d like|order|ask|expect|require|instruct|urge|direct) (?:you|the assistant|the model) to|i'd like you to|your (?:\p{L}+ )?(?:task|job|goal|duty|mission|objective|assignment) is(?: now)? to|be sure to|be so kind as to|make sure (?:to|that you|you)|ensure (?:that )?you|(?:don't|do not) forget to|remember to|go ahead and|it is (?:\p{L}+ )?(?:required|necessary|important|mandatory|vital|essential|crucial|imperative) (?:that you|to|for you to)|feel free to|try to|take care to|proceed to|continue to|let us|let's)\s+/iu,
  /^(?:can|could|would|will) you(?:\s+(?:please|kindly|also|now))*\s+/i,
];
const gerundLeadIn =
  /^(?:(?:please )?(?:start|begin|continue|finish|proceed|follow up|go on) (?:by|with)|would you mind|do you mind|help (?:us|me) by|comply by)\s+/i;
/** A clause in front that says when, or why. */
const subordinate =
  /^(?:before|after|while|as soon as|once|in order to|to|for|since|because|prior to|as part of|due to|given|with)\b[^,.]{1,160},\s*/i;
const conditional = /^(?:if|when|whenever|in case|where)\s+([^,]{3,200}),\s*(?:then\s+)?/i;
/** A clause in front whose own comma has not come yet. */
const openSubordinate =
  /^(?:(?:and|but|so|then|now|please|also)\s+)*(?:if|when|whenever|in case|where|before|after|while|as soon as|once|in order to|since|because|prior to|as part of|due to|given|with|to|for)\b[^,]*$/i;
const prohibition =
  /^(?:never|do not|don't|must not|should not|may not|cannot|can't|under no circumstances(?: should you| may you)?|avoid|refrain from|you are not (?:allowed|permitted) to)\s+(?:ever\s+)?/i;
const labelled = /^[\p{L}\p{N} '_/()-]{1,60}:\s+(?=\S)/u;
const passive = new RegExp(
  "^(.{3,160}?)\\s+(?:must|should|shall|will|has to|have to|needs? to|is to|are to|ought to)\\s+(?:also |now |then |first |always )?(?:be|get)\\s+(.+)$",
  "iu",
);
/** Said without an imperative: what was told before does not count any more. */
const superseded =
  /\b(?:previous|prior|earlier|above|old|former|original|initial|existing|preceding)\s+(?:\p{L}+\s+)?(?:instructions?|rules?|guidelines?|prompts?|restrictions?|directions?|polic(?:y|ies)|constraints?|orders?)\b.{0,40}\b(?:no longer|not (?:apply|hold|count|valid)|void|cancell?ed|superseded|replaced|revoked|lifted|suspended|obsolete|withdrawn)/iu;

/** The instructions of a text, in their order. */
export function instructionsIn(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  for (const sentence of sentencesOf(text.slice(0, maxCharacters))) {
    if (superseded.test(sentence))
      found.push({
        acts: ["disregard"],
        verb: "ignore",
        object: sentence,
        sentence,
        forbidden: false,
        condition: undefined,
      });
    let forbidden = false;
    for (const clause of clausesOf(sentence)) {
      const instruction = readClause(clause, sentence, forbidden);
      if (instruction === undefined) continue;
      // "Never read or send": what is forbidden stays so to the sentence's end.
      forbidden = instruction.forbidden;
      found.push(instruction);
    }
  }
  return found;
}

/** Sentences and lines. A dot inside a word, a number or an address ends none. */
export function sentencesOf(text: string): readonly string[] {
  return plainText(text)
    .replace(/<!--|-->|<\/?[a-z][^<>]{0,200}>/gi, "\n")
    .split(/(?<=[.!?;][)"'”’\]]?)\s+|\s*\n\s*|\s+--+\s+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");
}

/** The texts in a JSON document, one a line; any other text as it is. */
function plainText(text: string): string {
  if (!/^\s*[{[]/.test(text)) return text;
  const found: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === "string") found.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
  };
  try {
    collect(JSON.parse(text));
  } catch {
    return text;
  }
  return found.join("\n");
}

/** A sentence's parts: split where `and`, `then` or a comma is followed by another verb. */
function clausesOf(sentence: string): readonly string[] {
  const parts = sentence.split(
    /,?\s+(?:and|then|or|nor|before|after)\s+(?:then\s+|also\s+|finally\s+|never\s+)?|,\s+(?:then\s+)?/i,
  );
  const separators =
    sentence.match(
      /,?\s+(?:and|then|or|nor|before|after)\s+(?:then\s+|also\s+|finally\s+|never\s+)?|,\s+(?:then\s+)?/gi,
    ) ?? [];
  const clauses: string[] = [];
  for (const [at, part] of parts.entries()) {
    const separator = separators[at - 1] ?? "";
    const open = openSubordinate.test(clauses.at(-1) ?? "") && separator.startsWith(",");
    const begins = clauses.length === 0 || (!open && startsAct(part, /before|after/i.test(separator)));
    if (begins) clauses.push(part);
    else clauses.push(`${clauses.pop() ?? ""}${separator}${part}`);
  }
  return clauses;
}

function startsAct(part: string, gerund: boolean): boolean {
  const { rest } = stripLeadIns(part);
  return leadingVerb(rest, gerund) !== undefined || prohibition.test(rest) || leadingParticiple(rest) !== undefined;
}

interface Stripped {
  readonly rest: string;
  readonly gerund: boolean;
  readonly forbidden: boolean;
  readonly condition: string | undefined;
}

function stripLeadIns(clause: string): Stripped {
  let rest = clause.trim();
  let gerund = false;
  let forbidden = false;
  let condition: string | undefined;
  for (let count = 0; count < maxLeadIns; count++) {
    const before = rest;
    for (const leadIn of leadIns) rest = rest.replace(leadIn, "");
    if (gerundLeadIn.test(rest)) {
      gerund = true;
      rest = rest.replace(gerundLeadIn, "");
    }
    if (prohibition.test(rest)) {
      forbidden = true;
      gerund ||= /^(?:avoid|refrain)/i.test(rest);
      rest = rest.replace(prohibition, "");
    }
    const when = conditional.exec(rest);
    if (when !== null) {
      condition = when[1];
      rest = rest.slice(when[0].length);
    }
    rest = rest.replace(subordinate, "");
    if (leadingVerb(rest, gerund) === undefined) rest = rest.replace(labelled, "");
    if (rest === before) break;
  }
  return { rest, gerund, forbidden, condition };
}

function readClause(clause: string, sentence: string, forbiddenBefore: boolean): Instruction | undefined {
  const { rest, gerund, forbidden, condition } = stripLeadIns(clause);
  const shared = { sentence, forbidden: forbidden || forbiddenBefore, condition };
  const active = leadingVerb(rest, gerund);
  if (active !== undefined) return { ...shared, acts: active.acts, verb: active.verb, object: tidy(active.rest) };
  const match = passive.exec(rest);
  const done = leadingParticiple(match?.[2] ?? rest);
  if (done === undefined) return undefined;
  // A participle on its own ("... and sent to X") continues a passive: `it` stands for what came before.
  const subject = match?.[1] ?? "it";
  return { ...shared, acts: done.acts, verb: done.verb, object: tidy(`${subject} ${done.rest}`) };
}

function tidy(object: string): string {
  return object.replace(/[\s.!?;:,"'”’)\]*`]+$/u, "").trim();
}
