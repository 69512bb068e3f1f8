/** One entry in one line, for people. */
import { whoActs, type LedgerEntry } from "@cordon/core/ledger/entry";

/** `     12  2026-11-23T20:50:01.000Z  allow    assistant infer chat  (request r1) ...` */
export function entryLine(index: number, entry: LedgerEntry): string {
  return `${String(index).padStart(8)}  ${new Date(entry.at).toISOString()}  ${printable(wordsOf(entry))}`;
}

function wordsOf(entry: LedgerEntry): string {
  switch (entry.kind) {
    case "decision": {
      const reasons = entry.reasons.map((reason) => reason.words).join("; ");
      const effect = entry.observed === undefined ? entry.effect : "observed";
      return `${effect.padEnd(9)}  ${whoActs(entry)} ${entry.action} ${entry.resource}  request ${entry.id}  ${reasons}`;
    }
    case "outcome":
      return `outcome    request ${entry.id} ended: ${entry.end}, status ${entry.status}${entry.why === undefined ? "" : `  ${entry.why.words}`}`;
    case "discovery":
      return `discovery  ${whoActs(entry)} listed ${entry.visible.length} models on ${entry.route}  request ${entry.id}`;
    case "refusal":
      return `refusal    ${entry.code} from ${entry.from}, ${entry.count} times  ${entry.words}`;
    case "change":
      return `change     revision ${entry.revision} by ${entry.actor}, ${entry.objects.length} objects`;
    case "writer":
      return `writer     ${entry.event}: ${entry.words}`;
  }
}

/** Entries hold what strangers sent: no control character of theirs reaches a terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- finding them is the point
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\u{fffd}");
}
