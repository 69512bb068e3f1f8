/**
 * Where `oidc-provider` keeps what is under way. In: the store's short-lived records, sealed; the clients of the registry; and
 * whether a grant's session stands. Out: its adapter. Using up a code or a refresh token is decided in the store, so that of
 * two who show it at once, to any process, one is first; the other proves that it was stolen, and the session ends.
 */
import { errors, type Adapter, type AdapterPayload, type AllClientMetadata } from "oidc-provider";
import type { Instant } from "@cordon/core/instant";
import type { ShortLivedRecords } from "../store/short-lived-records.ts";
import type { RecordSeal } from "./seal.ts";

export interface AdapterRooms {
  readonly records: ShortLivedRecords;
  readonly seal: RecordSeal;
  readonly now: () => Instant;
  readonly findClient: (id: string) => AllClientMetadata | undefined;
  /** Whether the session that a grant opened still stands. */
  readonly grantStands: (grantId: string) => Promise<boolean>;
  /** Ends that session, and cuts what it carries. */
  readonly endGrant: (grantId: string, why: string) => Promise<void>;
}

export function oauthAdapter(rooms: AdapterRooms): (model: string) => Adapter {
  return (model) => (model === "Client" ? clientAdapter(rooms) : recordAdapter(rooms, model));
}

function clientAdapter({ findClient }: AdapterRooms): Adapter {
  return { ...nothing, find: async (id) => findClient(id) };
}

function recordAdapter(rooms: AdapterRooms, model: string): Adapter {
  const { records, seal, now, grantStands, endGrant } = rooms;
  const keyOf = (id: string) => ({ kind: `oauth-${model}`, id: seal.nameOf(model, id) });
  const groupOf = (grantId: string): string => seal.nameOf("grant", grantId);
  const find = async (id: string): Promise<AdapterPayload | undefined> => {
    const key = keyOf(id);
    const found = await records.find(key, now());
    if (found === undefined) return undefined;
    const payload = seal.open(model, key.id, found.value) as AdapterPayload;
    if (model === "Grant" && !(await grantStands(id))) return undefined;
    return { ...payload, ...(found.consumedAt === undefined ? {} : { consumed: Math.floor(found.consumedAt / 1000) }) };
  };
  return {
    ...nothing,
    find,
    async upsert(id, payload, expiresIn) {
      const key = keyOf(id);
      const group = payload.grantId === undefined ? {} : { group: groupOf(payload.grantId) };
      const expiresAt = now() + (expiresIn ?? 0) * 1000;
      const record = { ...key, ...group, value: seal.seal(model, key.id, payload), expiresAt };
      if (model !== "ReplayDetection") return records.put(record);
      if (!(await records.add(record))) throw new errors.InvalidGrant("the proof was used before");
    },
    async consume(id) {
      if (await records.consume(keyOf(id), now())) return;
      const grantId = (await find(id))?.grantId;
      if (grantId !== undefined) await endGrant(grantId, `its ${model} was used twice at once`);
      throw new errors.InvalidGrant("it was used before");
    },
    async destroy(id) {
      await records.delete(keyOf(id));
      if (model === "Grant") await endGrant(id, "the program gave it back, or used what it stands on twice");
    },
    revokeByGrantId: (grantId) => records.deleteGroup(`oauth-${model}`, groupOf(grantId)),
  };
}

/** What is not used here: nothing is found by user codes or by a browser's session. */
const nothing: Adapter = {
  upsert: () => Promise.reject(new Error("clients are registered in cordon.yaml")),
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
};
