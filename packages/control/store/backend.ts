/** What the store needs of a database beyond SQL. Two stand behind it: sqlite.ts and postgres.ts. */
import type { CordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Kysely } from "kysely";
import type { Bell } from "./bell.ts";
import type { StateTables } from "./tables.ts";

export interface Backend {
  readonly reader: Kysely<StateTables>;
  readonly writer: Kysely<StateTables>;
  /** Rings when the log may have grown, whoever wrote. */
  readonly bell: Bell;
  /** Begins a transaction that holds the head lock, waiting a bounded time for it. Returns the head. */
  begin(connection: Kysely<StateTables>): Promise<Revision>;
  /** Begins a transaction of working records that holds the room's lock, waiting a bounded time for it. */
  beginRecords(connection: Kysely<StateTables>, room: string): Promise<void>;
  /** Called inside the transaction, after the head moved: what makes other processes' bells ring. */
  announce(connection: Kysely<StateTables>): Promise<void>;
  /** Called after values were erased: overwrites what the database still holds of them in its own files, as far as it can. */
  scrub(connection: Kysely<StateTables>): Promise<void>;
  /** True for a failure that left nothing behind and may pass: busy, deadlock, lost connection. */
  readonly mayPass: (error: unknown) => boolean;
  /** The error as a `CordonError` that names the remedy; never holds a password. */
  readonly explain: (error: unknown) => CordonError;
  /** Keeps the bell ringing for a follower; the function returned ends that. */
  watch(): () => void;
  close(): Promise<void>;
}
