/**
 * Working records: state that changes too often, or is too personal, for the append-only log. No revision, no history. `stamp`
 * counts the changes of a room in commit order and never goes back; it is how one process finds what another wrote.
 */
import type { Migration } from "./migration.ts";

export const workingRecords: Migration = {
  number: 3,
  name: "working-records",
  sqlite: [
    `create table cordon_record (
       room text not null,
       owner text not null,
       name text not null,
       stamp integer not null check (stamp > 0),
       value text not null,
       primary key (room, owner, name)
     ) strict`,
    `create index cordon_record_by_stamp on cordon_record (room, stamp)`,
    `create table cordon_record_room (room text primary key, stamp integer not null) strict`,
  ],
  postgres: [
    `create table cordon_record (
       room text collate "C" not null,
       owner text collate "C" not null,
       name text collate "C" not null,
       stamp bigint not null check (stamp > 0),
       value text not null,
       primary key (room, owner, name)
     )`,
    `create index cordon_record_by_stamp on cordon_record (room, stamp)`,
    `create table cordon_record_room (room text collate "C" primary key, stamp bigint not null)`,
  ],
};
