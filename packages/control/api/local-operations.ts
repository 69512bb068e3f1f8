/**
 * What the local API does, path by path. In: a parsed body. Out: the answer's value, or a `CordonError`.
 *
 * Only registered components get SVIDs; tokens only those with `bearerTokens`. The registry is the snapshot's, so an
 * identity is issued for what the gateways know, and for nothing else.
 */
import {
  consoleKeyRevocationRequest,
  evictionRequest,
  joinTokenRequest,
  jwtSvidRequest,
  pairingCodeRequest,
  x509SvidRequest,
  type ComponentResponse,
  type ConsoleKeyRevokedResponse,
  type ConsoleKeysResponse,
  type EvictedResponse,
  type GatewayResponse,
  type JoinTokenResponse,
  type JwtSvidResponse,
  type NodesResponse,
  type PairingCodeResponse,
  type X509SvidResponse,
} from "@cordon/core/contract/local-api";
import { CordonError } from "@cordon/core/errors";
import { bundleDocument } from "@cordon/core/identity/bundle";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { agentId } from "@cordon/core/identity/node-id";
import { toPem } from "@cordon/core/identity/tls";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { Component } from "@cordon/core/policy/snapshot";
import { revocationKind, revocationsFrom } from "../authority/revocation.ts";
import { newJoinToken } from "../node-api/attest-join-token.ts";
import { requireAdmittedModel } from "../node-api/model-admission.ts";
import { openNodes } from "../node-api/nodes.ts";
import { admissionOperations } from "./admission-operations.ts";
import { authorityOperations } from "./authority-operations.ts";
import { deviceOperations } from "./device-operations.ts";
import { federationOperations } from "./federation-operations.ts";
import { findComponent } from "./find-component.ts";
import { egressOperations, interceptionOf } from "./egress-operations.ts";
import { flowOperations } from "./flow-operations.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";
import { incidentOperations } from "./incident-operations.ts";
import { localOauthOperations } from "./oauth-operations.ts";
import { localPeopleOperations } from "./people-operations.ts";
import { revocationOperations } from "./revocation-operations.ts";

type Operation = (body: unknown) => Promise<unknown>;

const actor = "local-administrator";

/** Operations by path and method. */
export function localOperations(rooms: LocalApiRooms): Readonly<Record<string, Readonly<Record<string, Operation>>>> {
  return Object.assign(Object.create(null) as object, {
    "/v1/svids/x509": { POST: (body) => issueX509Svid(rooms, body) },
    "/v1/svids/jwt": { POST: (body) => issueJwtSvid(rooms, body) },
    "/v1/bundle": {
      GET: async () => ({
        trustDomain: rooms.snapshot().trustDomain,
        bundle: bundleDocument(rooms.authority.bundle()),
        tainted: [...rooms.authority.tainted()],
      }),
    },
    ...authorityOperations(rooms),
    ...federationOperations(rooms),
    ...deviceOperations(rooms),
    ...incidentOperations(rooms),
    "/v1/components": { GET: () => listComponents(rooms) },
    ...revocationOperations(rooms),
    ...admissionOperations(rooms),
    ...localPeopleOperations(rooms),
    ...localOauthOperations(rooms),
    ...flowOperations(rooms),
    ...egressOperations(rooms),
    ...(rooms.tokens && {
      "/v1/tokens/seal": { POST: rooms.tokens.seal },
      "/v1/tokens/open": { POST: rooms.tokens.open },
    }),
    "/v1/nodes": { GET: () => listNodes(rooms) },
    "/v1/nodes/join-tokens": { POST: (body) => newNodeToken(rooms, body) },
    "/v1/nodes/evictions": { POST: (body) => evictNode(rooms, body) },
    "/v1/console/pairing-codes": { POST: (body) => newPairingCode(rooms, body) },
    "/v1/console/keys": { GET: () => listConsoleKeys(rooms) },
    "/v1/console/key-revocations": { POST: (body) => revokeConsoleKey(rooms, body) },
    "/v1/status": { GET: async () => rooms.status() },
    "/v1/gateway": {
      GET: async (): Promise<GatewayResponse> => ({
        ...rooms.gateway(),
        egress: (rooms.snapshot().egress?.size ?? 0) > 0,
        ...(await interceptionOf(rooms)),
        bundle: bundleDocument(rooms.authority.bundle()),
      }),
    },
  } satisfies Record<string, Record<string, Operation>>);
}

