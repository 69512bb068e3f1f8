/** Data doors with their components put in their places. In: objects of kind `door`, the components. Out: doors by name. */
import { parseListenAddress } from "@cordon/core/contract/addresses";
import { parseDialAddress } from "@cordon/core/contract/tunnels-schema";
import type { DoorDatabase, PostgresDoor } from "@cordon/core/policy/data-doors";
import type { Component } from "@cordon/core/policy/snapshot";
import type { StoredObject } from "../store/state-store.ts";
import { doorValue, invalidObject, qualifiedNameOf, readValue } from "./objects.ts";

/** @throws {CordonError} `STORE_CORRUPT` when one, or what it refers to, cannot be used */
export function buildDoors(
  objects: readonly StoredObject[],
  components: ReadonlyMap<string, Component>,
): ReadonlyMap<string, PostgresDoor> {
  return new Map(objects.map((object) => [qualifiedNameOf(object), buildDoor(object, components)]));
}

function buildDoor(object: StoredObject, components: ReadonlyMap<string, Component>): PostgresDoor {
  const { address, listen, authentication, databases, kind: _kind, ...value } = readValue(doorValue, object);
  const { namespace, name } = object;
  const idOf = (reference: string) => {
    const component = components.get(reference);
    if (component === undefined) throw invalidObject(object, `there is no component ${reference}`);
    return component.id;
  };
  const dialled = parseDialAddress(address);
  if (dialled === undefined) throw invalidObject(object, `\`${address}\` is not \`HOST:PORT\``);
  const listened = listen === undefined ? undefined : parseListenAddress(listen);
  if (listened !== undefined && "problem" in listened) throw invalidObject(object, `\`listen\` ${listened.problem}`);
  return Object.freeze({
    namespace,
    name,
    ...value,
    ...dialled,
    ...(listened === undefined ? {} : { listen: listened.ok }),
    authentication:
      authentication.kind === "spiffe" ? { kind: "spiffe" as const, peer: idOf(authentication.peer) } : authentication,
    databases: new Map<string, DoorDatabase>(
      databases.map((one) => [one.name, Object.freeze({ ...one, resource: idOf(one.resource) })]),
    ),
  });
}
