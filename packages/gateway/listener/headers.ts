/**
 * Which headers cross the gateway. In: raw header pairs of one side. Out: those for the other.
 * Hop-by-hop headers (RFC 9110 section 7.6.1) never cross; neither do credentials, in either direction.
 */

const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
];

/**
 * Not forwarded to an upstream. `accept-encoding` is replaced by `identity`: only what can be read can be inspected.
 * The account selectors would let a client choose whose account the shared credential pays from.
 */
const notForwarded: ReadonlySet<string> = new Set([
  ...hopByHop,
  "host",
  "content-length",
  "accept-encoding",
  "authorization",
  "dpop",
  "x-api-key",
  "api-key",
  "cookie",
  "openai-organization",
  "openai-project",
  "anthropic-workspace-id",
  "anthropic-user-profile-id",
  "forwarded",
  "x-real-ip",
  // By these a server behind a proxy is told another caller, method or path than the ones that were decided on.
  "remote-user",
  "x-remote-user",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "via",
]);

/** Not returned to a client: an upstream's cookies and nonces belong to the shared credential, `cordon-*` is ours to say. */
const notReturned = new Set([...hopByHop, "set-cookie", "alt-svc", "dpop-nonce"]);

/** Of the client's own account at a destination outside: there no credential of ours is put in their place. */
const clientsOwn: ReadonlySet<string> = new Set([
  ...["authorization", "x-api-key", "api-key", "cookie", "openai-organization", "openai-project"],
  ...["anthropic-workspace-id", "anthropic-user-profile-id"],
]);
const notForwardedOutside: ReadonlySet<string> = new Set([...notForwarded].filter((name) => !clientsOwn.has(name)));

/** As {@link requestHeaders}, for a request of the client's own to a destination outside. */
export function outsideHeaders(raw: readonly string[], extra: readonly string[], left?: ReadonlySet<string>): string[] {
  return requestHeaders(raw, extra, left, notForwardedOutside);
}

/**
 * Headers for the upstream, as a flat list of names and values.
 *
 * @param passed which of them go on besides, by lower-case name; all but those that never do, where it is absent
 */
export function requestHeaders(
  raw: readonly string[],
  extra: readonly string[],
  left: ReadonlySet<string> = nothing,
  kept: ReadonlySet<string> = notForwarded,
  passed?: (name: string) => boolean,
): string[] {
  const out: string[] = [];
  const nominated = nominatedByConnection(raw);
  const replaced = new Set<string>();
  for (let at = 0; at < extra.length; at += 2) replaced.add((extra[at] as string).toLowerCase());
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const read = name.includes("_") ? name.replaceAll("_", "-") : name; // CGI and WSGI read `X_Api_Key` as `X-Api-Key`
    if (read !== name && ofBody.has(read)) continue; // to them it would be another coding than the one that was inspected
    if (kept.has(read) || left.has(read) || nominated?.has(name) || replaced.has(read)) continue;
    if (read.startsWith("cordon-") || read.startsWith("x-forwarded-")) continue;
    if (passed !== undefined && !passed(name)) continue;
    out.push(raw[at] as string, raw[at + 1] as string);
  }
  out.push("accept-encoding", "identity", ...extra);
  return out;
}

const nothing: ReadonlySet<string> = new Set();
/** How a body is written: inspection has read it so. */
const ofBody: ReadonlySet<string> = new Set(["content-encoding", "content-type"]);

/**
 * What asks for a piece of an answer. Where answers are inspected it is left out: two pieces may hold between them what
 * neither shows.
 */
export const rangeHeaders: ReadonlySet<string> = new Set(["range", "if-range"]);

/** Headers for the client, as a flat list of names and values. */
export function responseHeaders(
  raw: readonly (string | Buffer)[],
  extra: readonly string[],
  cookies = false,
): string[] {
  const out: string[] = [];
  let nominated: Set<string> | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const shown = textOf(raw[at]);
    const name = shown.toLowerCase();
    if (name === "connection") nominated = nominatedBy(textOf(raw[at + 1]), nominated);
    if (notReturned.has(name) && !(cookies && name === "set-cookie")) continue;
    if (!name.startsWith("cordon-")) out.push(shown, textOf(raw[at + 1]));
  }
  return [...(nominated === undefined ? out : without(out, nominated)), ...extra];
}

function textOf(item: string | Buffer | undefined): string {
  return typeof item === "string" ? item : (item?.toString("latin1") ?? "");
}

function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const out: string[] = [];
  for (let at = 0; at < headers.length; at += 2)
    if (!names.has((headers[at] as string).toLowerCase())) out.push(headers[at] as string, headers[at + 1] as string);
  return out;
}

/** Headers of an answer whose length is not known before it has been sent. */
export function withoutLength(headers: readonly string[]): string[] {
  return without(headers, lengthHeader);
}

const lengthHeader: ReadonlySet<string> = new Set(["content-length"]);

function nominatedByConnection(raw: readonly string[]): Set<string> | undefined {
  let nominated: Set<string> | undefined;
  for (let at = 0; at < raw.length; at += 2)
    if ((raw[at] as string).toLowerCase() === "connection") nominated = nominatedBy(raw[at + 1] as string, nominated);
  return nominated;
}

/** Names that a `connection` header keeps to this hop, besides those that never cross. */
function nominatedBy(value: string, before: Set<string> | undefined): Set<string> | undefined {
  let nominated = before;
  for (const token of value.split(",")) {
    const name = token.trim().toLowerCase();
    if (name === "" || name === "close" || name === "keep-alive") continue;
    nominated ??= new Set();
    nominated.add(name);
  }
  return nominated;
}
