/**
 * Reach against decisions taken one by one. In: generated estates (components, policies of two namespaces, routes, tunnels,
 * boundaries with modes and exceptions, containment, admissions, windows). Every pair, way, context and window state is asked
 * of `decide`, and the sets must say the same, times included, with limits that send small estates through every way of
 * composing sets.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Boundary, ComponentKind, Mode, Sensitivity } from "../../contract/vocabulary.ts";
import { exceptionKey, type BoundaryException } from "../boundaries.ts";
import { compilePolicies } from "../cedar-engine.ts";
import { isConditional } from "../adaptive.ts";
import { checkPolicies } from "../policy-check.ts";
import { decide } from "../decide.ts";
import type { MatchedPolicy } from "../engine.ts";
import { isObserved } from "../observed-policy.ts";
import { component, snapshot, source, strictBoundaries, trustDomain } from "../test-estate.ts";
import type { Grant } from "../people.ts";
import type { Component, HttpRoute, ModelStanding, Snapshot, Upstream } from "../snapshot.ts";
import { Windows } from "../windows.ts";
import { edgesOf } from "./reach-edges.ts";
import { policyUse } from "./policy-use.ts";
import { reach, type ReachLimits } from "./reach.ts";
import { pairsOf, reachDifference } from "./reach-difference.ts";
import { contextsOf, momentsOf, routedWays, unroutedWays, windowsAt } from "./ways.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const windows = new Windows([
  {
    ...{ namespace: "default" as never, name: "nightly", timeZone: "Asia/Singapore" },
    ...{ opens: "0 1 1 * *", closes: "0 5 * * *", except: [] },
  },
  {
    ...{ namespace: "other" as never, name: "weekend", timeZone: "UTC" },
    ...{ opens: "0 0 1,15 * *", closes: "0 0 2,16 * *", except: [] },
  },
]);
const { moments } = momentsOf(windows, now);
/** Looked up once: the patterns of the windows would be worked out anew for every evaluation. */
const openAtMoments = moments.map(({ at }) => windows.at(at).of);

/** By pair with an action: the states of the windows in which it is allowed in some context. */
function bruteForce(estate: Snapshot): Map<string, string[]> {
  const allowed = new Map<string, Set<string>>();
  const all = new Set(["assurance", "stream"]);
  const stills = moments.map((moment) => ({ moment, still: { ...estate, windows: windowsAt(windows, moment.at) } }));
  const ways = routedWays(estate);
  for (const principal of estate.components.values())
    for (const resource of estate.components.values())
      for (const way of ways.get(resource.id) ?? unroutedWays)
        for (const context of contextsOf(way, all, true))
          for (const { moment, still } of stills) {
            const asked = { principal: principal.id, action: way.action, resource: resource.id, context };
            if (decide(still, asked, { snapshotAgeMs: 0 }, moment.at).effect !== "allow") continue;
            const key = `${principal.id} ${way.action} ${resource.id}`;
            allowed.set(key, (allowed.get(key) ?? new Set()).add(moment.open.join("+")));
          }
  return new Map([...allowed].map(([key, states]) => [key, [...states].toSorted()]));
}

const kinds: readonly ComponentKind[] = ["agent", "service", "pipeline", "endpoint", "model", "dataset", "external"];
const anyComponent = fc
  .record({
    namespace: fc.constantFrom("default", "default", "other"),
    kind: fc.constantFrom(...kinds),
    name: fc.constantFrom("a", "b", "c", "d"),
    boundary: fc.constantFrom<Boundary>("data", "model", "pipeline", "api"),
    sensitivity: fc.constantFrom<Sensitivity>("public", "internal", "restricted"),
    training: fc.boolean(),
    bearerTokens: fc.boolean(),
    digest: fc.constantFrom(undefined, undefined, "sha256:aa", "sha256:bb"),
  })
  .map(({ namespace, kind, name, boundary, sensitivity, training, bearerTokens, digest }) =>
    component(`${namespace}/${kind}/${name}`, {
      boundary,
      bearerTokens,
      labels: { sensitivity, categories: training ? ["GDPR", name] : [], integrity: "trusted" },
      ...(training && kind === "dataset" ? { purpose: "training" as const } : {}),
      ...(digest !== undefined && kind === "model" ? { modelDigest: digest } : {}),
    }),
  );

