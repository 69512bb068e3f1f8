/**
 * Where the console is, for browsers and for the server. In: `console` of the configuration. Out: what is wrong with it,
 * or the origin and the `Host` headers that are the console's own. A request under any other name is another site's that
 * was pointed at this address (DNS rebinding).
 */
import { isLoopbackHost, parseListenAddress, type ListenAddress } from "./addresses.ts";

/** What is wrong with an origin, or `undefined`: scheme, host and port as a browser writes them, and nothing more. */
export function originProblem(value: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]{1,255}$/.test(value) || !URL.canParse(value))
    return "must be `https://HOST[:PORT]`, without a path";
  const { origin, protocol, hostname } = new URL(value);
  if (origin !== value) return `write it as browsers do: \`${origin}\``;
  // Browsers give keys (WebCrypto) to pages of a secure context only.
  if (protocol === "http:" && !isLoopbackHost(hostname)) return "must be `https:`; `http:` is for `localhost` only";
  return undefined;
}

interface ConsoleAddress {
  readonly listen: string;
  readonly origin?: string | undefined;
  readonly tls?: unknown;
}

/** What takes two fields to see: an address that others reach needs a certificate, and a name for it. */
export function consoleProblems({ listen, origin, tls }: ConsoleAddress): { path: string; message: string }[] {
  const address = parseListenAddress(listen);
  if ("problem" in address) return [];
  if (!isLoopbackHost(address.ok.host)) {
    if (tls === undefined)
      return [
        {
          path: "listen",
          message:
            `\`${address.ok.host}\` is reachable by others, and the console speaks plain HTTP on loopback only: ` +
            "set `console.tls: { certFile, keyFile }` and `console.origin: https://...`, or listen on 127.0.0.1",
        },
      ];
    if (origin === undefined)
      return [{ path: "listen", message: "say what browsers call it: set `console.origin: https://...`" }];
  }
  if (tls !== undefined && origin?.startsWith("http:") === true)
    return [{ path: "origin", message: "must be `https:`, since `console.tls` is set" }];
  return [];
}

/**
 * The console's own origins, the one to show people first. Without `origin` these are the names that a loopback address
 * has for a browser on this machine.
 *
 * @param address where it listens, with the port that it really got
 */
export function consoleOrigins(
  address: ListenAddress,
  { origin, tls }: Pick<ConsoleAddress, "origin" | "tls">,
): readonly string[] {
  if (origin !== undefined) return [origin];
  const scheme = tls === undefined ? "http" : "https";
  const own = address.host.includes(":") ? `[${address.host}]` : address.host;
  const names = ["localhost", "127.0.0.1", "::1"].includes(address.host) ? ["localhost", own] : [own];
  return [...new Set(names)].map((host) => new URL(`${scheme}://${host}:${address.port}`).origin);
}
