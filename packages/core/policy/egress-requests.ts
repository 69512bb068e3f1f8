/**
 * Which requests may be made of a destination outside. In: methods and path patterns as they are declared. Out: whether a
 * method and a canonical path are among them. What is not declared is not.
 *
 * A pattern is read segment by segment: text is exact, `*` stands for one segment that is not empty, `**` at the end for
 * everything below. Nothing is decoded: another spelling of a path is another path, and refused. A segment with an encoded
 * slash (`group%2Fproject`) is allowed where it is written out, and by no star: a server that decodes it would read several.
 */

export const egressMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export interface EgressRequests {
  readonly written: readonly { readonly methods: readonly string[]; readonly paths: readonly string[] }[];
  /** Exact paths by method. */
  readonly exact: ReadonlyMap<string, ReadonlySet<string>>;
  /** Patterns by method, as segments. */
  readonly patterns: ReadonlyMap<string, readonly (readonly string[])[]>;
}

/** Most segments of a pattern. */
const maxSegments = 64;

export function egressRequests(
  written: readonly { readonly methods: readonly string[]; readonly paths: readonly string[] }[],
): EgressRequests {
  const exact = new Map<string, Set<string>>();
  const patterns = new Map<string, string[][]>();
  for (const { methods, paths } of written)
    for (const method of methods)
      for (const path of paths) {
        if (path.includes("*")) listed(patterns, method, () => []).push(path.slice(1).split("/"));
        else listed(exact, method, () => new Set<string>()).add(path);
      }
  return { written, exact, patterns };
}

function listed<T>(map: Map<string, T>, key: string, make: () => T): T {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}

/** @param path canonical, as the gateway reads it: no dot or empty segments, no query; of encoded separators slashes alone */
export function allowsRequest({ exact, patterns }: EgressRequests, method: string, path: string): boolean {
  if (exact.get(method)?.has(path) === true) return true;
  const candidates = patterns.get(method);
  if (candidates === undefined) return false;
  const segments = path.slice(1).split("/");
  return candidates.some((pattern) => matches(pattern, segments));
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  const open = pattern.at(-1) === "**";
  const fixed = open ? pattern.length - 1 : pattern.length;
  if (open ? segments.length <= fixed : segments.length !== fixed) return false;
  for (let at = 0; at < fixed; at++) {
    const [wanted, found] = [pattern[at], segments[at]];
    if (wanted === "*" ? found === "" || hasEncodedSlash(found) : wanted !== found) return false;
  }
  return !open || !segments.slice(fixed).some(hasEncodedSlash);
}

function hasEncodedSlash(segment: string | undefined): boolean {
  return segment !== undefined && segment.includes("%") && /%2f/i.test(segment);
}

/** What is wrong with a path pattern, or `undefined`. */
export function pathPatternProblem(path: string): string | undefined {
  if (!path.startsWith("/")) return "must start with `/`";
  if (path.length > 2_048) return "is too long";
  if (!/^[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*$/.test(path))
    return "holds a character that no path has (no query, no fragment)";
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return "holds a `%` that encodes nothing";
  if (/%(?:25)+2f|%(?:25)*(?:5c|2e|00|0a|0d)/i.test(path))
    return "encodes a dot, backslash or control character, or a slash twice";
  const decoded = path.replaceAll(/%2f/gi, "/");
  if (decoded.includes("//")) return "holds an empty segment";
  if (/(?:^|\/)\.{1,2}(?:[;/]|$)/.test(decoded)) return "holds a dot segment";
  if (/%2f\*|\*%2f/i.test(path)) return "holds a star beside an encoded slash: a star is a whole segment";
  const segments = path.slice(1).split("/");
  if (segments.length > maxSegments) return `has more than ${maxSegments} segments`;
  if (segments.slice(0, -1).includes("**")) return "may have `**` at its end only";
  if (segments.some((segment) => segment.includes("*") && segment !== "*" && segment !== "**"))
    return "may have `*` for a whole segment only";
  return undefined;
}
