/** Devices for real: enrolled by the command line, reported on by `cordon agent`, retired. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run as enrol } from "@cordon/cli/commands/device/enrol";
import { run as list } from "@cordon/cli/commands/device/list";
import { run as retire } from "@cordon/cli/commands/device/retire";
import type { DeviceResponse } from "@cordon/core/contract/device-api";
import { join } from "node:path";
import { openAgentEstate } from "./estate.ts";

test("a device that is enrolled reports its posture by its agent, under the key of its first report, until it is retired", async () => {
  await using estate = await openAgentEstate({ components: () => "" });
  await estate.startControl();
  const said: string[] = [];
  const io = { stdout: (text: string) => void said.push(text), stderr: (text: string) => void said.push(text) };
  const socket = ["--socket", join(estate.folder, "state", "control.sock")];
  assert.equal(await enrol(["laptop", "--owner", "default/user/mei", "--managed", ...socket], io), 0, said.join(""));
  assert.match(said.join(""), /laptop is enrolled, managed, default\/user\/mei's/);
  assert.equal(await enrol(["laptop", ...socket], io), 2, "twice is once too often");
  await estate.startAgent("laptop");
  await estate.startAgent("server"); // a node that is no device says nothing of itself
  const device = await until(async () => {
    const { devices } = await estate.control.devices();
    assert.equal(devices.length, 1);
    return devices.find(({ posture }) => posture !== undefined);
  });
  assert.match(device.keyFingerprint ?? "", /^[0-9a-f]{64}$/);
  assert.equal(device.posture?.source, "agent");
  assert.equal(typeof (device.posture as { os?: { name?: string } }).os?.name, "string", "measured on this machine");
  said.length = 0;
  assert.equal(await list(socket, io), 0);
  assert.match(said.join(""), /^laptop {2}of default\/user\/mei, managed, posture (good|weak|unknown)/);
  assert.equal(await retire(["laptop", "--reason", "lost in a taxi", ...socket], io), 0);
  const [gone] = (await estate.control.devices()).devices as [DeviceResponse];
  assert.equal(gone.retired?.reason, "lost in a taxi");
});

async function until<T>(found: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const value = await found();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it never came to pass");
}
