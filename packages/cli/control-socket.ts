/** Which control plane a command speaks to. In: `--socket`, `--state` and the environment. Out: the path of its socket. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Options of `parseArgs` that every command with a control plane takes. */
export const socketOptions = { socket: { type: "string" }, state: { type: "string" } } as const;

/** The lines of a usage text that explain {@link socketOptions}. */
export const socketUsage = `  --socket PATH        the control plane's socket (default: control.sock in the state folder, or CORDON_SOCKET_PATH)
  --state DIR          its state folder (default: CORDON_STATE, else ./state, else the demo's .cordon/demo/state)
`;

const socketName = "control.sock";

/** The socket: as said, else by environment, else where `cordon up` or `cordon up --demo` puts it in this folder. */
export function controlSocket(
  values: { readonly socket?: string | undefined; readonly state?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (values.socket !== undefined) return resolve(values.socket);
  if (values.state !== undefined) return join(resolve(values.state), socketName);
  const socket = env["CORDON_SOCKET_PATH"];
  if (socket !== undefined && socket !== "") return resolve(socket);
  const state = env["CORDON_STATE"];
  if (state !== undefined && state !== "") return join(resolve(state), socketName);
  const own = join(resolve("state"), socketName);
  const demo = join(resolve(".cordon", "demo", "state"), socketName);
  return !existsSync(own) && existsSync(demo) ? demo : own;
}
