/**
 * The local API's client. In: the path of the control plane's socket. Out: its answers, parsed; or a `CordonError` whose
 * message says what to do. Opens one connection a call: calls are rare, and the control plane may have restarted.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { z } from "zod";
import { CordonError, errorCodes, type ErrorCode } from "@cordon/core/errors";
import {
  bundleResponse,
  componentsResponse,
  consoleKeyRevokedResponse,
  consoleKeysResponse,
  errorResponse,
  evictedResponse,
  gatewayResponse,
  liftedResponse,
  joinTokenResponse,
  jwtSvidResponse,
  maxLocalResponseBytes,
  nodesResponse,
  pairingCodeResponse,
  revocationsResponse,
  revokedResponse,
  statusResponse,
  x509SvidResponse,
  type BundleResponse,
  type ComponentsResponse,
  type ConsoleKeyRevokedResponse,
  type ConsoleKeysResponse,
  type EvictedResponse,
  type EvictionRequest,
  type GatewayResponse,
  type JoinTokenRequest,
  type JoinTokenResponse,
  type JwtSvidRequest,
  type LiftRequest,
  type LiftedResponse,
  type JwtSvidResponse,
  type NodesResponse,
  type PairingCodeResponse,
  type RevocationRequest,
  type RevocationsResponse,
  type RevokedResponse,
  type X509SvidRequest,
  type X509SvidResponse,
} from "@cordon/core/contract/local-api";
import {
  authoritiesResponse,
  delegationResponse,
  type AuthoritiesResponse,
  type AuthorityRequest,
  type DelegationRequest,
  type DelegationResponse,
  type PrepareRequest,
  type RetireRequest,
} from "@cordon/core/contract/authority-api";

import {
  admissionResponse,
  rescanResponse,
  withdrawalResponse,
  type AdmissionRequest,
  type AdmissionResponse,
  type RescanRequest,
  type RescanResponse,
  type WithdrawalRequest,
  type WithdrawalResponse,
} from "@cordon/core/contract/admission-api";
import {
  incidentsResponse,
  incidentView,
  type IncidentRequest,
  type IncidentsResponse,
  type IncidentView,
} from "@cordon/core/contract/incident-api";
import {
  invitationResponse,
  peopleResponse,
  type invitationRequest,
  type InvitationResponse,
  type PeopleResponse,
} from "@cordon/core/contract/people-api";
import { oauthClientOrdered, oauthClientsResponse, type OauthClientsResponse } from "@cordon/core/contract/oauth-api";
import {
  federatedDomainResponse,
  federationResponse,
  type FederatedDomainResponse,
  type FederationRefreshRequest,
  type FederationResponse,
} from "@cordon/core/contract/federation-api";
import {
  declassificationResponse,
  flowSessionsResponse,
  type DeclassificationRequest,
  type DeclassificationResponse,
  type FlowSessionsResponse,
} from "@cordon/core/contract/flow-api";

import {
  openResponse,
  sealResponse,
  type OpenRequest,
  type OpenResponse,
  type SealRequest,
  type SealResponse,
} from "@cordon/core/contract/token-api";
import {
  egressAuthorityResponse,
  egressTotalsResponse,
  type EgressAuthorityResponse,
  type EgressTotalsResponse,
} from "@cordon/core/contract/egress-api";
import {
  deviceChangedResponse,
  devicesResponse,
  type DeviceChangedResponse,
  type DeviceRequest,
  type DevicesResponse,
} from "@cordon/core/contract/device-api";

export interface ControlClient {
  issueX509Svid(request: X509SvidRequest): Promise<X509SvidResponse>;
  issueJwtSvid(request: JwtSvidRequest): Promise<JwtSvidResponse>;
  bundle(): Promise<BundleResponse>;
  components(): Promise<ComponentsResponse>;
  revoke(request: RevocationRequest): Promise<RevokedResponse>;
  revocations(): Promise<RevocationsResponse>;
  /** Sessions and what they have read; and what one holds counts for less. */
  flowSessions(): Promise<FlowSessionsResponse>;
  declassify(request: DeclassificationRequest): Promise<DeclassificationResponse>;
  /** Tokens for values, and what tokens stand for, as policy lets a component. */
  sealTokens(request: SealRequest): Promise<SealResponse>;
  openTokens(request: OpenRequest): Promise<OpenResponse>;
  /** Whom clients trust, to have their requests to the outside looked into. */
  egressAuthority(): Promise<EgressAuthorityResponse>;
  /** What each principal has carried outside since the gateway's start. */
  egressTotals(): Promise<EgressTotalsResponse>;
  /** Lets a revoked component have an identity again. */
  liftRevocation(request: LiftRequest): Promise<LiftedResponse>;
  /** Lets the model that a component states serve, and ends that. */
  admitModel(request: AdmissionRequest): Promise<AdmissionResponse>;
  withdrawModel(request: WithdrawalRequest): Promise<WithdrawalResponse>;
  /** Scans the files that a component serves; may take minutes. */
  rescanModel(request: RescanRequest): Promise<RescanResponse>;
  /** The trust domain's own keys, and what is done to them. */
  authorities(): Promise<AuthoritiesResponse>;
  prepareAuthority(request: PrepareRequest): Promise<AuthoritiesResponse>;
  activateAuthority(request: AuthorityRequest): Promise<AuthoritiesResponse>;
  taintAuthority(request: AuthorityRequest): Promise<AuthoritiesResponse>;
  retireAuthority(request: RetireRequest): Promise<AuthoritiesResponse>;
  delegateAuthority(request: DelegationRequest): Promise<DelegationResponse>;
  /** Other trust domains. */
  federation(): Promise<FederationResponse>;
  refreshFederation(request: FederationRefreshRequest): Promise<FederatedDomainResponse>;
  status(): Promise<Readonly<Record<string, unknown>>>;
  gateway(): Promise<GatewayResponse>;
  /** A token that admits one node's agent once. */
  newJoinToken(request: JoinTokenRequest): Promise<JoinTokenResponse>;
  nodes(): Promise<NodesResponse>;
  evictNode(request: EvictionRequest): Promise<EvictedResponse>;
  /** A code that pairs one browser with the console; the code before it is void. */
  newPairingCode(): Promise<PairingCodeResponse>;
  consoleKeys(): Promise<ConsoleKeysResponse>;
  /** Enrolled devices, with what their posture comes to. */
  devices(): Promise<DevicesResponse>;
  enrolDevice(request: DeviceRequest): Promise<DeviceChangedResponse>;
  retireDevice(request: { readonly name: string; readonly reason: string }): Promise<DeviceChangedResponse>;
  revokeConsoleKey(id: string): Promise<ConsoleKeyRevokedResponse>;
  /** People who are enrolled; a code to enrol with; and accounts to lock. */
  incidents(): Promise<IncidentsResponse>;
  openIncident(request: IncidentRequest): Promise<IncidentView>;
  closeIncident(request: { readonly id: string; readonly reason: string }): Promise<IncidentView>;
  people(): Promise<PeopleResponse>;
  oauthClients(): Promise<OauthClientsResponse>;
  orderOauthClient(request: {
    readonly id: string;
    readonly reason: string;
    readonly disabled: boolean;
  }): Promise<{ readonly ended: number }>;
  invitePerson(request: z.input<typeof invitationRequest>): Promise<InvitationResponse>;
  lockPerson(request: { readonly name: string; readonly reason: string; readonly locked: boolean }): Promise<unknown>;
}

