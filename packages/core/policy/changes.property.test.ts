import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Namespace } from "../contract/vocabulary.ts";
import { userId, type SpiffeId } from "../identity/spiffe-id.ts";
import type { Device } from "../risk/device.ts";
import type { SubjectStanding } from "../risk/subject.ts";
import { compilePolicies } from "./cedar-engine.ts";
import { changesBetween } from "./changes.ts";
import { decide } from "./decide.ts";
import type { AccessRequest, Signals } from "./decision.ts";
import { entityIdOf } from "./cedar-schema.ts";
import type { Grant, User, UserSession } from "./people.ts";
import type { Component, ModelStanding, Snapshot } from "./snapshot.ts";
import {
  accounts,
  assistant,
  chat,
  component,
  context,
  payments,
  snapshot,
  source,
  trainingData,
  trustDomain,
} from "./test-estate.ts";

const now = 1_000_000;
const namespace = "default" as Namespace;
const digest = `sha256:${"ab".repeat(32)}`;
const served = component("default/endpoint/served", { boundary: "model", modelDigest: digest });
const principals = [assistant, payments];
const resources = [chat, trainingData, accounts, served];
const people: readonly User[] = ["mei", "ravi"].map((name) => ({
  ...{ id: userId(trustDomain, namespace, name), namespace, kind: "user", name, displayName: name, groups: [] },
}));

const texts = [
  '@id("all") permit (principal, action, resource);',
  '@id("workloads") permit (principal is Workload, action, resource);',
  '@id("managed") permit (principal, action, resource) when { context.device.managed };',
  '@id("granted") permit (principal, action, resource) when { context.granted };',
  '@id("risky") @restrict("internal") forbid (principal, action, resource) when { context.risk.tier == "high" };',
  '@id("case") forbid (principal, action, resource) when { context.risk.incident == "critical" };',
  '@id("fresh") @stepup("10m") forbid (principal, action, resource) when { context.risk.score >= 25 };',
  '@id("none") forbid (principal, action, resource) when { resource.labels.sensitivity == "restricted" };',
];

/** What may be otherwise from one snapshot to the next, each by itself. */
interface World {
  readonly own: readonly number[];
  readonly other: readonly number[];
  readonly sensitive: boolean;
  readonly locked: boolean;
  readonly session: number;
  readonly grant: boolean;
  readonly managed: boolean;
  readonly retired: boolean;
  readonly reported: boolean;
  readonly over: boolean;
  readonly isolated: boolean;
  readonly revoked: number;
  readonly admitted: boolean;
  /** Nobody, a workload, a person, a resource. */
  readonly incident: number;
}

const world: fc.Arbitrary<World> = fc.record({
  own: fc.uniqueArray(fc.nat(texts.length - 1), { maxLength: 4 }),
  other: fc.uniqueArray(fc.nat(texts.length - 1), { maxLength: 3 }),
  sensitive: fc.boolean(),
  locked: fc.boolean(),
  session: fc.nat(2),
  grant: fc.boolean(),
  managed: fc.boolean(),
  retired: fc.boolean(),
  reported: fc.boolean(),
  over: fc.boolean(),
  isolated: fc.boolean(),
  revoked: fc.nat(3),
  admitted: fc.boolean(),
  incident: fc.nat(3),
});

function kept<K, V>(before: ReadonlyMap<K, V> | undefined, next: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  const same =
    before?.size === next.size &&
    [...next].every(([key, value]) => JSON.stringify(before.get(key)) === JSON.stringify(value));
  if (before !== undefined && same) return before;
  // As the registry does: what did not change stays the same object.
  return new Map(
    [...next].map(([key, value]) => {
      const old = before?.get(key);
      return [key, old !== undefined && JSON.stringify(old) === JSON.stringify(value) ? old : value];
    }),
  );
}

