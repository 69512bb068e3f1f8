/** Data doors as enforcement points hold them: where they listen, which database server lies behind, what may be asked for. */
import type { Action, Namespace } from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { SecretReference, Upstream } from "./snapshot.ts";

/** A PostgreSQL server behind the gateway: a session is decided by data set and action, and gets the role of that. */
export interface PostgresDoor {
  readonly namespace: Namespace;
  readonly name: string;
  /** Where clients with an SVID of their own connect; without it, `cordon tunnel` and `cordon run` alone lead here. */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly host: string;
  readonly port: number;
  /** How the server proves itself. */
  readonly authentication: Upstream["authentication"];
  /** Makes a role for each session, and drops it afterwards. */
  readonly administrator?: {
    readonly role: string;
    readonly password: SecretReference;
    /** How long a session's password can be used to log in. */
    readonly lifeSeconds: number;
  };
  /** By the name that clients give as their database. */
  readonly databases: ReadonlyMap<string, DoorDatabase>;
  readonly connectMs: number;
  readonly idleMs: number;
}

/** What one database name stands for: the decision's words, and what a session gets. */
export interface DoorDatabase {
  readonly name: string;
  readonly resource: SpiffeId;
  readonly action: Action;
  readonly database: string;
  readonly role: string;
  /** The role's own password, where no administrator makes roles. */
  readonly password?: SecretReference;
}

/** Whether a door still leads a session where it led when that began. */
export function leadsAlike(door: PostgresDoor, before: PostgresDoor, database: DoorDatabase): boolean {
  const now = door.databases.get(database.name);
  if (now === undefined || door.host !== before.host || door.port !== before.port) return false;
  return (["resource", "action", "database", "role"] as const).every((field) => now[field] === database[field]);
}
