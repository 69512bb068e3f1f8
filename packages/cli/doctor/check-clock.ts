/**
 * The machine's clock. Nothing here knows the right time; but a clock that is behind what this machine itself wrote, far
 * from what upstreams say, or jumping while it is looked at, is wrong. In: times from files, the ledger and upstreams.
 * Out: findings. Certificates, tokens and windows all stand on it.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { readEntry } from "@cordon/core/ledger/reader";
import { openFolder, readCheckpoint } from "../commands/ledger/folder.ts";
import type { Estate, Machine } from "./estate.ts";
import { findings, type Examined, type Finding } from "./finding.ts";

/** What file systems and the writing of a file may differ by. */
const fileToleranceMs = 5_000;
/** A `Date` header is a second coarse and a network away; SVIDs allow less. */
const upstreamToleranceMs = 60_000;
const jumpToleranceMs = 1_000;

export interface ClockSample {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function sampleClock({ now, monotonicMs }: Pick<Machine, "now" | "monotonicMs">): ClockSample {
  return { wallMs: now(), monotonicMs: monotonicMs() };
}

/** @param before sampled when the examination began */
export async function checkClock(
  estate: Estate,
  machine: Pick<Machine, "now" | "monotonicMs">,
  before: ClockSample,
  upstreams: readonly { readonly name: string; readonly dateMs?: number }[],
): Promise<Examined> {
  const files = ["cordon.db", "cordon.db-wal", "changes.cursor", "writer-id", "ledger/checkpoint"];
  const written = await Promise.all([
    ...files.map((name) => modified(join(estate.stateFolder, name))),
    lastEntry(join(estate.stateFolder, "ledger")),
  ]);
  const now = machine.now();
  const ahead = written.filter((each) => each !== undefined).filter(({ atMs }) => atMs > now + fileToleranceMs);
  const newest = ahead.toSorted((a, b) => b.atMs - a.atMs)[0];
  const remedy = "set the clock (`timedatectl` shows it) and keep it right with an NTP client such as chrony";
  const behind: Finding | undefined = newest && {
    check: "clock",
    what: `this machine's clock says ${iso(now)}, which is before ${iso(newest.atMs)}, when ${newest.what} was written`,
    where: newest.what,
    remedy,
  };
  const apart = upstreams.flatMap(({ name, dateMs }): Finding[] => {
    if (dateMs === undefined || Math.abs(dateMs - now) <= upstreamToleranceMs) return [];
    const what = `this machine's clock says ${iso(now)} and upstream ${name} says ${iso(dateMs)}: one of them is wrong`;
    return [{ check: "clock", what, where: name, remedy }];
  });
  return findings(behind, ...apart, jump(before, sampleClock(machine), remedy));
}

function jump(before: ClockSample, after: ClockSample, remedy: string): Finding | undefined {
  const jumpedMs = after.wallMs - before.wallMs - (after.monotonicMs - before.monotonicMs);
  if (Math.abs(jumpedMs) <= jumpToleranceMs) return undefined;
  const what = `the clock jumped by ${Math.round(jumpedMs / 1000)} s while this ran`;
  return { check: "clock", what, where: "this machine", remedy };
}

interface Written {
  readonly what: string;
  readonly atMs: number;
}

async function modified(path: string): Promise<Written | undefined> {
  const held = await stat(path).catch(() => undefined);
  return held && { what: path, atMs: held.mtimeMs };
}

/** The newest entry under the checkpoint; nothing where there is no ledger that can be read (`ledger verify` says why). */
async function lastEntry(folder: string): Promise<Written | undefined> {
  try {
    const ledger = await openFolder([folder], undefined);
    const { size } = (await readCheckpoint(ledger)).checkpoint;
    const entry = size === 0 ? undefined : parseEntry(await readEntry(ledger.reader, size, size - 1));
    return entry && { what: `entry ${size - 1} of the ledger`, atMs: entry.at };
  } catch {
    return undefined;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
