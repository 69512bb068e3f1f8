/**
 * Opens the state store that `store.url` names. In: `sqlite:PATH` or `postgres://...`. Out: a `StateStore` whose schema
 * is this program's.
 */
import { CordonError } from "@cordon/core/errors";
import type { Backend } from "./backend.ts";
import { DatabaseStateStore, type FeedTrouble } from "./database-state-store.ts";
import { openPostgres } from "./postgres.ts";
import { requireHead, toRevision } from "./rows.ts";
import { openSqlite } from "./sqlite.ts";
import type { StateStore } from "./state-store.ts";
import { readStoreUrl } from "./store-url.ts";

export interface StateStoreOptions extends FeedTrouble {}

/**
 * @param url `sqlite:/var/lib/cordon/cordon.db` (a relative path is relative to the working directory), or
 *   `postgres://user:password@host:5432/database`; see store-url.ts for what PostgreSQL URLs may say
 * @throws {CordonError} `CONFIG_INVALID` for a URL that names no store; `STORE_UNAVAILABLE` when it cannot be reached or
 *   is newer than this program; `STORE_CORRUPT` when it is damaged. No message holds the password.
 * @example
 * await using store = await openStateStore("sqlite:./state/cordon.db");
 */
export async function openStateStore(url: string, options: StateStoreOptions = {}): Promise<StateStore> {
  const backend = await openBackend(url);
  try {
    await checkHead(backend);
  } catch (error) {
    await backend.close();
    throw backend.explain(error);
  }
  return new DatabaseStateStore(backend, options);
}

function openBackend(url: string): Promise<Backend> {
  const location = readStoreUrl(url);
  return location.adapter === "sqlite" ? openSqlite(location.path) : openPostgres(location);
}

/** Head and log move together; when they disagree, one of them was altered or restored without the other. */
async function checkHead(backend: Backend): Promise<void> {
  const found = await backend.reader
    .selectFrom("cordon_head")
    .select("revision as head")
    .select((query) =>
      query
        .selectFrom("cordon_change")
        .select((of) => of.fn.max("revision").as("newest"))
        .as("logged"),
    )
    .where("id", "=", 1)
    .executeTakeFirst();
  const head = requireHead(found?.head);
  const logged = toRevision(found?.logged ?? 0);
  if (head === logged) return;
  throw new CordonError(
    "STORE_CORRUPT",
    `The state store's head is revision ${head}, but its log ends at ${logged}. Restore a backup.`,
  );
}
