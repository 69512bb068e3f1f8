/**
 * What every reader is given. In: a budget, a report, a way to hand parts back. Out: the `Scan` of one file and of the
 * parts inside it.
 */
import type { Budget } from "./bytes/budget.ts";
import type { ByteSource } from "./bytes/byte-source.ts";
import { EndOfBytes } from "./bytes/cursor.ts";
import { Unreadable } from "./bytes/unreadable.ts";
import { atlas, maxFindings, verdicts, worst, type ScanFinding, type Verdict } from "./verdict.ts";

export interface Scan {
  readonly budget: Budget;
  /** Path of this part within the file; empty for the file itself. */
  readonly member: string;
  /** Name of this part, for what its extension says. */
  readonly name: string;
  readonly report: (finding: ScanFinding) => void;
  /** A file beside the scanned one that its loader opens too. */
  readonly require: (fileName: string) => void;
  /** A file beside the scanned one that holds raw numbers: nothing of it is interpreted. */
  readonly requireRaw: (fileName: string) => void;
  /** Scans bytes inside this part as what they turn out to be; gives their format. */
  readonly part: (name: string, source: ByteSource) => string;
}

/** Reads one kind of content. May throw {@link Unreadable} and {@link EndOfBytes}. */
export type Reader = (source: ByteSource, scan: Scan) => void;

export interface Collected {
  readonly findings: readonly ScanFinding[];
  readonly findingCount: number;
  readonly verdict: Verdict;
  readonly requires: readonly string[];
  readonly rawFiles: readonly string[];
}

export interface Collector {
  readonly scan: Scan;
  readonly collected: () => Collected;
}

/** Opens the scan of a file. `dispatch` recognises a part and runs its reader. */
export function openScan(
  name: string,
  budget: Budget,
  dispatch: (source: ByteSource, scan: Scan) => string,
): Collector {
  const kept: ScanFinding[] = [];
  const requires = new Set<string>();
  const rawFiles = new Set<string>();
  let count = 0;
  let verdict: Verdict = "proven-safe";

  const open = (member: string, ownName: string): Scan => ({
    budget,
    member,
    name: ownName,
    report(finding) {
      count++;
      const worse = verdicts.indexOf(finding.verdict) > verdicts.indexOf(verdict);
      verdict = worst([verdict, finding.verdict]);
      const placed = finding.member === undefined && member !== "" ? { ...finding, member } : finding;
      if (kept.length < maxFindings) kept.push(placed);
      // What decides the verdict is shown, however many others came before it.
      else if (worse) kept[maxFindings - 1] = placed;
    },
    require: (fileName) => void requires.add(fileName),
    requireRaw: (fileName) => void rawFiles.add(fileName),
    part(partName, source) {
      const inner = open(member === "" ? partName : `${member}/${partName}`, partName);
      return budget.deeper(() => guarded(inner, () => dispatch(source, inner)) ?? "unreadable");
    },
  });
  const scan = open("", name);
  return {
    scan,
    collected: () => ({
      findings: kept.toSorted((a, b) => verdicts.indexOf(b.verdict) - verdicts.indexOf(a.verdict)),
      findingCount: count,
      verdict,
      requires: [...requires],
      rawFiles: [...rawFiles],
    }),
  };
}

/** Runs a reader; what stops it becomes a finding. Anything else thrown is a bug of ours, and is not caught. */
export function guarded<T>(scan: Scan, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof EndOfBytes)
      scan.report({
        rule: "content/truncated",
        verdict: "malformed",
        atlas: atlas.unsafeArtefact,
        words: "it ends before what it announces is complete",
      });
    else if (error instanceof Unreadable)
      scan.report({
        rule: error.rule,
        verdict: error.verdict,
        atlas: error.rule.startsWith("budget/") ? atlas.denialOfService : atlas.unsafeArtefact,
        ...(error.offset === undefined ? {} : { offset: error.offset }),
        words: error.message,
      });
    else throw error;
    return undefined;
  }
}
