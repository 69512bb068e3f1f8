/**
 * Does an upstream's certificate verify, as the gateway would verify it? In: the upstream, and for SPIFFE the trust
 * domain's bundle. Out: what is wrong, in words; nothing where it verifies or could not be seen.
 */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { peerChain } from "@cordon/core/identity/peer-chain";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import type { Instant } from "@cordon/core/instant";
import { ask } from "../net/ask.ts";
import { harmlessUrl } from "./probe-upstream.ts";
import type { ConfiguredTarget } from "./targets.ts";

const timeoutMs = 3_000;
/** OpenSSL's verification errors, as Node names them. */
const certificateError = /CERT|ISSUER|UNABLE_TO|HOSTNAME|CRL|PATH_LENGTH|INVALID_PURPOSE/;

/** For upstreams that prove themselves by the web's authorities, or by those in `caFile`. */
export async function webCertificateProblem(target: ConfiguredTarget): Promise<string | undefined> {
  let ca: Buffer | undefined;
  try {
    ca = target.caFile === undefined ? undefined : await readFile(target.caFile);
  } catch (error) {
    return `its authorities cannot be read from ${target.caFile} (${(error as NodeJS.ErrnoException).code})`;
  }
  const tls = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  const answer = await ask({ url: harmlessUrl(target), method: "HEAD", timeoutMs, tls });
  if ("status" in answer || answer.connected || !certificateError.test(answer.code)) return undefined;
  return `its certificate does not verify (${answer.code})`;
}

/** For upstreams that prove themselves as a component. The server shows its chain before it asks for ours. */
export async function svidProblem(
  target: ConfiguredTarget,
  bundle: TrustBundle,
  now: Instant,
): Promise<string | undefined> {
  const chain = await presentedChain(target.url);
  if (chain === undefined) return undefined;
  const nothingRevoked = { certificates: new Set<never>(), keys: new Set<never>(), workloads: new Set<never>() };
  try {
    const trust = { bundles: new Map([[bundle.trustDomain, bundle]]), revocations: nothingRevoked };
    const { id } = verifyX509Svid(chain, trust, now);
    return target.peer === undefined || id === target.peer ? undefined : `it is ${id}, and must be ${target.peer}`;
  } catch (error) {
    return `its certificate does not verify: ${(error as Error).message}`;
  }
}

function presentedChain(url: string): Promise<readonly Uint8Array[] | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    // No authorities: a chain that OpenSSL could verify would be shortened before it can be read (peer-chain.ts).
    const socket = connect({
      host,
      port: Number(port || 443),
      ca: [],
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const settle = (chain: readonly Uint8Array[] | undefined): void => {
      clearTimeout(timer);
      resolve(chain);
      socket.destroy();
    };
    const timer = setTimeout(() => settle(undefined), timeoutMs);
    socket.on("error", () => settle(undefined));
    socket.once("secureConnect", () => {
      try {
        settle(peerChain(socket));
      } catch {
        settle([]); // a chain that cannot be read does not verify
      }
    });
  });
}
