/**
 * Whether this process should be sent calls. In: what is known of its snapshot, ledger and identity. Out: what stands in
 * the way, in words; nothing means ready. Liveness is something else: a process that is not ready must not be restarted
 * for it, since that mends neither a store nor a disk.
 */
import type { Instant } from "@cordon/core/instant";

export interface ReadinessInput {
  readonly snapshotAgeMs: number;
  readonly stalenessLimitMs: number;
  readonly ledger: { readonly state: string; readonly why?: string | undefined };
  /** The gateway's own SVID. */
  readonly identity: { readonly notBefore: Instant; readonly notAfter: Instant };
  readonly now: Instant;
}

/** An identity is renewed at half of its life; past this part of it, renewals have been failing. */
const renewedBy = 0.75;

export function readinessProblems(input: ReadinessInput): string[] {
  const { snapshotAgeMs, stalenessLimitMs, ledger, now } = input;
  const problems: string[] = [];
  // Written so that an age that is no number is a problem too.
  if (!(snapshotAgeMs >= 0 && snapshotAgeMs <= stalenessLimitMs))
    problems.push(
      `the snapshot is stale: it was last confirmed ${snapshotAgeMs} ms ago, past the limit of ${stalenessLimitMs} ms; everything is denied until the store answers`,
    );
  if (ledger.state !== "open")
    problems.push(
      `the ledger is ${ledger.state}${ledger.why === undefined ? "" : `: ${ledger.why}`}; nothing is served`,
    );
  const identity = identityProblem(input.identity, now);
  if (identity !== undefined) problems.push(identity);
  return problems;
}

/** What is wrong with an SVID that is renewed at half of its life, or `undefined`. */
export function identityProblem({ notBefore, notAfter }: ReadinessInput["identity"], now: Instant): string | undefined {
  if (now >= notAfter) return `the gateway's identity expired at ${new Date(notAfter).toISOString()}`;
  if (now < notBefore)
    return `the gateway's identity is not valid before ${new Date(notBefore).toISOString()}; the clock is wrong`;
  if (now < notBefore + (notAfter - notBefore) * renewedBy) return undefined;
  return `the gateway's identity expires at ${new Date(notAfter).toISOString()} and has not been renewed`;
}
