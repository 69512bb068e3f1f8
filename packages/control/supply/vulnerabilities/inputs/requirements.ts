/**
 * `requirements.txt` (pip). In: its text. Out: packages with the version where it is pinned by `==` or `===`, and lines
 * that name something else (a URL, another file, an editable checkout) as unread.
 */
import type { PackageFound, PackagesRead } from "./package-found.ts";

const requirement = /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)\s*(?:\[[^\]]{0,500}\])?\s*(.*)$/;
const pin = /^\(?\s*={2,3}\s*([^\s,;)*]{1,200})\s*\)?$/;

/** Reads requirements. */
export function readRequirements(text: string, file: string): PackagesRead {
  const packages: PackageFound[] = [];
  const unread: { words: string; line: number }[] = [];
  for (const { line, content } of logicalLines(text)) {
    const plain = stripOptions(content);
    if (plain === "") continue;
    if (plain.startsWith("-")) {
      // Options that choose an index or a hash name no package; those that name one are not followed.
      if (/^(?:-r|-c|-e|--requirement|--constraint|--editable)\b/.test(plain))
        unread.push({ line, words: `\`${plain.slice(0, 80)}\` names packages elsewhere` });
      continue;
    }
    const match = requirement.exec(plain.split(";", 1)[0]?.trim() ?? "");
    const [, name = "", rest = ""] = match ?? [];
    if (match === null || rest.startsWith("@") || /^[a-z+]+:\/\//i.test(plain)) {
      unread.push({ line, words: `\`${plain.slice(0, 80)}\` gives no name and version` });
      continue;
    }
    packages.push({ ecosystem: "PyPI", name, version: pin.exec(rest)?.[1], file, line });
  }
  return { packages, unread };
}

/** Lines without comments; a backslash at the end joins the next one. */
function logicalLines(text: string): { readonly line: number; readonly content: string }[] {
  const lines: { line: number; content: string }[] = [];
  let joining = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const bare = raw.replace(/(?:^|\s)#.*$/, "");
    const open = bare.endsWith("\\");
    const content = open ? bare.slice(0, -1) : bare;
    const last = lines.at(-1);
    if (joining && last !== undefined) last.content += content;
    else lines.push({ line: index + 1, content });
    joining = open;
  }
  return lines;
}

/** Per-requirement options (`--hash=...`) follow the requirement. */
function stripOptions(content: string): string {
  const plain = content.trim();
  const at = plain.startsWith("-") ? -1 : plain.search(/\s--[a-z]/);
  return at < 0 ? plain : plain.slice(0, at).trim();
}
