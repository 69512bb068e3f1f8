/**
 * The head of a request, judged before anything else looks at it. In: what the HTTP parser read. Out: the canonical
 * path and query, or a refusal. Whatever two HTTP parsers could read differently (RFC 9112 section 11) is refused.
 */
import type { IncomingMessage } from "node:http";
import { CordonError } from "@cordon/core/errors";

export interface RequestHead {
  readonly method: string;
  /** Canonical path: starts with `/`, no dot or empty segments, no encoded separators but where they were asked for. */
  readonly path: string;
  /** With its leading `?`, or empty. */
  readonly query: string;
}

/** Headers that may appear once at most; a second copy is a disagreement waiting to happen. */
const singleNames = [
  "host",
  "content-length",
  "transfer-encoding",
  "content-type",
  "content-encoding",
  "authorization",
  "dpop",
  "x-api-key",
  "api-key",
  "expect",
  "range",
];
/** A bit for each of them. */
const single: ReadonlyMap<string, number> = new Map(singleNames.map((name, at) => [name, 1 << at]));
const contentLengthBit = single.get("content-length") ?? 0;
const transferEncodingBit = single.get("transfer-encoding") ?? 0;

const pathCharacters = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*$/;
/** `%2f %5c %2e %00 %0a %0d`, and the same once more encoded. */
const encodedStructure = /%(?:25)*(?:2f|5c|2e|00|0a|0d)/i;
/** The same, but for a slash that is encoded once. */
const encodedBesideSlash = /%(?:25)+2f|%(?:25)*(?:5c|2e|00|0a|0d)/i;
const encodedSlash = /%2f/gi;
const brokenPercent = /%(?![0-9A-Fa-f]{2})/;
const queryCharacters = /^[\x21\x22\x24-\x7e]*$/;

/**
 * @param slashes whether the path may hold `%2F`. Only for who compares paths as they are spelled: two parsers would not
 *   agree on where such a path leads
 * @throws {CordonError} `REQUEST_MALFORMED`, `ROUTE_UNGOVERNED` (upgrades)
 */
export function readRequestHead(request: IncomingMessage, slashes: "plain" | "encoded" = "plain"): RequestHead {
  let seen = 0;
  const raw = request.rawHeaders;
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const bit = single.get(name);
    if (bit === undefined) continue;
    if ((seen & bit) !== 0) throw malformed(`the header \`${name}\` is sent twice`);
    seen |= bit;
  }
  if (request.httpVersion !== "1.1") throw malformed("only HTTP/1.1 is spoken here");
  if ((seen & contentLengthBit) !== 0 && (seen & transferEncodingBit) !== 0)
    throw malformed("both content-length and transfer-encoding are sent");
  const transfer = request.headers["transfer-encoding"];
  if (transfer !== undefined && transfer.toLowerCase() !== "chunked")
    throw malformed("the only transfer-encoding is `chunked`");
  if (request.headers.upgrade !== undefined)
    throw new CordonError(
      "ROUTE_UNGOVERNED",
      "protocol upgrades (WebSocket, Realtime) are refused: no control sees inside them yet",
    );
  const method = request.method ?? "";
  if (method === "CONNECT" || method === "TRACE") throw malformed(`the method ${method} is refused`);
  const { path, query } = canonicalTarget(request.url ?? "", slashes);
  return { method, path, query };
}

interface Target {
  readonly path: string;
  readonly query: string;
}

/** Targets that were found good, each at most {@link maxKnownLength} long: nearly every call is to one of a few. */
let known = new Map<string, Target>();
const maxKnown = 256;
const maxKnownLength = 256;

function canonicalTarget(text: string, slashes: "plain" | "encoded"): Target {
  const found = known.get(text);
  if (found !== undefined) return found;
  const target = readTarget(text, slashes);
  // What is good in one place alone is not known to be good.
  if (text.length > maxKnownLength || slashes === "encoded") return target;
  if (known.size >= maxKnown) known = new Map();
  known.set(text, target);
  return target;
}

function readTarget(target: string, slashes: "plain" | "encoded"): Target {
  if (!target.startsWith("/")) throw malformed("the request target must be a path");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark);
  if (!pathCharacters.test(path)) throw malformed("the path holds a character that must be percent-encoded");
  if (brokenPercent.test(path)) throw malformed("the path holds a `%` that encodes nothing");
  if ((slashes === "plain" ? encodedStructure : encodedBesideSlash).test(path))
    throw malformed("the path encodes a slash, dot, backslash or control character");
  const decoded = slashes === "plain" ? path : path.replaceAll(encodedSlash, "/");
  if (decoded.includes("//")) throw malformed("the path holds an empty segment");
  // Servlet containers drop what follows a `;` before they resolve dots: to them `..;x` climbs.
  if (/(?:^|\/)\.{1,2}(?:[;/]|$)/.test(decoded)) throw malformed("the path holds a dot segment");
  if (!queryCharacters.test(query)) throw malformed("the query holds a character that must be percent-encoded");
  return { path, query };
}

function malformed(why: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", `the request is refused: ${why}`);
}
