/** Devices over the local API. In: which to enrol or retire. Out: them, with what their posture comes to now. */
import {
  deviceRequest,
  retirementRequest,
  type DeviceChangedResponse,
  type DeviceResponse,
  type DevicesResponse,
} from "@cordon/core/contract/device-api";
import type { Instant } from "@cordon/core/instant";
import { judgePosture, type PostureLimits } from "@cordon/core/risk/device";
import { defaultRiskSettings } from "@cordon/core/risk/settings";
import { openDevices, type Devices, type EnrolledDevice, type Written } from "../devices/devices.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";

const actor = "local-administrator";

type DeviceRooms = Pick<LocalApiRooms, "store" | "snapshot" | "now">;

/** Operations by path and method. */
export function deviceOperations(rooms: DeviceRooms) {
  const limits = () => (rooms.snapshot().risk ?? defaultRiskSettings).posture;
  const devices = (): Devices => openDevices(rooms.store, rooms.now, () => limits().maxAgeMs);
  const shown = (device: EnrolledDevice): DeviceResponse => deviceView(device, limits(), rooms.now());
  const changed = ({ revision, device }: Written): DeviceChangedResponse => ({ revision, device: shown(device) });
  return {
    "/v1/devices": {
      GET: async (): Promise<DevicesResponse> => ({ devices: (await devices().list()).map(shown) }),
      POST: async (body: unknown) => changed(await devices().enrol(checked(deviceRequest, body), actor)),
    },
    "/v1/devices/retirements": {
      POST: async (body: unknown) => {
        const { name, reason } = checked(retirementRequest, body);
        return changed(await devices().retire(name, reason, actor));
      },
    },
  };
}

/** A device as it is shown: without its key, with what its posture comes to now. */
export function deviceView(
  { publicKey: _key, ...device }: EnrolledDevice,
  limits: PostureLimits,
  now: Instant,
): DeviceResponse {
  const { state, faults } = judgePosture(device, limits, now);
  return { ...device, state, faults: faults.map(({ words }) => words) };
}
