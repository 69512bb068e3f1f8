/**
 * One transaction's reads and writes. In: a connection that holds the head lock, and the revision it will take. Out:
 * the net changes. Writes stay in memory until the end, so that putting back what was there is no change at all; what
 * was read is remembered, since nobody else can write while the lock is held.
 */
import { isDeepStrictEqual } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Kysely } from "kysely";
import { erasableKind } from "./migrations/0002-erasable-secrets.ts";
import { type ObjectRow, toObject } from "./rows.ts";
import type { ObjectKey, ObjectSource, StateTransaction, StoredObject } from "./state-store.ts";
import { checkKey, checkSource, describeKey, encodeValue } from "./store-limits.ts";
import type { StateTables } from "./tables.ts";

/** What becomes of one object: `row` is absent for a delete. */
export interface NetChange {
  readonly key: ObjectKey;
  readonly row: ObjectRow | undefined;
}

interface Touched {
  readonly key: ObjectKey;
  readonly before: ObjectRow | undefined;
  row: ObjectRow | undefined;
}

export class BufferedTransaction implements StateTransaction {
  readonly #connection: Kysely<StateTables>;
  readonly #revision: Revision;
  readonly #explain: (error: unknown) => CordonError;
  readonly #touched = new Map<string, Touched>();
  readonly #listedKinds = new Set<string>();
  readonly #erasures: ObjectKey[] = [];
  #lastOperation: Promise<unknown> = Promise.resolve();
  #ended = false;
  #failure: unknown;

  constructor(connection: Kysely<StateTables>, revision: Revision, explain: (error: unknown) => CordonError) {
    this.#connection = connection;
    this.#revision = revision;
    this.#explain = explain;
  }

  /** The database's own error, once one of its answers failed. The transaction cannot commit after it. */
  get failure(): unknown {
    return this.#failure;
  }

  get(key: ObjectKey): Promise<StoredObject | undefined> {
    return this.#inTurn(async () => {
      const { row } = await this.#touch(key);
      return row && toObject(row);
    });
  }

  list(kind: string): Promise<readonly StoredObject[]> {
    return this.#inTurn(async () => {
      if (!this.#listedKinds.has(kind)) await this.#readKind(kind);
      const rows = [...this.#touched.values()].flatMap(({ row }) => (row?.kind === kind ? [row] : []));
      return rows.sort(byNamespaceAndName).map(toObject);
    });
  }

  put(key: ObjectKey, value: unknown, source: ObjectSource): Promise<void> {
    return this.#inTurn(async () => {
      checkSource(source);
      const { kind, namespace, name } = key;
      const text = encodeValue(key, value);
      const touched = await this.#touch(key);
      checkOwner(key, touched.row, source, "change");
      touched.row = { kind, namespace, name, source, revision: this.#revision, value: text };
    });
  }

  delete(key: ObjectKey, source: ObjectSource): Promise<void> {
    return this.#inTurn(async () => {
      checkSource(source);
      const touched = await this.#touch(key);
      checkOwner(key, touched.row, source, "delete");
      touched.row = undefined;
    });
  }

  eraseHistory(key: ObjectKey): Promise<void> {
    return this.#inTurn(async () => {
      checkKey(key);
      if (key.kind !== erasableKind)
        throw new CordonError(
          "STORE_REQUEST_INVALID",
          `${describeKey(key)}: only the history of a ${erasableKind} may be erased.`,
        );
      this.#erasures.push(key);
    });
  }

  /** Objects whose earlier values leave the log with this transaction. */
  get erasures(): readonly ObjectKey[] {
    return this.#erasures;
  }

  /** Waits for operations that `work` did not await, refuses later ones, and says what changed, in order of first touch. */
  async end(): Promise<readonly NetChange[]> {
    await this.#lastOperation;
    this.#ended = true;
    if (this.#failure !== undefined) throw this.#failure;
    return [...this.#touched.values()].filter(({ before, row }) => !isSameObject(before, row));
  }

  /** Refuses operations that come after the transaction was given up. */
  abandon(): void {
    this.#ended = true;
  }

  /** One operation after the other, in call order: a PostgreSQL connection answers one query at a time. */
  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#ended) {
      return Promise.reject(
        new CordonError(
          "STORE_REQUEST_INVALID",
          "The state store's transaction has ended: await every operation inside the work given to transact().",
        ),
      );
    }
    const result = this.#lastOperation.then(operation);
    this.#lastOperation = result.catch(() => undefined);
    return result;
  }

  async #touch(key: ObjectKey): Promise<Touched> {
    checkKey(key);
    const known = this.#touched.get(keyText(key));
    if (known) return known;
    if (this.#listedKinds.has(key.kind)) return this.#remember(key, undefined);
    const row = await this.#ask(
      this.#connection
        .selectFrom("cordon_object")
        .selectAll()
        .where("kind", "=", key.kind)
        .where("namespace", "=", key.namespace)
        .where("name", "=", key.name)
        .executeTakeFirst(),
    );
    return this.#remember(key, row);
  }

  async #readKind(kind: string): Promise<void> {
    const rows = await this.#ask(
      this.#connection
        .selectFrom("cordon_object")
        .selectAll()
        .where("kind", "=", kind)
        .orderBy("namespace")
        .orderBy("name")
        .execute(),
    );
    for (const row of rows) {
      const key = { kind, namespace: row.namespace, name: row.name } as ObjectKey;
      if (!this.#touched.has(keyText(key))) this.#remember(key, row);
    }
    this.#listedKinds.add(kind);
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.#failure = error;
      throw this.#explain(error);
    }
  }

  #remember(key: ObjectKey, row: ObjectRow | undefined): Touched {
    const touched = { key: { kind: key.kind, namespace: key.namespace, name: key.name }, before: row, row };
    this.#touched.set(keyText(key), touched);
    return touched;
  }
}

/** NUL cannot occur in a key's parts, so no two keys share this text. */
function keyText(key: ObjectKey): string {
  return `${key.kind}\0${key.namespace}\0${key.name}`;
}

function checkOwner(key: ObjectKey, row: ObjectRow | undefined, source: ObjectSource, verb: string): void {
  if (row === undefined || row.source === source) return;
  const remedies: Record<ObjectSource, string> = {
    config: "It comes from cordon.yaml: edit the file and reload.",
    api: "It was made through the API: delete it there first, or choose another name.",
    system: "Cordon keeps it itself: choose another name.",
  };
  throw new CordonError(
    "STORE_CONFLICT",
    `${describeKey(key)} belongs to source "${row.source}", so source "${source}" cannot ${verb} it. ${remedies[row.source]}`,
  );
}

/** The order of properties is no change: files are re-read, and APIs re-serialise. */
function isSameObject(before: ObjectRow | undefined, after: ObjectRow | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  if (before.source !== after.source) return false;
  return before.value === after.value || isDeepStrictEqual(toObject(before).value, toObject(after).value);
}

/** By code point, as both databases sort it. */
function byNamespaceAndName(a: ObjectRow, b: ObjectRow): number {
  return (
    Buffer.compare(Buffer.from(a.namespace), Buffer.from(b.namespace)) ||
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
  );
}
