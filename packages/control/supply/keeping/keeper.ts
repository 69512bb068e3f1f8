/**
 * Keeps admissions true while models serve. In: the admissions in the store, the operator's revocation list and vulnerability
 * database, the model files that lie on this machine. Out: withdrawals, each with its reason, as soon as one does not stand any
 * more: streams are cut and fallbacks answer as with any withdrawal. What was withdrawn serves again only once somebody admits
 * it anew.
 *
 * It looks when something changed: an admission, either file, the scanner's rules; and by the clock, for age and for scans.
 */
import { createHash, type KeyObject } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import { filesProblem } from "@cordon/core/policy/served-model";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import type { StateStore } from "../../store/state-store.ts";
import type { Admission } from "../admission/document.ts";
import { standingAdmissions, withdrawAdmissions } from "../admission/registry.ts";
import { scannerRules } from "../scan/verdict.ts";
import { parseRevocations, type RevocationList } from "../signatures/revocations.ts";
import { revokedWords, scanWords, vulnerableWords } from "./judge-again.ts";
import { order } from "./keeper-work.ts";

export interface KeeperSettings {
  /** What `cordon bom import-osv` made. Absolute. */
  readonly database?: string;
  readonly maxAgeDays: number;
  /** A revocation list, as of `cordon model verify --revoked`. Absolute. */
  readonly revocations?: string;
  readonly rescanHours: number;
}

export interface KeeperOptions {
  readonly store: Pick<StateStore, "list" | "transact">;
  readonly snapshots: SnapshotSource;
  /** Whoever may admit. */
  readonly key: KeyObject;
  readonly settings: KeeperSettings;
  /** Writes to the ledger. */
  readonly record: (change: ChangeEntry) => Promise<unknown>;
  readonly now: () => Instant;
  /** Hears of each withdrawal, in a sentence. */
  readonly onWithdrawn: (words: string) => void;
  readonly onProblem: (error: unknown) => void;
  readonly lookEveryMs?: number;
}

export interface RescanOutcome {
  readonly component: string;
  readonly modelDigest: string;
  readonly outcome: "passed" | "withdrawn" | "not-here" | "not-asked";
  readonly words: string;
}

export interface AdmissionKeeper extends AsyncDisposable {
  /** Scans the files that a component serves, now. */
  rescan(component: Component): Promise<RescanOutcome>;
  /** Why an admission must not be taken at all. */
  refusalOf(admission: Admission): string | undefined;
  /** What cannot be looked at, for whoever asks how things are. */
  problems(): readonly string[];
}

const actor = "system:admission-keeper";
const hourMs = 3_600_000;
/** How long each rests after it failed. */
const restMs = { revocations: 0, vulnerabilities: 5_000, scan: 60_000 } as const;

