/** What the operations of the local API stand on; the wiring hands it over. */
import type { KeyObject } from "node:crypto";
import type { EgressTotalsResponse } from "@cordon/core/contract/egress-api";
import type { FlowSessions } from "@cordon/core/flow/sessions";
import type { Instant } from "@cordon/core/instant";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import type { Authority } from "../authority/authority.ts";
import type { InterceptionAuthority } from "../authority/interception.ts";
import type { ConsoleServer } from "../console/console-server.ts";
import type { Federation } from "../federation/federation.ts";
import type { TokenDesk } from "../inspection/token-desk.ts";
import type { ModelAdmission } from "../node-api/model-admission.ts";
import type { AdmissionKeeper } from "../supply/keeping/keeper.ts";
import type { StateStore } from "../store/state-store.ts";

/** Sessions, as their store gives them. */
export type FlowRooms = Pick<FlowSessions, "find" | "list" | "lower">;

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
  /** Whether a component's model may be served. */
  readonly admission: ModelAdmission;
  /** Whoever may admit models; without it nobody may. */
  readonly admissionKey?: KeyObject | undefined;
  /** Withdraws admissions that do not stand any more; where nobody may admit, there is none. */
  readonly keeper?: Pick<AdmissionKeeper, "rescan" | "refusalOf"> | undefined;
  /** The web console of this process, where it has one. */
  readonly console?: Pick<ConsoleServer, "url" | "pairing" | "keys" | "people" | "oauth"> | undefined;
  /** Other trust domains, and where our own bundle is served. */
  readonly federation?: Pick<Federation, "list" | "fetchNow"> | undefined;
  readonly endpoint?: { readonly url: string; readonly profile: string; readonly id?: string } | undefined;
  /** What sessions hold, where a gateway of this process follows that. */
  readonly flows?: FlowRooms | undefined;
  /** What was carried outside, where a gateway of this process does that. */
  readonly egressTotals?: (() => readonly EgressTotalsResponse["totals"][number][]) | undefined;
  /** Certifies hosts that egress looks into. */
  readonly interception?: Pick<InterceptionAuthority, "certificates"> | undefined;
  /** Seals and opens tokens, where a gateway of this process does. */
  readonly tokens?: TokenDesk | undefined;
  /** Writes to the ledger; the answer waits for it, and is an error when it rejects. */
  readonly record: (change: ChangeEntry) => Promise<unknown>;
  readonly now: () => Instant;
}
