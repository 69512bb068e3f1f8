/**
 * What the name tagger learns from and is judged by. In: files of `../shared/data/text`. Out: labelled texts. The rows of
 * one template are all on one side; a sixth of the templates is held out.
 */
import { readFileSync } from "node:fs";
import { wordBits, word } from "@cordon/core/inspection/pii/names/lexicon";
import { labels } from "@cordon/core/inspection/pii/names/model";
import { hashOf, kind, type Tokens } from "@cordon/core/inspection/pii/names/tokens";
import type { Labelled } from "./sentences.ts";

export const folder = "../shared/data/text";

const labelOf: Readonly<Record<string, string>> = {
  PERSON: "person",
  ADDRESS: "address",
  STREET_ADDRESS: "address",
  LOCATION: "location",
  GPE: "location",
  ORGANIZATION: "organisation",
};

export interface Row extends Labelled {
  readonly template: string;
}

/** The rows of presidio-research; `held` those of templates that training never sees. */
export function presidioRows(): { readonly learned: readonly Row[]; readonly held: readonly Row[] } {
  const learned: Row[] = [];
  const held: Row[] = [];
  for (const line of readFileSync(`${folder}/pii_presidio.jsonl`, "utf8").trim().split("\n")) {
    const row = JSON.parse(line) as {
      text: string;
      spans: { start: number; end: number; type: string }[];
      meta: { template: string };
    };
    const spans = row.spans.flatMap(({ start, end, type }) => {
      const label = labelOf[type];
      const isTitle = /^(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?$/i.test(row.text.slice(start, end));
      return label === undefined || isTitle ? [] : [{ start, end, label }];
    });
    // The same sentence comes as two templates, of two generators: what is told apart is the words without the slots.
    const template = row.meta.template
      .replace(/^[a-z]+_?:/, "")
      .replaceAll(/[a-z_]*(?:person|name|address|street|gpe|loc|org|city|country|card)[a-z_]*/g, " ")
      .replaceAll(/[^a-z]+/g, " ")
      .trim();
    ((hashOf(template) >>> 3) % 6 === 0 ? held : learned).push({ text: row.text, spans, template });
  }
  return { learned, held };
}

/** Ordinary lines in which no word is a name, as far as the lexicon knows: nothing in them is to be found. */
export function plainLines(names: readonly string[], most: number): Labelled[] {
  return linesOf(names, most, isPlain);
}

/** Lines of documents. Whom and what they name is unknown; addresses they have none. */
export function documentLines(names: readonly string[], most: number): Labelled[] {
  return linesOf(
    names,
    most,
    (line) => /\p{Lu}\p{Ll}/u.test(line) && !/\b(?:address|street|road|avenue|box|lives at)\b/i.test(line),
  );
}

/** Lines of programs: no names in them, but for those who wrote them. */
export function programLines(names: readonly string[], most: number): Labelled[] {
  return linesOf(names, most, (line) => !/author|copyright|@|name|©/i.test(line));
}

function linesOf(names: readonly string[], most: number, isGood: (line: string) => boolean): Labelled[] {
  const out: Labelled[] = [];
  const perSource = Math.ceil(most / names.length);
  for (const name of names) {
    let taken = 0;
    for (const line of readFileSync(`${folder}/${name}.jsonl`, "utf8").trim().split("\n")) {
      const { text } = JSON.parse(line) as { text: string };
      let here = 0;
      for (const part of text.split("\n")) {
        if (taken >= perSource || here >= 8) break;
        if (part.length < 20 || part.length > 400 || !isGood(part)) continue;
        out.push({ text: part, spans: [] });
        taken++;
        here++;
      }
    }
  }
  return out;
}

function isPlain(line: string): boolean {
  if (/\p{Ll}[ ]\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}/u.test(line)) return false; // two capitals in a row within a sentence
  for (const [written] of line.matchAll(/[\p{L}\p{M}]+/gu)) {
    if (!/^\p{Lu}/u.test(written)) continue;
    const bits = wordBits(hashOf(written));
    if ((bits & (word.first | word.last | word.town | word.country | word.company)) !== 0 && (bits & word.common) === 0)
      return false;
  }
  return true;
}

/** The label of each word. */
export function tagsOf(tokens: Tokens, { spans }: Labelled): Uint8Array {
  const tags = new Uint8Array(tokens.count);
  let at = 0;
  for (const { start, end, label } of [...spans].sort((a, b) => a.start - b.start)) {
    const place = labels.indexOf(label as (typeof labels)[number]);
    while (at < tokens.count && (tokens.starts[at] ?? 0) < start) at++;
    for (; at < tokens.count && (tokens.starts[at] ?? 0) < end; at++) tags[at] = place;
  }
  // Line ends and commas at a span's edge belong to nobody.
  for (let place = 0; place < tokens.count; place++)
    if (tags[place] !== 0 && (tags[place + 1] ?? 0) !== tags[place] && (tokens.kinds[place] ?? 0) === kind.line)
      tags[place] = 0;
  return tags;
}