const scope = (type: string, name: string) =>
  fc.constantFrom(
    ...[name, name, name, name],
    `${name} is ${type}`,
    `${name} in Namespace::"default"`,
    `${name} in Namespace::"other"`,
    ...kinds.slice(0, 5).map((kind) => `${name} == ${type}::"default/${kind}/a"`),
  );
const condition = fc.constantFrom(
  ...["true", "true", "true", "true", "true"],
  `principal.kind == "agent"`,
  `principal.kind != "agent" && resource.kind == "dataset"`,
  `resource.kind == "dataset" && resource.sensitivityRank <= 1`,
  `principal.name == resource.name`,
  `principal.name != resource.name && principal.sensitivityRank >= resource.sensitivityRank`,
  `principal.name == resource.name && principal.kind == resource.kind`,
  `context.stream`,
  `context.assurance == "jwt-svid"`,
  `context.windows.contains("nightly")`,
  `!(context.windows.contains("nightly")) && principal.boundary == resource.boundary`,
  `principal == Workload::"default/service/b" || resource == Component::"other/dataset/c"`,
  `principal != Workload::"default/agent/a"`,
  `[Workload::"default/agent/a", Workload::"other/agent/b"].contains(principal) == resource.labels.categories.isEmpty()`,
  `principal.boundary == resource.boundary`,
  `principal.name like "a*" || resource.labels.categories.contains("GDPR")`,
  `principal.labels == resource.labels`,
  `resource.labels.categories.containsAll(principal.labels.categories)`,
  `resource.labels.categories.contains(principal.name)`,
  `9223372036854775807 + resource.sensitivityRank > 0`,
  `principal.kind == "agent" && 9223372036854775806 + principal.sensitivityRank > 0 && resource.kind == "dataset"`,
  `(if principal.name == "a" then principal.sensitivityRank + 9223372036854775807 else 0) <= resource.sensitivityRank`,
  `Workload::"default/agent/a".kind == "agent"`,
  `Component::"default/dataset/a" in Namespace::"default" && principal.kind == "pipeline"`,
  `(if context.stream then principal else Workload::"default/agent/a").name == "a"`,
  `context.route == "files" || context.route == "data-tunnel"`,
  `context.method == "GET" && context.external`,
  `action == Action::"read" && principal.kind == "agent"`,
  `context.granted || principal.kind == "agent"`,
  `context.user == "" && !context.userGroups.contains("x") && context.risk.tier == "low"`,
  `principal is User && principal.groups.contains("x") || resource.kind == "dataset"`,
);
const actionScope = fc.constantFrom(
  "action",
  'action == Action::"read"',
  'action in [Action::"infer", Action::"write"]',
);
const anyPolicy = fc
  .tuple(
    fc.constantFrom("permit", "permit", "permit", "forbid"),
    fc.constantFrom(
      "",
      "",
      "",
      "",
      "",
      `@stepup("10m") `,
      `@restrict("internal") `,
      `@approval("1") `,
      `@mode("observe") `,
    ),
    scope("Workload", "principal"),
    actionScope,
    scope("Component", "resource"),
    condition,
    fc.constantFrom("when", "when", "unless"),
    fc.option(condition, { freq: 1 }),
  )
  .map(
    ([effect, demand, p, a, r, first, kind, second]) =>
      `${demand}${effect}(${p}, ${a}, ${r}) ${kind} { ${first} }${second === null ? "" : ` when { ${second} }`};`,
  );

