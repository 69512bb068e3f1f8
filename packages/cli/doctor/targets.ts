/** The upstreams that routes lead to. In: a configuration. Out: each once, with what it takes to look at it. */
import { resolve } from "node:path";
import { peerReference, qualify } from "@cordon/core/contract/configuration-references";
import type { Configuration } from "@cordon/core/contract/configuration";
import { componentId, parseTrustDomain, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { ProbeTarget } from "./probe-upstream.ts";

export interface ConfiguredTarget extends ProbeTarget {
  /** Absolute. */
  readonly caFile?: string;
  /** Who must answer. */
  readonly peer?: SpiffeId;
}

export function configuredTargets(configuration: Configuration, folder: string): ConfiguredTarget[] {
  const apis = new Map<string, ProbeTarget["api"]>();
  for (const route of configuration.routes) {
    const named =
      route.kind === "http" || route.kind === "mcp" || route.kind === "s3"
        ? [route.upstream, ...(route.kind === "http" && route.fallback !== undefined ? [route.fallback.upstream] : [])]
        : Object.values(route.models).map(({ upstream }) => upstream);
    for (const name of named) apis.set(qualify(name, route.namespace), route.kind);
  }
  return configuration.upstreams.map((upstream) => {
    const name = `${upstream.namespace}/${upstream.name}`;
    const base = { name, url: upstream.url, api: apis.get(name) ?? "http" };
    const { authentication } = upstream;
    if (typeof authentication === "string") return { ...base, authentication };
    if ("webpki" in authentication)
      return { ...base, authentication: "webpki", caFile: resolve(folder, authentication.webpki.caFile) };
    const peer = peerOf(authentication.spiffe, upstream.namespace, configuration);
    return { ...base, authentication: "spiffe", ...(peer === undefined ? {} : { peer }) };
  });
}

function peerOf(written: string, namespace: string, configuration: Configuration): SpiffeId | undefined {
  const reference = peerReference(written, configuration.trustDomain);
  if (typeof reference !== "string") return undefined;
  const key = qualify(reference, namespace);
  const component = configuration.components.find((each) => `${each.namespace}/${each.name}` === key);
  if (component === undefined) return undefined;
  const { kind, name } = component;
  return componentId(parseTrustDomain(configuration.trustDomain), component.namespace as Namespace, kind, name);
}
