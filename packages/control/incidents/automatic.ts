/**
 * Incidents that open by themselves. In: what the gateway and the control plane find, as it is recorded. Out: discoveries, for
 * the rules that the configuration has on. Bounded, and off the path: an ordinary request leaves nothing here.
 *
 * Each rule names whoever did it. A rule that named the target would let anybody put a case on anybody.
 */
import type { IncidentRules } from "@cordon/core/contract/incident-schema";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { DecisionEntry, LedgerEntry } from "@cordon/core/ledger/entry";
import { isSameModel } from "@cordon/core/policy/served-model";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Discovered } from "./incidents.ts";

export interface IncidentWatch {
  /** Hears the ledger. Never throws. */
  readonly hear: (entry: LedgerEntry) => void;
  /** Looks at what is seen of served files, where that changed. */
  readonly follow: (snapshot: Pick<Snapshot, "servedFiles" | "components" | "admissions">) => void;
  /** An interaction is over: what inspection found in it, and who was on its other side. */
  readonly inspected: (passage: {
    readonly id: string;
    readonly principal: string;
    readonly findings: readonly unknown[];
  }) => void;
  /** A workload, or a node, is not what it was admitted or enrolled as. */
  readonly attestationFailed: (subject: SpiffeId, words: string) => void;
}

export interface IncidentWatchOptions {
  readonly rules: IncidentRules;
  readonly now: () => Instant;
  readonly found: (discovered: Discovered) => void;
}

/** Refused doors of one workload: when each was last tried. */
type Tried = Map<SpiffeId, { readonly at: Instant; readonly id: string }>;

const mostWatched = 10_000;
const mostTried = 64;
const lateral: ReadonlySet<string> = new Set(["boundary", "no-permit", "resource-unknown"]);

export function watchForIncidents({ rules, now, found }: IncidentWatchOptions): IncidentWatch {
  const { canaryLeak, attestationFailure, lateralMoves } = rules;
  const refused = new Map<SpiffeId, Tried>();
  const told = new Map<string, Instant>();
  let files: Snapshot["servedFiles"];

  /** Once a minute for one rule and subject: whoever goes on does not keep the store busy. */
  const tell = (discovered: Discovered): void => {
    const key = `${discovered.rule} ${discovered.subjects.join(" ")}`;
    const at = now();
    const last = told.get(key);
    if (last !== undefined && at >= last && at < last + 60_000) return;
    if (told.size >= mostWatched) told.clear();
    told.set(key, at);
    found(discovered);
  };

  const tryDoor = ({ principal, resource, user, reasons, id }: DecisionEntry): void => {
    // People look round; what a person may not have is said to them, and failures in their name are a signal already. A
    // workload that acts for one does not: whom it names is its own choice with each call.
    if (!lateralMoves.enabled || user?.id === principal || !lateral.has(reasons[0]?.code ?? "")) return;
    const at = now();
    let tried = refused.get(principal);
    if (tried === undefined) {
      if (refused.size >= mostWatched) for (const oldest of refused.keys()) if (refused.delete(oldest)) break;
      refused.set(principal, (tried = new Map()));
    }
    tried.delete(resource);
    tried.set(resource, { at, id });
    for (const [door, { at: then }] of tried)
      if (tried.size > mostTried || then <= at - lateralMoves.minutes * 60_000 || then > at) tried.delete(door);
    if (tried.size < lateralMoves.resources) return;
    refused.delete(principal);
    tell({
      ...{ rule: "lateral-moves", severity: lateralMoves.severity, subjects: [principal] },
      reason: `it was refused ${tried.size} different resources within ${lateralMoves.minutes} minutes`,
      evidence: [...tried.values()].map((one) => one.id),
    });
  };

  const fail = (subject: SpiffeId, words: string): void => {
    if (!attestationFailure.enabled) return;
    const { severity } = attestationFailure;
    found({ rule: "attestation-failure", severity, subjects: [subject], reason: oneLine(words), evidence: [] });
  };

  return {
    hear(entry) {
      if (entry.kind !== "decision" || entry.effect !== "deny") return;
      tryDoor(entry);
    },
    follow(snapshot) {
      if (snapshot.servedFiles === files) return;
      files = snapshot.servedFiles;
      for (const [id, seen] of files ?? []) {
        const digest = snapshot.components.get(id)?.modelDigest ?? "";
        const standing = snapshot.admissions?.get(digest);
        // What is not admitted, or not measured yet, is no attack: it does not serve, and that is said elsewhere.
        if (standing === undefined || !("validUntil" in standing)) continue;
        const other = seen.find((one) => "digest" in one && !isSameModel(one.digest, digest, standing));
        if (other !== undefined && "digest" in other)
          fail(id, `the model files that it serves ${other.where} are ${other.digest}, not the admitted ${digest}`);
      }
    },
    inspected({ id, principal, findings }) {
      if (!canaryLeak.enabled || findings.length === 0 || !principal.startsWith("spiffe://")) return;
      const marks = findings.map(detectorOf).filter((detector) => detector?.startsWith("canary/"));
      if (marks.length === 0) return;
      const names = [...new Set(marks)].map((mark) => mark?.slice("canary/".length)).slice(0, 8);
      tell({
        ...{ rule: "canary-leak", severity: canaryLeak.severity, subjects: [principal as SpiffeId] },
        reason: oneLine(`the planted mark ${names.join(", ")} went through a call of its own`),
        evidence: [id],
      });
    },
    attestationFailed: fail,
  };
}

function detectorOf(finding: unknown): string | undefined {
  const { detector } = finding as { readonly detector?: unknown };
  return typeof detector === "string" ? detector : undefined;
}

function oneLine(words: string): string {
  return words.replaceAll(/\p{C}/gu, " ").slice(0, 1_000);
}
