/**
 * Text: configurations, templates, cards, vocabularies, and source code. In: a source and its name. Out: the format, and
 * findings of what a loader would do with it. Prose is data; source code is never proven.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import { checkTemplate } from "../jinja/check-template.ts";
import type { Scan } from "../scan.ts";
import { atlas, printable } from "../verdict.ts";
import { codeIn } from "./code-text.ts";

const code =
  /\.(?:py|pyw|ipynb|sh|bash|zsh|bat|cmd|ps1|js|mjs|cjs|ts|rb|pl|lua|r|jl|php|vbs|exe|so|dll|dylib|jar|class|pyc|pyo|pyd)$/i;
const templates = /\.(?:jinja|jinja2|j2)$/i;
const settings = /\.(?:ya?ml|toml|cfg|ini|conf|xml|pmml|properties)$/i;

/** Text longer than this is looked at in its first part only for what its name promises. */
const lookedAt = 4 * 2 ** 20;

/** Whether the first part of a file is text, as far as bytes tell. */
export function isText(head: Uint8Array): boolean {
  if (head.length === 0) return true;
  if (head.includes(0)) return false;
  try {
    // A character may be cut off at the end.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return !head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27));
  } catch {
    return false;
  }
}

export function scanText(source: ByteSource, scan: Scan): string {
  const { name } = scan;
  if (source.size === 0) return "text";
  const text = Buffer.from(source.read(0, lookedAt)).toString("utf8");
  if (code.test(name) || text.startsWith("#!"))
    throw new Unreadable(
      "unsupported",
      "text/code",
      "it is a program: what it does is not proven here, and a loader that trusts remote code runs it",
    );
  if (templates.test(name)) {
    if (source.size > lookedAt) throw new Unreadable("unsupported", "text/size", "the template is too long");
    checkTemplate(text, scan, { whole: true });
    return "jinja-template";
  }
  if (settings.test(name)) {
    checkSettings(text, scan);
    return "settings";
  }
  return "text";
}

function checkSettings(text: string, scan: Scan): void {
  const tag = /!!?(?:python|java|ruby)\/[^\s]{1,80}|!![a-z]+\.[A-Za-z.]{1,80}/.exec(text)?.[0];
  const report = (rule: string, words: string): void =>
    scan.report({ rule, verdict: "dangerous", atlas: atlas.embeddedMalware, words });
  if (tag !== undefined) report("yaml/object-tag", `the tag ${printable(tag, 80)} makes an unsafe loader call code`);
  if (/<!ENTITY\s/i.test(text))
    report("xml/entity", "it declares XML entities, which can read files or fill the memory");
  for (const line of text.split("\n")) {
    const found = line.length < 65_536 ? codeIn(line) : undefined;
    if (found !== undefined) report("text/code", `it holds code: ${found}`);
  }
  if (text.includes("{{") || text.includes("{%")) checkTemplate(text, scan, { whole: false });
}