const upstream: Upstream = {
  ...{ namespace: "default" as never, name: "files", url: "http://127.0.0.1:1", external: false },
  authentication: { kind: "loopback" },
  timeouts: { connectMs: 1, firstByteMs: 1, idleMs: 1 },
};
const mode = fc.constantFrom<Mode>("enforce", "observe");
const anyEstate = fc
  .record({
    components: fc.array(anyComponent, { minLength: 2, maxLength: 9 }),
    texts: fc.array(anyPolicy, { minLength: 1, maxLength: 6 }),
    foreign: fc.array(anyPolicy, { maxLength: 3 }),
    ...{ data: mode, pipeline: mode, model: mode },
    /** Places among the components, for what picks some out. */
    picks: fc.array(fc.nat({ max: 8 }), { minLength: 8, maxLength: 8 }),
    extras: fc.record({
      route: fc.boolean(),
      tunnel: fc.boolean(),
      contained: fc.boolean(),
      excepted: fc.boolean(),
      granted: fc.boolean(),
    }),
  })
  .map(({ components: listed, texts, foreign, data, pipeline, model, picks, extras }) => {
    const distinct = [...new Map(listed.map((one) => [one.id, one])).values()];
    const pick = (place: number): Component => distinct[(picks[place] ?? 0) % distinct.length] as Component;
    const components = distinct.map((one) =>
      one.id === pick(0).id && one.kind === "endpoint" ? { ...one, serves: [pick(1).id] } : one,
    );
    const policies = compilePolicies([source(valid(texts, "default")), source(valid(foreign, "other"), "other")], {
      trustDomain,
    });
    const exception: BoundaryException = {
      ...{ name: "e", boundary: "data", principal: pick(2).id, resource: pick(3).id, actions: ["read", "write"] },
      ...{ owner: "o", reason: "r", expires: now + 40 * 3_600_000 },
    };
    const boundaries = {
      modes: { ...strictBoundaries.modes, data, pipeline, model },
      exceptions: new Map(extras.excepted ? [[exceptionKey(pick(2).id, pick(3).id), [exception]]] : []),
    };
    const route: HttpRoute = {
      ...{ kind: "http", namespace: "default" as never, name: "files", path: "/f", maxBodyBytes: 1, mode: "enforce" },
      ...{ resource: pick(4).id, upstream: { ...upstream, external: extras.contained } },
      actions: new Map([
        ["GET", "read"],
        ["POST", "write"],
      ]),
    };
    const tunnel = {
      ...{ namespace: "default" as never, name: "data-tunnel", resource: pick(5).id, action: "read" as const },
      ...{ host: "h", port: 1, connectMs: 1, idleMs: 1 },
    };
    const more: Partial<Omit<Snapshot, "components">> = {
      ...{ windows, boundaries, routes: extras.route ? [route] : [] },
      admissions: new Map<string, ModelStanding>([["sha256:aa", { validUntil: now + 86_400_000 * 2 }]]),
      ...(extras.granted
        ? {
            grants: new Map([
              [
                pick(1).id,
                [
                  {
                    ...{
                      id: "g",
                      principal: pick(1).id,
                      actions: ["read", "infer"],
                      resources: [pick(2).id, pick(3).id],
                    },
                    ...{ starts: now - 1, ends: now + 3_600_000, reason: "r", approvers: [] },
                  } as Grant,
                ],
              ],
            ]),
          }
        : {}),
      ...(extras.tunnel ? { tunnels: new Map([["default/data-tunnel", tunnel]]) } : {}),
      ...(extras.contained
        ? {
            overlays: {
              isolated: new Map([[pick(6).id, { component: pick(6).id, reason: "x", since: 0 }]]),
              rerouted: new Map(),
            },
            revocations: { certificates: new Set(), keys: new Set(), workloads: new Set([pick(7).id]) },
          }
        : {}),
    };
    return { policies, estate: snapshot(policies, more, components) };
  });

/** Those that the check accepts: strict validation knows that some of these conditions never hold. */
function valid(texts: readonly string[], namespace: string): string {
  return texts
    .map((body, index) => `@id("p${index}") ${body}`)
    .filter((one) => isValid(one, namespace))
    .filter((one) => namespace === "default" || !one.includes("nightly"))
    .join("\n");
}

const known = new Map<string, boolean>();

function isValid(text: string, namespace: string): boolean {
  const key = `${namespace} ${text}`;
  let accepted = known.get(key);
  if (accepted === undefined)
    known.set(key, (accepted = checkPolicies([source(text, namespace)], { trustDomain }).problems.length === 0));
  return accepted;
}

const anyLimits: fc.Arbitrary<ReachLimits> = fc.record({
  singledUpTo: fc.constantFrom(0, 1, 2, 32),
  mostEvaluations: fc.constantFrom(1, 6, 100_000),
});

