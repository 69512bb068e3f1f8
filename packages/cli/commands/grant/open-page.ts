/** A page of the console, where a passkey is: printed, and opened in this machine's browser as far as that goes. */
import { spawn } from "node:child_process";
import type { Io } from "../../io.ts";

export function openPage(url: string, io: Pick<Io, "stdout">, printOnly: boolean): void {
  io.stdout(`${url}\n`);
  if (printOnly) return;
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(opener, [url], { stdio: "ignore", detached: true });
  child.once("error", () => undefined);
  child.unref();
}
