/**
 * A verification as it goes on. In: the lines of `POST /v1/ledger/verify`. Out: where it stands, and the verdict in
 * words. A stream that ends without a verdict is no verdict: it is shown as failed, never as fine.
 */
import { verifyEvent, type VerifyEvent } from "@cordon/core/contract/console-api";
import { count, counted } from "../words/amounts.ts";

export type Verdict = Extract<VerifyEvent, { type: "verdict" }>;

export type Verification =
  | { readonly state: "none" }
  | { readonly state: "running"; readonly entries: number; readonly size: number }
  | { readonly state: "done"; readonly verdict: Verdict; readonly at: number }
  | { readonly state: "failed"; readonly words: string };

/** The verification after these lines. */
export function advance(verification: Verification, lines: readonly unknown[], now: number): Verification {
  let next = verification;
  for (const line of lines) {
    const event = verifyEvent.safeParse(line);
    if (!event.success)
      return { state: "failed", words: "Cordon answered in a form that this page does not know: reload the page." };
    next =
      event.data.type === "verdict"
        ? { state: "done", verdict: event.data, at: now }
        : { state: "running", entries: event.data.entries, size: event.data.size };
  }
  return next;
}

/** The verification when its stream has ended. */
export function end(verification: Verification): Verification {
  if (verification.state === "done" || verification.state === "failed") return verification;
  return { state: "failed", words: "The connection ended before there was a verdict: nothing is known. Verify again." };
}

/** 0 to 100. */
export function progress({ entries, size }: { readonly entries: number; readonly size: number }): number {
  return size === 0 ? 100 : Math.min(100, Math.floor((entries / size) * 100));
}

/** The verdict in a sentence. */
export function verdictWords({ ok, size, findings }: Verdict): string {
  if (!ok) {
    const amount = counted(Math.max(1, findings.length), "problem", "problems");
    return `Verification failed: ${amount} in ${counted(size, "entry", "entries")}. Keep a copy of the state folder before anything else.`;
  }
  if (size === 0) return "The ledger is empty: there is nothing yet that could have been changed.";
  if (size === 1) return "The one entry is there, and unchanged since it was signed.";
  return `All ${count(size)} entries are there, in order, and unchanged since they were signed.`;
}

/** The signed checkpoint at the end of a receipt (C2SP tlog-proof): everything after the first empty line. */
export function checkpointIn(receipt: string): string | undefined {
  const split = receipt.indexOf("\n\n");
  return split < 0 ? undefined : receipt.slice(split + 2);
}
