/** Room for what must be recorded. In: the folders that Cordon writes to. Out: a finding for each that is nearly full. */
import { resolve } from "node:path";
import { nearestExisting, type Estate, type Machine } from "./estate.ts";
import { findings, type Examined, type Finding } from "./finding.ts";

/** With less than this the ledger stops within hours at a hundred calls a second, and everything with it. */
export const leastFreeBytes = 256 * 1024 * 1024;
const leastFreeFiles = 1_000;

export async function checkDisk(
  { stateFolder, folder, configuration }: Estate,
  { room }: Pick<Machine, "room">,
): Promise<Examined> {
  const folders = [stateFolder, ...configuration.ledger.checkpoints.files.map((file) => resolve(folder, file))];
  const problems = folders.map(async (path): Promise<Finding | undefined> => {
    const { freeBytes, freeFiles, files } = await room(nearestExisting(path));
    const mebibytes = Math.floor(freeBytes / 1024 / 1024);
    const lacking =
      freeBytes < leastFreeBytes
        ? `only ${mebibytes} MiB are free`
        : files > 0 && freeFiles < leastFreeFiles
          ? `only ${freeFiles} more files fit`
          : undefined;
    if (lacking === undefined) return undefined;
    const remedy = "make room: when the ledger cannot be written, every call is refused";
    return { check: "disk", what: `the disk is nearly full: ${lacking}`, where: path, remedy };
  });
  return findings(...(await Promise.all(problems)));
}
