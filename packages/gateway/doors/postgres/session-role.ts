/**
 * A role for one session. In: a door with an administrator, what was decided. Out: a role that nobody else has, with a
 * password that lets in once, for a minute, and its end.
 *
 * Why a role a session, where the configuration can give an administrator: a role that many sessions share has one password
 * for all of them, and whoever is logged in may change it (`ALTER ROLE CURRENT_USER PASSWORD`). A session's own role dies
 * with it, whatever was done to it. The password reaches the server as a SCRAM verifier, so its log does not hold it.
 */
import { randomBytes } from "node:crypto";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { DoorDatabase, PostgresDoor } from "@cordon/core/policy/data-doors";
import { encodeMessage, readError } from "./messages.ts";
import { scramVerifier } from "./scram.ts";
import { logIn, type LoginDeps, type ServerSession } from "./server-login.ts";

type Administered = PostgresDoor & { readonly administrator: NonNullable<PostgresDoor["administrator"]> };

export interface SessionRole {
  readonly role: string;
  readonly password: string;
}

/** A statement that the server refused, by its SQLSTATE. */
class StatementRefused extends Error {
  readonly state: string;
  constructor(state: string, words: string) {
    super(words);
    this.state = state;
  }
}

const prefix = "cordon_s_";

/** @throws {CordonError} `UPSTREAM_UNREACHABLE`, `UPSTREAM_UNTRUSTED`, `UPSTREAM_TIMEOUT` */
export async function makeRole(
  door: Administered,
  database: DoorDatabase,
  password: string,
  deps: LoginDeps,
): Promise<SessionRole> {
  const role = prefix + randomBytes(12).toString("hex");
  const made = { role, password: randomBytes(24).toString("base64url") };
  const verifier = await scramVerifier(made.password, randomBytes(16));
  await asAdministrator(door, database, password, deps, async (session) => {
    await sweep(session, deps);
    // One statement: the role is there whole, or not at all. It expires by the server's clock, which judges it. With
    // `role` set, what a session makes belongs to the role of the decision, and outlives the session as it should.
    const life = `now() + interval '${door.administrator.lifeSeconds} seconds'`;
    const text =
      `CREATE ROLE ${quoted(role)} LOGIN PASSWORD '${verifier}' VALID UNTIL %L CONNECTION LIMIT 1 IN ROLE ` +
      `${quoted(database.role)}; ALTER ROLE ${quoted(role)} SET role = ${quoted(database.role)}`;
    await query(session, `DO $cordon$ BEGIN EXECUTE format($made$${text}$made$, ${life}); END $cordon$`);
  });
  return made;
}

/** Ends a role, and whatever still runs as it. What cannot be dropped can at least not log in any more. */
export async function dropRole(
  door: Administered,
  database: DoorDatabase,
  role: string,
  password: string,
  deps: LoginDeps,
): Promise<void> {
  await asAdministrator(door, database, password, deps, (session) => drop(session, role, database.role, deps));
}

async function drop(session: ServerSession, role: string, heir: string | undefined, deps: LoginDeps): Promise<void> {
  const [name, attempt] = [quoted(role), (text: string) => query(session, text).catch(() => undefined)];
  await attempt(`GRANT ${name} TO CURRENT_USER`); // to end its sessions; a superuser needs no grant
  await attempt(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
  try {
    await query(session, `DROP ROLE ${name}`);
  } catch (error) {
    if (!(error instanceof StatementRefused) || error.state === "42704") return; // another gateway swept it
    // It made things while it was not acting as the decision's role (`RESET ROLE`): they go to that role.
    if (heir !== undefined) await attempt(`REASSIGN OWNED BY ${name} TO ${quoted(heir)}; DROP OWNED BY ${name}`);
    await query(session, `DROP ROLE ${name}`).catch(async (still: Error) => {
      await attempt(`ALTER ROLE ${name} NOLOGIN PASSWORD NULL`);
      deps.tell(`the role ${role} of an ended session cannot be dropped, and may not log in: ${still.message}`);
    });
  }
}

/** Roles that a gateway left behind when it fell: expired, and nobody is logged in as them. */
async function sweep(session: ServerSession, deps: LoginDeps): Promise<void> {
  const left = await query(
    session,
    `SELECT rolname FROM pg_roles r WHERE rolname ~ '^${prefix}[0-9a-f]{24}$' AND rolvaliduntil < now() - interval '1 minute' ` +
      "AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.usename = r.rolname) LIMIT 4",
  );
  for (const role of left) if (/^cordon_s_[0-9a-f]{24}$/.test(role)) await drop(session, role, undefined, deps);
}

async function asAdministrator<T>(
  door: Administered,
  { database }: DoorDatabase,
  password: string,
  deps: LoginDeps,
  act: (session: ServerSession) => Promise<T>,
): Promise<T> {
  const { role } = door.administrator;
  const login = { database, role, password, session: new Map([["application_name", "cordon"]]) };
  const session = await logIn(door, login, deps);
  const timer = setTimeout(() => session.socket.destroy(), door.connectMs);
  try {
    return await act(session);
  } catch (error) {
    if (isCordonError(error)) throw error;
    deps.tell(`the administrator of ${door.name} was refused: ${(error as Error).message}`);
    throw new CordonError("UPSTREAM_UNREACHABLE", "no role could be made for the session", { cause: error });
  } finally {
    clearTimeout(timer);
    session.socket.end(encodeMessage("X", Buffer.alloc(0)));
    session.socket.resume();
  }
}

/** Runs statements by the simple protocol. @returns the first column of every row */
async function query({ socket, source }: ServerSession, text: string): Promise<string[]> {
  socket.write(encodeMessage("Q", Buffer.from(`${text}\0`)));
  const rows: string[] = [];
  let refused: StatementRefused | undefined;
  for (;;) {
    const { type, body } = await source.next();
    if (type === "E") {
      const { state, words } = readError(body);
      refused ??= new StatementRefused(state, `${words} (${state})`);
    } else if (type === "D" && body.length >= 6 && body.readInt32BE(2) >= 0)
      rows.push(body.toString("utf8", 6, 6 + body.readInt32BE(2)));
    else if (type === "Z") break;
  }
  if (refused !== undefined) throw refused;
  return rows;
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
