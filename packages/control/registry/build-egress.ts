/** Egress destinations with their component put in its place. In: objects of kind `egress`. Out: destinations by `host:port`. */
import {
  egressKey,
  type EgressDestination,
  type EgressDestinations,
  type Interception,
} from "@cordon/core/policy/egress";
import { egressRequests } from "@cordon/core/policy/egress-requests";
import type { z } from "zod";
import type { Component } from "@cordon/core/policy/snapshot";
import type { StoredObject } from "../store/state-store.ts";
import { egressValue, invalidObject, readValue } from "./objects.ts";

/** @throws {CordonError} `STORE_CORRUPT` when one, or what it refers to, cannot be used */
export function buildEgress(
  objects: readonly StoredObject[],
  components: ReadonlyMap<string, Component>,
): EgressDestinations {
  const built = new Map<string, EgressDestination>();
  for (const object of objects) {
    const { component: reference, intercept, limit, ...value } = readValue(egressValue, object);
    const component = components.get(reference);
    if (component === undefined) throw invalidObject(object, `there is no component ${reference}`);
    if (built.has(egressKey(value))) throw invalidObject(object, `\`${egressKey(value)}\` is declared twice`);
    const { namespace, name } = object;
    const limited = limit === undefined ? {} : { limit: Object.freeze(limit) };
    const seen = intercept === undefined ? {} : { intercept: interceptionOf(intercept) };
    built.set(
      egressKey(value),
      Object.freeze({ namespace, name, resource: component.id, ...value, ...limited, ...seen }),
    );
  }
  return built;
}

function interceptionOf({
  requests,
  caFile,
  inspection,
  ...limits
}: NonNullable<z.output<typeof egressValue>["intercept"]>): Interception {
  return Object.freeze({
    ...limits,
    requests: egressRequests(requests),
    ...(caFile === undefined ? {} : { caFile }),
    ...(inspection === undefined ? {} : { inspection }),
  });
}
