/**
 * Fetches another trust domain's bundle. In: the URL, the profile, and what we trust. Out: the bytes that the endpoint
 * answered once it had proven itself, or `FEDERATION_FAILED` with the reason.
 *
 * The other side is not in our hands, so everything is bounded: time, bytes, redirects. Nothing of ours is sent: no
 * certificate, no credential. A redirect leads to `https:` only, is judged like the first address, is not remembered, and
 * does not reach into this network: the configured URL may be an internal one, but its owner may not choose others.
 *
 * @see SPIFFE Federation, 5.2.1.4 and 5.2.2.4
 */
import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { endpointUrlProblem } from "@cordon/core/contract/federation-schema";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { authenticatePeer } from "@cordon/core/identity/tls";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";

export type EndpointProfile =
  | { readonly kind: "https_web"; readonly caFile?: string }
  /** `trust`: the bundle of the endpoint's own trust domain, and what is revoked. */
  | { readonly kind: "https_spiffe"; readonly endpointId: SpiffeId; readonly trust: IdentityTrust };

export interface FetchOptions {
  readonly now: () => Instant;
  readonly signal: AbortSignal;
}

/** A bundle of 64 keys is a tenth of this. */
const maxBytes = 1024 * 1024;
const timeoutMs = 10_000;
const maxRedirects = 3;

/** @throws {CordonError} `FEDERATION_FAILED` */
export async function fetchBundle(url: string, profile: EndpointProfile, options: FetchOptions): Promise<Buffer> {
  let next = new URL(url);
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const answer = await ask(next, profile, { ...options, signal });
    if ("body" in answer) return answer.body;
    next = await redirected(next, answer.location, new URL(url));
  }
  throw failed(url, `it redirects more than ${maxRedirects} times`);
}

type Answer = { readonly body: Buffer } | { readonly location: string };

async function ask(url: URL, profile: EndpointProfile, { now, signal }: FetchOptions): Promise<Answer> {
  const options = await tlsOf(url, profile);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      outgoing.destroy();
      const why = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : wordsOf(error);
      reject(error instanceof CordonError && error.code === "FEDERATION_FAILED" ? error : failed(url.href, why, error));
    };
    const outgoing = request({ ...options, method: "GET", agent: false, signal, maxHeaderSize: 16_384 });
    outgoing.once("error", fail);
    outgoing.once("response", (response) => void readAnswer(url, response).then(resolve, fail));
    outgoing.setHeader("accept", "application/json");
    outgoing.setHeader("accept-encoding", "identity");
    if (profile.kind === "https_web") return void outgoing.end();
    // Not a byte of the request before the endpoint is known.
    outgoing.once("socket", (socket) =>
      (socket as TLSSocket).once("secureConnect", () => {
        try {
          authenticatePeer(socket as TLSSocket, profile.trust, now(), { expected: profile.endpointId });
          outgoing.end();
        } catch (error) {
          fail(error);
        }
      }),
    );
  });
}

async function tlsOf(url: URL, profile: EndpointProfile): Promise<RequestOptions> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const where: RequestOptions = {
    host,
    port: url.port === "" ? 443 : Number(url.port),
    path: url.pathname + url.search,
    ...(isIP(host) === 0 && { servername: host }),
    minVersion: "TLSv1.2",
  };
  // `ca: []` keeps OpenSSL from an opinion: the endpoint's SVID is judged by us (core/identity/tls.ts).
  if (profile.kind === "https_spiffe")
    return { ...where, rejectUnauthorized: false, ca: [], checkServerIdentity: () => undefined };
  if (profile.caFile === undefined) return where;
  try {
    return { ...where, ca: await readFile(profile.caFile) };
  } catch (cause) {
    throw failed(url.href, `${profile.caFile} cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

async function readAnswer(url: URL, response: IncomingMessage): Promise<Answer> {
  const { statusCode = 0, headers } = response;
  if ([301, 302, 303, 307, 308].includes(statusCode) && headers.location !== undefined) {
    response.destroy();
    return { location: headers.location };
  }
  if (statusCode !== 200) throw failed(url.href, `it answered ${statusCode}`);
  if ((headers["content-encoding"] ?? "identity") !== "identity")
    throw failed(url.href, "it answered in an encoding that was not asked for");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw failed(url.href, `its answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (!response.complete) throw failed(url.href, "its answer broke off");
  return { body: Buffer.concat(chunks) };
}

async function redirected(from: URL, location: string, configured: URL): Promise<URL> {
  if (!URL.canParse(location, from.href)) throw failed(from.href, "it redirects to something that is no URL");
  const to = new URL(location, from.href);
  const problem = endpointUrlProblem(to.href);
  if (problem !== undefined) throw failed(from.href, `it redirects to an address that ${problem}`);
  if (to.host !== configured.host) await refuseInternal(from, to);
  return to;
}

const internal = new BlockList();
for (const [net, bits] of [
  ...(["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"] as const),
  ...(["192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"] as const),
].map((range) => range.split("/") as [string, string]))
  internal.addSubnet(net, Number(bits), "ipv4");
for (const [net, bits] of [
  ["::", 127],
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  internal.addSubnet(net, bits, "ipv6");

/** Whether an address is of this machine or a private network. */
export function isInternalAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return internal.check(address, "ipv4");
  return version !== 6 || internal.check(address, "ipv6"); // mapped IPv4 is judged as IPv4 by BlockList
}

/** The dialled address may still differ from the one looked up here; what is sent and trusted does not change by it. */
async function refuseInternal(from: URL, to: URL): Promise<void> {
  const host = to.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
  if (addresses.some(isInternalAddress))
    throw failed(from.href, `it redirects to ${to.host}, which is inside this network`);
}

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof CordonError) return message;
  return code ?? message;
}

function failed(url: string, why: string, cause?: unknown): CordonError {
  return new CordonError("FEDERATION_FAILED", `the bundle endpoint ${url} gave no bundle: ${why}`, { cause });
}
