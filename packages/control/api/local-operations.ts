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
  revocationRequest,
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
  type RevocationResponse,
  type RevokedResponse,
  type X509SvidResponse,
} from "@cordon/core/contract/local-api";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { bundleDocument } from "@cordon/core/identity/bundle";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { agentId } from "@cordon/core/identity/node-id";
import { toPem } from "@cordon/core/identity/tls";
import type { Instant } from "@cordon/core/instant";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import type { Authority } from "../authority/authority.ts";
import { revocationKey, revocationKind, revocationSchema, revocationsFrom } from "../authority/revocation.ts";
import type { Revocation } from "../authority/revocation.ts";
import { newJoinToken } from "../node-api/attest-join-token.ts";
import { declaredIsAdmitted, requireAdmittedModel, type ModelAdmission } from "../node-api/model-admission.ts";
import { openNodes } from "../node-api/nodes.ts";
import { readValue } from "../registry/objects.ts";
import { digestOf } from "../store/record-changes.ts";
import type { ConsoleServer } from "../console/console-server.ts";
import type { StateStore } from "../store/state-store.ts";
import { authorityOperations } from "./authority-operations.ts";
import { checked } from "./local-exchange.ts";

/** The rooms that the local API stands on; the wiring hands them over. */
export interface LocalApiRooms {
  readonly authority: Authority;
  readonly store: Pick<StateStore, "transact" | "list" | "get">;
  readonly snapshot: () => Snapshot;
  /** Further names for a component's certificate, such as the gateway's DNS names. Default: none. */
  readonly namesOf?: (component: Component) => {
    readonly dnsNames?: readonly string[];
    readonly ipAddresses?: readonly string[];
  };
  /** Where the gateway is, and who. Throws or returns what agents are told. */
  readonly gateway: () => { readonly url: string; readonly id: string };
  readonly status: () => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>;
  /** Where agents reach this control plane; absent where they cannot. */
  readonly agentsUrl?: string | undefined;
  /** Whether a component's model may be served. Default: what the configuration declares, may. */
  readonly admission?: ModelAdmission;
  /** The web console of this process, where it has one. */
  readonly console?: Pick<ConsoleServer, "url" | "pairing" | "keys"> | undefined;
  /** Writes to the ledger; the answer waits for it, and is an error when it rejects. */
  readonly record: (change: ChangeEntry) => Promise<unknown>;
  readonly now: () => Instant;
}

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
    "/v1/components": { GET: () => listComponents(rooms) },
    "/v1/revocations": { GET: () => listRevocations(rooms), POST: (body) => revoke(rooms, body) },
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
        bundle: bundleDocument(rooms.authority.bundle()),
      }),
    },
  } satisfies Record<string, Record<string, Operation>>);
}

async function issueX509Svid(rooms: LocalApiRooms, body: unknown): Promise<X509SvidResponse> {
  const { component: reference, csr } = checked(x509SvidRequest, body);
  const component = findComponent(rooms.snapshot(), reference);
  await requireAdmittedModel(component, rooms.admission ?? declaredIsAdmitted);
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
  await requireAdmittedModel(component, rooms.admission ?? declaredIsAdmitted);
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

async function listRevocations(rooms: LocalApiRooms): Promise<{ readonly revocations: readonly RevocationResponse[] }> {
  const objects = await rooms.store.list(revocationKind);
  return { revocations: objects.map((object) => answerOf(readValue(revocationSchema, object))) };
}

async function revoke(rooms: LocalApiRooms, body: unknown): Promise<RevokedResponse> {
  const request = checked(revocationRequest, body);
  const at = rooms.now();
  const { reason } = request;
  const revocation: Revocation =
    request.type === "workload"
      ? { type: "workload", id: findComponent(rooms.snapshot(), request.component).id, reason, at }
      : { type: request.type, sha256: request.sha256, reason, at };
  const key = revocationKey(revocation);
  const { revision } = await rooms.store.transact(actor, at, (transaction) => transaction.put(key, revocation, "api"));
  const sha256 = digestOf(revocation);
  await rooms.record({ v: 1, kind: "change", at, revision, actor, objects: [{ op: "put", ...key, sha256 }] });
  return { revision, revocation: answerOf(revocation) };
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

function answerOf(revocation: Revocation): RevocationResponse {
  const subject = revocation.type === "workload" ? revocation.id : revocation.sha256;
  return { type: revocation.type, subject, reason: revocation.reason, at: revocation.at };
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

/**
 * The component that a reference names: a SPIFFE ID, `namespace/name`, or a name that only one namespace has.
 *
 * @throws {CordonError} `COMPONENT_UNKNOWN`
 */
function findComponent(snapshot: Snapshot, reference: string): Component {
  const slash = reference.indexOf("/");
  const isId = reference.startsWith("spiffe://");
  const namespace = slash < 0 ? undefined : (reference.slice(0, slash) as Namespace);
  const name = reference.slice(slash + 1);
  const matches = [...snapshot.components.values()].filter((component) =>
    isId
      ? component.id === reference
      : component.name === name && (namespace === undefined || component.namespace === namespace),
  );
  const [match] = matches;
  if (match === undefined)
    throw new CordonError(
      "COMPONENT_UNKNOWN",
      `\`${reference}\` is not a registered component. \`cordon identity list\` shows those that are; ` +
        "register it under `components` in cordon.yaml.",
    );
  if (matches.length > 1) {
    const names = matches.map((component) => `${component.namespace}/${component.name}`).join(", ");
    throw new CordonError("COMPONENT_UNKNOWN", `\`${reference}\` is in several namespaces; say which: ${names}.`);
  }
  return match;
}
