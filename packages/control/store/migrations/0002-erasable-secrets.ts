/**
 * Lets the history of a sealed key be erased, and nothing else: destroying a key means nothing while the log still holds
 * its sealed bytes. The log's shape, order and authorship stay as they are.
 */
import type { Migration } from "./migration.ts";

/** What an erased value becomes. Fixed, so that an update of the log can do nothing but this. */
export const erasedValue = '{"erased":true}';
/** The one kind whose history may be erased. */
export const erasableKind = "sealed-key";

export const erasableSecrets: Migration = {
  number: 2,
  name: "erasable-secrets",
  sqlite: [
    `drop trigger cordon_change_no_update`,
    `create trigger cordon_change_no_update before update on cordon_change
       when not (old.kind = '${erasableKind}' and old.op = 'put' and new.value = '${erasedValue}'
         and new.revision = old.revision and new.ordinal = old.ordinal and new.at = old.at and new.actor = old.actor
         and new.op = old.op and new.kind = old.kind and new.namespace = old.namespace and new.name = old.name
         and new.source = old.source)
       begin select raise(abort, 'the change log is append-only'); end`,
  ],
  postgres: [
    `create or replace function cordon_change_is_append_only() returns trigger language plpgsql as $$
       begin
         if tg_op = 'UPDATE' and old.kind = '${erasableKind}' and old.op = 'put' and new.value = '${erasedValue}'
           and (new.revision, new.ordinal, new.at, new.actor, new.op, new.kind, new.namespace, new.name, new.source)
             is not distinct from
             (old.revision, old.ordinal, old.at, old.actor, old.op, old.kind, old.namespace, old.name, old.source)
         then return new; end if;
         raise exception 'the change log is append-only';
       end $$`,
  ],
};
