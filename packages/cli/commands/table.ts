import type { CommandTable } from "../command.ts";

/** Every command, in the order that `cordon help` lists them. */
export const commands: CommandTable = {};
