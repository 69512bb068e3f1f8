/**
 * Names of files in a signed manifest. In: a name from a manifest, or the bytes of one from a disk. Out: why it may not
 * name a file inside a model, or nothing. OMS v1.0, section 6.1.2, and stricter where two systems would read one name
 * as two files.
 */

/** Long enough for every file system (PATH_MAX), and a bound on what a stranger's manifest can make us compare. */
export const maxPathBytes = 4096;

/** Why `path` cannot name a file inside a model; `undefined` when it can. */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (Buffer.byteLength(path) > maxPathBytes) return `it is longer than ${maxPathBytes} bytes`;
  if (!path.isWellFormed()) return "it holds half of a surrogate pair";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "it is absolute";
  if (path.includes("\\")) return "it has a backslash, which some systems read as a separator";
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return "it has a control character";
  }
  const parts = path.split("/");
  if (parts.includes("..")) return "it leaves the model (`..`)";
  if (parts.includes(".") || parts.includes("")) return "it is not in canonical form (`.`, `//` or a trailing `/`)";
  return undefined;
}

/** A relative path that the signer left out of the scope; OMS v1.0, section 6.2.1: exact paths, no patterns. */
export function ignorePathProblem(path: string): string | undefined {
  if (/[*?[]/.test(path)) return "it has a glob character, and ignored paths are exact";
  return pathProblem(path);
}

/** Order by Unicode code point (OMS v1.0, section 5.2.1). JavaScript's own order is by UTF-16 unit, which differs above U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** True when `path` is one of `ignored`, or lies under one. */
export function isUnder(path: string, ignored: Iterable<string>): boolean {
  for (const entry of ignored) if (path === entry || path.startsWith(`${entry}/`)) return true;
  return false;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A name as the file system gives it; `undefined` when it is not valid UTF-8. */
export function decodeFileName(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