/** @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` when a file that is named cannot be used at first */
export async function openAdmissionKeeper(options: KeeperOptions): Promise<AdmissionKeeper> {
  const { store, snapshots, key, settings, now, onProblem, lookEveryMs = 1_000 } = options;
  const ending = new AbortController();
  const problems = new Map<string, string>();
  /** When the scanner last passed a model, by root digest. */
  const scannedAt = new Map<string, Instant>();
  let revocations = settings.revocations === undefined ? undefined : await readList(settings.revocations);
  let revocationsAre = await versionOf(settings.revocations);
  const restsUntil = new Map<string, number>();
  let lastAudit = "";
  let auditedAt: Instant = -Infinity;
  let databaseReadAt = now();
  let working: Promise<void> | undefined;
  let again = false;
  if (settings.database !== undefined && (await versionOf(settings.database)) === undefined)
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `the vulnerability database ${settings.database} cannot be read`);

  const look = (): void => {
    if (ending.signal.aborted) return;
    again = true;
    working ??= lookAll()
      .catch(onProblem)
      .finally(() => (working = undefined));
  };
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  let admissions: Snapshot["admissions"];
  const stop = snapshots.subscribe((snapshot) => {
    if (snapshot.admissions !== admissions) look();
    admissions = snapshot.admissions;
  });
  look();

  async function lookAll(): Promise<void> {
    while (again && !ending.signal.aborted) {
      again = false;
      const standing = standingAdmissions(await listed(), key, now());
      await attempt("revocations", followRevocations);
      for (const admission of standing) {
        const words = revocations === undefined ? undefined : revokedWords(admission, revocations);
        if (words !== undefined) await withdraw(admission, words);
      }
      await attempt("vulnerabilities", () => auditAll(standing));
      for (const admission of standing) if (isScanDue(admission)) await attempt("scan", () => scanAgain(admission));
    }
  }

  async function listed() {
    try {
      return await store.list("admission");
    } catch (error) {
      onProblem(error);
      return [];
    }
  }

  /** A problem is told once, until it is over; what costs a thread is not tried again at once. */
  async function attempt(what: keyof typeof restMs, work: () => Promise<unknown>): Promise<void> {
    if (performance.now() < (restsUntil.get(what) ?? -Infinity)) return;
    try {
      await work();
      problems.delete(what);
    } catch (error) {
      restsUntil.set(what, performance.now() + restMs[what]);
      if (ending.signal.aborted) return;
      const words = error instanceof Error ? error.message : String(error);
      if (problems.get(what) !== words) onProblem(error);
      problems.set(what, words);
    }
  }

  async function followRevocations(): Promise<void> {
    const version = await versionOf(settings.revocations);
    if (settings.revocations === undefined || version === revocationsAre) return;
    const list = await readList(settings.revocations);
    // A list that is older than the one in force would bring back what was revoked.
    if (revocations !== undefined && Date.parse(list.issued) < Date.parse(revocations.issued))
      throw new CordonError(
        "SUPPLY_INPUT_INVALID",
        `${settings.revocations} was issued at ${list.issued}, before the list in force (${revocations.issued}); that one stays`,
      );
    revocations = list;
    revocationsAre = version;
  }

  async function auditAll(standing: readonly Admission[]): Promise<void> {
    const { database, maxAgeDays } = settings;
    const kept = standing.flatMap((admission) => {
      const keep = admission.predicate.keep?.vulnerabilities;
      return keep === undefined ? [] : [{ admission, keep }];
    });
    if (database === undefined || kept.length === 0) return;
    const version = await versionOf(database);
    const question = createHash("sha256");
    question.update(String(version));
    for (const { admission } of kept) question.update(admission.rootDigest + admission.decidedAt);
    const asked = question.digest("hex");
    // Age shows by the clock alone.
    if (asked === lastAudit && now() - auditedAt < hourMs && now() >= auditedAt) return;
    const at = now();
    for (const { admission, keep } of kept) {
      const packages = keep.packages.map(([ecosystem, name, given]) => ({
        ...{ ecosystem, name, file: admission.name },
        version: given ?? undefined,
      }));
      try {
        const { report } = await order({ kind: "audit", database, packages, now: at, maxAgeDays }, ending.signal);
        databaseReadAt = at;
        const words = vulnerableWords(keep, report);
        if (words !== undefined) await withdraw(admission, words);
      } catch (error) {
        // A database that cannot be read grows old like one that is not renewed.
        if (!keep.allowStale && at - databaseReadAt > maxAgeDays * 24 * hourMs)
          await withdraw(admission, `the vulnerability database could not be read for more than ${maxAgeDays} days`);
        throw error;
      }
    }
    lastAudit = asked;
    auditedAt = at;
  }

  function isScanDue(admission: Admission): boolean {
    const keep = admission.predicate.keep?.scan;
    if (keep === undefined || servedHere(admission) === undefined) return false;
    const last = scannedAt.get(admission.rootDigest) ?? (keep.rules === scannerRules ? admission.decidedAt : -Infinity);
    return now() - last >= settings.rescanHours * hourMs;
  }

  /** A component whose files of this model lie on this machine, and are this model's as far as the watcher knows. */
  function servedHere({ rootDigest, files }: Admission): Component | undefined {
    const snapshot = snapshots.current();
    const digests = new Set([rootDigest, ...Object.values(files)].map((hex) => `sha256:${hex}`));
    return [...snapshot.components.values()].find(
      (component) =>
        component.modelFiles !== undefined &&
        digests.has(component.modelDigest ?? "") &&
        snapshot.servedFiles?.has(component.id) === true &&
        filesProblem(snapshot, component) === undefined,
    );
  }

  async function scanAgain(admission: Admission): Promise<string | undefined> {
    const path = servedHere(admission)?.modelFiles;
    const keep = admission.predicate.keep?.scan;
    if (path === undefined || keep === undefined) return undefined;
    const { reports } = await order({ kind: "scan", path }, ending.signal);
    const words = scanWords(keep, reports);
    if (words !== undefined) await withdraw(admission, words);
    else scannedAt.set(admission.rootDigest, now());
    return words;
  }

  async function withdraw(admission: Admission, words: string): Promise<void> {
    const reason = words.slice(0, 500);
    const at = now();
    const change = await withdrawAdmissions(store, `sha256:${admission.rootDigest}`, { key, actor, now: at, reason });
    if (change === undefined) return;
    options.onWithdrawn(`the admission of ${admission.name} (sha256:${admission.rootDigest}) is withdrawn: ${reason}`);
    await options.record({ v: 1, kind: "change", at, actor, ...change });
  }

  return {
    async rescan(component) {
      const modelDigest = component.modelDigest ?? "";
      const told = (outcome: RescanOutcome["outcome"], words: string): RescanOutcome => ({
        ...{ component: component.id, modelDigest, outcome, words },
      });
      const admission = standingAdmissions(await store.list("admission"), key, now()).find(({ rootDigest, files }) =>
        [rootDigest, ...Object.values(files)].includes(modelDigest.replace("sha256:", "")),
      );
      if (admission === undefined)
        throw new CordonError("ACCESS_DENIED", `${modelDigest} of ${component.id} is not admitted`);
      if (admission.predicate.keep?.scan === undefined)
        return told("not-asked", "its admission's policy asked for no scan");
      if (servedHere(admission) === undefined)
        return told(
          "not-here",
          "its files do not lie on this machine, or are not what was admitted; scan them where they are: " +
            "`cordon model scan PATH`, and `cordon model withdraw` where that refuses",
        );
      const words = await scanAgain(admission);
      return words === undefined
        ? told("passed", `every file passes the rules ${scannerRules}`)
        : told("withdrawn", words);
    },
    refusalOf: (admission) => (revocations === undefined ? undefined : revokedWords(admission, revocations)),
    problems: () => [...problems].map(([what, words]) => `${what}: ${words}`),
    async [Symbol.asyncDispose]() {
      ending.abort();
      stop();
      clearInterval(timer);
      await working;
    },
  };
}

const maxListBytes = 16 * 1024 * 1024;

async function readList(file: string): Promise<RevocationList> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    throw new CordonError("SUPPLY_INPUT_UNREADABLE", `the revocation list ${file} cannot be read (${code})`, { cause });
  }
  if (bytes.length > maxListBytes)
    throw new CordonError("SUPPLY_INPUT_INVALID", `the revocation list ${file} is longer than ${maxListBytes} bytes`);
  return parseRevocations(bytes.toString(), file);
}

/** Tells one state of a file from another; nothing where there is none. SQLite's write-ahead log counts as its file. */
async function versionOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const parts = [];
  for (const one of [file, `${file}-wal`]) {
    const found = await stat(one, { bigint: true }).catch(() => undefined);
    if (found === undefined && one === file) return undefined;
    parts.push(found === undefined ? "" : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(":"));
  }
  return parts.join("|");
}
