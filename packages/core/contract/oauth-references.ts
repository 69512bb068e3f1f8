/**
 * What takes two parts of the configuration to see of OAuth: that an issuer whose tokens count is not Cordon's own under another
 * spelling, and that no two are one. In: the readable parts. Out: problems by path.
 */
import { parseListenAddress } from "./addresses.ts";
import type { PathProblem } from "./configuration-problems.ts";
import type { Listed } from "./configuration-references.ts";
import type { Configuration } from "./configuration.ts";
import { consoleOrigins } from "./console-address.ts";
import type { PropertyPath } from "./located-yaml.ts";

type TokenIssuerSettings = NonNullable<Configuration["oauth"]>["issuers"][number];

export interface OauthParts {
  /** `undefined` where it cannot be read. */
  readonly consoleSettings: Configuration["console"] | undefined;
  readonly issuers: readonly Listed<TokenIssuerSettings>[];
  readonly lineOf: (path: PropertyPath) => number;
}

export function oauthProblems({ consoleSettings, issuers, lineOf }: OauthParts): PathProblem[] {
  const own = new Set(consoleSettings === undefined ? [] : ownIssuers(consoleSettings));
  const first = new Map<string, PropertyPath>();
  return issuers.flatMap(({ path, item: { issuer } }): PathProblem[] => {
    const at = [...path, "issuer"];
    const spelled = foldIssuer(issuer);
    if (own.has(spelled))
      return [{ path: at, at: "value", message: "is Cordon's own issuer, at the console's address; leave it out" }];
    const earlier = first.get(spelled);
    if (earlier === undefined) first.set(spelled, at);
    else return [{ path: at, at: "value", message: `is the issuer on line ${lineOf(earlier)} already` }];
    return [];
  });
}

/** Every name that our own issuer has or could have.. */
function ownIssuers({ listen, origin, tls }: Configuration["console"]): readonly string[] {
  const address = parseListenAddress(listen);
  if ("problem" in address) return [];
  const origins = [...consoleOrigins(address.ok, { origin, tls }), ...consoleOrigins(address.ok, { tls })];
  return origins.map((each) => foldIssuer(`${each}/oauth`));
}

/**
 * One name for all spellings of an issuer: scheme, case, default port, trailing dots and slashes, and percent-encoding do not
 * tell two apart. Tokens are compared letter for letter; this says whom somebody could mean.
 */
export function foldIssuer(issuer: string): string {
  const { hostname, port, protocol, pathname } = new URL(issuer);
  const path = decoded(pathname)
    .toLowerCase()
    .replace(/\/{2,}/g, "/")
    .replace(/\/$/, "");
  const at = port === "" ? (protocol === "http:" ? "80" : "443") : port;
  return `${hostname.replace(/\.$/, "").toLowerCase()}:${at}${path}`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
