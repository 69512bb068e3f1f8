/**
 * Records that are over within hours, such as authorization codes and refresh tokens. They are no part of what decisions are
 * made of: no revision, no history, and nothing of them stays when they end.
 */
import type { Migration } from "./migration.ts";

export const shortLivedRecords: Migration = {
  number: 4,
  name: "short-lived-records",
  sqlite: [
    `create table cordon_short_lived (
       kind text not null,
       id text not null,
       belongs_to text,
       value text not null,
       expires_at integer not null,
       consumed_at integer,
       primary key (kind, id)
     ) strict`,
    `create index cordon_short_lived_belongs_to on cordon_short_lived (belongs_to)`,
    `create index cordon_short_lived_expires_at on cordon_short_lived (expires_at)`,
  ],
  postgres: [
    `create table cordon_short_lived (
       kind text collate "C" not null,
       id text collate "C" not null,
       belongs_to text collate "C",
       value text not null,
       expires_at bigint not null,
       consumed_at bigint,
       primary key (kind, id)
     )`,
    `create index cordon_short_lived_belongs_to on cordon_short_lived (belongs_to)`,
    `create index cordon_short_lived_expires_at on cordon_short_lived (expires_at)`,
  ],
};
