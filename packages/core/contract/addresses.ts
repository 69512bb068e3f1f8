/**
 * Addresses, paths and header names as configuration writes them. In: text. Out: the parsed value, or a sentence that
 * says what is wrong (`{ problem }`), never a guess: what would have to be normalised is refused.
 */

export type Checked<T> = { readonly ok: T } | { readonly problem: string };

export interface ListenAddress {
  /** An IP address without brackets, or `localhost`. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Parses `127.0.0.1:8443`, `[::1]:8443` or `localhost:8443`. */
export function parseListenAddress(text: string): Checked<ListenAddress> {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([0-9.]{7,15}|localhost)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (!match || host === undefined)
    return { problem: "must be an IP address and a port, such as `127.0.0.1:8443` or `[::1]:8443`" };
  const port = Number(match[3]);
  if (port > 65_535 || String(port) !== match[3]) return { problem: "the port must be a number from 0 to 65535" };
  if (host !== "localhost" && !isCanonicalHost(match[1] === undefined ? host : `[${host}]`))
    return { problem: `\`${host}\` is not an IP address in its usual form` };
  return { ok: { host, port } };
}

/** True for 127.0.0.0/8, ::1 and `localhost`, written as a URL's `hostname` writes them. */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === "localhost" || hostname === "[::1]" || hostname === "::1") return true;
  return /^127(?:\.(?:0|[1-9][0-9]{0,2})){3}$/.test(hostname) && isCanonicalHost(hostname);
}

/** Parses an upstream's base URL: `https:` or `http:`, canonical, without userinfo, query or fragment. */
export function parseUpstreamUrl(text: string): Checked<URL> {
  const match = /^(https?):\/\/([^/?#@\\\s]{1,255})(\/[^?#\\\s]{0,1024})?$/.exec(text);
  if (!match) {
    if (/^https?:\/\/[^/?#]*@/.test(text))
      return { problem: "must not hold a user name or password; use `credential` with a secret reference" };
    return { problem: "must be `https://HOST[:PORT][/PATH]`, without query or fragment" };
  }
  if (!URL.canParse(text)) return { problem: "is not a URL" };
  const url = new URL(text);
  const written = match[2] ?? "";
  const defaultPort = url.protocol === "https:" ? ":443" : ":80";
  if (url.host !== written && `${url.host}${defaultPort}` !== written)
    return { problem: `write the host as \`${url.host}\`` };
  const path = match[3];
  if (path !== undefined && path !== "/") {
    const problem = routePathProblem(path.endsWith("/") ? path.slice(0, -1) : path);
    if (problem !== undefined) return { problem: `its path ${problem}` };
  }
  return { ok: url };
}

/** Characters of an RFC 3986 segment, without percent-encoding: what is matched must have one spelling. */
const segmentPattern = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]+$/;

/** What is wrong with a route's path, or `undefined`. `/` itself is a path. */
export function routePathProblem(path: string): string | undefined {
  if (!path.startsWith("/")) return "must start with `/`";
  if (path === "/") return undefined;
  if (path.length > 256) return "must be at most 256 characters long";
  if (path.includes("%")) return "must not be percent-encoded";
  if (path.includes("//")) return "must not hold `//`";
  if (path.endsWith("/")) return "must not end with `/`";
  const segments = path.slice(1).split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) return "must not hold the segments `.` or `..`";
  if (!segments.every((segment) => segmentPattern.test(segment)))
    return "must hold only letters, digits and -._~!$&'()*+,;=:@ between its slashes";
  if (segments[0]?.toLowerCase() === ".cordon") return "must not lie under `/.cordon`, which is Cordon's own";
  return undefined;
}

/** Headers that frame or route a message: a credential in one of them would change what the request is. */
const framingHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What is wrong with the header a credential goes into, or `undefined`. @see RFC 9110, section 5.6.2 (token) */
export function credentialHeaderProblem(name: string): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(name)) return "is not a header name";
  if (framingHeaders.has(name.toLowerCase())) return "cannot carry a credential: it frames the request";
  return undefined;
}

function isCanonicalHost(host: string): boolean {
  return URL.canParse(`http://${host}/`) && new URL(`http://${host}/`).hostname === host;
}

/** What is wrong with a syslog collector's URL, or `undefined`. */
export function syslogUrlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const shape = "must be `udp://HOST:PORT`, `tcp://HOST:PORT` or `tls://HOST:PORT`";
  if (url === undefined || !["udp:", "tcp:", "tls:"].includes(url.protocol) || url.hostname === "") return shape;
  if (url.username !== "" || url.password !== "") return "holds a user or a password, which syslog does not know";
  return (url.pathname === "" || url.pathname === "/") && url.search === "" && url.hash === "" ? undefined : shape;
}
