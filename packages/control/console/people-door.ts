/**
 * Lets requests in that are about people and grants. In: what an open or a signed request asks, by `METHOD /path`. Out: whether
 * it was one of ours; then it is answered.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { attemptOf } from "../people/failed-attempts.ts";
import type { ConsoleKey } from "./console-keys.ts";
import { readBody, refuse, sendJson } from "./exchange.ts";
import { openOperations, personOperations, riskOf, type PeopleOperationRooms } from "./people-operations.ts";

export interface PeopleDoor {
  /** @throws {CordonError} what is wrong with it */
  open(what: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  signed(
    what: string,
    caller: { readonly key: ConsoleKey; readonly body: Buffer; readonly address: string },
    response: ServerResponse,
  ): Promise<boolean>;
}

export function openPeopleDoor(rooms: PeopleOperationRooms): PeopleDoor {
  const { attemptFailed } = rooms.people.deps;
  /** What failed because somebody is not who they say they are is told on, with where it came from. */
  const watched = <T>(address: string, work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      const attempt = attemptOf(error);
      if (attempt !== undefined) attemptFailed?.({ ...attempt, address });
      throw error;
    });
  const open = openOperations(rooms);
  const signed = personOperations(rooms);
  return {
    async open(what, request, response) {
      const operation = open[what];
      if (operation === undefined) return false;
      // A page of another site can send a form without asking; it cannot send this type.
      if (request.headers["content-type"] !== "application/json")
        refuse(response, 400, "REQUEST_MALFORMED", "Send the body as `content-type: application/json`.");
      else {
        const address = request.socket.remoteAddress ?? "unknown";
        sendJson(response, await watched(address, operation(await readBody(request))));
      }
      return true;
    },
    async signed(what, { key, body, address }, response) {
      if (what === "GET /v1/me") sendJson(response, await rooms.people.me(key));
      else if (what === "GET /v1/risk") sendJson(response, await riskOf(rooms, key, await rooms.people.personOf(key)));
      else {
        const operation = signed[what];
        if (operation === undefined) return false;
        const person = await rooms.people.personOf(key);
        if (person === undefined)
          refuse(
            response,
            403,
            "ACCESS_DENIED",
            "That takes somebody who is signed in with a passkey, in this browser.",
          );
        else sendJson(response, await watched(address, operation(person, body, key, address)));
      }
      return true;
    },
  };
}
