/**
 * What a person can reach, alone or through a workload that acts for them. In: who reaches what among components, a person,
 * perhaps a workload. Out: resources and actions, by policy at which times, or by which grant until when. People are few, so
 * each question is a decision of its own, with a session that was opened by a passkey a moment before.
 *
 * What a device, risk, or another program's token (`context.client`) would open or close is not looked at.
 */
import type { Instant } from "../../instant.ts";
import type { Action } from "../../contract/vocabulary.ts";
import { decide } from "../decide.ts";
import type { AccessRequest, Decision } from "../decision.ts";
import type { Grant, User, UserSession } from "../people.ts";
import type { Component, Snapshot } from "../snapshot.ts";
import { forEachMember, hasBit } from "./index-set.ts";
import type { Asking } from "./settings.ts";
import type { Reach } from "./reach.ts";
import type { During } from "./reach-edges.ts";

export interface PersonEdge {
  readonly action: Action;
  readonly resource: Component;
  /** Whether a route or a tunnel leads there. */
  readonly routed: boolean;
  /** Windows of which one must be open; absent where it is allowed at any time, and where it is by a grant. */
  readonly during?: During;
  /** Permits that it rests on at some time, as `namespace/id`. */
  readonly permits: readonly string[];
  /** The grant that opens it, where policy alone does not. */
  readonly grant?: Grant;
  /** Each call has to be approved by itself. */
  readonly eachCallApproved: boolean;
}

/** What a person reaches. Through a workload it is what both may do, and never more than either. */
export function personReach(found: Reach, person: User, through?: Component): readonly PersonEdge[] {
  const { snapshot, stills, moments } = found;
  const grants = (snapshot.grants?.get(person.id) ?? []).filter(({ call }) => call === undefined);
  const others = new Map(snapshot.grants);
  others.delete(person.id);
  const byPolicy = new Map<string, Tried>();
  for (const [index, { at }] of moments.entries()) {
    const still = { ...(stills[index] ?? snapshot), grants: others };
    for (const tried of allowedAt(found, still, at, person, through)) note(byPolicy, tried, moments[index]?.open ?? []);
  }
  const edges = [...byPolicy.values()].map((tried) => edgeOf(found, tried, moments.length));
  const now = moments[0]?.at ?? 0;
  for (const grant of grants.filter(({ ends }) => ends > now)) {
    const at = Math.max(now, grant.starts);
    const still = {
      ...(stills[0] ?? snapshot),
      windows: snapshot.windows,
      grants: new Map(others).set(person.id, [grant]),
    };
    const opened = new Map<string, Tried>();
    for (const tried of allowedAt(found, still, at, person, through))
      if (!byPolicy.has(keyOf(tried))) note(opened, tried, []);
    for (const tried of opened.values()) edges.push({ ...edgeOf(found, tried, 1), grant });
  }
  return edges;
}

interface Allowed {
  readonly action: Action;
  readonly resource: Component;
  readonly decision: Decision;
}

interface Tried {
  readonly action: Action;
  readonly resource: Component;
  readonly open: (readonly string[])[];
  readonly permits: Set<string>;
  eachCallApproved: boolean;
}

function* allowedAt(
  { askings, components }: Reach,
  still: Snapshot,
  at: Instant,
  person: User,
  through: Component | undefined,
): Generator<Allowed> {
  const session: UserSession = { id: sessionId, user: person.id, kind: "cli", authenticatedAt: at, ends: at + hourMs };
  const signedIn = { ...still, sessions: new Map([[sessionId, session]]) };
  for (const asking of askings) {
    if (asking.context.assurance !== "x509-svid") continue; // one of a kind; people prove themselves otherwise
    const resources: Component[] = [];
    forEachMember(asking.resources, (number) => resources.push(components[number] as Component));
    for (const resource of resources) {
      const decision = decide(signedIn, requestOf(asking, person, through, resource), { snapshotAgeMs: 0 }, at);
      if (decision.effect === "allow" || needsApproval(decision)) yield { action: asking.action, resource, decision };
    }
  }
}

const hourMs = 3_600_000;
/** No key has this digest. */
const sessionId = "signed in a moment before";

function requestOf(
  { action, context }: Asking,
  person: User,
  through: Component | undefined,
  resource: Component,
): AccessRequest {
  const user = { id: person.id, session: sessionId };
  if (through !== undefined) return { principal: through.id, action, resource: resource.id, context, user };
  return {
    principal: person.id,
    action,
    resource: resource.id,
    context: { ...context, assurance: "passkey-session" },
    user,
  };
}

function needsApproval({ reasons }: Decision): boolean {
  return reasons[0]?.code === "approval-required";
}

function note(into: Map<string, Tried>, allowed: Allowed, open: readonly string[]): void {
  const key = keyOf(allowed);
  let known = into.get(key);
  if (known === undefined) {
    const { action, resource } = allowed;
    into.set(key, (known = { action, resource, open: [], permits: new Set(), eachCallApproved: true }));
  }
  if (!known.open.includes(open)) known.open.push(open);
  if (!needsApproval(allowed.decision)) known.eachCallApproved = false;
  for (const { code, policy, namespace } of allowed.decision.reasons)
    if (code === "permitted" && policy !== undefined) known.permits.add(`${namespace ?? ""}/${policy}`);
}

function keyOf({ action, resource }: Pick<Allowed, "action" | "resource">): string {
  return `${action} ${resource.id}`;
}

function edgeOf({ numbers, routed }: Reach, { action, resource, open, permits, eachCallApproved }: Tried, of: number) {
  const leads = hasBit(routed, numbers.get(resource.id) ?? 0);
  const during = open.length === of ? {} : { during: open };
  const edge: PersonEdge = {
    action,
    resource,
    routed: leads,
    ...during,
    permits: [...permits].toSorted(),
    eachCallApproved,
  };
  return edge;
}
