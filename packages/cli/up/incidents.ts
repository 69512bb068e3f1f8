/**
 * Incidents that open by themselves in a running Cordon. In: the control plane and the ledger. Out: what hears of findings; an
 * incident for each that a rule is about, in the store, in the ledger, and in the operator's log.
 */
import { watchForIncidents, type IncidentWatch } from "@cordon/control/incidents/automatic";
import { discoverIncident } from "@cordon/control/incidents/incidents";
import type { ControlPlane } from "@cordon/control/wire";
import type { Instant } from "@cordon/core/instant";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import type { GatewayEvent } from "@cordon/gateway/ports";

export interface IncidentWiring {
  readonly control: Pick<ControlPlane, "configuration" | "store" | "snapshots">;
  readonly record: (entry: LedgerEntry) => Promise<unknown>;
  readonly log: (event: GatewayEvent) => void;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

export function watchedIncidents({ control, record, log, now, onProblem }: IncidentWiring): IncidentWatch {
  const rooms = { store: control.store, snapshot: () => control.snapshots.current(), record, now };
  return watchForIncidents({
    rules: control.configuration.incidents.open,
    now,
    found: (discovered) => {
      discoverIncident(rooms, discovered).then((opened) => {
        if (opened === undefined) return;
        const { id, severity, subjects, reason } = opened;
        log({
          level: "warn",
          event: "incident-opened",
          words: `${severity} incident ${id} of ${subjects.join(", ")}: ${reason}`,
        });
      }, onProblem);
    },
  });
}
