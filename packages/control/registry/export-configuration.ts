/**
 * The state as files, for Git. In: the store's objects, and the configuration that the process runs with. Out: the text
 * of a `cordon.yaml` and of its policy files; applied to an empty store they make the same objects.
 */
import { stringify } from "yaml";
import type { z } from "zod";
import type { Configuration } from "@cordon/core/contract/configuration";
import { grantRuleKind, rulesFrom } from "../grants/rules.ts";
import type { StoredObject } from "../store/state-store.ts";
import {
  boundaryModesKey,
  boundaryModesValue,
  doorValue,
  egressValue,
  componentValue,
  exceptionValue,
  federationValue,
  policyValue,
  qualifiedNameOf,
  readValue,
  routeValue,
  flowKey,
  flowValue,
  stalenessKey,
  stalenessValue,
  tunnelValue,
  upstreamValue,
  windowValue,
  type UpstreamValue,
} from "./objects.ts";

export interface ExportedConfiguration {
  readonly configuration: string;
  /** Policy files, by path relative to the configuration. */
  readonly policies: ReadonlyMap<string, string>;
}

function flowText({ idleMs, ...flow }: z.output<typeof flowValue>) {
  return { ...flow, idleMinutes: idleMs / 60_000 };
}

/**
 * Exports components, upstreams, routes, policies and settings, from whichever source. Orders of containment,
 * revocations and bundles are not configuration and are left out.
 *
 * @throws {CordonError} `STORE_CORRUPT`
 */
export function exportConfiguration(objects: readonly StoredObject[], base: Configuration): ExportedConfiguration {
  const of = (kind: string): StoredObject[] =>
    objects
      .filter((object) => object.kind === kind)
      .toSorted((a, b) => (qualifiedNameOf(a) < qualifiedNameOf(b) ? -1 : 1));
  const place = ({ namespace, name }: StoredObject) => ({ name, ...(namespace === "default" ? {} : { namespace }) });
  const policies = of("policy").map((object) => ({ object, file: `policies/${qualifiedNameOf(object)}.cedar` }));
  const modes = of("setting").find((object) => object.name === boundaryModesKey.name);
  const flow = of("setting").find((object) => object.name === flowKey.name);
  const staleness = of("setting").find((object) => object.name === stalenessKey.name);

  const { version, trustDomain, state, store, keys, gateway, console, operations, events, ledger, identity } = base;
  const { risk } = base;
  const configuration = {
    ...{ version, trustDomain, state, store, keys, gateway, console },
    ...(operations === undefined ? {} : { operations }),
    ...(events.length === 0 ? {} : { events }),
    ...{ ledger, identity, risk },
    staleness: staleness ? readValue(stalenessValue, staleness) : base.staleness,
    ...(flow === undefined ? {} : { informationFlow: flowText(readValue(flowValue, flow)) }),
    components: of("component").map((object) => ({ ...place(object), ...readValue(componentValue, object) })),
    upstreams: of("upstream").map((object) => ({
      ...place(object),
      ...authenticated(readValue(upstreamValue, object)),
    })),
    ...federation(base, of("federation")),
    routes: of("route").map((object) => ({ ...place(object), ...readValue(routeValue, object) })),
    tunnels: of("tunnel").map((object) => ({ ...place(object), ...readValue(tunnelValue, object) })),
    dataDoors: of("data-door").map((object) => ({ ...place(object), ...authenticated(readValue(doorValue, object)) })),
    ...egressOf(of("egress").map((object) => ({ ...place(object), ...readValue(egressValue, object) }))),
    policies: policies.map(({ object, file }) => ({ ...place(object), file })),
    windows: of("window").map((object) => ({ ...place(object), ...readValue(windowValue, object) })),
    people: base.people,
    grants: rulesFrom(of(grantRuleKind)),
    boundaries: {
      ...(modes ? readValue(boundaryModesValue, modes) : {}),
      exceptions: of("exception").map((object) => ({ ...place(object), ...exception(object) })),
    },
  };
  return {
    configuration: stringify(configuration, { aliasDuplicateObjects: false, lineWidth: 110 }),
    policies: new Map(policies.map(({ object, file }) => [file, readValue(policyValue, object).text])),
  };
}

function egressOf(destinations: readonly object[]): object {
  return destinations.length === 0 ? {} : { egress: { destinations } };
}

function exception(object: StoredObject): object {
  const { expires, ...value } = readValue(exceptionValue, object);
  return { ...value, expires: new Date(expires).toISOString() };
}

function federation({ federation: base }: Configuration, objects: readonly StoredObject[]): object {
  if (base === undefined && objects.length === 0) return {};
  const trustDomains = objects.map((object) => {
    const { url, profile } = readValue(federationValue, object);
    const { kind, ...rest } = profile;
    const plain = kind === "https_web" && Object.keys(rest).length === 0;
    return { trustDomain: object.name, url, profile: plain ? kind : { [kind]: rest } };
  });
  return { federation: { ...(base?.endpoint && { endpoint: base.endpoint }), trustDomains } };
}

function authenticated({ authentication, ...value }: { authentication: UpstreamValue["authentication"] }): object {
  if (authentication.kind === "spiffe") return { ...value, authentication: { spiffe: authentication.peer } };
  if (authentication.kind === "loopback" || authentication.caFile === undefined)
    return { ...value, authentication: authentication.kind };
  return { ...value, authentication: { webpki: { caFile: authentication.caFile } } };
}
