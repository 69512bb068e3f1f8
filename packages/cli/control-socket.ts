/** Which control plane a command speaks to. In: `--socket`, `--state` and the environment. Out: the path of its socket. */
import { join, resolve } from "node:path";

/** Options of `parseArgs` that every command with a control plane takes. */
export const socketOptions = { socket: { type: "string" }, state: { type: "string" } } as const;

/** The lines of a usage text that explain {@link socketOptions}. */
export const socketUsage = `  --socket PATH        the control plane's socket (default: control.sock in the state folder, or CORDON_SOCKET_PATH)
  --state DIR          its state folder (default: ./state, or CORDON_STATE)
`;

/** The socket: as said, else in the state folder as said, else by environment, else in \`./state\`. */
export function controlSocket(
  values: { readonly socket?: string | undefined; readonly state?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (values.socket !== undefined) return resolve(values.socket);
  if (values.state !== undefined) return join(resolve(values.state), "control.sock");
  const socket = env["CORDON_SOCKET_PATH"];
  if (socket !== undefined && socket !== "") return resolve(socket);
  const state = env["CORDON_STATE"];
  return join(resolve(state === undefined || state === "" ? "state" : state), "control.sock");
}
