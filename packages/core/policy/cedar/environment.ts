/** What a compiled expression reads: one request, and the entities around it. Nothing here changes once it is made. */
import type { CedarRecord, EntityData, EntityUid } from "./value.ts";

/** Entities by key. */
export interface EntitySource {
  get(key: string): EntityData | undefined;
}

export interface Environment {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: CedarRecord;
  /** Looked up once, as nearly every policy reads them; `undefined` where the entity does not exist. */
  readonly principalData: EntityData | undefined;
  readonly resourceData: EntityData | undefined;
  readonly entities: EntitySource;
}

export function dataOf(environment: Environment, uid: EntityUid): EntityData | undefined {
  if (uid === environment.principal) return environment.principalData;
  if (uid === environment.resource) return environment.resourceData;
  return environment.entities.get(uid.key);
}

/** Whether an entity is the other, or below it. */
export function isIn(environment: Environment, uid: EntityUid, group: EntityUid): boolean {
  return uid.key === group.key || (dataOf(environment, uid)?.ancestors.has(group.key) ?? false);
}
