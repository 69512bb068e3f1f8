/** Programs that act for people, over the local API. In: a client id and why. Out: who they are; or an order that holds at once. */
import { oauthClientOrder, type OauthClientsResponse } from "@cordon/core/contract/oauth-api";
import { z } from "zod";
import { disableClient, enableClient, listClients } from "../oauth/clients.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";
import { peopleOf } from "./people-operations.ts";

const actor = "local-administrator";
const localOrder = oauthClientOrder.extend({ disabled: z.boolean() });

export function localOauthOperations(rooms: Pick<LocalApiRooms, "console">) {
  return {
    "/v1/oauth/clients": { GET: () => list(rooms) },
    "/v1/oauth/clients/orders": { POST: (body: unknown) => order(rooms, body) },
  };
}

async function list(rooms: Pick<LocalApiRooms, "console">): Promise<OauthClientsResponse> {
  const issuer = rooms.console?.oauth?.issuer();
  return { ...(issuer !== undefined && { issuer }), clients: [...(await listClients(peopleOf(rooms).deps))] };
}

async function order(rooms: Pick<LocalApiRooms, "console">, body: unknown): Promise<{ readonly ended: number }> {
  const { id, reason, disabled } = checked(localOrder, body);
  const { deps } = peopleOf(rooms);
  if (disabled) return { ended: await disableClient(deps, id, reason, actor) };
  await enableClient(deps, id, reason, actor);
  return { ended: 0 };
}