async function issueX509Svid(rooms: LocalApiRooms, body: unknown): Promise<X509SvidResponse> {
  const { component: reference, csr } = checked(x509SvidRequest, body);
  const component = findComponent(rooms.snapshot(), reference);
  await requireAdmittedModel(component, rooms.admission);
  const svid = await rooms.authority.issueX509Svid({
    id: component.id,
    key: { csr },
    ...rooms.namesOf?.(component),
  });
  await rooms.record(issuedEntry(rooms, component, "x509-svid", svid.fingerprint));
  return {
    id: svid.id,
    chain: svid.chain.map(toPem).join(""),
    bundle: bundleDocument(rooms.authority.bundle()),
    notAfter: svid.notAfter,
  };
}

async function issueJwtSvid(rooms: LocalApiRooms, body: unknown): Promise<JwtSvidResponse> {
  const { component: reference, audience } = checked(jwtSvidRequest, body);
  const component = findComponent(rooms.snapshot(), reference);
  if (!component.bearerTokens)
    throw new CordonError(
      "TOKEN_NOT_PERMITTED",
      `${component.id} may not use bearer tokens. Use its X.509-SVID (\`cordon run\`), or set \`bearerTokens: true\` ` +
        "on the component in cordon.yaml, which is weaker: whoever holds the token is the component.",
    );
  await requireAdmittedModel(component, rooms.admission);
  const svid = await rooms.authority.issueJwtSvid({ id: component.id, audience });
  await rooms.record(issuedEntry(rooms, component, "jwt-svid", sha256Hex(svid.token)));
  return { id: svid.id, token: svid.token, notAfter: svid.notAfter };
}

async function listComponents(rooms: LocalApiRooms): Promise<{ readonly components: readonly ComponentResponse[] }> {
  const revoked = revocationsFrom(await rooms.store.list(revocationKind)).workloads;
  const components = [...rooms.snapshot().components.values()].map((component) => ({
    id: component.id,
    namespace: component.namespace,
    kind: component.kind,
    name: component.name,
    boundary: component.boundary,
    labels: { ...component.labels, categories: [...component.labels.categories] },
    description: component.description,
    bearerTokens: component.bearerTokens,
    revoked: revoked.has(component.id),
  }));
  return { components };
}

async function newNodeToken(rooms: LocalApiRooms, body: unknown): Promise<JoinTokenResponse> {
  const { node, ttlSeconds } = checked(joinTokenRequest, body);
  if (rooms.agentsUrl === undefined)
    throw new CordonError("ROUTE_UNKNOWN", "agents cannot reach this control plane: add `agents` to cordon.yaml");
  const request = { node, ttlSeconds, bundle: rooms.authority.bundle(), now: rooms.now() };
  return { node, ...(await newJoinToken(rooms.store, request, actor)), url: rooms.agentsUrl };
}

async function listNodes(rooms: LocalApiRooms): Promise<NodesResponse> {
  const { trustDomain } = rooms.snapshot();
  const nodes = await openNodes(rooms.store).list();
  return { nodes: nodes.map((node) => ({ ...node, id: agentId(trustDomain, node.name) })) };
}

async function evictNode(rooms: LocalApiRooms, body: unknown): Promise<EvictedResponse> {
  const { node, reason } = checked(evictionRequest, body);
  await openNodes(rooms.store).evict(node, reason, actor, rooms.now());
  return { node };
}

async function newPairingCode(rooms: LocalApiRooms, body: unknown): Promise<PairingCodeResponse> {
  checked(pairingCodeRequest, body);
  const { url, pairing } = consoleOf(rooms);
  return { ...pairing.newCode(), url };
}

async function listConsoleKeys(rooms: LocalApiRooms): Promise<ConsoleKeysResponse> {
  return { keys: [...(await consoleOf(rooms).keys.list())] };
}

async function revokeConsoleKey(rooms: LocalApiRooms, body: unknown): Promise<ConsoleKeyRevokedResponse> {
  const { id } = checked(consoleKeyRevocationRequest, body);
  return consoleOf(rooms).keys.revoke(id, actor);
}

function consoleOf({ console }: LocalApiRooms): NonNullable<LocalApiRooms["console"]> {
  if (console !== undefined) return console;
  throw new CordonError(
    "ROUTE_UNKNOWN",
    "This control plane serves no console: see `console.enabled` and `console.listen` in cordon.yaml, and its log.",
  );
}

/** An issued SVID in the ledger's words: an object that the state does not keep, under the component's name. */
function issuedEntry(rooms: LocalApiRooms, component: Component, kind: string, sha256: string): ChangeEntry {
  const { namespace, name } = component;
  return {
    v: 1,
    kind: "change",
    at: rooms.now(),
    revision: rooms.snapshot().revision,
    actor,
    objects: [{ op: "put", kind, namespace, name: `${component.kind}/${name}`, sha256 }],
  };
}
