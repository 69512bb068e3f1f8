/** `cordon model bom MODEL`: `cordon bom generate --kind model`, under the noun where people look for it. */
import type { Io } from "../../io.ts";
import { run as generate } from "../bom/generate.ts";

/** Runs the command. */
export function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return generate(["--kind", "model", ...args], io);
}
