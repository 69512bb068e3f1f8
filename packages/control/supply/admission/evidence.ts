/**
 * What is known of one model, as values. In: the verdicts of the other rooms. Out: the shapes that admission judges. A part
 * that is absent was not looked at, which is never the same as fine.
 */
import type { BomScore } from "../bom/score-bom.ts";
import type { CardReport } from "../cards/read-card.ts";
import type { FileReport } from "../scan/verdict.ts";
import type { ScorecardReport } from "../scorecard/judge-scorecard.ts";
import type { ModelVerdict } from "../signatures/verify-model.ts";
import type { AuditReport } from "../vulnerabilities/audit.ts";

export interface ModelEvidence {
  /** What the model is called. */
  readonly name: string;
  /** Root digest of the files that were judged (OMS v1.0), lower-case hex. */
  readonly rootDigest: string;
  /** SHA-256 of each file, by its path in the model, lower-case hex. */
  readonly files: ReadonlyMap<string, string>;
  /** A report for each file; `path` is the file's path in the model. */
  readonly scan?: readonly Pick<FileReport, "path" | "format" | "verdict" | "findings">[];
  readonly signature?: ModelVerdict;
  /** `null` where the model has no card. */
  readonly card?: CardReport | null;
  readonly bom?: BomEvidence;
  readonly vulnerabilities?: AuditReport;
  readonly scorecard?: ScorecardReport;
}

export interface BomEvidence {
  /** SHA-256 of the document, lower-case hex. */
  readonly digest: string;
  /** It names this model by its root digest, or by the digest of its only file. */
  readonly aboutThisModel: boolean;
  readonly score: BomScore;
}
