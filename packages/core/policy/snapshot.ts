/**
 * The snapshot: everything the control plane knows that bears on access, immutable and numbered. The control plane
 * builds it from the store's objects; enforcement points hold the newest and swap it whole. Nothing here is ever
 * mutated after construction.
 */
import type { Instant } from "../instant.ts";
import type {
  Action,
  Boundary,
  ComponentKind,
  DatasetPurpose,
  Labels,
  Mode,
  Namespace,
  Revision,
} from "../contract/vocabulary.ts";
import type { S3Verb } from "../contract/s3-schema.ts";
import type { Registration } from "../contract/registration-schema.ts";
import type { FilesSeen } from "../contract/served-files.ts";
import type { SpiffeId, TrustDomain } from "../identity/spiffe-id.ts";
import type { Askable } from "../mcp/methods.ts";
import type { InspectionSettings } from "../inspection/settings.ts";
import type { FlowOfCall, FlowSettings } from "../flow/flow.ts";
import type { BoundaryRules } from "./boundaries.ts";
import type { RouteKey } from "./decision.ts";
import type { EgressDestinations } from "./egress.ts";
import type { PostgresDoor } from "./data-doors.ts";
import type { CompiledPolicies } from "./engine.ts";
import type { OauthClient, TokenIssuer } from "../oauth/token-issuer.ts";
import type { Grant, User, UserSession } from "./people.ts";
import type { Device } from "../risk/device.ts";
import type { IncidentIndex } from "../risk/incident.ts";
import type { RiskSettings } from "../risk/settings.ts";
import type { SubjectStanding } from "../risk/subject.ts";
import type { ThreatIndex } from "../risk/threats.ts";
import type { WindowSchedule } from "./windows.ts";

/** A registered component. Replicas share one; instances are not here. */
export interface Component {
  readonly id: SpiffeId;
  readonly namespace: Namespace;
  readonly kind: ComponentKind;
  readonly name: string;
  readonly boundary: Boundary;
  readonly labels: Labels;
  readonly description: string;
  /** Whether this component may authenticate with a JWT-SVID instead of mutual TLS. Off unless said. */
  readonly bearerTokens: boolean;
  /** `sha256:` and hex: the model that it serves or is. Bound in the registration, visible to policy. */
  readonly modelDigest?: string | undefined;
  /** Where the files of that model lie on the control plane's machine, which watches them there. */
  readonly modelFiles?: string | undefined;
  /** What a data set is for. Training and evaluation data is out of reach of everything that serves. */
  readonly purpose?: DatasetPurpose | undefined;
  /** The models whose weights it serves; it reaches no others. */
  readonly serves?: readonly SpiffeId[];
  /** Whether it is trusted to say which of its sessions a call belongs to (`cordon-session`). */
  readonly namesSessions?: boolean;
  /** How agents recognise its processes. */
  readonly registrations?: readonly Registration[];
}

/** Trust anchors of one trust domain. Never pooled with another's. */
export interface TrustBundle {
  readonly trustDomain: TrustDomain;
  /** DER certificates of the X.509 authorities. Empty means: trust nothing. */
  readonly x509Authorities: readonly Uint8Array[];
  /** Public JWKs of the JWT authorities, each with a `kid`. */
  readonly jwtAuthorities: readonly JwtAuthority[];
  readonly sequence: number;
  readonly refreshHintSeconds: number;
  /**
   * Key fingerprints of authorities under these that others hold, such as a mesh's: they may name workloads of the trust
   * domain, but no registered component (`identity/x509-svid.ts`). Known of our own trust domain only.
   */
  readonly delegated?: readonly string[];
}

export interface JwtAuthority {
  readonly kid: string;
  readonly jwk: Readonly<Record<string, string>>;
}

/** What has been withdrawn. Each set is small: entries leave once the thing they name has expired by itself. */
export interface Revocations {
  /** Lower-case hex SHA-256 of revoked leaf certificates (DER). */
  readonly certificates: ReadonlySet<string>;
  /** Lower-case hex SHA-256 of revoked SubjectPublicKeyInfo (DER), leaf or authority. */
  readonly keys: ReadonlySet<string>;
  /** Workloads whose every SVID is revoked. */
  readonly workloads: ReadonlySet<SpiffeId>;
}

