/** Which control plane a command speaks to. In: `--socket`, `--state` and the environment. Out: the path of its socket. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Options of `parseArgs` that every command with a control plane takes. */
export const socketOptions = { socket: { type: "string" }, state: { type: "string" } } as const;

/** The lines of a usage text that explain {@link socketOptions}. */
export const socketUsage = `  --socket PATH        the control plane's socket (default: CORDON_SOCKET_PATH, or control.sock in the state folder)
  --state DIR          its state folder (default: CORDON_STATE, ./state, or the demo's)
`;

/** Where `cordon up` and `cordon up --demo` keep their state when nothing else is said. */
const defaultFolders = ["state", join(".cordon", "demo", "state")];

/** The socket: as said, else in the state folder as said, else by environment, else in the first default folder that has one. */
export function controlSocket(
  values: { readonly socket?: string | undefined; readonly state?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (values.socket !== undefined) return resolve(values.socket);
  if (values.state !== undefined) return join(resolve(values.state), "control.sock");
  const socket = env["CORDON_SOCKET_PATH"];
  if (socket !== undefined && socket !== "") return resolve(socket);
  const state = env["CORDON_STATE"];
  if (state !== undefined && state !== "") return join(resolve(state), "control.sock");
  const candidates = defaultFolders.map((folder) => join(resolve(folder), "control.sock"));
  return candidates.find((candidate) => existsSync(candidate)) ?? join(resolve("state"), "control.sock");
}
