/**
 * Admitting and withdrawing models over the local API. In: a signed admission, or a reason, and the component whose model
 * it is about. Out: the revision from which it holds. It is in force and in the ledger before the answer leaves; one that
 * could not be recorded stays in force, and the answer is an error that says so.
 */
import {
  admissionRequest,
  rescanRequest,
  withdrawalRequest,
  type AdmissionResponse,
  type RescanResponse,
  type WithdrawalResponse,
} from "@cordon/core/contract/admission-api";
import { CordonError } from "@cordon/core/errors";
import type { Component } from "@cordon/core/policy/snapshot";
import { noAdmissionKey } from "../supply/admission/admission-key.ts";
import { verifyAdmission } from "../supply/admission/document.ts";
import { recordAdmission, withdrawAdmissions } from "../supply/admission/registry.ts";
import { findComponent } from "./find-component.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";

type AdmissionRooms = Pick<LocalApiRooms, "store" | "snapshot" | "record" | "now" | "admissionKey" | "keeper">;

const actor = "local-administrator";

/** Operations by path and method. */
export function admissionOperations(rooms: AdmissionRooms) {
  return {
    "/v1/models/admissions": { POST: (body: unknown) => admit(rooms, body) },
    "/v1/models/rescans": { POST: (body: unknown) => rescan(rooms, body) },
    "/v1/models/withdrawals": { POST: (body: unknown) => withdraw(rooms, body) },
  };
}

async function admit(rooms: AdmissionRooms, body: unknown): Promise<AdmissionResponse> {
  const { component: reference, document } = checked(admissionRequest, body);
  const { component, modelDigest, key } = partiesOf(rooms, reference);
  const at = rooms.now();
  const revoked = rooms.keeper?.refusalOf(verifyAdmission(Buffer.from(document), key, at));
  if (revoked !== undefined) throw new CordonError("ACCESS_DENIED", `the admission is not taken: ${revoked}`);
  const options = { key, namespace: component.namespace, names: modelDigest, actor, now: at };
  const { admission, revision, objects } = await recordAdmission(rooms.store, document, options);
  await rooms.record({ v: 1, kind: "change", at, revision, actor, objects });
  return { revision, id: component.id, modelDigest, validUntil: admission.validUntil };
}

async function rescan(rooms: AdmissionRooms, body: unknown): Promise<RescanResponse> {
  const { component: reference } = checked(rescanRequest, body);
  const { component } = partiesOf(rooms, reference);
  if (rooms.keeper === undefined) throw new CordonError("ACCESS_DENIED", noAdmissionKey);
  return await rooms.keeper.rescan(component);
}

async function withdraw(rooms: AdmissionRooms, body: unknown): Promise<WithdrawalResponse> {
  const { component: reference, reason } = checked(withdrawalRequest, body);
  const { component, modelDigest, key } = partiesOf(rooms, reference);
  const at = rooms.now();
  const change = await withdrawAdmissions(rooms.store, modelDigest, { key, actor, now: at, reason });
  if (change === undefined)
    throw new CordonError(
      "ACCESS_DENIED",
      `nothing to withdraw: ${modelDigest}, the model of ${component.id}, is not admitted`,
    );
  const { revision, objects } = change;
  await rooms.record({ v: 1, kind: "change", at, revision, actor, objects });
  return { revision, id: component.id, modelDigest };
}

function partiesOf({ snapshot, admissionKey: key }: AdmissionRooms, reference: string) {
  const component: Component = findComponent(snapshot(), reference);
  const { modelDigest } = component;
  if (modelDigest === undefined)
    throw new CordonError(
      "ACCESS_DENIED",
      `${component.id} states no model: set \`modelDigest\` on the component in cordon.yaml`,
    );
  if (key === undefined) throw new CordonError("ACCESS_DENIED", noAdmissionKey);
  return { component, modelDigest, key };
}
