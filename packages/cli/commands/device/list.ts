/** `cordon device list`: enrolled devices, whose they are, and what their posture comes to. */
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import type { DeviceResponse } from "@cordon/core/contract/device-api";
import { controlSocket, socketOptions, socketUsage } from "../../control-socket.ts";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";

const usage = `usage: cordon device list [--json] [--socket PATH | --state DIR]

Enrolled devices: whose each is, whether it is managed, and whether its posture is good, weak or unknown, with why.

${socketUsage}
Exit code: 0, or 2 for a failure.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...socketOptions,
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const { devices } = await controlClient(controlSocket(values, process.env)).devices();
    io.stdout(values.json ? `${JSON.stringify({ devices })}\n` : devices.map(deviceLine).join(""));
    return 0;
  });
}

export function deviceLine({
  name,
  owner,
  managed,
  state,
  faults,
  retired,
  compliance,
  keyFingerprint,
}: DeviceResponse): string {
  if (retired !== undefined) return `${name}  retired: ${retired.reason}\n`;
  const words = [
    owner === undefined ? "shared" : `of ${owner}`,
    managed ? "managed" : "not managed",
    `posture ${state}${faults.length === 0 ? "" : ` (${faults.join("; ")})`}`,
    ...(compliance?.compliant === false ? [`not compliant, says ${compliance.source}`] : []),
    ...(keyFingerprint === undefined ? ["has enrolled no key yet"] : []),
  ];
  return `${name}  ${words.join(", ")}\n`;
}
