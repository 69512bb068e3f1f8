/** Tunnels with their component put in its place. In: objects of kind `tunnel`, the components. Out: tunnels by name. */
import { parseDialAddress } from "@cordon/core/contract/tunnels-schema";
import type { Component, Tunnel } from "@cordon/core/policy/snapshot";
import type { StoredObject } from "../store/state-store.ts";
import { invalidObject, qualifiedNameOf, readValue, tunnelValue } from "./objects.ts";

/** @throws {CordonError} `STORE_CORRUPT` when one, or what it refers to, cannot be used */
export function buildTunnels(
  objects: readonly StoredObject[],
  components: ReadonlyMap<string, Component>,
): ReadonlyMap<string, Tunnel> {
  return new Map(objects.map((object) => [qualifiedNameOf(object), buildTunnel(object, components)]));
}

function buildTunnel(object: StoredObject, components: ReadonlyMap<string, Component>): Tunnel {
  const { resource, address, ...value } = readValue(tunnelValue, object);
  const component = components.get(resource);
  if (component === undefined) throw invalidObject(object, `there is no component ${resource}`);
  const dialled = parseDialAddress(address);
  if (dialled === undefined) throw invalidObject(object, `\`${address}\` is not \`HOST:PORT\``);
  const { namespace, name } = object;
  return Object.freeze({ namespace, name, resource: component.id, ...dialled, ...value });
}