/** A scan takes as long as the model is large. */
const rescanTimeoutMs = 1_800_000;

/**
 * A client of the control plane that listens at `socketPath`.
 *
 * Each method throws `CONTROL_UNREACHABLE` when nothing answers (or not within `timeoutMs`, or not in our words), and
 * the control plane's own code when it refuses.
 */
export function controlClient(socketPath: string, options: { readonly timeoutMs?: number } = {}): ControlClient {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const call = async <T>(
    method: "GET" | "POST",
    path: string,
    schema: z.ZodType<T>,
    body?: unknown,
    waitMs = timeoutMs,
  ): Promise<T> => {
    const { status, text } = await exchange({ socketPath, method, path, timeoutMs: waitMs, body });
    const value = parseJson(text, socketPath);
    if (status < 200 || status > 299) throw refusalOf(status, value, socketPath);
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw unreachable(socketPath, `its answer to ${method} ${path} is not one this version knows`);
    return parsed.data;
  };
  return {
    issueX509Svid: (request) => call("POST", "/v1/svids/x509", x509SvidResponse, request),
    issueJwtSvid: (request) => call("POST", "/v1/svids/jwt", jwtSvidResponse, request),
    bundle: () => call("GET", "/v1/bundle", bundleResponse),
    components: () => call("GET", "/v1/components", componentsResponse),
    flowSessions: () => call("GET", "/v1/flow/sessions", flowSessionsResponse),
    declassify: (request) => call("POST", "/v1/flow/declassifications", declassificationResponse, request),
    sealTokens: (request) => call("POST", "/v1/tokens/seal", sealResponse, request),
    openTokens: (request) => call("POST", "/v1/tokens/open", openResponse, request),
    egressAuthority: () => call("GET", "/v1/egress/authority", egressAuthorityResponse),
    egressTotals: () => call("GET", "/v1/egress/totals", egressTotalsResponse),
    revoke: (request) => call("POST", "/v1/revocations", revokedResponse, request),
    liftRevocation: (request) => call("POST", "/v1/revocations/lift", liftedResponse, request),
    revocations: () => call("GET", "/v1/revocations", revocationsResponse),
    admitModel: (request) => call("POST", "/v1/models/admissions", admissionResponse, request),
    withdrawModel: (request) => call("POST", "/v1/models/withdrawals", withdrawalResponse, request),
    rescanModel: (request) => call("POST", "/v1/models/rescans", rescanResponse, request, rescanTimeoutMs),
    authorities: () => call("GET", "/v1/authority", authoritiesResponse),
    prepareAuthority: (request) => call("POST", "/v1/authority/prepare", authoritiesResponse, request),
    activateAuthority: (request) => call("POST", "/v1/authority/activate", authoritiesResponse, request),
    taintAuthority: (request) => call("POST", "/v1/authority/taint", authoritiesResponse, request),
    retireAuthority: (request) => call("POST", "/v1/authority/retire", authoritiesResponse, request),
    delegateAuthority: (request) => call("POST", "/v1/authority/delegations", delegationResponse, request),
    federation: () => call("GET", "/v1/federation", federationResponse),
    refreshFederation: (request) => call("POST", "/v1/federation/refresh", federatedDomainResponse, request),
    status: () => call("GET", "/v1/status", statusResponse),
    gateway: () => call("GET", "/v1/gateway", gatewayResponse),
    newJoinToken: (request) => call("POST", "/v1/nodes/join-tokens", joinTokenResponse, request),
    nodes: () => call("GET", "/v1/nodes", nodesResponse),
    evictNode: (request) => call("POST", "/v1/nodes/evictions", evictedResponse, request),
    newPairingCode: () => call("POST", "/v1/console/pairing-codes", pairingCodeResponse, {}),
    consoleKeys: () => call("GET", "/v1/console/keys", consoleKeysResponse),
    devices: () => call("GET", "/v1/devices", devicesResponse),
    enrolDevice: (request) => call("POST", "/v1/devices", deviceChangedResponse, request),
    retireDevice: (request) => call("POST", "/v1/devices/retirements", deviceChangedResponse, request),
    incidents: () => call("GET", "/v1/incidents", incidentsResponse),
    openIncident: (request) => call("POST", "/v1/incidents", incidentView, request),
    closeIncident: (request) => call("POST", "/v1/incidents/close", incidentView, request),
    oauthClients: () => call("GET", "/v1/oauth/clients", oauthClientsResponse),
    orderOauthClient: (request) => call("POST", "/v1/oauth/clients/orders", oauthClientOrdered, request),
    people: () => call("GET", "/v1/people", peopleResponse),
    invitePerson: (request) => call("POST", "/v1/people/invitations", invitationResponse, request),
    lockPerson: (request) => call("POST", "/v1/people/locks", statusResponse, request),
    revokeConsoleKey: (id) => call("POST", "/v1/console/key-revocations", consoleKeyRevokedResponse, { id }),
  };
}

