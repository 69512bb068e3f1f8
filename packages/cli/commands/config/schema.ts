/** `cordon config schema`: the JSON Schema of `cordon.yaml`, for editors. */
import { configurationJsonSchema } from "@cordon/core/contract/configuration";
import type { Io } from "../../io.ts";

const usage = "usage: cordon config schema > cordon.schema.json\n";

/** Writes the schema to stdout. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  if (args.includes("--help")) {
    io.stdout(usage);
    return Promise.resolve(0);
  }
  if (args.some((arg) => arg !== "--json")) {
    io.stderr(usage);
    return Promise.resolve(2);
  }
  io.stdout(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
  return Promise.resolve(0);
}
