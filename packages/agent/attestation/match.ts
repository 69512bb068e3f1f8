/**
 * Which registration a caller meets. In: its facts and the selectors of a registration. Out: whether all of them hold.
 * Pure. What the configuration could not know (that `sha256` is Python's, or that a path can be written by the
 * workload) is held here.
 */
import { isInterpreter } from "@cordon/core/contract/interpreters";
import type { Registration } from "@cordon/core/contract/registration-schema";
import type { CallerFacts } from "./attest.ts";

/** What `cordon run` measured before it started a process. */
export interface MeasuredLaunch {
  readonly script: string;
  readonly lock?: string | undefined;
}

/** Why a caller does not meet a registration; `undefined` when it does. Words are for the log, not for the caller. */
export function mismatch(
  registration: Registration,
  facts: CallerFacts,
  launch: MeasuredLaunch | undefined,
): string | undefined {
  const { uid, gid, path, sha256, systemdUnit, cgroup, container } = registration;
  if (uid !== undefined && uid !== facts.uid) return `it runs as user ${facts.uid}, not ${uid}`;
  if (gid !== undefined && gid !== facts.gid) return `it runs as group ${facts.gid}, not ${gid}`;
  if (path !== undefined && path !== facts.path) return `it is ${facts.path}, not ${path}`;
  if (sha256 !== undefined && sha256 !== facts.sha256) return `its executable's SHA-256 is ${facts.sha256}`;
  if (systemdUnit !== undefined && systemdUnit !== facts.systemdUnit)
    return `it belongs to the unit ${facts.systemdUnit ?? "none"}, not ${systemdUnit}`;
  if (cgroup !== undefined && !isWithin(facts.cgroup, cgroup))
    return `its control group is ${facts.cgroup ?? "unknown"}`;
  if (container !== undefined && facts.container?.startsWith(container) !== true)
    return `its container is ${facts.container ?? "none"}`;
  return launchMismatch(registration, launch) ?? weaknessOf(registration, facts);
}

function launchMismatch({ launch }: Registration, measured: MeasuredLaunch | undefined): string | undefined {
  if (launch === undefined) return undefined;
  if (measured === undefined) return "it was not started by `cordon run`";
  if (measured.script !== launch.script) return `it was started with a script of SHA-256 ${measured.script}`;
  if (launch.lock !== undefined && measured.lock !== launch.lock)
    return `it was started with a lock file of SHA-256 ${measured.lock ?? "none"}`;
  return undefined;
}

/** What makes a program's file alone too little to go by. */
function weaknessOf(registration: Registration, facts: CallerFacts): string | undefined {
  const { systemdUnit, cgroup, container, launch, sha256 } = registration;
  if ((systemdUnit ?? cgroup ?? container ?? launch) !== undefined) return undefined;
  if (isInterpreter(facts.path)) return `${facts.path} runs any script it is given, so it is nobody in particular`;
  if (sha256 === undefined && !facts.executableOwnedByRoot)
    return `${facts.path} can be changed by others than root; register its \`sha256\``;
  return undefined;
}

function isWithin(path: string | undefined, group: string): boolean {
  return path === group || path?.startsWith(`${group}/`) === true;
}
