/**
 * A configuration as the objects that the store keeps. In: a configuration, the texts of its policy files, and the
 * folder that its relative paths start at. Out: keys and values, ready to be put. What belongs to one process (where to
 * listen, where state lives) is not among them.
 */
import { isAbsolute, resolve } from "node:path";
import type { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import type { Configuration } from "@cordon/core/contract/configuration";
import { peerReference, qualify } from "@cordon/core/contract/configuration-references";
import { inspectionAt } from "@cordon/core/contract/registered-schema";
import type { InspectionSettings } from "@cordon/core/inspection/settings";
import { riskSettingsOf } from "@cordon/core/contract/risk-schema";
import { policyName } from "@cordon/core/contract/policy-name";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { SecretReference } from "@cordon/core/policy/snapshot";
import type { grantRuleValue } from "../grants/rules.ts";
import { systemNamespace } from "../keys/key-vault.ts";
import { foreignIssuerKind, oauthClientKind, type OauthClientValue } from "../oauth/objects.ts";
import type { ObjectKey } from "../store/state-store.ts";
import { boundaryModesKey, flowKey, riskKey, stalenessKey } from "./objects.ts";
import type { boundaryModesValue, componentValue, ExceptionValue, FederationValue } from "./objects.ts";
import type { DoorValue, EgressObject, PolicyValue, RouteValue, UpstreamValue } from "./objects.ts";

export interface ConfiguredObject {
  readonly key: ObjectKey;
  readonly value: unknown;
}

/** Texts of policy files by `file` as the configuration writes it. */
export type PolicyTexts = ReadonlyMap<string, string>;

/** Every object that the configuration asks for. */
export function configurationObjects(
  configuration: Configuration,
  policyTexts: PolicyTexts,
  folder: string,
): ConfiguredObject[] {
  const place = (kind: string, item: { namespace: string; name: string }, value: unknown): ConfiguredObject => ({
    key: { kind, namespace: item.namespace as Namespace, name: item.name },
    value,
  });
  return [
    { key: stalenessKey, value: { limitSeconds: configuration.staleness.limitSeconds } },
    { key: boundaryModesKey, value: boundaryModes(configuration) },
    { key: riskKey, value: riskSettingsOf(configuration.risk) },
    ...flowObjects(configuration),
    ...configuration.components.map((item) => place("component", item, componentObject(item, folder))),
    ...configuration.upstreams.map((item) =>
      place("upstream", item, upstreamObject(item, configuration.trustDomain, folder)),
    ),
    ...configuration.routes.map((item) => place("route", item, routeObject(item, configuration, folder))),
    ...configuration.tunnels.map(({ name, namespace, resource, ...value }) =>
      place("tunnel", { name, namespace }, { ...value, resource: qualify(resource, namespace) }),
    ),
    ...configuration.dataDoors.map((item) =>
      place("data-door", item, doorObject(item, configuration.trustDomain, folder)),
    ),
    ...(configuration.egress?.destinations ?? []).map((item) =>
      place("egress", item, destinationObject(item, configuration, folder)),
    ),
    ...(configuration.federation?.trustDomains ?? []).map((item) =>
      place("federation", { namespace: "default", name: item.trustDomain }, federationObject(item, folder)),
    ),
    ...configuration.policies.map((item) =>
      place("policy", { namespace: item.namespace, name: policyName(item) }, policyObject(item, policyTexts)),
    ),
    ...configuration.windows.map(({ name, namespace, ...value }) => place("window", { name, namespace }, value)),
    ...configuration.grants.map((rule, order) => place("grant-rule", rule, grantRuleObject(rule, order))),
    ...(configuration.oauth?.clients ?? []).map((item) => place(oauthClientKind, item, oauthClientObject(item))),
    ...(configuration.oauth?.issuers ?? []).map(({ name, issuer, jwksUrl, caFile, clients, scopes, maxTokenSeconds }) =>
      place(
        foreignIssuerKind,
        { namespace: systemNamespace, name },
        {
          ...{ issuer, jwksUrl, clients: { ...clients }, scopes: { ...scopes }, maxLifetimeSeconds: maxTokenSeconds },
          ...(caFile === undefined ? {} : { caFile: absolute(caFile, folder) }),
        },
      ),
    ),
    ...configuration.boundaries.exceptions.map((item) => place("exception", item, exceptionObject(item))),
  ];
}

/** A reference whose file or program no longer depends on where a process was started. */
export function absoluteSecret(secret: SecretReference, folder: string): SecretReference {
  if ("file" in secret) return { file: absolute(secret.file, folder) };
  if (!("exec" in secret)) return secret;
  const [program = "", ...rest] = secret.exec;
  return { exec: [/^\.{1,2}\//.test(program) ? absolute(program, folder) : program, ...rest] };
}

type ConfiguredClient = NonNullable<Configuration["oauth"]>["clients"][number];

function oauthClientObject(item: ConfiguredClient): OauthClientValue {
  const { name, namespace, displayName, redirectUris, routes, bearer } = item;
  const shown = displayName ?? name;
  return {
    displayName: shown,
    redirectUris: [...redirectUris],
    routes: routes.map((route) => qualify(route, namespace)),
    bearer,
  };
}

function flowObjects({ informationFlow: flow }: Configuration): ConfiguredObject[] {
  if (flow === undefined) return [];
  return [{ key: flowKey, value: { mode: flow.mode, private: flow.private, idleMs: flow.idleMinutes * 60_000 } }];
}

function boundaryModes({ boundaries: said, mode }: Configuration): z.input<typeof boundaryModesValue> {
  return {
    data: said.data ?? mode,
    model: said.model ?? mode,
    pipeline: said.pipeline ?? mode,
    api: said.api ?? mode,
  };
}

function grantRuleObject(rule: Configuration["grants"][number], order: number): z.input<typeof grantRuleValue> {
  const { name: _name, namespace, resources, requesters, approverGroups, principalNamespaces, ...value } = rule;
  const own = (references: readonly string[]): string[] => references.map((one) => qualify(one, namespace));
  return {
    ...value,
    actions: [...value.actions],
    ...{ resources: own(resources), requesters: own(requesters), approverGroups: own(approverGroups), order },
    principalNamespaces: [...principalNamespaces],
  };
}

function exceptionObject(exception: Configuration["boundaries"]["exceptions"][number]): ExceptionValue {
  const { name: _name, namespace, principal, resource, actions, expires, ...value } = exception;
  return {
    ...value,
    principal: qualify(principal, namespace),
    resource: qualify(resource, namespace),
    actions: [...actions],
    expires: Date.parse(expires),
  };
}

function componentObject(
  component: Configuration["components"][number],
  folder: string,
): z.input<typeof componentValue> {
  const {
    name: _name,
    namespace,
    labels,
    registrations,
    serves,
    holds,
    modelFiles,
    namesSessions,
    ...value
  } = component;
  return {
    ...value,
    ...(namesSessions ? { namesSessions } : {}),
    ...(holds.length === 0 ? {} : { holds: holds.map((dataset) => qualify(dataset, namespace)) }),
    ...(modelFiles === undefined ? {} : { modelFiles: absolute(modelFiles, folder) }),
    ...(serves.length === 0 ? {} : { serves: serves.map((model) => qualify(model, namespace)) }),
    ...(registrations.length === 0
      ? {}
      : { registrations: registrations.map(({ nodes, ...selectors }) => ({ nodes: [...nodes], ...selectors })) }),
    labels: {
      sensitivity: labels.sensitivity ?? "internal",
      categories: [...new Set(labels.categories)].toSorted(),
      integrity: labels.integrity,
    },
  };
}

function upstreamObject(
  upstream: Configuration["upstreams"][number],
  trustDomain: string,
  folder: string,
): UpstreamValue {
  const { credential } = upstream;
  return {
    url: upstream.url,
    external: upstream.external,
    authentication: authentication(upstream, trustDomain, folder),
    ...(credential
      ? { credential: { ...credential, secret: mutable(absoluteSecret(credential.secret, folder)) } }
      : {}),
    timeouts: { ...upstream.timeouts },
  };
}

function authentication(
  upstream: Pick<Configuration["upstreams"][number], "name" | "namespace" | "authentication">,
  trustDomain: string,
  folder: string,
): UpstreamValue["authentication"] {
  const written = upstream.authentication;
  if (typeof written === "string") return { kind: written };
  if ("webpki" in written) return { kind: "webpki", caFile: absolute(written.webpki.caFile, folder) };
  const peer = peerReference(written.spiffe, trustDomain);
  if (typeof peer !== "string")
    throw new CordonError("CONFIG_INVALID", `\`${upstream.name}\`: its peer ${peer.problem}`);
  return { kind: "spiffe", peer: qualify(peer, upstream.namespace) };
}

function doorObject(door: Configuration["dataDoors"][number], trustDomain: string, folder: string): DoorValue {
  const { name: _name, namespace, listen, administrator, databases, authentication: _written, ...value } = door;
  const secret = (reference: SecretReference) => mutable(absoluteSecret(reference, folder));
  return {
    ...value,
    ...(listen === undefined ? {} : { listen }),
    authentication: authentication(door, trustDomain, folder),
    ...(administrator === undefined
      ? {}
      : { administrator: { ...administrator, password: secret(administrator.password) } }),
    databases: databases.map(({ resource, password, ...database }) => ({
      ...database,
      resource: qualify(resource, namespace),
      ...(password === undefined ? {} : { password: secret(password) }),
    })),
  };
}

function federationObject(
  { url, profile }: NonNullable<Configuration["federation"]>["trustDomains"][number],
  folder: string,
): FederationValue {
  if (typeof profile === "string") return { url, profile: { kind: profile } };
  if ("https_web" in profile)
    return { url, profile: { kind: "https_web", caFile: absolute(profile.https_web.caFile, folder) } };
  const { endpointId, bundleFile } = profile.https_spiffe;
  const first = bundleFile === undefined ? {} : { bundleFile: absolute(bundleFile, folder) };
  return { url, profile: { kind: "https_spiffe", endpointId, ...first } };
}

function routeObject(route: Configuration["routes"][number], standard: Configuration, folder: string): RouteValue {
  const mode = route.mode ?? standard.mode;
  const maxBodyBytes = route.maxBodyBytes ?? standard.gateway.limits.bodyBytes;
  const { path, namespace } = route;
  const inspected = inspectionAt(route.inspection, standard.inspection, namespace);
  const settled = inspected === undefined ? {} : { inspection: inspected };
  const { stepUpHoldSeconds } = route;
  const inspection = { ...settled, ...(stepUpHoldSeconds === 0 ? {} : { stepUpHoldSeconds }) };
  if (route.kind === "http") {
    const { kind, actions, fallback } = route;
    const named = ({ resource, upstream }: { readonly resource: string; readonly upstream: string }) => ({
      resource: qualify(resource, namespace),
      upstream: qualify(upstream, namespace),
    });
    const base = { kind, path, maxBodyBytes, mode, ...inspection, ...named(route), actions: { ...actions } };
    return fallback === undefined ? base : { ...base, fallback: named(fallback) };
  }
  if (route.kind === "mcp") {
    const { kind, resource, upstream, pins, tools, asks, headers } = route;
    const references = { resource: qualify(resource, namespace), upstream: qualify(upstream, namespace) };
    const pinned = {
      ...(pins && { pins: { ...pins } }),
      ...(tools && { tools: { ...tools } }),
      ...(asks && { asks: [...asks] }),
      ...(headers && { headers: [...headers] }),
    };
    return { kind, path, maxBodyBytes, mode, ...inspection, ...references, ...pinned };
  }
  if (route.kind === "s3") {
    const { kind, upstream, region, actions, datasets } = route;
    const secret = (reference: SecretReference) => mutable(absoluteSecret(reference, folder));
    return {
      ...{ kind, path, maxBodyBytes, mode, ...inspection, region, actions: { ...actions } },
      upstream: qualify(upstream, namespace),
      accessKeyId: secret(route.accessKeyId),
      secretAccessKey: secret(route.secretAccessKey),
      datasets: datasets.map(({ resource, ...keys }) => ({ ...keys, resource: qualify(resource, namespace) })),
    };
  }
  const models = Object.entries(route.models).map(([name, target]) => [
    name,
    {
      component: qualify(target.component, namespace),
      upstream: qualify(target.upstream, namespace),
      ...(target.upstreamModel === undefined ? {} : { upstreamModel: target.upstreamModel }),
      ...(target.fallback === undefined ? {} : { fallback: target.fallback }),
    },
  ]);
  return { kind: route.kind, path, maxBodyBytes, mode, ...inspection, models: Object.fromEntries(models) };
}

type Destination = NonNullable<Configuration["egress"]>["destinations"][number];

function destinationObject(
  { name: _name, namespace, component, intercept, ...value }: Destination,
  standard: Configuration,
  folder: string,
): EgressObject {
  const object = { ...value, component: qualify(component, namespace) };
  if (intercept === undefined) return object;
  const { inspection, caFile, requests, ...limits } = intercept;
  const inspected = inspectionAt(inspection, standard.inspection, namespace);
  return {
    ...object,
    intercept: {
      ...limits,
      requests: requests.map(({ methods, paths }) => ({ methods: [...methods], paths: [...paths] })),
      ...(caFile === undefined ? {} : { caFile: absolute(caFile, folder) }),
      ...(inspected === undefined ? {} : { inspection: readOrRefused(inspected) }),
    },
  };
}

/** What leaves is refused where nobody can read it, unless the file says otherwise. */
function readOrRefused(settings: InspectionSettings): InspectionSettings {
  if (settings.mode === "observe") return settings;
  const request = { uninspectable: { action: "block", from: 50 } as const, ...settings.request };
  return { ...settings, request };
}

function policyObject(policy: Configuration["policies"][number], texts: PolicyTexts): PolicyValue {
  if ("text" in policy) return { origin: `cordon.yaml policy ${policyName(policy)}`, text: policy.text };
  const text = texts.get(policy.file);
  if (text === undefined) throw new CordonError("CONFIG_UNREADABLE", `the policy file ${policy.file} was not read`);
  return { origin: policy.file, text };
}

function mutable(secret: SecretReference): { env: string } | { file: string } | { exec: string[] } {
  return "exec" in secret ? { exec: [...secret.exec] } : { ...secret };
}

function absolute(path: string, folder: string): string {
  return isAbsolute(path) ? path : resolve(folder, path);
}
