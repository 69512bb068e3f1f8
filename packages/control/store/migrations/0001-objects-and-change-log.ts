/**
 * Objects, the append-only change log, and the head. Triggers refuse to rewrite the log, since replaying a decision
 * needs every change. Names sort by code point in both databases, hence `collate "C"`.
 */
import type { Migration } from "./migration.ts";

export const objectsAndChangeLog: Migration = {
  number: 1,
  name: "objects-and-change-log",
  sqlite: [
    `create table cordon_head (
       id integer primary key check (id = 1),
       revision integer not null check (revision >= 0)
     ) strict`,
    `insert into cordon_head (id, revision) values (1, 0)`,
    `create table cordon_object (
       kind text not null,
       namespace text not null,
       name text not null,
       source text not null check (source in ('config', 'api', 'system')),
       revision integer not null check (revision > 0),
       value text not null,
       primary key (kind, namespace, name)
     ) strict`,
    `create table cordon_change (
       revision integer not null check (revision > 0),
       ordinal integer not null check (ordinal >= 0),
       at integer not null,
       actor text not null,
       op text not null check (op in ('put', 'delete')),
       kind text not null,
       namespace text not null,
       name text not null,
       source text check (source in ('config', 'api', 'system')),
       value text,
       primary key (revision, ordinal),
       check ((op = 'put') = (value is not null) and (op = 'put') = (source is not null))
     ) strict`,
    `create trigger cordon_change_no_update before update on cordon_change
       begin select raise(abort, 'the change log is append-only'); end`,
    `create trigger cordon_change_no_delete before delete on cordon_change
       begin select raise(abort, 'the change log is append-only'); end`,
  ],
  postgres: [
    `create table cordon_head (
       id integer primary key check (id = 1),
       revision bigint not null check (revision >= 0)
     )`,
    `insert into cordon_head (id, revision) values (1, 0)`,
    `create table cordon_object (
       kind text collate "C" not null,
       namespace text collate "C" not null,
       name text collate "C" not null,
       source text not null check (source in ('config', 'api', 'system')),
       revision bigint not null check (revision > 0),
       value text not null,
       primary key (kind, namespace, name)
     )`,
    `create table cordon_change (
       revision bigint not null check (revision > 0),
       ordinal integer not null check (ordinal >= 0),
       at bigint not null,
       actor text not null,
       op text not null check (op in ('put', 'delete')),
       kind text collate "C" not null,
       namespace text collate "C" not null,
       name text collate "C" not null,
       source text check (source in ('config', 'api', 'system')),
       value text,
       primary key (revision, ordinal),
       check ((op = 'put') = (value is not null) and (op = 'put') = (source is not null))
     )`,
    `create function cordon_change_is_append_only() returns trigger language plpgsql as $$
       begin raise exception 'the change log is append-only'; end $$`,
    `create trigger cordon_change_no_rewrite before update or delete on cordon_change
       for each row execute function cordon_change_is_append_only()`,
    `create trigger cordon_change_no_truncate before truncate on cordon_change
       for each statement execute function cordon_change_is_append_only()`,
  ],
};
