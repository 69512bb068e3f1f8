/** Reads the scenario files beside this one. Out: scenarios by id, in the files' order. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { scenario, type Scenario } from "./schema.ts";

/** @throws when a file is no scenario, or its name is not its id */
export async function loadScenarios(): Promise<readonly Scenario[]> {
  const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith(".json")).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const parsed = scenario.safeParse(JSON.parse(await readFile(join(import.meta.dirname, file), "utf8")));
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        throw new Error(`${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is no scenario"}`);
      }
      if (`${parsed.data.id}.json` !== file) throw new Error(`${file}: its id is ${parsed.data.id}`);
      return parsed.data;
    }),
  );
}
