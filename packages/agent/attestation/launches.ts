/**
 * Processes that `cordon run` measured and started. In: a session's leader and what was measured of it. Out: for any
 * process, what its session was started with.
 *
 * A session is what ties a process to its launch: a process is in one only by being a descendant of whoever began it, and
 * none can join from outside (setsid(2)). A launch counts while its leader lives, known by its start time, and while the
 * launcher keeps its stream open.
 */
import { readFileSync } from "node:fs";
import type { CallerFacts } from "./attest.ts";
import type { MeasuredLaunch } from "./match.ts";
import { startTicksIn } from "./process-facts.ts";

export interface Launches {
  /** @returns the way to end it */
  add(leader: Pick<CallerFacts, "pid" | "startTicks">, measured: MeasuredLaunch): () => void;
  of(facts: Pick<CallerFacts, "session">): MeasuredLaunch | undefined;
}

export function openLaunches(): Launches {
  const bySession = new Map<number, { readonly startTicks: string; readonly measured: MeasuredLaunch }>();
  return {
    add({ pid, startTicks }, measured) {
      const launch = { startTicks, measured };
      bySession.set(pid, launch);
      return () => {
        if (bySession.get(pid) === launch) bySession.delete(pid);
      };
    },
    of({ session }) {
      const launch = bySession.get(session);
      if (launch === undefined || startTicksOf(session) !== launch.startTicks) return undefined;
      return launch.measured;
    },
  };
}

function startTicksOf(pid: number): string | undefined {
  try {
    return startTicksIn(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined; // it has ended
  }
}
