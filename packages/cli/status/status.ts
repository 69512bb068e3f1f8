/** What `cordon status` and `cordon doctor` read of the running control plane's answer. */
import type { ModelStatus } from "../up/model-status.ts";
import type { ProbeTarget } from "../doctor/probe-upstream.ts";
import type { ShadowStatus } from "@cordon/control/shadow/policy-shadow";
import type { DoorStatus } from "../up/doors.ts";

export interface Status {
  readonly version: string;
  readonly trustDomain: string;
  readonly revision: number;
  readonly snapshotAgeMs: number;
  readonly stalenessLimitMs: number;
  readonly gateway: {
    readonly url: string;
    readonly id: string;
    readonly live: number;
    readonly identity: { readonly notBefore: number; readonly notAfter: number };
  };
  readonly keysSealedBy: string;
  readonly policies: { readonly count: number };
  readonly components: number;
  readonly routes: readonly RouteStatus[];
  readonly tunnels?: readonly TunnelStatus[];
  /** What keeps admissions from being looked at again. */
  readonly keeping?: readonly string[];
  /** Components that state a model. */
  readonly models?: readonly ModelStatus[];
  /** Cedar's official engine beside the compiled one, where it is asked for. */
  readonly policyShadow?: ShadowStatus;
  /** Where other enforcement points ask. */
  readonly doors?: DoorStatus;
  readonly dataDoors?: readonly DataDoorStatus[];
  readonly egress?: readonly EgressStatus[];
  /** Where routes lead: what `--probe` dials. */
  readonly upstreams: readonly ProbeTarget[];
  readonly informationFlow?: "off" | { readonly mode: string; readonly private: string };
  readonly isolated: readonly string[];
  readonly revoked: { readonly workloads: readonly string[] };
  /** Why the encoder of inspection cannot be asked. */
  readonly encoder?: { readonly why?: string };
  /** Why the console is not served, where it should be. */
  readonly console?: { readonly why?: string };
  readonly events?: readonly EventSinkStatus[];
  /** Where Prometheus asks; nowhere unless `operations` is configured. */
  readonly metrics?: { readonly url?: string };
  readonly ledger: {
    readonly size: number;
    readonly state: string;
    readonly why?: string;
    readonly failingSinks: readonly { readonly folder: string; readonly why: string }[];
  };
}

/** Where the ledger's entries go as events. */
export interface EventSinkStatus {
  readonly name: string;
  readonly state: "ok" | "failing";
  readonly why?: string;
  readonly behind: number;
  readonly sent: number;
  readonly dropped: number;
}

export interface TunnelStatus {
  readonly namespace: string;
  readonly name: string;
  readonly resource: string;
  readonly action: string;
  readonly controls: readonly string[];
  readonly unseen: readonly string[];
}

export interface EgressStatus {
  readonly namespace: string;
  readonly name: string;
  readonly destination: string;
  readonly resource: string;
  readonly controls: readonly string[];
  readonly unseen: readonly string[];
}

export interface DataDoorStatus {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly listen?: string;
  readonly databases: readonly { readonly name: string; readonly action: string; readonly resource: string }[];
  readonly controls: readonly string[];
  readonly unseen: readonly string[];
}

export interface RouteStatus {
  readonly path: string;
  readonly kind: string;
  readonly mode: "enforce" | "observe";
  readonly wouldDeny: number;
  readonly controls: readonly string[];
  /** What is done about what is found; absent where nothing is inspected. */
  readonly inspection?: string;
  readonly unseen: readonly string[];
}
