/**
 * Everything that `cordon doctor` looks at. In: the path of a configuration, and the machine. Out: what is wrong, with
 * where and what to do; what could not be looked at; and for each upstream whether one can walk round Cordon to it.
 */
import { checkClock, sampleClock } from "./check-clock.ts";
import { checkConfigurationFile } from "./check-configuration.ts";
import { checkDisk } from "./check-disk.ts";
import { checkCheckpointFolders, checkStateFolder } from "./check-folders.ts";
import { checkInspection } from "./check-inspection.ts";
import { checkKeys } from "./check-keys.ts";
import { checkPorts } from "./check-ports.ts";
import { checkRunning } from "./check-running.ts";
import { checkRuntime } from "./check-runtime.ts";
import { checkSecrets } from "./check-secrets.ts";
import { checkSocket } from "./check-socket.ts";
import { checkStore } from "./check-store.ts";
import { checkUpstreams, type UpstreamVerdict } from "./check-upstreams.ts";
import { readEstate, type Machine } from "./estate.ts";
import { together, type Examined } from "./finding.ts";

export interface Diagnosis extends Examined {
  readonly configuration: string;
  /** Whether a control plane answers for this configuration. */
  readonly running: boolean;
  readonly upstreams: readonly UpstreamVerdict[];
}

export async function diagnose(path: string, machine: Machine): Promise<Diagnosis> {
  const before = sampleClock(machine);
  const first = together([checkRuntime(machine), checkInspection(), await checkConfigurationFile(path)]);
  // Nothing can be said of folders and upstreams that a file names which cannot be read.
  if (first.findings.some(({ check }) => check === "configuration"))
    return {
      ...first,
      notes: [{ check: "configuration", words: "the rest was not looked at: it is what the configuration says" }],
      configuration: path,
      running: false,
      upstreams: [],
    };
  const estate = await readEstate(path);
  const upstreams = await checkUpstreams(estate, machine);
  const parts = await Promise.all([
    checkSecrets(estate, machine),
    checkStateFolder(estate),
    checkCheckpointFolders(estate),
    checkDisk(estate, machine),
    checkStore(estate, machine),
    checkKeys(estate),
    checkPorts(estate),
    checkClock(estate, machine, before, upstreams.upstreams),
  ]);
  return {
    ...together([first, ...parts, checkSocket(estate), checkRunning(estate, machine), upstreams]),
    configuration: path,
    running: estate.running !== undefined,
    upstreams: upstreams.upstreams,
  };
}
