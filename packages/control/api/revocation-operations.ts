/**
 * Revoking over the local API. In: what is to be withdrawn, and why. Out: the revision from which it holds; it is in force
 * and in the ledger before the answer leaves. One that is in force and could not be recorded stays in force, and the
 * answer is an error that says so.
 */
import {
  liftRequest,
  revocationRequest,
  type LiftedResponse,
  type RevocationRequest,
  type RevocationResponse,
  type RevokedResponse,
} from "@cordon/core/contract/local-api";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { revocationKey, revocationKind, revocationSchema, type Revocation } from "../authority/revocation.ts";
import { readValue } from "../registry/objects.ts";
import { digestOf } from "../store/record-changes.ts";
import { findComponent } from "./find-component.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";

export type RevocationRooms = Pick<LocalApiRooms, "store" | "snapshot" | "record" | "now">;

const localAdministrator = "local-administrator";

/** Operations by path and method. */
export function revocationOperations(rooms: RevocationRooms) {
  return {
    "/v1/revocations": {
      GET: () => listRevocations(rooms),
      POST: (body: unknown) => revoke(rooms, body, localAdministrator),
    },
    "/v1/revocations/lift": { POST: (body: unknown) => lift(rooms, body) },
  };
}

async function listRevocations({ store }: RevocationRooms): Promise<{ readonly revocations: RevocationResponse[] }> {
  const objects = await store.list(revocationKind);
  return { revocations: objects.map((object) => answerOf(readValue(revocationSchema, object))) };
}

/** @param actor who revokes, for the ledger */
export async function revoke(rooms: RevocationRooms, body: unknown, actor: string): Promise<RevokedResponse> {
  const at = rooms.now();
  const revocation = revocationOf(checked(revocationRequest, body), rooms.snapshot(), at);
  const key = revocationKey(revocation);
  const { revision } = await rooms.store.transact(actor, at, (transaction) => transaction.put(key, revocation, "api"));
  const sha256 = digestOf(revocation);
  await rooms.record({ v: 1, kind: "change", at, revision, actor, objects: [{ op: "put", ...key, sha256 }] });
  return { revision, revocation: answerOf(revocation) };
}

function revocationOf(request: RevocationRequest, snapshot: Snapshot, at: Instant): Revocation {
  const { reason } = request;
  switch (request.type) {
    case "workload":
      return { type: "workload", id: workloadOf(snapshot, request.component), reason, at };
    case "certificate": {
      const { sha256, expiresAt } = request;
      return { type: "certificate", sha256, reason, at, ...(expiresAt !== undefined && { expiresAt }) };
    }
    default:
      return { type: request.type, sha256: request.sha256, reason, at };
  }
}

async function lift(rooms: RevocationRooms, body: unknown): Promise<LiftedResponse> {
  const { component, reason } = checked(liftRequest, body);
  const actor = localAdministrator;
  const at = rooms.now();
  const id = workloadOf(rooms.snapshot(), component);
  const key = revocationKey({ type: "workload", id, reason, at });
  const { revision, result: found } = await rooms.store.transact(actor, at, async (transaction) => {
    if ((await transaction.get(key)) === undefined) return false;
    await transaction.delete(key, "api");
    return true;
  });
  if (!found)
    throw new CordonError("COMPONENT_UNKNOWN", `${id} is not revoked; \`cordon identity list\` shows what is`);
  await rooms.record({ v: 1, kind: "change", at, revision, actor, objects: [{ op: "delete", ...key }] });
  return { revision, id };
}

/** A whole SPIFFE ID need not be registered: what left the registry, or is another trust domain's, is revoked as well. */
function workloadOf(snapshot: Snapshot, reference: string): SpiffeId {
  return reference.startsWith("spiffe://") ? parseSpiffeId(reference) : findComponent(snapshot, reference).id;
}

function answerOf(revocation: Revocation): RevocationResponse {
  const subject = revocation.type === "workload" ? revocation.id : revocation.sha256;
  return { type: revocation.type, subject, reason: revocation.reason, at: revocation.at };
}