function build(said: World, before?: Snapshot): Snapshot {
  const policy = (picked: readonly number[], space: string) =>
    source(picked.map((one) => texts[one]).join("\n"), space);
  const policies = compilePolicies([policy(said.own, "default"), policy(said.other, "payments")], { trustDomain });
  const sensitivity = said.sensitive ? "restricted" : "internal";
  const components = [
    ...principals,
    trainingData,
    accounts,
    served,
    { ...chat, labels: { ...chat.labels, sensitivity } } as Component,
  ];
  const [mei, ravi] = people as [User, User];
  const users = new Map<SpiffeId, User>([
    [mei.id, said.locked ? { ...mei, locked: "test" } : mei],
    [ravi.id, ravi],
  ]);
  const session: UserSession = {
    id: "s1",
    user: mei.id,
    kind: "cli",
    authenticatedAt: now - ([1, 500_000, 900_000][said.session] ?? 0),
    ends: now + 9e6,
  };
  const second: UserSession = { id: "s2", user: ravi.id, kind: "cli", authenticatedAt: now - 900_000, ends: now + 9e6 };
  const grant: Grant = {
    id: "g",
    principal: mei.id,
    actions: ["infer"],
    resources: resources.map(({ id }) => id),
    starts: 0,
    ends: now + 9e6,
    reason: "",
    approvers: [],
  };
  const device: Device = {
    ...{ name: "laptop", namespace, owner: "default/user/mei", managed: said.managed, enrolledAt: 0 },
    posture: { reportedAt: now, source: "agent", patchAgeDays: 1, diskEncrypted: true, screenLock: true },
    ...(said.retired ? { retired: { at: 0, reason: "" } } : {}),
  };
  const subjects: [string, SubjectStanding][] = [];
  const event = { source: "idp", reason: "", at: now - 100 };
  if (said.reported)
    subjects.push([
      "default/user/mei",
      { subject: "default/user/mei", reported: { ...event, level: "high", until: now + 9e6 } },
    ]);
  if (said.over) {
    const subject = entityIdOf(assistant.id, trustDomain);
    subjects.push([subject, { subject, sessionsRevoked: event }]);
  }
  const workloads = new Set<SpiffeId>(said.revoked === 1 ? [payments.id] : said.revoked === 2 ? [mei.id] : []);
  const sameRevocations =
    before?.revocations.workloads.size === workloads.size &&
    [...workloads].every((id) => before.revocations.workloads.has(id));
  const isolated = said.isolated ? [[chat.id, { component: chat.id, reason: "", since: 0 }] as const] : [];
  const named = [undefined, assistant.id, mei.id, trainingData.id][said.incident];
  const incident = { id: "inc-1", severity: "critical", subjects: named === undefined ? [] : [named] } as const;
  return snapshotWith(components, before, {
    policies,
    incidents: kept(before?.incidents, new Map(named === undefined ? [] : [[named, [incident]]])),
    users: kept(before?.users, users),
    sessions: kept(
      before?.sessions,
      new Map([
        ["s1", session],
        ["s2", second],
      ]),
    ),
    grants: kept(before?.grants, new Map(said.grant ? [[mei.id, [grant]]] : [])),
    devices: kept(before?.devices, new Map([["laptop", device]])),
    subjects: kept(before?.subjects, new Map(subjects)),
    overlays: { isolated: kept(before?.overlays.isolated, new Map(isolated)), rerouted: new Map() },
    revocations:
      before !== undefined && sameRevocations
        ? before.revocations
        : { certificates: new Set(), keys: new Set(), workloads },
    admissions: kept(
      before?.admissions,
      new Map<string, ModelStanding>(said.admitted ? [[digest, { validUntil: now + 9e6 }]] : []),
    ),
  });
}

function snapshotWith(
  components: readonly Component[],
  before: Snapshot | undefined,
  more: Partial<Snapshot> & Pick<Snapshot, "policies">,
): Snapshot {
  const byId = kept(before?.components, new Map<SpiffeId, Component>(components.map((one) => [one.id, one])));
  const { policies, ...rest } = more;
  const fresh = snapshot(policies, { ...rest, stalenessLimitMs: 9e6 }, []);
  const shared =
    before === undefined
      ? {}
      : {
          routes: before.routes,
          observing: before.observing,
          windows: before.windows,
          bundles: before.bundles,
          boundaries: before.boundaries,
        };
  return { ...fresh, ...shared, components: byId };
}

const [mei, ravi] = people as [User, User];
const asked: readonly { readonly request: AccessRequest; readonly signals: Signals }[] = resources.flatMap(
  ({ id: resource }) => [
    ...principals.map(({ id }) => ({
      request: { principal: id, action: "infer", resource, context } as const,
      signals: { snapshotAgeMs: 0, risk: { sessionSince: now - 1_000 } },
    })),
    ...[
      { user: mei, session: "s1", risk: { device: "laptop" } },
      { user: ravi, session: "s2", risk: { device: "none" } },
    ].map(({ user, session, risk }) => ({
      request: { principal: user.id, action: "infer", resource, context, user: { id: user.id, session } } as const,
      signals: { snapshotAgeMs: 0, risk },
    })),
    {
      request: {
        principal: assistant.id,
        action: "infer",
        resource,
        context,
        user: { id: mei.id, session: "s1" },
      } as const,
      signals: { snapshotAgeMs: 0, risk: { sessionSince: now } },
    },
  ],
);

test("whatever changes, a decision that would be another is among those that the change names", () => {
  let turned = 0;
  let spared = 0;
  fc.assert(
    fc.property(
      world,
      world,
      fc.array(
        fc.constantFrom(
          ...([
            "own",
            "other",
            "sensitive",
            "locked",
            "session",
            "grant",
            "managed",
            "retired",
            "reported",
            "over",
            "isolated",
            "revoked",
            "admitted",
            "incident",
          ] as const),
        ),
        { minLength: 1, maxLength: 2 },
      ),
      (first, second, changed) => {
        const before = build(first);
        const next = { ...first, ...Object.fromEntries(changed.map((name) => [name, second[name]])) } as World;
        const after = build(next, before);
        const changes = changesBetween(before, after);
        for (const { request, signals } of asked) {
          const was = decide(before, request, signals, now);
          if (was.effect === "deny") continue;
          const is = decide(after, request, signals, now);
          const named = changes.everything || was.dependsOn.some((key) => changes.keys.has(key));
          if (is.effect === "deny" || is.validUntil !== was.validUntil) {
            turned += 1;
            assert.ok(
              named,
              `${changed.join()}: ${request.principal} on ${request.resource}, which depends on ${was.dependsOn.join()}`,
            );
          } else if (!named) spared += 1;
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(turned > 30, `${turned} decisions turned`);
  assert.ok(spared > 300, `${spared} were spared`);
});
