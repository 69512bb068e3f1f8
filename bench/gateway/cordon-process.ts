/**
 * Cordon as it is measured: `cordon up` as it stands, control plane and ledger thread included, with all its controls.
 * In: the configuration's path. Out: its gateway.
 */
import { startCordon } from "@cordon/cli/up/wire";
import { serveUnderTest } from "./process-under-test.ts";

export interface CordonInput {
  readonly configuration: string;
}

serveUnderTest(async (input) => {
  const { configuration } = input as CordonInput;
  const cordon = await startCordon({
    path: configuration,
    env: {},
    version: "bench",
    log: ({ level, event, words }) => void (level === "info" || process.stderr.write(`${level} ${event}: ${words}\n`)),
  });
  return {
    port: cordon.gateway.port,
    close: async () => await cordon[Symbol.asyncDispose](),
  };
});
