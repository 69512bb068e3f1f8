/** Every migration of this program, in order. Add new ones at the end; never edit one that was released. */
import type { Migration } from "./migration.ts";
import { objectsAndChangeLog } from "./0001-objects-and-change-log.ts";
import { erasableSecrets } from "./0002-erasable-secrets.ts";
import { workingRecords } from "./0003-working-records.ts";
import { shortLivedRecords } from "./0004-short-lived-records.ts";

export const migrations: readonly Migration[] = [
  objectsAndChangeLog,
  erasableSecrets,
  workingRecords,
  shortLivedRecords,
];
