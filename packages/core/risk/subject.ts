/**
 * What other systems say of a person, workload or device, as the registry keeps it: from Shared Signals (CAEP) and from
 * administrators. Values only; `decide` lets none in on a session that was revoked, `assess` weighs a reported risk.
 */
import type { Instant } from "../instant.ts";

export const reportedLevels = ["low", "medium", "high"] as const;
export type ReportedLevel = (typeof reportedLevels)[number];

export interface SubjectStanding {
  /** Entity id of the person or workload. */
  readonly subject: string;
  readonly reported?: {
    readonly level: ReportedLevel;
    readonly source: string;
    readonly reason: string;
    readonly at: Instant;
    /** When the report counts no more. */
    readonly until: Instant;
  };
  /** Sessions that began before this are over (CAEP session-revoked). */
  readonly sessionsRevoked?: { readonly at: Instant; readonly source: string; readonly reason: string };
  /** A credential of theirs changed: who proved to be present before this, has to again (CAEP credential-change). */
  readonly credentialChanged?: { readonly at: Instant; readonly source: string; readonly reason: string };
}
