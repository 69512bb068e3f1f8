/**
 * Programs that may act for people: those of `cordon.yaml`, and what was decided against one. In: the store. Out: who they are
 * and where they act now; and a way to disable one at once, everywhere, which the configuration does not undo.
 */
import type { OauthClientView } from "@cordon/core/contract/oauth-api";
import { CordonError } from "@cordon/core/errors";
import { change, type PeopleDeps } from "../people/deps.ts";
import { sessionKind, sessionValue } from "../people/objects.ts";
import { endSessions } from "../people/sessions.ts";
import { qualifiedNameOf, readValue } from "../registry/objects.ts";
import type { ObjectKey, StoredObject } from "../store/state-store.ts";
import { clientIdOf, disabledClientKind, disabledClientValue, oauthClientKind, oauthClientValue } from "./objects.ts";

type ClientRooms = Pick<PeopleDeps, "store" | "now">;

export async function listClients({ store, now }: ClientRooms): Promise<readonly OauthClientView[]> {
  const disabled = new Map(
    (await store.list(disabledClientKind)).map((object) => [
      qualifiedNameOf(object),
      readValue(disabledClientValue, object).reason,
    ]),
  );
  const sessions = (await store.list(sessionKind)).map((object) => ({
    id: object.name,
    ...readValue(sessionValue, object),
  }));
  return (await store.list(oauthClientKind)).map((object) => {
    const value = readValue(oauthClientValue, object);
    const id = clientIdOf(object, value);
    const why = disabled.get(qualifiedNameOf(object));
    const { displayName, bearer, redirectUris, routes } = value;
    return {
      ...{ id, displayName, bearer, redirectUris, routes },
      ...(why !== undefined && { disabled: why }),
      sessions: sessions
        .filter((session) => session.client === id && now() < session.ends)
        .map(({ id: name, user, resource = "", scopes = [], authenticatedAt, ends, grant }) => ({
          ...{ id: name, user, resource, scopes, authenticatedAt, ends },
          ...(grant !== undefined && { grant }),
        })),
    };
  });
}

/** No program of that id acts for anybody from here on; its sessions end, and what they carry is cut. */
export async function disableClient(deps: PeopleDeps, id: string, reason: string, actor: string): Promise<number> {
  const client = await requireClient(deps, id);
  const key = orderOn(client);
  const value = { reason, at: deps.now(), by: actor };
  const told = { actor, words: `the program ${id} is disabled: ${reason}`, objects: [key] };
  await change(deps, told, (transaction) => transaction.put(key, value, "api"), { stays: true });
  const words = `sessions of the disabled program ${id} ended`;
  return endSessions(deps, (session) => session.client === id, { actor, words });
}

export async function enableClient(deps: PeopleDeps, id: string, reason: string, actor: string): Promise<void> {
  const key = orderOn(await requireClient(deps, id));
  const told = {
    actor,
    words: `the program ${id} may act again: ${reason}`,
    objects: [{ ...key, op: "delete" as const }],
  };
  await change(deps, told, async (transaction) => {
    if ((await transaction.get(key)) !== undefined) await transaction.delete(key, "api");
  });
}

/** @throws {CordonError} `COMPONENT_UNKNOWN` */
async function requireClient({ store }: Pick<PeopleDeps, "store">, id: string): Promise<StoredObject> {
  const found = (await store.list(oauthClientKind)).find(
    (object) => clientIdOf(object, readValue(oauthClientValue, object)) === id,
  );
  if (found === undefined)
    throw new CordonError(
      "COMPONENT_UNKNOWN",
      `no program is registered as \`${id}\`; \`cordon oauth client list\` shows them`,
    );
  return found;
}

function orderOn({ namespace, name }: Pick<ObjectKey, "namespace" | "name">): ObjectKey {
  return { kind: disabledClientKind, namespace, name };
}
