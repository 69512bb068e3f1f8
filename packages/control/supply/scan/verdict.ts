/**
 * The words of model scanning. In: nothing. Out: verdicts, findings and reports that every reader, the command line and
 * admission share. `proven-safe` is the only verdict that says yes; each other one says which kind of no it is.
 */

/** From best to worst: a file's verdict is the worst that any part of it earns. */
/**
 * Which rules judge. Raised with every change that may turn a verdict: what was admitted under other rules is scanned again.
 */
export const scannerRules = "2026-11-25.2";

export const verdicts = [
  /** Every byte that a loader interprets was interpreted, and all that it can do is on the allow-list. */
  "proven-safe",
  /** It reaches for a name that is not on the allow-list, or uses a listed one in a way that was not proven. */
  "unknown-import",
  /** Something in it cannot be read here: a format, a feature, a size over the budget. Nothing is claimed about it. */
  "unsupported",
  /** It breaks its format's rules, or two loaders would read it differently. */
  "malformed",
  /** Its content is hidden behind a password. */
  "encrypted",
  /** It does, or is made to do, what no model needs: run commands, evaluate code, write files, escape a sandbox. */
  "dangerous",
] as const;
export type Verdict = (typeof verdicts)[number];
export type Refusal = Exclude<Verdict, "proven-safe">;

/** How a name was arrived at. Anything but `constant` is how scanners are walked round. */
export type Resolution = "constant" | "memo" | "computed" | "alias";

export interface ScanFinding {
  /** `reader/what`, stable: policies, exceptions and SARIF name it. */
  readonly rule: string;
  /** What this finding alone makes of the file. */
  readonly verdict: Refusal;
  /** MITRE ATLAS technique that it is evidence of. */
  readonly atlas: string;
  /** The part of the file, outermost first, such as `model.zip` members: `archive/data.pkl`. */
  readonly member?: string;
  /** Byte offset within that part. */
  readonly offset?: number;
  /** The pickle opcode at the offset. */
  readonly opcode?: string;
  /** The name that it is about, resolved: `os.system`. */
  readonly name?: string;
  readonly resolution?: Resolution;
  /** What is wrong, in a sentence. Text of the file in it is shortened and printable. */
  readonly words: string;
}

export interface FileReport {
  /** As it was given. */
  readonly path: string;
  readonly sizeBytes: number;
  /** What the content is: `pickle`, `pytorch-zip`, `safetensors`. */
  readonly format: string;
  readonly verdict: Verdict;
  /** At most {@link maxFindings}; worst first. */
  readonly findings: readonly ScanFinding[];
  readonly findingCount: number;
  /** Files beside this one that its loader opens as well; each is scanned too. */
  readonly requires: readonly string[];
  /** Files beside this one whose bytes are numbers to its loader, such as ONNX's external data. */
  readonly rawFiles: readonly string[];
}

/** More findings than this are counted, not kept. */
export const maxFindings = 200;

/** The worst of some verdicts; `proven-safe` for none. */
export function worst(list: Iterable<Verdict>): Verdict {
  let at = 0;
  for (const verdict of list) at = Math.max(at, verdicts.indexOf(verdict));
  return verdicts[at] ?? "dangerous";
}

/** ATLAS techniques (5.6.0) that findings are evidence of. */
export const atlas = {
  unsafeArtefact: "AML.T0011.000",
  embeddedMalware: "AML.T0018.002",
  modelSupplyChain: "AML.T0010.003",
  software: "AML.T0010.001",
  denialOfService: "AML.T0029",
  interpreter: "AML.T0050",
} as const;

/** Foreign text, safe to print: control and format characters out, at most `limit` characters. */
export function printable(text: string, limit = 120): string {
  const clean = text.slice(0, limit + 1).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u00b7");
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
