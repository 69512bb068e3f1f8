/**
 * Sessions and what they hold, over the local API. In: nothing, or what is to be declassified and why. Out: sessions, or what
 * one held before and after. A declassification is in the ledger before it holds: one that cannot be recorded does not happen.
 */
import {
  declassificationRequest,
  type DeclassificationResponse,
  type FlowSessionsResponse,
} from "@cordon/core/contract/flow-api";
import { CordonError } from "@cordon/core/errors";
import { isWithin, type SessionKey } from "@cordon/core/flow/flow";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { digestOf } from "../store/record-changes.ts";
import { findComponent } from "./find-component.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";

const actor = "local-administrator";
const maxListed = 1_000;

/** Operations by path and method. */
export function flowOperations(rooms: LocalApiRooms) {
  return {
    "/v1/flow/sessions": {
      GET: async (): Promise<FlowSessionsResponse> => ({
        sessions: ((await rooms.flows?.list(maxListed)) ?? []).map((session) => ({
          ...session,
          categories: [...session.categories],
        })),
      }),
    },
    "/v1/flow/declassifications": { POST: (body: unknown) => declassify(rooms, body) },
  };
}

async function declassify(rooms: LocalApiRooms, body: unknown): Promise<DeclassificationResponse> {
  const {
    component: reference,
    user,
    session,
    sensitivity,
    integrity,
    reason,
  } = checked(declassificationRequest, body);
  const component = findComponent(rooms.snapshot(), reference);
  const key: SessionKey = { principal: component.id, user: user === "" ? "" : parseSpiffeId(user), name: session };
  const to = { ...(sensitivity && { sensitivity }), ...(integrity && { integrity }) };
  const held = await rooms.flows?.find(key);
  if (rooms.flows === undefined || held === undefined)
    throw new CordonError(
      "COMPONENT_UNKNOWN",
      "there is no such session; `cordon flow list` shows those that there are",
    );
  const after = { sensitivity: held.sensitivity, categories: held.categories, integrity: held.integrity, ...to };
  if (!isWithin(after, held))
    throw new CordonError("USAGE", `that is no lower than what it holds: ${held.sensitivity}, ${held.integrity}`);
  const at = rooms.now();
  const words = `the session \`${session}\` of ${component.id}${user === "" ? "" : ` for ${user}`}, ${held.sensitivity} and ${held.integrity}, counts as ${after.sensitivity} and ${after.integrity}: ${reason}`;
  const name = `${component.kind}/${component.name}`;
  const sha256 = digestOf({ ...key, ...to, reason, at });
  const objects = [{ op: "put" as const, kind: "declassification", namespace: component.namespace, name, sha256 }];
  await rooms.record({ v: 1, kind: "change", at, revision: rooms.snapshot().revision, actor, words, objects });
  const done = await rooms.flows.lower(key, to, at);
  if (done === undefined) throw new CordonError("COMPONENT_UNKNOWN", "the session has ended since");
  return {
    before: { ...done.before, categories: [...done.before.categories] },
    after: { ...done.after, categories: [...done.after.categories] },
  };
}