export interface IsolationOrder {
  readonly component: SpiffeId;
  readonly reason: string;
  readonly since: Instant;
}

/** Containment that lies over the registry: who is isolated, and which model answers instead of another. */
export interface Overlays {
  readonly isolated: ReadonlyMap<SpiffeId, IsolationOrder>;
  readonly rerouted: ReadonlyMap<SpiffeId, SpiffeId>;
}

/** Where secrets come from; never the secret itself. */
export type SecretReference =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly exec: readonly string[] };

export interface Upstream {
  readonly namespace: Namespace;
  readonly name: string;
  /** `https:` or, on loopback only, `http:`. No userinfo, query or fragment. */
  readonly url: string;
  /** Outside the trust domain: every call is also an `egress`, recorded before it leaves. */
  readonly external: boolean;
  /** How the gateway and the upstream prove themselves to each other. */
  readonly authentication:
    | { readonly kind: "spiffe"; readonly peer: SpiffeId }
    | { readonly kind: "webpki"; readonly caFile?: string }
    | { readonly kind: "loopback" };
  /** A credential put into each forwarded request, in place of anything the client sent. */
  readonly credential?: { readonly header: string; readonly prefix: string; readonly secret: SecretReference };
  readonly timeouts: { readonly connectMs: number; readonly firstByteMs: number; readonly idleMs: number };
}

/** One model name that clients may ask for on a route. */
export interface ModelTarget {
  /** The registered model or endpoint that policy decides on. */
  readonly component: SpiffeId;
  readonly upstream: Upstream;
  /** The name at the upstream, where it differs from the one clients use. */
  readonly upstreamModel?: string;
  /** The client-facing model name that answers when this upstream cannot. Decided afresh before use. */
  readonly fallback?: string;
}

interface RouteBase {
  readonly namespace: Namespace;
  readonly name: string;
  /** Path prefix on the gateway, such as `/v1`; longest prefix wins, whole segments only. */
  readonly path: string;
  readonly maxBodyBytes: number;
  /** What a policy's denial does here. */
  readonly mode: Mode;
  /** How long a call waits for the person to prove to be present, where policy wants that. Absent: it is refused at once. */
  readonly stepUpHoldMs?: number;
  /** What is inspected here, and what is done about it; nothing where it is absent. */
  readonly inspection?: InspectionSettings;
}

export interface ModelRoute extends RouteBase {
  readonly kind: "openai" | "anthropic";
  readonly models: ReadonlyMap<string, ModelTarget>;
}

export interface HttpRoute extends RouteBase {
  readonly kind: "http";
  readonly resource: SpiffeId;
  readonly upstream: Upstream;
  /** Action per upper-case HTTP method; a method not listed is refused. */
  readonly actions: ReadonlyMap<string, Action>;
  /** Who answers the same requests where the resource's model may not serve, or the upstream cannot. Decided afresh. */
  readonly fallback?: { readonly resource: SpiffeId; readonly upstream: Upstream };
}

/** An MCP server by Streamable HTTP: each message is decided by its method and its tool. */
export interface McpRoute extends RouteBase {
  readonly kind: "mcp";
  readonly resource: SpiffeId;
  readonly upstream: Upstream;
  /** The digest of each tool's definition as it was approved; with it, nothing else passes. */
  readonly pins?: ReadonlyMap<string, string>;
  /** What single tools bring in, and whether they lead out, where it is not what is said of the server. */
  readonly tools?: ReadonlyMap<string, FlowOfCall>;
  /** Headers of clients that go on to the server, in lower case, beside those that MCP gives a meaning. */
  readonly headers?: ReadonlySet<string>;
  /** What the server may ask of its clients at all; nothing where it is absent. */
  readonly asks?: ReadonlySet<Askable>;
}

