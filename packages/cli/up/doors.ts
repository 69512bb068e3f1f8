/** The doors for other enforcement points as the configuration has them. In: the control plane and its rooms. Out: a listener. */
import { openDoors, type DoorsOptions } from "@cordon/control/doors/open-doors";
import type { DoorListener } from "@cordon/control/doors/door-listener";
import type { ControlPlane } from "@cordon/control/wire";
import { CordonError } from "@cordon/core/errors";

/** @throws {CordonError} `CONFIG_INVALID` */
export async function openConfiguredDoors(
  { configuration, snapshots, authority }: ControlPlane,
  rooms: Pick<DoorsOptions, "ledger" | "now" | "onFailure" | "refused" | "id" | "flows">,
): Promise<DoorListener | undefined> {
  const { doors } = configuration;
  if (doors === undefined) return undefined;
  const known = new Set(
    [...snapshots.current().components.values()].map(({ namespace, name }) => `${namespace}/${name}`),
  );
  const named = doors.enforcementPoints.flatMap(({ component, resource, subjects, resources }) => [
    component,
    ...(resource === undefined ? [] : [resource]),
    ...[...subjects, ...resources].map((one) => one.component),
  ]);
  const missing = named.find((reference) => !known.has(reference.includes("/") ? reference : `default/${reference}`));
  if (missing !== undefined)
    throw new CordonError(
      "CONFIG_INVALID",
      `\`doors\` names \`${missing}\`, but no such component is registered; add it under \`components\``,
    );
  return openDoors({ ...rooms, settings: doors, snapshots, authority });
}

export interface DoorStatus {
  readonly url: string;
  readonly enforcementPoints: readonly {
    readonly component: string;
    readonly protocols: readonly string[];
    readonly meets: readonly string[];
  }[];
  readonly controls: readonly string[];
  readonly unseen: readonly string[];
}

/** What these doors are good for, and what not. */
export function doorStatus(control: ControlPlane, listener: DoorListener | undefined): DoorStatus | undefined {
  const { doors } = control.configuration;
  if (doors === undefined || listener === undefined) return undefined;
  return {
    url: listener.url,
    enforcementPoints: doors.enforcementPoints.map(({ component, protocols, meets }) => ({
      ...{ component, protocols, meets },
    })),
    controls: ["mutual TLS of enforcement points", "policy", "ledger"],
    unseen: [
      "these doors decide once and cannot cut what an enforcement point let through",
      "content, and whether a denial is obeyed",
    ],
  };
}
