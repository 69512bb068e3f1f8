/** The keeper of admissions as the configuration asks for it. In: the control plane. Out: it, or nothing where nobody may admit. */
import { openAdmissionKeeper, type AdmissionKeeper } from "@cordon/control/supply/keeping/keeper";
import type { ControlPlane } from "@cordon/control/wire";
import type { Instant } from "@cordon/core/instant";
import type { Ledger } from "@cordon/gateway/ledger/ledger";
import type { GatewayEvent } from "@cordon/gateway/ports";

export interface ConfiguredKeeperOptions {
  readonly control: ControlPlane;
  readonly ledger: Pick<Ledger, "append">;
  readonly log: (event: GatewayEvent) => void;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

/** @throws {CordonError} `SUPPLY_INPUT_UNREADABLE`, `SUPPLY_INPUT_INVALID` for a file that is named and cannot be used */
export async function openConfiguredKeeper(options: ConfiguredKeeperOptions): Promise<AdmissionKeeper | undefined> {
  const { control, ledger, log, now, onProblem } = options;
  const { admissionKey: key, keeping: settings, store, snapshots } = control;
  if (key === undefined || settings === undefined) return undefined;
  return await openAdmissionKeeper({
    ...{ store, snapshots, key, settings, now, onProblem },
    record: (change) => ledger.append(change),
    onWithdrawn: (words) => log({ level: "warn", event: "model-withdrawn", words }),
  });
}