test("reach agrees with every single decision, times included, on any estate and any policies", () => {
  let reached = 0;
  fc.assert(
    fc.property(anyEstate, anyLimits, ({ policies, estate }, limits) => {
      const found = reach(estate, policies, now, limits);
      const states = found.moments.map(({ open }) => open.join("+"));
      const always = moments.map(({ open }) => open.join("+")).toSorted();
      const said = new Map(
        [...pairsOf(found)].map(({ principal, action, resource, during }) => [
          `${principal} ${action} ${resource}`,
          during?.map((open) => open.join("+")).toSorted() ?? (states.length === 1 ? ["at any time"] : always),
        ]),
      );
      const expected = bruteForce(estate);
      reached += expected.size;
      const times = (pairs: ReadonlyMap<string, string[]>): unknown =>
        [...pairs].map(([key, open]) => [key, states.length === 1 ? [] : open]).toSorted(byFirst);
      assert.deepEqual(times(said), times(expected));
      // Edges are the same pairs, in groups, and each pair in one of them.
      const edges = [...edgesOf(found)].flatMap(({ from, to, action }) =>
        from.flatMap((one) => to.map((other) => `${one.id} ${action} ${other.id}`)),
      );
      assert.deepEqual(edges.toSorted(), [...expected.keys()].toSorted());
    }),
    { numRuns: 40 },
  );
  // Hundreds as a rule; few in a run of unlucky estates.
  assert.ok(reached > 20, `${reached} pairs reached`);
});

function byFirst([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

test("a difference is what one has and the other has not, on any two estates", () => {
  fc.assert(
    fc.property(anyEstate, anyEstate, (one, other) => {
      const [before, after] = [reach(one.estate, one.policies, now), reach(other.estate, other.policies, now)];
      const spelled = (found: typeof before) =>
        new Map([...pairsOf(found)].map((pair) => [`${pair.principal} ${pair.action} ${pair.resource}`, pair]));
      const [was, is] = [spelled(before), spelled(after)];
      const difference = reachDifference(before, after);
      const keys = (pairs: Iterable<{ principal: string; action: string; resource: string }>): string[] =>
        Array.from(pairs, ({ principal, action, resource }) => `${principal} ${action} ${resource}`).toSorted();
      assert.deepEqual(keys(difference.gained), [...is.keys()].filter((key) => !was.has(key)).toSorted());
      assert.deepEqual(keys(difference.lost), [...was.keys()].filter((key) => !is.has(key)).toSorted());
      const moved = [...is].filter(
        ([key, pair]) => was.has(key) && JSON.stringify(was.get(key)?.during) !== JSON.stringify(pair.during),
      );
      assert.deepEqual(keys(difference.changed), moved.map(([key]) => key).toSorted());
      assert.equal(difference.gained.count, [...difference.gained].length);
    }),
    { numRuns: 12 },
  );
});

test("a policy is needed exactly where leaving it out changes what all others come to, on any estate", () => {
  let needed = 0;
  fc.assert(
    fc.property(anyEstate, ({ policies, estate }) => {
      const useless = new Map(policyUse(estate, policies, now).map(({ policy, finding }) => [policy, finding]));
      const expected = usesOneByOne(estate);
      for (const { namespace, id, compiled } of policies.analysed) {
        const policy = `${namespace}/${id}`;
        const finding = useless.get(policy) ?? "needed";
        const { applies, alone } = expected.get(policy) ?? { applies: false, alone: false };
        const right = alone ? "needed" : compiled.effect === "forbid" ? "idle" : applies ? "shadowed" : "dead";
        assert.equal(finding, right, policy);
        if (alone) needed += 1;
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(needed > 2, `${needed} were needed`);
});

/** A forbid that something lifts, or that is only observed: it stands beside what others say. */
function isSoft(policy: MatchedPolicy): boolean {
  return isConditional(policy) || isObserved(policy.annotations);
}

function usesOneByOne(estate: Snapshot): Map<string, { applies: boolean; alone: boolean }> {
  const uses = new Map<string, { applies: boolean; alone: boolean }>();
  const ways = routedWays(estate);
  for (const principal of estate.components.values())
    for (const resource of estate.components.values())
      for (const way of ways.get(resource.id) ?? unroutedWays)
        for (const context of contextsOf(way, new Set(["assurance", "stream"]), true))
          for (const windowsOf of openAtMoments) {
            const asked = { principal: principal.id, action: way.action, resource: resource.id, context };
            const { permits, forbids } = estate.policies.evaluate(asked, principal, resource, windowsOf);
            for (const list of [permits, forbids])
              for (const one of list) {
                const { namespace, id } = one;
                const use = uses.get(`${namespace}/${id}`) ?? { applies: false, alone: false };
                use.applies = true;
                const others = list.filter((each) => list === permits || !isSoft(each));
                const alone = (list === forbids && isSoft(one)) || (others.length === 1 && others[0] === one);
                use.alone ||= alone && (list === permits || permits.length > 0);
                uses.set(`${namespace}/${id}`, use);
              }
          }
  return uses;
}