interface Exchange {
  readonly socketPath: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly timeoutMs: number;
  readonly body?: unknown;
}

function exchange(call: Exchange): Promise<{ readonly status: number; readonly text: string }> {
  const payload = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      socketPath: call.socketPath,
      method: call.method,
      path: call.path,
      agent: false,
      signal: AbortSignal.timeout(call.timeoutMs),
      headers: {
        host: "localhost",
        ...(payload === undefined
          ? {}
          : { "content-type": "application/json", "content-length": String(payload.byteLength) }),
      },
    });
    request.once("error", (error) => reject(unreachable(call.socketPath, whyOf(error, call.timeoutMs), error)));
    request.once("response", (response) => {
      readText(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        (error: unknown) => reject(unreachable(call.socketPath, "its answer broke off", error)),
      );
    });
    request.end(payload);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxLocalResponseBytes) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string, socketPath: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw unreachable(socketPath, "its answer is not JSON", cause);
  }
}

function refusalOf(status: number, value: unknown, socketPath: string): CordonError {
  const parsed = errorResponse.safeParse(value);
  if (!parsed.success) return unreachable(socketPath, `it answered ${status} without an error`);
  const { code, message } = parsed.data.error;
  if ((errorCodes as readonly string[]).includes(code)) return new CordonError(code as ErrorCode, message);
  return new CordonError("CONTROL_UNREACHABLE", `${message} (${code})`);
}

function whyOf(error: Error & { readonly code?: string }, timeoutMs: number): string {
  if (error.name === "TimeoutError" || error.name === "AbortError") return `no answer within ${timeoutMs} ms`;
  if (error.code === "ENOENT") return "there is no such socket";
  if (error.code === "ECONNREFUSED") return "nothing listens on it";
  if (error.code === "EACCES") return "this user may not open it";
  return error.code ?? error.message;
}

function unreachable(socketPath: string, why: string, cause?: unknown): CordonError {
  return new CordonError(
    "CONTROL_UNREACHABLE",
    `The control plane at ${socketPath} cannot be reached: ${why}. Start it with \`cordon up\`, ` +
      "or name its state folder with --state or its socket with --socket.",
    { cause },
  );
}
