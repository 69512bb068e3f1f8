/**
 * Code in text that is no code. In: a string of metadata or configuration. Out: what in it is an instruction to a
 * machine, or undefined. Such a string does nothing by itself; it is there for somebody who evaluates it, or for a person
 * to paste. Each pattern is bounded, so that a long string costs linear time.
 */
import { printable } from "../verdict.ts";

const patterns: readonly RegExp[] = [
  /__import__\s{0,8}\(/,
  /\bos\s{0,4}\.\s{0,4}(?:system|popen|exec[lv]\w{0,3}|spawn[lv]\w{0,3})\s{0,8}\(/,
  /\bsubprocess\s{0,4}\.\s{0,4}(?:run|call|Popen|check_output|check_call|getoutput|getstatusoutput)\s{0,8}\(/,
  /\b(?:eval|exec|compile)\s{0,8}\(\s{0,8}(?:base64|compile|__import__|open|input|bytes|codecs|requests|urllib|zlib|marshal|getattr|b64decode)/,
  /\b(?:pickle|marshal|dill|cloudpickle|_pickle)\s{0,4}\.\s{0,4}loads?\s{0,8}\(/,
  /\bimport\s{1,8}(?:os|subprocess|socket|ctypes|pty)\s{0,8};/,
  /\b(?:curl|wget)\s[^|\n]{1,200}\|\s{0,8}(?:ba|z|da)?sh\b/,
  /\brm\s{1,8}-(?:rf|fr|r\s{1,8}-f)\s{1,8}[/~*]/,
  /\/bin\/(?:ba|z|da)?sh\s{1,8}-[ci]\b/,
  /\bpowershell(?:\.exe)?\s[^\n]{0,100}-e(?:nc|ncodedcommand|xec)\b/i,
  /<script\b[^>]{0,200}>/i,
];

/** Only this much of a string is looked at. */
const lookedAt = 256 * 1024;

export function codeIn(text: string): string | undefined {
  if (text.length < 8) return undefined;
  const head = text.length > lookedAt ? text.slice(0, lookedAt) : text;
  for (const pattern of patterns) {
    const at = head.search(pattern);
    if (at >= 0) return printable(head.slice(at, at + 60), 60);
  }
  return undefined;
}
