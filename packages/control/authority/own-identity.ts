/**
 * The identity of a component that lives in the control plane's own process, such as the gateway of `cordon up`. In:
 * the authority. Out: an {@link IdentitySource} that renews itself at half of its SVID's life, and at once when an
 * authority above it is tainted. The key is made here and stays in memory.
 */
import { createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { parseCertificate } from "@cordon/core/identity/certificate";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { IdentitySource, X509Svid } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import type { Authority } from "./authority.ts";

const generate = promisify(generateKeyPair);
/** How soon a failed renewal is tried again. */
const retryMs = 2_000;

export interface OwnIdentityOptions {
  readonly authority: Authority;
  readonly id: SpiffeId;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly now: () => Instant;
  /** Hears of a renewal that failed; the last SVID stays in use until it expires. */
  readonly onProblem: (error: unknown) => void;
}

/** @throws {CordonError} as `Authority.issueX509Svid`, for the first SVID */
export async function openOwnIdentity(options: OwnIdentityOptions): Promise<IdentitySource & AsyncDisposable> {
  const listeners = new Set<(svid: X509Svid) => void>();
  let current = await issue(options);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const schedule = (waitMs: number): void => {
    if (closed) return;
    clearTimeout(timer);
    // Short steps: a timer does not count the time a machine sleeps.
    timer = setTimeout(() => void renewIfDue(), Math.min(Math.max(waitMs, 1000), 30_000));
    timer.unref();
  };
  const untilDue = (): number => current.notBefore + (current.notAfter - current.notBefore) / 2 - options.now();
  let renewing = false;
  const renewIfDue = async (): Promise<void> => {
    if (renewing) return;
    if (untilDue() > 0 && !standsOnTainted(options.authority, current)) return schedule(untilDue());
    renewing = true;
    try {
      current = await issue(options);
      for (const listener of listeners) listener(current);
      schedule(untilDue());
    } catch (error) {
      options.onProblem(error);
      schedule(retryMs);
    } finally {
      renewing = false;
    }
  };
  schedule(untilDue());
  const stop = options.authority.onChange(() => void renewIfDue());

  return {
    current: () => current,
    onRotate(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      stop();
      clearTimeout(timer);
    },
  };
}

/** Whether an authority in its chain, or the root above it, is not to be relied on any more. */
function standsOnTainted(authority: Authority, { chain }: X509Svid): boolean {
  const tainted = authority.tainted();
  return tainted.size > 0 && chain.slice(1).some((der) => tainted.has(parseCertificate(der).keyFingerprint));
}

async function issue({ authority, id, dnsNames, ipAddresses }: OwnIdentityOptions): Promise<X509Svid> {
  const { privateKey } = await generate("ec", { namedCurve: "P-256" });
  const issued = await authority.issueX509Svid({
    id,
    key: { publicKey: createPublicKey(privateKey) },
    dnsNames,
    ipAddresses,
  });
  return { id, chain: issued.chain, key: privateKey, notBefore: issued.notBefore, notAfter: issued.notAfter };
}
