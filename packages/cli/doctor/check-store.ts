/** The state store. In: `store.url`. Out: why it cannot be used, or what deserves attention. Changes nothing in it. */
import { configuredStoreUrl } from "@cordon/control/store/configured-url";
import { probeStateStore } from "@cordon/control/store/probe-state-store";
import { isCordonError } from "@cordon/core/errors";
import type { Estate, Machine } from "./estate.ts";
import { findings, type Examined, type Finding } from "./finding.ts";

export async function checkStore(
  { configuration, folder, stateFolder }: Estate,
  { env }: Pick<Machine, "env">,
): Promise<Examined> {
  const remedy = "see docs/state.md";
  try {
    const probe = await probeStateStore(await configuredStoreUrl(configuration, { folder, stateFolder, env }));
    const where = probe.location;
    const problems = [...(probe.problem === undefined ? [] : [probe.problem.message]), ...probe.warnings];
    return findings(...problems.map((what): Finding => ({ check: "store", what, where, remedy })));
  } catch (error) {
    // A secret that cannot be read is the secrets' finding.
    if (isCordonError(error, "SECRET_UNAVAILABLE"))
      return {
        findings: [],
        notes: [{ check: "store", words: "the store was not looked at: its URL cannot be read" }],
      };
    if (!isCordonError(error)) throw error;
    return findings({ check: "store", what: error.message, where: "store.url", remedy });
  }
}
