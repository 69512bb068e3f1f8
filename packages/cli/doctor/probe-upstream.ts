/**
 * Can one walk round Cordon? Dials an upstream as a stranger would: no identity, no credential, one harmless request. In:
 * where it is. Out: `bypassable` with the remedy, `closed`, or `unknown` with why. `unknown` is never `closed`.
 */
import { ask, type Reply, type Silence } from "../net/ask.ts";

export interface ProbeTarget {
  /** `namespace/name`. */
  readonly name: string;
  readonly url: string;
  readonly authentication: "spiffe" | "webpki" | "loopback";
  /** Which of its paths is harmless to ask for. */
  readonly api: "openai" | "anthropic" | "http" | "mcp" | "s3";
}

export type Bypass =
  | { readonly verdict: "bypassable"; readonly words: string; readonly remedy: string }
  | { readonly verdict: "closed" | "unknown"; readonly words: string };

export interface Probe {
  readonly bypass: Bypass;
  /** Why nothing answered at all, where nothing did. */
  readonly unreachable?: string;
  /** Its own clock, from its `Date` header. */
  readonly dateMs?: number;
}

const timeoutMs = 3_000;

export async function probeUpstream(target: ProbeTarget): Promise<Probe> {
  const question = {
    url: harmlessUrl(target),
    method: target.api === "http" || target.api === "mcp" || target.api === "s3" ? "HEAD" : "GET",
    timeoutMs,
  } as const;
  // Whether its certificate verifies is another question; nothing that needs protection is sent.
  const tls = { rejectUnauthorized: false };
  const first = await ask({ ...question, tls });
  if ("status" in first) return answered(target, first);
  const silent = judgeSilence(target, first);
  if (silent !== "again") return silent;
  // It ended the connection of a caller without an identity. Once may be chance; a door does it every time.
  const second = await ask({ ...question, tls });
  if ("status" in second) return answered(target, second);
  if (judgeSilence(target, second) !== "again")
    return {
      bypass: { verdict: "unknown", words: `it answered differently each time (${first.code}, ${second.code})` },
    };
  return { bypass: { verdict: "closed", words: "it ends the connection of a caller without a certificate" } };
}

/** Lists models, or only asks for a head: nothing is changed, and no content is read. */
export function harmlessUrl({ url, api }: Pick<ProbeTarget, "url" | "api">): string {
  const base = new URL(url);
  // The gateway dials `localhost` on 127.0.0.1; so does this.
  if (base.protocol === "http:" && base.hostname === "localhost") base.hostname = "127.0.0.1";
  const text = base.href.replace(/\/$/, "");
  return { openai: `${text}/models`, anthropic: `${text}/v1/models`, http: `${text}/`, mcp: text, s3: `${text}/` }[api];
}

function answered(target: ProbeTarget, { status, headers }: Reply): Probe {
  const date = Date.parse(headers.date ?? "");
  const dated = Number.isNaN(date) ? {} : { dateMs: date };
  if (status === 401 || status === 403 || status === 407)
    return { ...dated, bypass: { verdict: "closed", words: `it refuses a caller without a credential (${status})` } };
  if ((status >= 300 && status < 400) || (status >= 500 && status !== 501))
    return { ...dated, bypass: { verdict: "unknown", words: `it answered a stranger, with ${status}` } };
  const words = `it answers without Cordon: ${status} to a caller with no identity`;
  return { ...dated, bypass: { verdict: "bypassable", words, remedy: remedyFor(target) } };
}

/** TLS alerts by which a server says that it wants a certificate. */
const wantsCertificate = /ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;
const endedByPeer = new Set(["ECONNRESET", "EPIPE", "ERR_SSL_UNEXPECTED_EOF_WHILE_READING"]);

function judgeSilence(target: ProbeTarget, { code, connected }: Silence): Probe | "again" {
  if (wantsCertificate.test(code))
    return { bypass: { verdict: "closed", words: "it refuses a caller without a certificate" } };
  if (connected && target.url.startsWith("https:") && endedByPeer.has(code)) return "again";
  const words =
    code === "TIMEOUT"
      ? `it did not ${connected ? "answer" : "accept a connection"} within ${timeoutMs} ms`
      : `${connected ? "it broke off" : "it cannot be reached"} (${code})`;
  return { bypass: { verdict: "unknown", words }, ...(connected ? {} : { unreachable: words }) };
}

function remedyFor({ authentication }: ProbeTarget): string {
  switch (authentication) {
    case "loopback":
      return (
        "every process of this machine reaches it: run it where only Cordon can (a network namespace, a firewall rule " +
        "for Cordon's user), or have it want a key and give Cordon the key as `credential`"
      );
    case "spiffe":
      return "have it require a client certificate, and accept no SPIFFE ID but the gateway's";
    case "webpki":
      return "have it require a credential or a client certificate, and let the network admit nobody but the gateway";
  }
}