/** S3's API: each operation is decided by the data set that its key lies in. */
export interface S3Route extends RouteBase {
  readonly kind: "s3";
  readonly upstream: Upstream;
  readonly region: string;
  readonly accessKeyId: SecretReference;
  readonly secretAccessKey: SecretReference;
  readonly actions: Readonly<Record<S3Verb, Action>>;
  /** A prefix is empty, or ends with `/`. */
  readonly datasets: readonly { readonly bucket: string; readonly prefix: string; readonly resource: SpiffeId }[];
}

/** TCP between components: a connection is decided when it is opened, and while it lives. Its bytes are counted. */
export interface Tunnel {
  readonly namespace: Namespace;
  readonly name: string;
  /** The component that policy decides on, and that must answer at the address. */
  readonly resource: SpiffeId;
  readonly action: Action;
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
  readonly idleMs: number;
}

export type Route = ModelRoute | HttpRoute | McpRoute | S3Route;

/** How a model stands with the supply chain: admitted until an instant (exclusive), or not, and why. */
export type ModelStanding =
  | {
      readonly validUntil: Instant;
      /** Further digests by which the same content is known: of its folder, or of its only file. */
      readonly content?: readonly string[];
    }
  | { readonly refused: string };

/** What one watcher saw of the files that a component serves. `where` is for people. */
export type FilesSeenAt = FilesSeen & { readonly where: string };

export interface Snapshot {
  readonly formatVersion: 1;
  readonly revision: Revision;
  readonly trustDomain: TrustDomain;
  readonly components: ReadonlyMap<SpiffeId, Component>;
  readonly routes: readonly Route[];
  /** By `namespace/name`. */
  readonly tunnels?: ReadonlyMap<string, Tunnel>;
  /** Data doors by `namespace/name`. */
  readonly dataDoors?: ReadonlyMap<string, PostgresDoor>;
  /** What outside may be reached, by `host:port`. */
  readonly egress?: EgressDestinations;
  /** The routes whose mode is `observe`, with the namespace that may so soften its own policies' denials. */
  readonly observing: ReadonlyMap<RouteKey, Namespace>;
  readonly policies: CompiledPolicies;
  /** What no permit is stronger than, with its modes and exceptions. */
  readonly boundaries: BoundaryRules;
  /** What a session has read decides what it may still do; absent: nobody follows it. */
  readonly informationFlow?: FlowSettings | undefined;
  /** Named recurring times; policies see which are open. */
  readonly windows: WindowSchedule;
  readonly bundles: ReadonlyMap<TrustDomain, TrustBundle>;
  readonly revocations: Revocations;
  readonly overlays: Overlays;
  /** By `modelDigest`. A digest that is not here is admitted by nobody. */
  readonly admissions?: ReadonlyMap<string, ModelStanding>;
  /** People who are enrolled. */
  readonly users?: ReadonlyMap<SpiffeId, User>;
  /** Who is signed in, by the SHA-256 of the key that the session's credential is bound to. */
  readonly sessions?: ReadonlyMap<string, UserSession>;
  /** Authorization servers whose access tokens count, by issuer identifier. Where there is none, no token is taken. */
  readonly tokenIssuers?: ReadonlyMap<string, TokenIssuer>;
  /** Programs that people may let act for them, by client id. */
  readonly clients?: ReadonlyMap<string, OauthClient>;
  /** Approved grants by principal. Their own `starts` and `ends` say when they hold. */
  readonly grants?: ReadonlyMap<SpiffeId, readonly Grant[]>;
  /** Enrolled devices by name, retired ones among them. */
  readonly devices?: ReadonlyMap<string, Device>;
  /** What other systems report of people and workloads, by entity id. */
  readonly subjects?: ReadonlyMap<string, SubjectStanding>;
  /** Open incidents by who and what they name. */
  readonly incidents?: IncidentIndex;
  /** Indicators of threat intelligence. */
  readonly threats?: ThreatIndex;
  /** How signals weigh; the defaults where it is absent. */
  readonly risk?: RiskSettings;
  /** Of components whose files are watched: what each watcher saw last. One that is not here was seen by nobody. */
  readonly servedFiles?: ReadonlyMap<SpiffeId, readonly FilesSeenAt[]>;
  /** A gateway that has not heard from the control plane for longer than this denies everything. */
  readonly stalenessLimitMs: number;
}
