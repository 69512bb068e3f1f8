/**
 * One route with everything it refers to put in its place. In: the route's object, and the upstreams and components
 * that there are. Out: the route, and what it stands on, so that a later change knows whether to build it again.
 */
import type { Labels } from "@cordon/core/contract/vocabulary";
import type { FlowOfCall } from "@cordon/core/flow/flow";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Component, ModelTarget, Route, Upstream } from "@cordon/core/policy/snapshot";
import type { StoredObject } from "../store/state-store.ts";
import { describeObject, invalidObject, readValue, routeValue, upstreamValue } from "./objects.ts";

export interface BuiltRoute {
  readonly route: Route;
  /** Names of the components and upstreams it stands on, and the id that each component had. */
  readonly components: ReadonlySet<string>;
  readonly upstreams: ReadonlySet<string>;
  readonly ids: ReadonlyMap<string, SpiffeId>;
}

interface Surroundings {
  readonly owner: StoredObject;
  readonly upstreams: ReadonlyMap<string, StoredObject>;
  readonly components: ReadonlyMap<string, Component>;
  readonly usedUpstreams: Map<string, Upstream>;
  readonly usedIds: Map<string, SpiffeId>;
}

/** @throws {CordonError} `STORE_CORRUPT` when the route, or anything it refers to, cannot be used */
export function buildRoute(
  object: StoredObject,
  upstreams: ReadonlyMap<string, StoredObject>,
  components: ReadonlyMap<string, Component>,
): BuiltRoute {
  const around: Surroundings = { owner: object, upstreams, components, usedUpstreams: new Map(), usedIds: new Map() };
  const route = Object.freeze(resolveRoute(object, around));
  return {
    route,
    components: new Set(around.usedIds.keys()),
    upstreams: new Set(around.usedUpstreams.keys()),
    ids: around.usedIds,
  };
}

function resolveRoute(object: StoredObject, around: Surroundings): Route {
  const value = readValue(routeValue, object);
  const { path, maxBodyBytes, mode, inspection, stepUpHoldSeconds: hold = 0 } = value;
  const inspected = inspection === undefined ? {} : { inspection };
  const held = hold === 0 ? {} : { stepUpHoldMs: hold * 1000 };
  const base = { namespace: object.namespace, name: object.name, path, maxBodyBytes, mode, ...inspected, ...held };
  if (value.kind === "http") {
    return {
      ...base,
      kind: value.kind,
      resource: resolveComponent(value.resource, around),
      upstream: resolveUpstream(value.upstream, around),
      actions: new Map(Object.entries(value.actions)),
      ...(value.fallback && {
        fallback: {
          resource: resolveComponent(value.fallback.resource, around),
          upstream: resolveUpstream(value.fallback.upstream, around),
        },
      }),
    };
  }
  if (value.kind === "mcp") {
    const { kind, pins, tools, asks, headers } = value;
    const resource = resolveComponent(value.resource, around);
    const upstream = resolveUpstream(value.upstream, around);
    return {
      ...base,
      kind,
      resource,
      upstream,
      ...(headers === undefined ? {} : { headers: new Set(headers) }),
      ...(asks === undefined ? {} : { asks: new Set(asks) }),
      ...(pins === undefined ? {} : { pins: new Map(Object.entries(pins)) }),
      ...(tools === undefined ? {} : { tools: new Map(Object.entries(tools).map(([name, of]) => [name, flowOf(of)])) }),
    };
  }
  if (value.kind === "s3") {
    const { kind, upstream, datasets, region, accessKeyId, secretAccessKey, actions } = value;
    return {
      ...{ ...base, kind, region, accessKeyId, secretAccessKey, actions },
      upstream: resolveUpstream(upstream, around),
      datasets: datasets.map(({ resource, ...keys }) =>
        Object.freeze({ ...keys, resource: resolveComponent(resource, around) }),
      ),
    };
  }
  const models = new Map<string, ModelTarget>();
  for (const [name, { component, upstream, ...rest }] of Object.entries(value.models)) {
    if (rest.fallback !== undefined && !Object.hasOwn(value.models, rest.fallback))
      throw invalidObject(object, `the fallback of model \`${name}\` is not one of its models`);
    const resolved = {
      component: resolveComponent(component, around),
      upstream: resolveUpstream(upstream, around),
    };
    models.set(name, Object.freeze({ ...resolved, ...rest }));
  }
  return { ...base, kind: value.kind, models };
}

function flowOf({ wayOut, ...labels }: { readonly wayOut?: boolean } & Partial<Labels>): FlowOfCall {
  return { labels, ...(wayOut === undefined ? {} : { wayOut }) };
}

function resolveComponent(reference: string, around: Surroundings): SpiffeId {
  const component = around.components.get(reference);
  if (!component) throw invalidObject(around.owner, `it refers to component ${reference}, which is not registered`);
  around.usedIds.set(reference, component.id);
  return component.id;
}

function resolveUpstream(reference: string, around: Surroundings): Upstream {
  const known = around.usedUpstreams.get(reference);
  if (known) return known;
  const object = around.upstreams.get(reference);
  if (!object) throw invalidObject(around.owner, `it refers to upstream ${reference}, which does not exist`);
  const { authentication, ...value } = readValue(upstreamValue, object);
  const proof: Upstream["authentication"] =
    authentication.kind === "spiffe"
      ? { kind: "spiffe", peer: resolvePeer(authentication.peer, object, around) }
      : authentication;
  const { namespace, name } = object;
  const upstream: Upstream = Object.freeze({ namespace, name, ...value, authentication: proof });
  around.usedUpstreams.set(reference, upstream);
  return upstream;
}

function resolvePeer(reference: string, upstream: StoredObject, around: Surroundings): SpiffeId {
  if (!around.components.has(reference))
    throw invalidObject(
      around.owner,
      `its ${describeObject(upstream)} expects component ${reference}, which is not registered`,
    );
  return resolveComponent(reference, around);
}
