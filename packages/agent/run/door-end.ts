/**
 * A data door for one run. In: our identity, the gateway, the door's name. Out: a unix socket that only this user reaches,
 * where PostgreSQL's clients look for one, and the environment that sends them there. A loopback port would serve every
 * process of the machine as this component; PostgreSQL's protocol has no place for the run's secret.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClientEnd, type ClientEndOptions } from "../tunnel/client-end.ts";

export interface DoorEnd extends AsyncDisposable {
  readonly folder: string;
}

/** What libpq and its like take up by themselves, and would lead past the door or break it. */
const bypasses = [
  ...["DATABASE_URL", "PGHOST", "PGHOSTADDR", "PGPORT", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE"],
  ...["PGOPTIONS", "PGSSLMODE", "PGSSLNEGOTIATION", "PGREQUIREAUTH", "PGCHANNELBINDING", "PGTARGETSESSIONATTRS"],
];

export async function openDoorEnd(options: Omit<ClientEndOptions, "listen">): Promise<DoorEnd> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-door-")); // mode 0700
  try {
    const end = await openClientEnd({ ...options, listen: { socketPath: join(folder, ".s.PGSQL.5432") } });
    return {
      folder,
      async [Symbol.asyncDispose]() {
        await end[Symbol.asyncDispose]();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The environment that leads to the door; `replaced` names what the parent had set and the child does not get. */
export function doorEnvironment(
  inherited: Readonly<Record<string, string>>,
  { folder }: Pick<DoorEnd, "folder">,
): { readonly env: Record<string, string>; readonly replaced: readonly string[] } {
  const replaced = bypasses.filter((name) => name in inherited);
  const env = Object.fromEntries(Object.entries(inherited).filter(([name]) => !replaced.includes(name)));
  // The socket's other end is mutual TLS to the gateway. A client that insists on a user's name gets one: it is not read.
  return { env: { PGUSER: "cordon", ...env, PGHOST: folder, PGPORT: "5432", PGSSLMODE: "disable" }, replaced };
}
