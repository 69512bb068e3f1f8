/**
 * Objects that live at an upstream behind one shared credential (stored responses, files) belong to the principal that
 * made them. The upstream cannot tell our principals apart, so the gateway remembers who made what and checks each
 * use; an id that it does not know is refused. Kept in one small SQLite file, so ownership survives a restart; if the
 * file is lost, objects become unreachable rather than shared.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { ActingUser } from "@cordon/core/policy/people";

export type ObjectType = "response" | "file" | "mcp-session" | "s3-upload";

/** Whose an object is: a principal's, or what it made for one person, which is its for that person alone. */
export type Owner = SpiffeId | `${SpiffeId} for ${SpiffeId}`;

export function ownerOf(principal: SpiffeId, user: Pick<ActingUser, "id"> | undefined): Owner {
  return user === undefined || user.id === principal ? principal : `${principal} for ${user.id}`;
}

/** The first of the objects that are used which is not the owner's at this upstream. */
export function firstForeign<U extends { readonly type: ObjectType; readonly id: string }>(
  owners: Pick<ObjectOwners, "find">,
  uses: readonly U[],
  upstream: string,
  owner: Owner,
): U | undefined {
  return uses.find(({ type, id }) => owners.find(upstream, type, id)?.principal !== owner);
}

export interface OwnedObject {
  /** Namespace and name of the upstream. */
  readonly upstream: string;
  readonly type: ObjectType;
  readonly id: string;
  readonly principal: Owner;
  /** The component whose policy governs the object. */
  readonly component: SpiffeId;
}

export interface ObjectOwners extends Disposable {
  record(object: OwnedObject): void;
  find(upstream: string, type: ObjectType, id: string): OwnedObject | undefined;
  forget(upstream: string, type: ObjectType, id: string): void;
}

/** @param file path of the SQLite file, or `:memory:` */
export function openObjectOwners(file: string): ObjectOwners {
  // Made before SQLite makes it, so that it and its log are for this user alone.
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file);
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = normal;
    create table if not exists owned_object (
      upstream text not null, type text not null, id text not null,
      principal text not null, component text not null,
      primary key (upstream, type, id)
    ) without rowid, strict;
  `);
  const insert = database.prepare("insert or ignore into owned_object values (?, ?, ?, ?, ?)");
  const select = database.prepare(
    "select principal, component from owned_object where upstream = ? and type = ? and id = ?",
  );
  const remove = database.prepare("delete from owned_object where upstream = ? and type = ? and id = ?");
  return {
    record({ upstream, type, id, principal, component }) {
      // First maker keeps it: an upstream that repeats an id must not be able to move an object to someone else.
      insert.run(upstream, type, id, principal, component);
    },
    find(upstream, type, id) {
      const row = select.get(upstream, type, id) as { principal: Owner; component: SpiffeId } | undefined;
      return row && { upstream, type, id, principal: row.principal, component: row.component };
    },
    forget(upstream, type, id) {
      remove.run(upstream, type, id);
    },
    [Symbol.dispose]() {
      database.close();
    },
  };
}
