/** Names a state folder among the others of one estate, for good. In: the folder. Out: the name of its ledger, and of its machine. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A new folder is a new log, and says so by its name: `gateway-1f00ba4c`. */
export async function writerId(stateFolder: string): Promise<string> {
  const file = join(stateFolder, "writer-id");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    const id = `gateway-${randomBytes(4).toString("hex")}`;
    await writeFile(file, `${id}\n`, { mode: 0o600, flag: "wx" });
    return id;
  }
}
