/** The control plane's own socket. In: the state folder. Out: a finding where its path is longer than the system takes. */
import { maxSocketPathBytes } from "@cordon/control/api/local-socket";
import type { Estate } from "./estate.ts";
import { findings, type Examined } from "./finding.ts";

export function checkSocket({ socketPath, running, whyNot }: Estate): Examined {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes > maxSocketPathBytes)
    return findings({
      check: "socket",
      what: `the socket's path is ${bytes} bytes long, and the system takes ${maxSocketPathBytes}`,
      where: socketPath,
      remedy: "set `state` to a folder with a shorter path",
    });
  if (running !== undefined) return findings();
  const words = `no control plane runs here, so its snapshot, ledger writer and identity were not looked at (${whyNot.split(": ")[1]?.split(".")[0] ?? "no answer"})`;
  return { findings: [], notes: [{ check: "running", words }] };
}
