/**
 * A model or dataset card: Markdown, with YAML front matter where it comes from Hugging Face. In: the bytes of a README.
 * Out: its metadata, or why that is none, and its sections by heading. Nothing is rendered and nothing is fetched.
 */
import { parseDocument } from "yaml";
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";

export const maxCardBytes = 4 * 1024 * 1024;
const maxMetadataCharacters = 256 * 1024;

export interface CardSection {
  /** Heading text, without marks. */
  readonly title: string;
  /** 1 for `#`; 0 for what stands before the first heading. */
  readonly level: number;
  /** 1-based line of the heading. */
  readonly line: number;
  /** What follows, down to the next heading of any level; comments removed. */
  readonly text: string;
}

/** Of the card's metadata: there, none at all, or there and broken. */
export type CardFormat = "valid" | "no-metadata" | "invalid";

export type CardMetadata = z.infer<typeof metadataSchema>;

export interface Card {
  readonly format: CardFormat;
  /** Why it is invalid. */
  readonly problem?: string;
  /** Empty unless the format is valid. */
  readonly metadata: CardMetadata;
  readonly sections: readonly CardSection[];
}

const words = z.union([z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]).nullable())]).nullish();
const text = z.string().nullish();

/** Hugging Face's card metadata; fields that nothing here reads are let pass. */
const metadataSchema = z.looseObject({
  language: words,
  license: z.union([z.string(), z.array(z.string())]).nullish(),
  license_name: text,
  license_link: text,
  library_name: text,
  pipeline_tag: text,
  tags: words,
  datasets: z.union([z.string(), z.array(z.union([z.string(), z.looseObject({})]).nullable())]).nullish(),
  metrics: z.unknown().optional(),
  base_model: z.union([z.string(), z.array(z.string())]).nullish(),
  pretty_name: text,
  task_categories: words,
  size_categories: words,
  "model-index": z
    .array(
      z.looseObject({
        name: z.union([z.string(), z.number()]).nullish(),
        results: z
          .array(
            z.looseObject({
              task: z.looseObject({ type: z.string() }),
              dataset: z.looseObject({ type: z.string(), name: z.union([z.string(), z.number()]) }),
              metrics: z.array(z.looseObject({ type: z.string(), value: z.unknown() })).min(1),
            }),
          )
          .optional(),
      }),
    )
    .nullish(),
});

/**
 * Reads a card.
 *
 * @throws {CordonError} `SUPPLY_INPUT_INVALID` when it is no text or too long; bad metadata is part of the answer
 */
export function parseCard(bytes: Uint8Array, file: string): Card {
  if (bytes.length > maxCardBytes)
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is longer than ${maxCardBytes} bytes: no card`);
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r\n?/g, "\n");
  } catch (cause) {
    throw new CordonError("SUPPLY_INPUT_INVALID", `${file} is not text in UTF-8: no card`, { cause });
  }
  const { front, body, firstLine } = split(content);
  const sections = readSections(body, firstLine);
  if (front === undefined) return { format: "no-metadata", metadata: {}, sections };
  const parsed = readMetadata(front);
  return "problem" in parsed
    ? { format: "invalid", problem: parsed.problem, metadata: {}, sections }
    : { format: "valid", metadata: parsed.metadata, sections };
}

/** Front matter stands between `---` on the first line and the next `---` on a line of its own. */
function split(content: string): { readonly front?: string; readonly body: string; readonly firstLine: number } {
  if (!/^---[ \t]*\n/.test(content)) return { body: content, firstLine: 1 };
  const start = content.indexOf("\n") + 1;
  const end = /^---[ \t]*$/m.exec(content.slice(start));
  if (end === null) return { body: content, firstLine: 1 };
  const front = content.slice(start, start + end.index);
  const body = content.slice(start + end.index + end[0].length);
  return { front, body, firstLine: front.split("\n").length + 1 };
}

function readMetadata(front: string): { readonly metadata: CardMetadata } | { readonly problem: string } {
  if (front.length > maxMetadataCharacters)
    return { problem: `the metadata is longer than ${maxMetadataCharacters} characters` };
  let tree: unknown;
  try {
    const document = parseDocument(front, { schema: "core", uniqueKeys: true, logLevel: "error" });
    const [error] = document.errors;
    if (error !== undefined) return { problem: `the metadata is not YAML: ${error.message.split("\n", 1)[0] ?? ""}` };
    tree = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { problem: `the metadata cannot be read: ${(error as Error).message}` };
  }
  if (tree === null || tree === undefined) return { metadata: {} };
  if (typeof tree !== "object" || Array.isArray(tree)) return { problem: "the metadata is no map of fields" };
  const parsed = metadataSchema.safeParse(tree);
  if (parsed.success) return { metadata: parsed.data };
  const issue = parsed.error.issues[0];
  return { problem: `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "it does not fit"}` };
}

/** ATX headings outside fenced code; HTML comments are the template's own words, not the author's. */
function readSections(body: string, firstLine: number): CardSection[] {
  const sections: { title: string; level: number; line: number; lines: string[] }[] = [
    { title: "", level: 0, line: firstLine, lines: [] },
  ];
  let fence: string | undefined;
  for (const [index, line] of blankComments(body).split("\n").entries()) {
    const mark = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
    } else if (mark !== undefined) fence = mark;
    const heading = fence === undefined ? /^ {0,3}(#{1,6})[ \t]+(\S.*)$/.exec(line) : null;
    if (heading === null) sections.at(-1)?.lines.push(line);
    else
      sections.push({
        title: withoutClosingMarks(heading[2] ?? ""),
        level: heading[1]?.length ?? 1,
        line: firstLine + index,
        lines: [],
      });
  }
  return sections.map(({ lines, ...section }) => ({ ...section, text: lines.join("\n").trim() }));
}

/** `## Title ##` is `Title`. By hand: a pattern for it is quadratic on a line of marks. */
function withoutClosingMarks(title: string): string {
  let end = title.length;
  while (end > 0 && "# \t".includes(title.charAt(end - 1))) end--;
  return title.slice(0, end).trim();
}

/** Removes comments, keeping their line ends, so that lines keep their numbers. */
function blankComments(body: string): string {
  let result = "";
  let at = 0;
  for (;;) {
    const start = body.indexOf("<!--", at);
    if (start < 0) return result + body.slice(at);
    const end = body.indexOf("-->", start + 4);
    const stop = end < 0 ? body.length : end + 3;
    result += body.slice(at, start) + "\n".repeat(body.slice(start, stop).split("\n").length - 1);
    at = stop;
  }
}
